"""Probes that are no faces, sent by a gateway to custodians apart: refused by all three, and nobody is told of a row.

The same probes read whole templates from custodians that check nothing: `tests/drills/test_malformed.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.custody.gateway.apart import Apart
from moiety.custody.messages import Array
from moiety.drills.malformed import factors_of, unit_probes
from moiety.matching.words import WORD_HIGH
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split
from tests.apart.asking import DONE, Asking, changed, pledged
from tests.apart.scene import Site
from tests.custody.scene import DIM, DOOR, matched, people

CROWD = people(3)
Shares = dict[Seat, NDArray[np.uint32]]


@pytest.fixture
def asking(office: Apart, site: Site) -> Iterator[Asking]:
    office.enrol(DOOR, CROWD)
    asking = Asking(site)
    yield asking
    asking.close()


def entropy(count: int) -> bytes:
    return np.random.default_rng(3).bytes(count)


def honest() -> Shares:
    words = np.stack([person.words for person in CROWD[:2]])
    return split(words.astype(np.int32).view(np.uint32), entropy)


def beside_a_face(probe: NDArray[np.uint32]) -> Shares:
    """A face goes first, as if custodians looked at the first of a batch alone."""
    face = CROWD[0].words.astype(np.int32).view(np.uint32)
    return split(np.stack([face, probe.astype(np.uint32)]), entropy)


def units() -> Shares:
    """In range and of a face's norm, modulo 2^32: one large number in one place."""
    return beside_a_face(unit_probes(factors_of(np.random.default_rng(1)), DIM)[0, 0])


def overlong() -> Shares:
    return beside_a_face(np.full(DIM, WORD_HIGH, np.int32).view(np.uint32))


def bare() -> Shares:
    return beside_a_face(np.zeros(DIM, np.uint32))


def bent() -> Shares:
    """On no line: one custodian's share is another's."""
    shares = honest()
    shares["b"][1, 0] += 1
    return shares


def asked(asking: Asking, shares: Shares) -> tuple[dict[Seat, str], dict[Seat, bytes]]:
    asks = asking.identify(*CROWD[:2])
    sent = pledged(
        {seat: changed(asks[seat], probe=Array.of(shares[seat]), pledge=asks[seat].pledge) for seat in SEATS}
    )
    call = asking.signed(asking.hand.caller, sent["a"])
    found = asking.each(lambda seat: asking.ask(seat, sent[seat], call=call))
    return {seat: said.code for seat, said in found.items()}, {seat: said.value for seat, said in found.items()}


@pytest.mark.parametrize("malformed", [units, overlong, bare, bent])
def test_a_probe_that_is_no_face_is_refused_by_custodians_apart(
    asking: Asking, malformed: Callable[[], Shares]
) -> None:
    codes, values = asked(asking, malformed())
    assert "malformed_probe" in codes.values()
    assert set(codes.values()) <= {"malformed_probe", "attempt_stopped"}  # whoever hears first that another refused
    assert set(values.values()) == {b""}


def test_whoever_was_refused_may_ask_again_and_nothing_has_changed(asking: Asking, office: Apart) -> None:
    asked(asking, units())
    codes, values = asked(asking, honest())
    assert codes == dict.fromkeys(SEATS, DONE)
    assert all(values.values())
    assert matched(office, [*CROWD, *people(1, seed=9)]) == [True] * 3 + [False]
