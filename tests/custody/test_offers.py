"""What a custodian stores was offered to it, checked by all three, for this gallery, and is stored once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.enrolment import _split
from moiety.custody.verbs import OFFERED_TOGETHER, Batch, Slots
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement, MalformedTemplate
from moiety.matching.rounds import Rounds, lockstep
from moiety.sharing.seat import SEATS, Seat
from tests.custody.scene import DIM, DOOR, NOON, TERMS, people

CROWD = people(3)


def header(office: Embedded, rows: int = len(CROWD), gallery: str = DOOR) -> Header:
    with office._alone() as headers:
        return headers.make("enrol", gallery, rows=rows)


def batches() -> dict[Seat, Batch]:
    return _split(DIM, DOOR, CROWD, os.urandom)


def offer(office: Embedded, good: Header, offered: dict[Seat, Batch]) -> list[bytes]:
    custodians = office._three.custodians
    lockstep({seat: custodians[seat].offer(DOOR, offered[seat], good) for seat in SEATS})
    return [good.attempt]


def preparing(office: Embedded, attempts: list[bytes], name: str = DOOR) -> dict[Seat, Rounds[Slots]]:
    with office._alone() as headers:
        header = headers.make("prepare", name, rows=len(CROWD))
    return {seat: office._three.custodians[seat].prepare(name, header, attempts) for seat in SEATS}


def assert_nobody_admits(sides: dict[Seat, Rounds[Slots]]) -> None:
    for seat in SEATS:
        with pytest.raises(refusals.NotAdmitted):
            next(sides[seat])


def test_more_than_fit_one_offer_are_refused_by_each_alone(office: Embedded) -> None:
    def batch(count: int) -> Batch:
        names = np.zeros((count, 16), dtype=np.uint8)
        parts = np.zeros((count, DIM), dtype=np.uint64)
        return Batch(names, names, parts, np.zeros(count, dtype=np.uint32), np.zeros(count, dtype=np.uint8))

    for custodian in office._three.custodians.values():
        side = custodian.offer(DOOR, batch(OFFERED_TOGETHER + 1), header(office, OFFERED_TOGETHER + 1))
        with pytest.raises(refusals.TooMany) as raised:
            next(side)
        assert raised.value.numbers == {"limit": OFFERED_TOGETHER}
        next(custodian.offer(DOOR, batch(OFFERED_TOGETHER), header(office, OFFERED_TOGETHER)))


@pytest.mark.parametrize(
    "other",
    [
        {"version": 1},
        {"epoch": 2},
        {"threshold": 1},
        {"at": int(NOON.timestamp()) + 6},
        {"rows": 2},
        {"dim": DIM + 2},
        {"gallery": "gate"},
        {"attempt": b"short"},
    ],
    ids=lambda other: "-".join(other),
)
def test_an_offer_under_another_header_is_refused_by_each_alone(office: Embedded, other: dict[str, Any]) -> None:
    offered = batches()
    wrong = replace(header(office), **other)
    for seat in SEATS:
        with pytest.raises(refusals.HeaderRefused):
            next(office._three.custodians[seat].offer(DOOR, offered[seat], wrong))


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("column", ["grounds", "expires"])
def test_newcomers_of_whom_the_three_are_told_differently_are_not_admitted(
    office: Embedded, seat: Seat, column: str
) -> None:
    offered, good = batches(), header(office)
    getattr(offered[seat], column)[1] += 1
    with pytest.raises(Disagreement):
        offer(office, good, offered)
    assert_nobody_admits(preparing(office, [good.attempt]))


def test_what_was_not_found_to_be_a_face_is_not_stored(office: Embedded) -> None:
    offered, good = batches(), header(office)
    offered["b"].parts[0, 0] += np.uint64(1)  # type: ignore[call-overload]
    with pytest.raises(MalformedTemplate):
        offer(office, good, offered)
    assert_nobody_admits(preparing(office, [good.attempt]))


def test_an_admission_is_used_once(office: Embedded) -> None:
    attempts = offer(office, header(office), batches())
    assert {len(slots) for slots in lockstep(preparing(office, attempts)).values()} == {len(CROWD)}
    assert_nobody_admits(preparing(office, attempts))


def test_an_admission_that_was_forgotten_is_of_no_use(office: Embedded) -> None:
    attempts = offer(office, header(office), batches())
    for custodian in office._three.custodians.values():
        custodian.forget(attempts)
    assert_nobody_admits(preparing(office, attempts))


def test_an_admission_to_one_gallery_is_none_to_another(office: Embedded) -> None:
    """Another gallery may be there for another purpose, and its handles are others."""
    office.add_gallery("gate", TERMS, b"")
    attempts = offer(office, header(office), batches())
    assert_nobody_admits(preparing(office, attempts, "gate"))


@pytest.mark.parametrize("where", [0, 1])
def test_nobody_is_stored_where_one_of_the_attempts_was_not_admitted(office: Embedded, where: int) -> None:
    """Custodians that each left out another attempt would put different people into one slot."""
    attempts = offer(office, header(office), batches())
    attempts.insert(where, os.urandom(16))
    assert_nobody_admits(preparing(office, attempts))
    assert not len(office._three.custodians["a"].states(DOOR))


def test_no_attempt_admits_nobody(office: Embedded) -> None:
    assert_nobody_admits(preparing(office, []))


def test_the_coin_that_draws_slots_is_the_three_custodians_own(
    office: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three have the same one, and one custodian that always tosses alike does not decide it."""
    alone = office._three.custodians["b"]
    monkeypatch.setattr(alone, "_coin", lambda: bytes(32))
    coins = []
    for _ in range(2):
        good = header(office)
        [attempt] = offer(office, good, batches())
        held = [custodian._offers.take(DOOR, [attempt])[1] for custodian in office._three.custodians.values()]
        assert len(set(held)) == 1
        coins += held[:1]
    assert coins[0] != coins[1]
