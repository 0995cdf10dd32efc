"""A log keeps what it was given, in order, for good, and proves it; the same on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from moiety.database.refusals import DatabaseExists, DatabaseMissing
from moiety.ledger import appending, head, seal, sql, tree
from moiety.ledger.entry import Recognition
from moiety.ledger.log import Log
from moiety.ledger.operation import EVERYBODY, Operation, Party
from moiety.ledger.refusals import (
    LedgerUnwritable,
    OperationDiffers,
    OperationUninvited,
    PositionUnknown,
    ProofWrong,
    TooManyEntries,
)
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State
from moiety.ledger.tree import leaf_hash
from tests.ledger.office import KEY, ORIGIN, SIGNER, create, opened
from tests.ledger.people import (
    ABOUT_NOBODY,
    ABOUT_PERSON,
    MINUTE,
    drawn,
    leaf_about,
    leaf_about_nobody,
    leaves,
    person_key,
    person_tag,
)


def shown(log: Log) -> list[Leaf]:
    return [leaf for _, leaf in log.leaves(0, log.state().size)]


def test_what_was_appended_is_there_in_order_when_it_is_opened_again(place: Path | str) -> None:
    mixed = [leaf_about(1, 1), leaf_about_nobody(2), leaf_about(2, 3)]
    with closing(create(place)) as log:
        assert log.append(mixed[:2]) == [0, 1]
        assert log.append([]) == []
        assert log.append(mixed[2:]) == [2]
    with closing(opened(place)) as log:
        assert shown(log) == mixed
        assert log.state() == log.verify() == State().after((leaf.commitment, leaf.line) for leaf in mixed)[0]


def test_a_log_of_before_is_gone_on_with(place: Path | str) -> None:
    """Its state has a column more, which nothing reads, and which may not be empty."""
    with closing(create(place)) as log:
        log.append(leaves(2))
        with log._database.writing("older") as connection:
            connection.execute(text("ALTER TABLE ledger_state ADD COLUMN unscrubbed SMALLINT NOT NULL DEFAULT 0"))
    with closing(opened(place)) as log:
        assert log.append(leaves(2, 5)) == [2, 3]
        log.head(MINUTE, SIGNER.sign)
        assert log.verify().size == 4
    opened(place).close()


def test_a_log_is_begun_once_and_not_by_opening(place: Path | str) -> None:
    with pytest.raises(DatabaseMissing):
        opened(place)
    create(place).close()
    with pytest.raises(DatabaseExists):
        create(place)


def test_every_leaf_is_proved_in_every_later_tree(log: Log) -> None:
    added, states = leaves(300), [log.state()]
    for start, end in ((0, 1), (1, 255), (255, 256), (256, 258), (258, 300)):
        log.append(added[start:end])
        states.append(log.state())
    for state in states[1:]:
        root = state.frontier.root()
        for position in {0, 1, state.size // 2, state.size - 1} - set(range(state.size, 300)):
            found = log.proven(added[position].line.operation, state.size)
            assert found is not None
            at, leaf, proof = found
            assert (at, leaf) == (position, added[position])
            tree.verify_inclusion(leaf_hash(added[position].commitment), position, state.size, proof, root)
            with pytest.raises(ProofWrong):
                tree.verify_inclusion(leaf_hash(bytes(32)), position, state.size, proof, root)
        for old in states:
            if old.size <= state.size:
                proof = log.consistency(old.size, state.size)
                tree.verify_consistency(old.size, state.size, old.frontier.root(), root, proof)


def test_no_proof_is_given_of_what_never_was(log: Log) -> None:
    [first, *_, last] = leaves(3)
    log.append(leaves(3))
    for size in (4, -1):
        with pytest.raises(PositionUnknown):
            log.proven(first.line.operation, size)
    assert log.proven(bytes(16), 3) is None
    assert log.proven(first.line.operation, 0) is None
    assert log.proven(last.line.operation, 2) is None
    assert log.proven(last.line.operation, 3) is not None
    for old, size in ((0, 4), (3, 2), (-1, 2)):
        with pytest.raises(PositionUnknown):
            log.consistency(old, size)


def last_head(log: Log) -> bytes | None:
    with log._database.reading() as connection:
        return sql.last_head(connection)


def test_a_signed_head_says_what_the_log_is(log: Log) -> None:
    assert last_head(log) is None
    for count in (0, 3):
        log.append(leaves(count))
        signed = log.head(MINUTE, SIGNER.sign)
        state = log.state()
        assert head.verify(signed, ORIGIN, KEY) == head.Head(ORIGIN, count, state.frontier.root(), state.lines, MINUTE)
        assert last_head(log) == signed
    again = log.head(MINUTE + 1, SIGNER.sign)
    assert last_head(log) == again
    assert head.verify(again, ORIGIN, KEY).minute == MINUTE + 1
    log.verify()


def test_a_person_finds_what_is_about_the_person_by_the_tag(log: Log) -> None:
    entries = ABOUT_PERSON[:3]
    log.append([leaf_about(1, at, entry) for at, entry in enumerate(entries)])
    log.append([leaf_about(2, 10), leaf_about_nobody(11)])
    found = list(log.leaves_of(person_tag(1)))
    assert [position for position, _ in found] == [0, 1, 2]
    assert [seal.opened(leaf, person_key(1)[0]) for _, leaf in found] == entries
    assert list(log.leaves_of(person_tag(3))) == []


def test_of_many_tags_all_are_found_in_the_order_of_the_log(log: Log) -> None:
    log.append([leaf_about(person, at) for at, person in enumerate((3, 1, 2, 1, 3))])
    others = [person_tag(number) for number in range(10, 10 + 2 * sql.TAGS)]
    tags = [person_tag(1), *others[: sql.TAGS], person_tag(2), *others[sql.TAGS :], person_tag(3)]
    assert [position for position, _ in log.leaves_of(*tags)] == [0, 1, 2, 3, 4]
    assert [position for position, _ in log.leaves_of(*tags[:-1])] == [1, 2, 3]


def test_what_is_about_nobody_is_read_in_the_clear(log: Log) -> None:
    log.append([leaf_about(1, 0), *(leaf_about_nobody(at, entry) for at, entry in enumerate(ABOUT_NOBODY, 1))])
    assert [seal.read(leaf) for leaf in shown(log)[1:]] == ABOUT_NOBODY


def test_listings_of_more_than_a_page_are_whole(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PAGE", 2)
    for name in ("_FROM", "_OF"):
        monkeypatch.setattr(sql, name, getattr(sql, name).limit(2))
    added = [leaf_about(1, at) if at % 2 else leaf_about_nobody(at) for at in range(12)]
    log.append(added)
    assert shown(log) == added
    assert [leaf for _, leaf in log.leaves_of(person_tag(1))] == added[1::2]
    assert list(log.checked(1, 6)) == added[1:6]
    log.verify()


def test_an_operation_is_written_once_however_often_it_is_asked(log: Log) -> None:
    """Whoever was not answered asks again: with the same operation, and other random bytes."""
    operation = Operation.new(EVERYBODY, drawn(1))
    first, again = (seal.clear(ABOUT_NOBODY[0], operation, drawn(seed)) for seed in (2, 3))
    assert log.append([first]) == [0]
    assert log.append([leaf_about_nobody(9), again, again]) == [1, 0, 0]
    assert log.state().size == 2
    assert shown(log)[0] == first
    new = leaf_about_nobody(10)
    assert log.append([new, new]) == [2, 2]
    log.verify()


def test_an_operation_that_is_said_differently_is_refused_with_all_beside_it(log: Log) -> None:
    operation = Operation.new(EVERYBODY, drawn(1))
    one, other = (seal.clear(Recognition(MINUTE, "gate", "door", count), operation, drawn(2)) for count in (1, 2))
    log.append([one])
    with pytest.raises(OperationDiffers):
        log.append([leaf_about_nobody(9), other])
    fresh = Operation.new(EVERYBODY, drawn(5))
    with pytest.raises(OperationDiffers):
        log.append([seal.clear(Recognition(MINUTE, "gate", "door", count), fresh, drawn(2)) for count in (1, 2)])
    assert shown(log) == [one]


def test_what_is_not_for_this_log_is_refused(log: Log) -> None:
    with pytest.raises(OperationUninvited):
        log.append([leaf_about_nobody(1), leaf_about_nobody(2, parties=Party.GATEWAY | Party.B)])
    assert log.append([leaf_about_nobody(2, parties=Party.GATEWAY | Party.A)]) == [0]


def test_too_many_at_once_are_refused(log: Log) -> None:
    with pytest.raises(TooManyEntries):
        log.append([leaf_about_nobody(1)] * (appending.APPEND_MAX + 1))
    assert log.state().size == 0


def test_those_who_append_at_the_same_time_share_commits(place: Path | str) -> None:
    """While one commits, the others wait, and the next commit is for all of them."""
    commits: list[str] = []
    gate, many = threading.Event(), 20

    def observer(point: str) -> None:
        if point == "before append":
            commits.append(point)
            gate.wait(30)

    with closing(create(place, observer)) as log:
        found: dict[int, list[int]] = {}

        def appender(number: int) -> None:
            found[number] = log.append(leaves(2, first=2 * number))

        threads = [threading.Thread(target=appender, args=(number,)) for number in range(many)]
        for thread in threads:
            thread.start()
        while len(log._queue._waiting) < many - 1:
            pass
        gate.set()
        for thread in threads:
            thread.join()
        assert len(commits) == 2
        assert sorted(position for positions in found.values() for position in positions) == list(range(2 * many))
        for number, positions in found.items():
            assert [shown(log)[position] for position in positions] == leaves(2, first=2 * number)
        log.verify()


def test_who_is_refused_holds_up_nobody_who_came_with_it(place: Path | str) -> None:
    operation = Operation.new(EVERYBODY, drawn(1))
    one, other = (seal.clear(Recognition(MINUTE, "gate", "door", count), operation, drawn(2)) for count in (1, 2))
    with closing(create(place)) as log:
        log.append([one])
        tickets = [appending.Ticket(given) for given in ([other], leaves(2, 50), [one], leaves(2, 51))]
        log._commit(tickets)
        assert [type(ticket.error) for ticket in tickets] == [OperationDiffers] + [type(None)] * 3
        assert [ticket.positions for ticket in tickets] == [[], [1, 2], [0], [2, 3]]
        log.verify()


def test_one_commit_is_not_of_more_than_it_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "APPEND_MAX", 5)
    queue = appending.Queue()
    tickets = [appending.Ticket(leaves(count)) for count in (2, 3, 1, 7, 1)]
    for ticket in tickets:
        queue.put(ticket)
    assert [queue.take() for _ in range(4)] == [tickets[:2], tickets[2:3], tickets[3:4], tickets[4:]]


def test_a_log_that_cannot_be_written_says_so_to_everybody(log: Log) -> None:
    log.append(leaves(1))

    def renamed(table: str, to: str) -> None:
        with log._database.writing("renamed") as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {to}")

    asked = {
        "ledger_leaf": lambda: log.append(leaves(2, 5)),
        "ledger_head": lambda: log.head(MINUTE, SIGNER.sign),
    }
    for table, ask in asked.items():
        renamed(table, "elsewhere")
        with pytest.raises(LedgerUnwritable) as raised:
            ask()
        assert raised.value.exit_status == 3
        renamed("elsewhere", table)
    assert shown(log) == leaves(1)
    assert log.append(leaves(2, 5)) == [1, 2]
    log.verify()


def test_an_interruption_reaches_the_one_and_the_others_are_told(place: Path | str) -> None:
    interrupted = []

    def observer(point: str) -> None:
        if point == "before append" and not interrupted:
            interrupted.append(point)
            raise KeyboardInterrupt

    with closing(create(place, observer)) as log:
        tickets = [appending.Ticket(leaves(1)), appending.Ticket(leaves(1, 5))]
        with pytest.raises(KeyboardInterrupt):
            log._commit(tickets)
        assert all(ticket.done and type(ticket.error) is LedgerUnwritable for ticket in tickets)
        assert log.append(leaves(1)) == [0]
