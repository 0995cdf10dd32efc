"""A check whose header is of another version or epoch than the gallery's is refused before anything is computed."""

from __future__ import annotations

import dataclasses

import pytest

from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.verbs import PSEUDONYM_WORDS, silent
from moiety.matching.header import Header
from moiety.sharing.seat import SEATS, Seat
from tests.custody.scene import DOOR, people

CROWD = people(4)


@pytest.fixture
def header(office: Embedded) -> Header:
    """Of a check of four people, which the gateway begins now."""
    office.enrol(DOOR, CROWD)
    return office._headers().make("integrity", DOOR, rows=4, extra=PSEUDONYM_WORDS)


def _asked(office: Embedded, seat: Seat, header: Header) -> object:
    """What this custodian shows the others first."""
    custodian = office._three.custodians[seat]
    assert isinstance(custodian, Custodian)
    steps = custodian.integrity(DOOR, header, silent)
    try:
        return next(steps)
    finally:
        steps.close()


@pytest.mark.parametrize("seat", SEATS)
def test_a_check_of_what_is_held_now_begins(office: Embedded, header: Header, seat: Seat) -> None:
    assert _asked(office, seat, header) is not None


@pytest.mark.parametrize("seat", SEATS)
def test_a_check_that_a_change_overtook_is_refused(office: Embedded, header: Header, seat: Seat) -> None:
    office.erase(DOOR, CROWD[0].pseudonym)
    with pytest.raises(refusals.HeaderRefused):
        _asked(office, seat, header)


@pytest.mark.parametrize("seat", SEATS)
def test_a_check_of_another_epoch_is_refused(office: Embedded, header: Header, seat: Seat) -> None:
    later = dataclasses.replace(header, epoch=header.epoch + 1)
    with pytest.raises(refusals.HeaderRefused):
        _asked(office, seat, later)
