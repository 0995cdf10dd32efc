"""Four logs of one office: what they agree on, what is on its way, and the first difference wherever one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.ledger import audit, head, seal
from moiety.ledger.audit import Difference, Finding, Shown, What, audited
from moiety.ledger.head import Head
from moiety.ledger.log import Log
from moiety.ledger.operation import EVERYBODY, Line, Operation, Party, acknowledging
from moiety.ledger.state import State
from tests.ledger.people import ABOUT_NOBODY, MINUTE, drawn, public, signing_key

GATEWAY, A, B, C = Party.GATEWAY, Party.A, Party.B, Party.C
FOUR = (GATEWAY, A, B, C)

Rows = list[tuple[bytes, Line]]
Office = dict[Party, Rows]


def row(party: Party, operation: int, parties: Party = EVERYBODY, said: bytes = b"x" * 32) -> tuple[bytes, Line]:
    """What one log has of an operation: a commitment of its own beside the common line."""
    return drawn(operation * 16 + party)(32), Line(operation.to_bytes(16, "big"), parties, said)


def office(operations: Sequence[int], parties: Party = EVERYBODY) -> Office:
    """Four logs that say the same."""
    return {party: [row(party, operation, parties) for operation in operations] for party in FOUR}


def shown(office: Office, signed: Office | None = None) -> dict[Party, Shown]:
    """With heads over what they hold, or over what they held when they signed."""

    def over(party: Party) -> Head:
        state, _ = State().after((signed or office)[party])
        return Head("some log", state.size, state.frontier.root(), state.lines, MINUTE)

    return {party: Shown(over(party), rows) for party, rows in office.items()}


def look(office: Office, in_flight: int = 3, signed: Office | None = None) -> Finding:
    return audited(shown(office, signed), in_flight)


def test_logs_that_agree_have_no_difference() -> None:
    assert look(office(range(20))) == Finding(None, dict.fromkeys(FOUR, 0), 20)
    assert look(office([])) == Finding(None, dict.fromkeys(FOUR, 0), 0)


@given(st.randoms(use_true_random=False), st.integers(0, 30), st.integers(0, 5))
def test_the_order_in_which_operations_reached_a_log_is_no_difference(drawing, count: int, apart: int) -> None:  # type: ignore[no-untyped-def]
    logs = office(range(count))
    for rows in logs.values():
        order = sorted(range(count), key=lambda at: at + drawing.uniform(0, apart))
        rows[:] = [rows[at] for at in order]
    assert look(logs) == Finding(None, dict.fromkeys(FOUR, 0), count)


def test_whom_an_operation_is_not_for_does_not_lack_it() -> None:
    logs = office(range(10))
    for party in (GATEWAY, A, B):
        logs[party].insert(4, row(party, 99, GATEWAY | A | B))
    assert look(logs) == Finding(None, dict.fromkeys(FOUR, 0), 11)


def test_fewer_logs_are_held_against_each_other_too() -> None:
    logs = office(range(10))
    assert look({A: logs[A], C: logs[C]}) == Finding(None, {A: 0, C: 0}, 10)
    del logs[C][2]
    found = look({A: logs[A], C: logs[C]}).first
    assert found == Difference(What.MISSING, C, None, A, 2)
    assert look({}) == Finding(None, {}, 0)


@pytest.mark.parametrize("lacking", FOUR)
def test_a_hole_is_named_by_its_log_and_by_where_another_has_it(lacking: Party) -> None:
    logs = office(range(20))
    del logs[lacking][7]
    found = look(logs)
    assert found.first == Difference(What.MISSING, lacking, None, A if lacking == GATEWAY else GATEWAY, 7)
    assert found.behind[lacking] == 0
    assert found.operations == 19


def test_the_first_of_several_holes_is_named() -> None:
    logs = office(range(20))
    del logs[C][15], logs[B][4], logs[C][9]
    assert look(logs).first == Difference(What.MISSING, B, None, GATEWAY, 4)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_log_that_is_behind_has_no_hole(cut: int) -> None:
    logs = office(range(20))
    del logs[B][-cut:]
    assert look(logs) == Finding(None, {GATEWAY: 0, A: 0, B: cut, C: 0}, 20 - cut)


def test_a_tail_is_a_hole_where_nothing_can_be_on_its_way() -> None:
    logs = office(range(20))
    del logs[B][-1]
    assert look(logs, 0).first == Difference(What.MISSING, B, None, GATEWAY, 19)
    assert look(logs, 1).first is None


@pytest.mark.parametrize(("later", "hole"), [(2, False), (3, True)])
def test_what_is_missing_before_enough_later_ones_is_a_hole(later: int, hole: bool) -> None:
    """Also where more is missing: only what the log does have says that it got further."""
    logs = office(range(20))
    at = 20 - 1 - later - 2
    del logs[B][at], logs[B][at + 1], logs[B][at + 1]
    found = look(logs)
    assert (found.first is not None) is hole
    if hole:
        assert found.first == Difference(What.MISSING, B, None, GATEWAY, at)


def test_only_operations_for_a_log_say_how_far_it_got() -> None:
    logs = office(range(10))
    del logs[B][9]
    for party in (GATEWAY, A, C):
        logs[party] += [row(party, operation, GATEWAY | A | C) for operation in range(100, 120)]
    assert look(logs).first is None
    assert look(logs).behind[B] == 1


@pytest.mark.parametrize("other", [{"said": b"y" * 32}, {"parties": GATEWAY | A | B}], ids=["said", "parties"])
def test_what_one_log_says_in_other_words_is_named(other: dict[str, object]) -> None:
    logs = office(range(20))
    commitment, line = logs[B][6]
    logs[B][6] = commitment, replace(line, **other)  # type: ignore[arg-type]
    found = look(logs)
    assert found.first == Difference(What.OTHERWISE, B, 6, GATEWAY, 6)


def test_what_is_in_one_log_twice_is_named() -> None:
    logs = office(range(20))
    del logs[C][5:]
    logs[A].insert(7, logs[A][6])
    assert look(logs, 100).first == Difference(What.OTHERWISE, A, 7, GATEWAY, 6)


def test_what_a_log_should_not_have_is_named() -> None:
    logs = office(range(20))
    for party in FOUR:
        logs[party].insert(3, row(party, 99, GATEWAY | A))
    assert look(logs).first == Difference(What.UNINVITED, B, 3)


def test_who_claims_that_something_was_for_nobody_else_is_found_out() -> None:
    logs = office(range(20))
    commitment, line = logs[GATEWAY][6]
    logs[GATEWAY][6] = commitment, replace(line, parties=GATEWAY)
    first = look(logs).first
    assert first is not None
    assert first.what in (What.MISSING, What.OTHERWISE)
    assert 6 in (first.position, first.beside_position)


def test_something_that_only_one_log_has_is_missed_in_the_others() -> None:
    logs = office(range(20))
    logs[C].insert(2, row(C, 99))
    assert look(logs).first == Difference(What.MISSING, GATEWAY, None, C, 2)


def test_rows_that_a_head_did_not_sign_are_named_where_they_differ() -> None:
    before, after = office(range(20)), office(range(20))
    commitment, line = after[C][11]
    after[C][11] = commitment, replace(line, said=bytes(32))
    assert look(after, signed=before).first == Difference(What.ALTERED, C, 11)
    after[C][11] = commitment, replace(line, operation=b"z" * 16)
    assert look(after, signed=before).first == Difference(What.ALTERED, C, 11)


def test_a_commitment_that_a_head_did_not_sign_is_named_by_its_log() -> None:
    before, after = office(range(20)), office(range(20))
    after[C][11] = bytes(32), after[C][11][1]
    assert look(after, signed=before).first == Difference(What.ALTERED, C, None)


def test_rows_that_were_cut_after_a_head_are_named_where_they_end() -> None:
    before, after = office(range(20)), office(range(20))
    del after[B][-1]
    assert look(after, signed=before).first == Difference(What.ALTERED, B, 19)
    before, after = after, before
    assert look(after, signed=before).first == Difference(What.ALTERED, B, 19)


def test_a_log_longer_than_what_is_hashed_at_a_time_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_TOGETHER", 4)
    assert look(office(range(18))).first is None
    before, after = office(range(18)), office(range(18))
    after[C][2] = bytes(32), after[C][2][1]
    assert look(after, signed=before).first == Difference(What.ALTERED, C, None)


def test_hostile_logs_keep_no_more_than_one_difference_of_each_sort() -> None:
    walk = audit._Walk(FOUR)
    for position in range(100):
        walk.see(B, position, *row(B, position, GATEWAY))
    assert list(walk._found.values()) == [Difference(What.UNINVITED, B, 0)]


@given(st.data())
def test_whatever_is_done_to_one_log_is_found_or_is_behind(data: st.DataObject) -> None:
    """Taken out, put in, changed: with nothing on its way, every such log differs."""
    logs = office(range(12))
    party = data.draw(st.sampled_from(FOUR))
    rows = logs[party]
    at = data.draw(st.integers(0, 11))
    what = data.draw(st.sampled_from(["out", "in", "said", "parties", "operation"]))
    if what == "out":
        del rows[at]
    elif what == "in":
        rows.insert(at, row(party, 99))
    else:
        changed: dict[str, object] = {"said": bytes(32), "parties": EVERYBODY & ~C, "operation": b"q" * 16}
        rows[at] = rows[at][0], replace(rows[at][1], **{what: changed[what]})  # type: ignore[arg-type]
    first = look(logs, 0).first
    assert first is not None
    assert at in (first.position, first.beside_position)


def test_four_real_logs_are_held_against_each_other(tmp_path: Path) -> None:
    keys = {party: signing_key(str(party.value)) for party in FOUR}
    logs = {
        party: Log.create(tmp_path / str(party.value), f"log {party.value}", party, public(keys[party]))
        for party in FOUR
    }
    for seed in range(30):
        entropy = drawn(seed)
        parties = EVERYBODY if seed % 3 else GATEWAY | A | B
        operation = Operation.new(parties, entropy)
        for party, log in logs.items():
            if party in parties and not (party == B and seed == 12):
                log.append([seal.clear(ABOUT_NOBODY[0], operation, entropy)])
    pages = {}
    for party, log in logs.items():
        signed = head.verify(log.head(MINUTE, keys[party].sign), f"log {party.value}", public(keys[party]))
        pages[party] = Shown(signed, [(leaf.commitment, leaf.line) for leaf in log.checked(0, signed.size)])
    found = audited(pages, 5)
    assert found.first == Difference(What.MISSING, B, None, GATEWAY, 12)
    assert found.operations == 29
    for log in logs.values():
        log.close()


# What a log lacks and says so itself.


def acknowledged(logs: Office, party: Party, line: Line) -> None:
    """A log says at its end that it lacks this."""
    said = Line(acknowledging(line, party), party, b"a" * 32)
    logs[party].append((drawn(99)(32), said))


@pytest.mark.parametrize("lacking", [A, B, C])
def test_what_a_log_says_that_it_lacks_is_counted_and_no_hole(lacking: Party) -> None:
    logs = office(range(20))
    _, line = logs[lacking].pop(7)
    assert look(logs).lacking == {line.operation: lacking}
    acknowledged(logs, lacking, line)
    found = look(logs, 0)
    assert found == Finding(None, dict.fromkeys(FOUR, 0), 20, {lacking: 1})
    assert found.lacking == {}


def test_an_acknowledgement_is_of_one_line_in_one_log_alone() -> None:
    """Not of what another lacks, of what was said otherwise, or of what else it lacks."""
    for other in ({"said": b"y" * 32}, {"parties": A | B}, {"operation": b"z" * 16}):
        logs = office(range(20))
        _, line = logs[B].pop(7)
        acknowledged(logs, B, replace(line, **other))  # type: ignore[arg-type]
        assert look(logs, 0).first == Difference(What.MISSING, B, None, GATEWAY, 7)
    logs = office(range(20))
    _, line = logs[B].pop(7)
    acknowledged(logs, C, line)
    assert look(logs, 0).first == Difference(What.MISSING, B, None, GATEWAY, 7)


def test_a_log_that_has_what_it_said_that_it_lacks_is_named() -> None:
    """It was done after all: by a request that was repeated, or by whoever wrote it down before."""
    logs = office(range(20))
    row = logs[B].pop(7)
    acknowledged(logs, B, row[1])
    assert look(logs, 0).first is None
    logs[B].append(row)
    assert look(logs, 0).first == Difference(What.DENIED, B, 20)


def test_the_others_still_lack_what_one_of_them_acknowledged() -> None:
    logs = office(range(20))
    _, line = logs[B].pop(7)
    del logs[C][7]
    acknowledged(logs, B, line)
    found = look(logs, 0)
    assert found.first == Difference(What.MISSING, C, None, GATEWAY, 7)
    assert (found.acknowledged, found.lacking) == ({B: 1}, {line.operation: C})
