"""Handles: what a custodian knows a person by."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from moiety.custody.store.handles import handles, prefixes

PSEUDONYM = bytes(range(16))


def test_a_handle_never_changes() -> None:
    """Stored rows could not be found again. Computed here from RFC 7693's function alone."""
    expected = hashlib.blake2b(b"door", key=PSEUDONYM, person=b"moiety handle 1", digest_size=48).digest()
    assert (
        expected.hex()
        == "15fa3747b4985a26633896864b178ba64e83eb1898da60cf48dc151285fad29da80bf23369e4bda3383dd20d6e0ca478"
    )
    made = handles("door", [PSEUDONYM])
    assert b"".join(made[seat].tobytes() for seat in ("a", "b", "c")) == expected
    assert prefixes(made["a"]).tolist() == [int.from_bytes(expected[:8], "little")]


def test_no_two_custodians_galleries_or_people_share_a_handle() -> None:
    made = [
        handles(gallery, [pseudonym])[seat].tobytes()
        for gallery in ("door", "gate")
        for pseudonym in (PSEUDONYM, bytes(16))
        for seat in ("a", "b", "c")
    ]
    assert len(set(made)) == 12


def test_handles_keep_the_order_of_the_pseudonyms() -> None:
    several = handles("door", [PSEUDONYM, bytes(16)])
    assert np.array_equal(several["b"][1], handles("door", [bytes(16)])["b"][0])


def test_a_pseudonym_has_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        handles("door", [bytes(15)])
