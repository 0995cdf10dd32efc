"""What a custodian refuses in a search: it believes its own clock, copies and terms, not the header."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.custody import refusals
from moiety.custody.answering import Answers
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.headers import MOST_SMALL_PASSES
from moiety.custody.store.handles import handles
from moiety.custody.store.slots import SLOTS
from moiety.custody.verbs import MOST_PROBES
from moiety.matching.header import FAR_PASS_WORDS, NEAR_PASS_WORDS, Header, Operation
from moiety.matching.opening import opened as opened_pairs
from moiety.matching.policy import identify_point
from moiety.matching.refusals import Disagreement, UnequalParts
from moiety.matching.rounds import lockstep
from moiety.sharing.seat import SEATS
from moiety.sharing.split import split
from tests.custody.scene import DIM, DOOR, NOON, TERMS, TODAY, Clock, matched, opened, people

CROWD = people(3)


@pytest.fixture
def custodians(office: Embedded) -> dict[str, Custodian]:
    """The three, with three people."""
    office.enrol(DOOR, CROWD)
    return dict(office._three.custodians.items())


def header(**other: Any) -> Header:
    """A header that all three accept, or one that differs in something."""
    operation: Operation = "identify"
    good = Header(
        attempt=os.urandom(16),
        operation=operation,
        gallery=DOOR,
        version=2,
        epoch=1,
        threshold=identify_point(TERMS, 3).threshold,
        at=int(NOON.timestamp()),
        rows=4096,
        probes=1,
        dim=DIM,
        circuit="chain",
        pass_words=NEAR_PASS_WORDS,
    )
    return replace(good, **other)


def shares(words: NDArray[np.int16]) -> dict[str, NDArray[np.uint32]]:
    return dict(split(words[None].astype(np.int32).view(np.uint32), os.urandom))


def search(custodians: dict[str, Custodian], headers: dict[str, Header]) -> list[int]:
    """The slots that match."""
    probe = shares(CROWD[0].words)
    sides = {seat: custodians[seat].identify(DOOR, headers[seat], probe[seat]) for seat in SEATS}
    return [int(row) for _, row in opened_pairs(lockstep(sides), 1)]


def test_a_header_that_all_three_accept(custodians: dict[str, Custodian]) -> None:
    good = header()
    assert len(search(custodians, dict.fromkeys(SEATS, good))) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"version": 1},
        {"version": 3},
        {"epoch": 2},
        {"threshold": 8_999},
        {"threshold": 0},
        {"at": int(NOON.timestamp()) - 6},
        {"at": int(NOON.timestamp()) + 6},
        {"rows": 4096 - SLOTS},
        {"rows": 8192},
        {"dim": DIM - 2},
        {"gallery": "gate"},
        {"probes": MOST_PROBES + 1},
        {"attempt": b"short"},
        {"circuit": "ring"},
        {"pass_words": 0},
        {"pass_words": FAR_PASS_WORDS + 1},
    ],
    ids=lambda other: "-".join(f"{name}-{value}" for name, value in other.items()),
)
def test_a_header_with_another_value_is_refused_by_each_alone(
    custodians: dict[str, Custodian], other: dict[str, Any]
) -> None:
    identify, verify = header(**other), header(**({"rows": SLOTS} | other))
    probe, names = shares(CROWD[0].words), handles(DOOR, [CROWD[0].pseudonym])
    for seat in SEATS:
        with pytest.raises(refusals.HeaderRefused):
            next(custodians[seat].identify(DOOR, identify, probe[seat]))
        with pytest.raises(refusals.HeaderRefused):
            next(custodians[seat].verify(DOOR, verify, probe[seat], names[seat].tobytes()))


def test_rows_are_not_compared_in_more_passes_than_they_need(custodians: dict[str, Custodian]) -> None:
    """Each pass has its own rounds; one word at a time, a batch over a large gallery would have millions."""
    probe = dict(split(np.zeros((MOST_PROBES, DIM), np.uint32), os.urandom))
    least = 4096 // 64 * MOST_PROBES // MOST_SMALL_PASSES
    for seat in SEATS:
        next(custodians[seat].identify(DOOR, header(probes=MOST_PROBES, pass_words=least), probe[seat]))
        with pytest.raises(refusals.HeaderRefused):
            next(custodians[seat].identify(DOOR, header(probes=MOST_PROBES, pass_words=least - 1), probe[seat]))


@pytest.mark.parametrize("seconds", [-5, 5])
def test_clocks_may_be_five_seconds_apart(custodians: dict[str, Custodian], seconds: int) -> None:
    some = header(at=int(NOON.timestamp()) + seconds)
    assert len(search(custodians, dict.fromkeys(SEATS, some))) == 1


def test_two_headers_for_one_attempt_are_refused(custodians: dict[str, Custodian]) -> None:
    good = header()
    with pytest.raises(Disagreement):
        search(custodians, {"a": good, "b": good, "c": replace(good, at=good.at + 1)})


def test_custodians_that_disagree_about_who_is_active_answer_nothing(
    office: Embedded, custodians: dict[str, Custodian]
) -> None:
    """One flipped bit in a row would otherwise match half of all strangers."""
    gallery = custodians["b"]._gallery(DOOR)  # type: ignore[attr-defined]
    gallery.matrix._segments[0].states[:] = 2
    gallery.matrix._segments[0].expires[:] = TODAY + 9
    gallery._alive = None
    with pytest.raises((Disagreement, refusals.HeaderRefused)):
        office.identify(DOOR, CROWD[0].words[None])


def test_each_custodian_has_its_own_clock(folder: Path) -> None:
    clock = Clock()
    office = opened(folder, clock)
    office.enrol(DOOR, CROWD)
    late = Clock()
    late.now = NOON + timedelta(seconds=7)
    office._three.custodians["c"]._clock = late  # type: ignore[attr-defined]
    with pytest.raises(refusals.HeaderRefused):
        office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
    late.now = NOON + timedelta(seconds=4)
    assert matched(office, CROWD) == [True] * 3
    office.close()


def test_pseudonyms_are_released_once_after_a_search_and_from_its_mask(custodians: dict[str, Custodian]) -> None:
    good = header()
    [hit] = search(custodians, dict.fromkeys(SEATS, good))
    for seat in SEATS:
        with pytest.raises(refusals.AnswerUnknown):
            custodians[seat].release(DOOR, os.urandom(16), np.array([hit]))
    assert custodians["a"].release(DOOR, good.attempt, np.array([hit])).shape == (1, 16)
    with pytest.raises(refusals.AnswerUnknown):
        custodians["a"].release(DOOR, good.attempt, np.array([hit]))
    free = 0 if hit else 1
    for slots in ([free], [-1], [4096], [hit, free]):
        again = header()
        search(custodians, dict.fromkeys(SEATS, again))
        with pytest.raises(refusals.AnswerUnknown):
            custodians["b"].release(DOOR, again.attempt, np.array(sorted(slots)))


@pytest.mark.parametrize("change", ["refresh", "erase"])
def test_no_pseudonym_is_released_of_what_has_changed_since(
    office: Embedded, custodians: dict[str, Custodian], change: str
) -> None:
    """In another epoch, or from where somebody was erased, whoever lies there is nobody who matched."""
    good = header()
    [hit] = search(custodians, dict.fromkeys(SEATS, good))
    if change == "refresh":
        office.refresh()
    else:
        assert office.erase(DOOR, CROWD[0].pseudonym)
    for seat in SEATS:
        with pytest.raises(refusals.HeaderRefused):
            custodians[seat].release(DOOR, good.attempt, np.array([hit]))


def test_only_so_many_searches_are_remembered() -> None:
    answers = Answers()
    mask = np.array([1], dtype=np.uint64)
    for number in range(1_100):
        answers.remember(number.to_bytes(16, "big"), DOOR, mask, 1)
    with pytest.raises(refusals.AnswerUnknown):
        answers.spend((0).to_bytes(16, "big"), DOOR, np.array([0]))
    answers.spend((1_099).to_bytes(16, "big"), DOOR, np.array([0]))


def test_a_pseudonym_whose_parts_do_not_fit_is_not_handed_out(office: Embedded, folder: Path) -> None:
    from tests.custody.damage import first_active, forge

    office.enrol(DOOR, CROWD)
    office.close()

    def alter(pages: Any, states: Any) -> None:
        pages["pseudonyms"][*first_active(states), 0] ^= 1

    forge(folder / "custodian-b", alter)
    again = opened(folder)
    with pytest.raises(UnequalParts):
        again.identify(DOOR, np.stack([person.words for person in CROWD]))
    again.close()


@pytest.mark.parametrize("kind", ["unknown", "erased", "expired", "somebody else"])
def test_somebody_unknown_erased_or_expired_looks_like_a_non_match(
    office: Embedded, clock: Clock, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same messages of the same sizes, the same reads; only the bit differs, and that is masked."""
    [short] = people(1, seed=5, expires_day=TODAY + 1)
    office.enrol(DOOR, [*CROWD, short])
    office.erase(DOOR, CROWD[1].pseudonym)
    clock.pass_(days=1)
    claims = {
        "unknown": bytes(16),
        "erased": CROWD[1].pseudonym,
        "expired": short.pseudonym,
        "somebody else": CROWD[2].pseudonym,
    }
    recorded: list[list[tuple[int, ...]]] = []
    drive = lockstep

    def tapped(ask: Any) -> Any:
        sides = {seat: ask(custodian) for seat, custodian in office._three.custodians.items()}
        sizes: list[tuple[int, ...]] = []

        def tap(side: Any) -> Any:
            answer = None
            try:
                while True:
                    sent = side.send(answer)
                    sizes.append(tuple(array.nbytes for array in sent.next + sent.previous))
                    answer = yield sent
            except StopIteration as stop:
                return stop.value

        result = drive({seat: tap(side) for seat, side in sides.items()})
        recorded.append(sizes)
        return result

    monkeypatch.setattr(office._three, "play", tapped)
    assert office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
    assert not office.verify(DOOR, CROWD[0].words, claims[kind])
    assert recorded[0] == recorded[1]
    assert len(recorded[0]) > 10


def test_somebody_unknown_is_looked_for_in_an_empty_gallery_too(office: Embedded) -> None:
    assert not office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
