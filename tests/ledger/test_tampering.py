"""Whoever alters, cuts or puts in something behind a log's back is found: at its end by opening it, anywhere by reading
it all."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from moiety.database import Database
from moiety.ledger import sql
from moiety.ledger.head import Head
from moiety.ledger.log import Log
from moiety.ledger.operation import Party
from moiety.ledger.refusals import LedgerAltered, LedgerUnwritable
from moiety.ledger.state import State
from tests.ledger.office import KEY, ORIGIN, SIGNER, create, opened
from tests.ledger.people import MINUTE, leaf_about, leaf_about_nobody, leaves, public, signing_key

SIZE = 600
SEALED = (10, 300, 520)
"""Positions of leaves about somebody."""
SIGNED = (0, 256, 550)
"""Sizes at which a head was signed."""

LEAVES = [leaf_about(1, at) if at in SEALED else leaf_about_nobody(at) for at in range(SIZE)]


def fill(place: Path | str) -> None:
    with closing(create(place)) as log:
        start = 0
        for size in (*SIGNED, SIZE):
            log.append(LEAVES[start:size])
            if size in SIGNED:
                log.head(MINUTE, SIGNER.sign)
            start = size


@pytest.fixture
def filled(tmp_path: Path) -> Path | str:
    """A log in a folder: what is found depends on no database."""
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def either(place: Path | str) -> Path | str:
    """A log in a folder, or in a PostgreSQL."""
    fill(place)
    return place


def behind(place: Path | str, *statements: str, **values: object) -> None:
    """Say something to the database behind everybody's back."""
    with closing(opened(place)) as log, log._database.writing("tamper") as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def found_by_opening(place: Path | str) -> int:
    """The position that opening the log names."""
    with pytest.raises(LedgerAltered) as raised:
        opened(place)
    return raised.value.numbers["position"]


def found_by_reading(place: Path | str) -> int:
    """The position that reading all of it names."""
    with closing(opened(place)) as log, pytest.raises(LedgerAltered) as raised:
        log.verify()
    return raised.value.numbers["position"]


def test_what_was_not_touched_is_good(either: Path | str) -> None:
    with closing(opened(either)) as log:
        assert log.verify().size == SIZE


WRONG = {
    "commitment": bytes(32),
    "operation": bytes(16),
    "said": bytes(32),
    "parties": int(Party.A),
}


@pytest.mark.parametrize("column", WRONG)
@pytest.mark.parametrize(("position", "before"), [(5, 5), (300, 256), (520, 256), (551, 551)])
def test_a_column_of_a_leaf_that_was_altered_is_found(
    filled: Path | str, column: str, position: int, before: int
) -> None:
    """Of a leaf in the clear at its position; of a sealed one after the last node or head that is right."""
    statement = "UPDATE ledger_leaf SET COLUMN = :wrong WHERE position = :position".replace("COLUMN", column)
    behind(filled, statement, wrong=WRONG[column], position=position)
    if column == "commitment" and position >= 512:
        found_by_opening(filled)
        with closing(Log(opened_anyway(filled), ORIGIN, Party.A, KEY)) as log, pytest.raises(LedgerAltered):
            log.verify()
    else:
        assert found_by_reading(filled) == before


def opened_anyway(place: Path | str) -> Database:
    """The database of a log that does not open."""
    return Database.open(sql.LEDGER, place)


def test_a_commitment_far_from_the_end_is_found_by_reading_all(filled: Path | str) -> None:
    for position, before in ((SEALED[0], 0), (SEALED[1], 256)):
        right = LEAVES[position].commitment
        statement = "UPDATE ledger_leaf SET commitment = :wrong WHERE position = :position"
        behind(filled, statement, wrong=bytes(32), position=position)
        assert found_by_reading(filled) == before
        behind(filled, statement, wrong=right, position=position)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_leaf SET kept = :clear WHERE position = 7",
        "UPDATE ledger_leaf SET tag = :tag WHERE position = 7",
        "UPDATE ledger_leaf SET tag = NULL WHERE position = 10",
        "UPDATE ledger_leaf SET kept = NULL WHERE position = 10",
        "UPDATE ledger_leaf SET tag = :short WHERE position = 10",
        "UPDATE ledger_leaf SET kept = :short WHERE position = 10",
        "UPDATE ledger_leaf SET kept = :form WHERE position = 10",
    ],
    ids=range(7),
)
def test_what_lies_beside_a_leaf_and_cannot_belong_to_it_is_found(filled: Path | str, statement: str) -> None:
    behind(filled, statement, clear=LEAVES[8].kept, tag=bytes(16), short=b"\x01\x01short", form=bytes(562))
    assert found_by_reading(filled) in (7, 10)


def test_leaves_that_were_cut_are_found_by_opening(either: Path | str) -> None:
    behind(either, "DELETE FROM ledger_leaf WHERE position >= 590")
    assert found_by_opening(either) == 590


def test_a_leaf_that_was_taken_out_is_found(either: Path | str) -> None:
    behind(either, "DELETE FROM ledger_leaf WHERE position = 40")
    assert found_by_reading(either) == 40


def test_a_leaf_that_was_put_in_is_found_by_opening(filled: Path | str) -> None:
    behind(filled, "UPDATE ledger_leaf SET position = 600 WHERE position = 40")
    assert found_by_opening(filled) == 40  # where it was taken out


def test_two_leaves_that_changed_places_are_found(filled: Path | str) -> None:
    swap = "UPDATE ledger_leaf SET position = {} WHERE position = {}"
    behind(filled, swap.format(-1, 20), swap.format(20, 30), swap.format(30, -1))
    assert found_by_reading(filled) == 0


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE ledger_node SET hash = :wrong WHERE level = 8 AND index = 1", 256),
        ("DELETE FROM ledger_node WHERE level = 8 AND index = 0", 0),
    ],
    ids=["altered", "gone"],
)
def test_a_kept_node_is_found_by_opening(filled: Path | str, statement: str, position: int) -> None:
    behind(filled, statement.replace("index", '"index"'), wrong=bytes(32))
    assert found_by_opening(filled) == position


def test_opening_tells_from_which_leaf_on_it_is_not_what_it_was(filled: Path | str) -> None:
    """Of a leaf in the clear exactly; of a sealed one not before what is known to be right."""
    statement = "UPDATE ledger_leaf SET commitment = :wrong WHERE position = :position"
    for position, named in ((577, 577), (520, 512)):
        right = LEAVES[position].commitment
        behind(filled, statement, wrong=bytes(32), position=position)
        assert found_by_opening(filled) == named
        with closing(opened_anyway(filled)) as database, database.writing("tamper") as connection:
            connection.execute(text(statement), {"wrong": right, "position": position})
    opened(filled).close()


def test_what_is_wrong_first_is_named_whatever_comes_after_it(filled: Path | str) -> None:
    behind(
        filled,
        "UPDATE ledger_leaf SET commitment = :wrong WHERE position = 10",
        "UPDATE ledger_leaf SET commitment = :wrong WHERE position = 599",
        wrong=bytes(32),
    )
    assert found_by_opening(filled) == 0


def test_a_node_that_was_put_in_is_found(filled: Path | str) -> None:
    behind(filled, 'INSERT INTO ledger_node (level, "index", hash) VALUES (8, 2, :wrong)', wrong=bytes(32))
    assert found_by_reading(filled) == 0


def test_a_node_below_the_frontier_is_found_by_reading_all(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as log:
        log.append(leaves(600))
        with log._database.writing("tamper") as connection:
            connection.execute(text('UPDATE ledger_node SET hash = :wrong WHERE "index" = 1'), {"wrong": bytes(32)})
        with pytest.raises(LedgerAltered) as raised:
            log.verify()
        assert raised.value.numbers == {"position": 256}


def older_state(place: Path | str, size: int) -> None:
    """What a thief does who can hash: cut leaves, and make the state fit."""
    state, _ = State().after((leaf.commitment, leaf.line) for leaf in LEAVES[:size])
    behind(
        place,
        "DELETE FROM ledger_leaf WHERE position >= :size",
        'DELETE FROM ledger_node WHERE "index" >= :nodes',
        "UPDATE ledger_state SET state = :state",
        state=state.encode(),
        size=size,
        nodes=size // 256,
    )


def test_a_log_that_was_cut_with_its_state_is_found_by_its_head(either: Path | str) -> None:
    older_state(either, 540)
    assert found_by_opening(either) == 540


def test_a_log_that_was_cut_to_where_no_head_was_signed_is_the_audits_to_find(filled: Path | str) -> None:
    """Said in `checking`: whoever has the whole database makes it what it was once, and no log can tell that alone."""
    older_state(filled, 570)
    with closing(opened(filled)) as log:
        assert log.verify().size == 570


def test_a_log_that_was_rewritten_since_a_head_is_found(filled: Path | str) -> None:
    """Here the thief makes everything fit but the head, which he cannot sign."""
    other = leaf_about_nobody(5_000)
    rows = [*LEAVES[:545], other, *LEAVES[546:]]
    state, _ = State().after((leaf.commitment, leaf.line) for leaf in rows)
    behind(
        filled,
        "UPDATE ledger_leaf SET commitment = :commitment, operation = :operation, said = :said, kept = :kept "
        "WHERE position = 545",
        "UPDATE ledger_state SET state = :state",
        state=state.encode(), commitment=other.commitment, operation=other.line.operation, said=other.line.said,
        kept=other.kept,
    )  # fmt: skip
    assert found_by_opening(filled) == 512


def test_lines_that_were_rewritten_since_a_head_are_found(filled: Path | str) -> None:
    rows = [(leaf.commitment, leaf.line) for leaf in LEAVES]
    rows[520] = (rows[520][0], replace(rows[520][1], said=bytes(32)))
    state, _ = State().after(rows)
    behind(
        filled,
        "UPDATE ledger_leaf SET said = :said WHERE position = 520",
        "UPDATE ledger_state SET state = :state",
        said=bytes(32), state=state.encode(),
    )  # fmt: skip
    assert found_by_reading(filled) == 256
    with closing(opened(filled)) as log:
        log.append(leaves(1, 9_000))


def test_lines_of_the_newest_head_are_looked_at_when_it_is_opened(filled: Path | str) -> None:
    with closing(opened(filled)) as log:
        log.head(MINUTE, SIGNER.sign)
        state = replace(log.state(), lines=bytes(32))
    behind(filled, "UPDATE ledger_state SET state = :state", state=state.encode())
    assert found_by_opening(filled) == SIZE  # every leaf is what it was


@pytest.mark.parametrize(
    "wrong", [b"", b"\x02" + bytes(40), b"\x01" + (3).to_bytes(8, "big") + bytes(32)], ids=range(3)
)
def test_a_state_that_is_none_is_found(filled: Path | str, wrong: bytes) -> None:
    behind(filled, "UPDATE ledger_state SET state = :wrong", wrong=wrong)
    assert found_by_opening(filled) == 0


def test_a_state_that_is_gone_is_found(either: Path | str) -> None:
    behind(either, "DELETE FROM ledger_state")
    assert found_by_opening(either) == 0


def test_lines_of_the_state_that_are_not_the_rows_are_found(filled: Path | str) -> None:
    with closing(opened(filled)) as log:
        state = replace(log.state(), lines=bytes(32))
    behind(filled, "UPDATE ledger_state SET state = :state", state=state.encode())
    assert found_by_reading(filled) == 550


def test_a_head_of_another_key_or_log_is_found(filled: Path | str) -> None:
    with closing(opened(filled)) as log:
        state = log.state()
    for name, key in ((ORIGIN, signing_key("b")), ("custodian b", SIGNER)):
        head = Head(name, SIZE, state.frontier.root(), state.lines, MINUTE).signed(key.sign)
        put = ("DELETE FROM ledger_head WHERE size = 600", "INSERT INTO ledger_head VALUES (600, :head)")
        with closing(opened_anyway(filled)) as database, database.writing("tamper") as connection:
            for statement in put:
                connection.execute(text(statement), {"head": head} if ":head" in statement else {})
        assert found_by_opening(filled) == 0


def test_a_head_in_the_middle_that_does_not_fit_is_found(filled: Path | str) -> None:
    state, _ = State().after((leaf.commitment, leaf.line) for leaf in LEAVES[:256])
    for root, lines, before in ((bytes(32), state.lines, 256), (state.frontier.root(), bytes(32), 0)):
        head = Head(ORIGIN, 256, root, lines, MINUTE).signed(SIGNER.sign)
        behind(filled, "UPDATE ledger_head SET signed = :head WHERE size = 256", head=head)
        assert found_by_reading(filled) == before


def test_what_is_done_to_the_end_of_an_open_log_is_found_by_reading_all(filled: Path | str) -> None:
    with closing(opened(filled)) as log, closing(opened_anyway(filled)) as database:
        state = log.state()
        other = replace(state, frontier=replace(state.frontier, nodes=(bytes(32), *state.frontier.nodes[1:])))
        for wrong, statement, before in (
            (other.encode(), "SELECT 1", 550),
            (state.encode(), "DELETE FROM ledger_leaf WHERE position >= 590", 590),
        ):
            with database.writing("tamper") as connection:
                connection.execute(text("UPDATE ledger_state SET state = :state"), {"state": wrong})
                connection.execute(text(statement))
            with pytest.raises(LedgerAltered) as raised:
                log.verify()
            assert raised.value.numbers == {"position": before}


def test_a_log_is_opened_with_its_own_key(filled: Path | str) -> None:
    with pytest.raises(LedgerAltered):
        Log.open(filled, ORIGIN, Party.A, public(signing_key("b")))


def test_an_older_copy_under_an_open_log_is_found(filled: Path | str) -> None:
    with closing(opened(filled)) as log:
        older_state(filled, 570)
        for ask in (log.state, lambda: log.append(leaves(1, 9_000)), log.verify, lambda: log.head(MINUTE, SIGNER.sign)):
            with pytest.raises(LedgerAltered) as raised:
                ask()
            assert raised.value.numbers == {"position": 570}


def test_a_log_whose_state_forgot_leaves_takes_nothing_over_them(either: Path | str) -> None:
    state, _ = State().after((leaf.commitment, leaf.line) for leaf in LEAVES[:580])
    with closing(opened(either)) as log:
        behind(either, "UPDATE ledger_state SET state = :state", state=state.encode())
        log._seen = 0
        with pytest.raises(LedgerUnwritable):
            log.append(leaves(1, 9_000))


def test_a_proof_over_what_is_missing_is_not_given(filled: Path | str) -> None:
    behind(filled, "DELETE FROM ledger_leaf WHERE position = 40")
    with closing(opened(filled)) as log, pytest.raises(LedgerAltered):
        log.proven(LEAVES[41].line.operation, SIZE)


@pytest.mark.parametrize("position", [3, 300, 540, 599])
def test_bytes_of_the_file_that_were_altered_are_found(tmp_path: Path, position: int) -> None:
    fill(tmp_path)
    file = tmp_path / "ledger.sqlite"
    leaf = LEAVES[position]
    for part in (leaf.commitment, leaf.line.said):
        content = file.read_bytes()
        at = content.index(part)
        file.write_bytes(content[: at + 3] + bytes([content[at + 3] ^ 1]) + content[at + 4 :])
        with pytest.raises(LedgerAltered), closing(opened(tmp_path)) as log:
            log.verify()
        file.write_bytes(content)
    with closing(opened(tmp_path)) as log:
        log.verify()
