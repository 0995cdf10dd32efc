"""Pair keys: of one connection, known to its two ends, and to nobody afterwards."""

from __future__ import annotations

import os

import pytest

from moiety.custody.keys import Acquaintance, acquaint
from moiety.custody.refusals import CustodianDown
from moiety.sharing.seat import SEATS, Seat


@pytest.fixture
def three() -> dict[Seat, Acquaintance]:
    met = {seat: Acquaintance(seat, os.urandom) for seat in SEATS}
    acquaint(met)
    return met


def test_a_pair_has_one_key_and_every_pair_another(three: dict[Seat, Acquaintance]) -> None:
    pairs = {(one, other): three[one].pair(other) for one in SEATS for other in SEATS if one != other}
    assert all(pairs[one, other] == pairs[other, one] for one, other in pairs)
    assert len(set(pairs.values())) == 3


def test_every_connection_has_keys_of_its_own(three: dict[Seat, Acquaintance]) -> None:
    """Whoever takes a custodian's memory learns nothing of connections that have ended: not even its own half stays."""
    publics = [three["a"].greet(other)[0] for other in ("b", "b", "c")]
    assert len(set(publics)) == 3
    before = three["a"].pair("b")
    acquaint(three)
    assert three["a"].pair("b") != before


def test_a_key_goes_with_its_connection(three: dict[Seat, Acquaintance]) -> None:
    three["a"].part("b")
    with pytest.raises(CustodianDown) as raised:
        three["a"].keys()
    assert raised.value.numbers["seat"] == 1
    with pytest.raises(CustodianDown):
        three["a"].pair("b")
    assert three["a"].pair("c") == three["c"].pair("a")
    three["a"].part("b")  # again does nothing


def test_a_key_is_of_the_greetings_as_they_were_sent() -> None:
    """The highest bit of a public key is not looked at (RFC 7748): with one that was flipped on the way, both ends
    compute the same secret, and must not take it for one key."""
    one, other = Acquaintance("a", os.urandom), Acquaintance("b", os.urandom)
    sent, joined = one.greet("b")
    answer, met = other.greet("a")
    met(sent[:31] + bytes([sent[31] ^ 0x80]))
    joined(answer)
    assert one.pair("b") != other.pair("a")
    met(sent)
    assert one.pair("b") == other.pair("a")


def test_every_attempt_has_a_nonce_of_its_own(three: dict[Seat, Acquaintance]) -> None:
    assert len({three["a"].keys().nonce for _ in range(100)}) == 100
