"""A custodian that lost its part of a pseudonym key gets it back from the other two, and nobody another's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from moiety import sodium
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.pseudonyms import Pseudonyms, number_of
from moiety.custody.refusals import FormatUnknown, KeptDamaged
from moiety.custody.store.kept import drop_keys, keep
from moiety.custody.store.page import HANDLE_BYTES
from moiety.custody.store.slots import SLOTS
from moiety.custody.unopened import KeyLost, KeyNotMade
from moiety.matching.refusals import Disagreement, UnequalParts
from moiety.oprf.keys import Part, PublicKey
from moiety.oprf.refusals import FormUnknown, NotOfThePair, PartWrong, ProofWrong
from moiety.sharing.seat import SEATS, Seat
from tests.custody.scene import DOCUMENT, DOOR, TERMS, opened

WHO = [b"110105199001011234", b"110105199001011235"]
KIND = "pseudonym key"


@pytest.fixture
def keyless(tmp_path: Path) -> Iterator[Embedded]:
    """An office with a purpose that keeps records."""
    Embedded.create(tmp_path / "office", os.urandom)
    with closing(opened(tmp_path / "office")) as office:
        office.add_gallery(DOOR, replace(TERMS, reveal=(("officer", ("birth",)),)), DOCUMENT)
        yield office


@pytest.fixture
def office(keyless: Embedded) -> Embedded:
    """The same, its key made."""
    keyless.pseudonyms(DOOR, WHO)
    return keyless


def custodian(office: Embedded, seat: Seat) -> Custodian:
    some = office.three.custodians[seat]
    assert isinstance(some, Custodian)
    return some


def side(office: Embedded, seat: Seat) -> Pseudonyms:
    return custodian(office, seat).records._pseudonyms


def key(office: Embedded, seat: Seat) -> Any:
    """All that a custodian keeps of the key."""
    return side(office, seat)._held(DOOR)


def lose(office: Embedded, seat: Seat) -> None:
    with custodian(office, seat)._store.writing("test") as connection:
        drop_keys(connection, KIND, [DOOR.encode()])


def spoil(office: Embedded, seat: Seat) -> None:
    with custodian(office, seat)._store.writing("test") as connection:
        keep(connection, KIND, {DOOR.encode(): b"\x01\x90"})


def overwrite(office: Embedded, seat: Seat) -> None:
    """As a bad disk does: the row does not open. What else the custodian keeps stays as it is."""
    with custodian(office, seat)._store.writing("test") as connection:
        before = set(connection.execute(text("SELECT sealed FROM kept")).scalars())
        keep(connection, KIND, {DOOR.encode(): b"another"})
        (row,) = set(connection.execute(text("SELECT sealed FROM kept")).scalars()) - before
        bent = row[:-1] + bytes([row[-1] ^ 1])
        connection.execute(text("UPDATE kept SET sealed = :bent WHERE sealed = :row"), {"bent": bent, "row": row})


def bend(office: Embedded, seat: Seat, changed: dict[str, bytes]) -> None:
    """What is kept reads well and says something else."""
    held = key(office, seat)
    fields = {name: getattr(held, name) for name in held.__struct_fields__} | changed
    with custodian(office, seat)._store.writing("test") as connection:
        keep(connection, KIND, {DOOR.encode(): type(held)(**fields).to_bytes()})


def require_found(office: Embedded, *seats: Seat) -> None:
    """The check names these custodians, and nobody else."""
    told = office.check()
    assert [one.partition(" has lost its part of the key")[0] for one in told] == [
        f"{DOOR}: custodian {seat}" for seat in seats
    ]
    assert all("`moiety check --mend`" in one for one in told)


def another_part(office: Embedded, seat: Seat) -> dict[str, bytes]:
    return {"part": Part(number_of(seat), 7).encode()}


def anothers_number(office: Embedded, seat: Seat) -> dict[str, bytes]:
    return {"part": Part(number_of(next(other for other in reversed(SEATS) if other != seat)), 7).encode()}


def no_part(office: Embedded, seat: Seat) -> dict[str, bytes]:
    return {"part": b"\x01nothing"}


def another_key(office: Embedded, seat: Seat) -> dict[str, bytes]:
    """A part and the key that it is of: whole in itself, and none that the other two hold."""
    line = PublicKey(sodium.multiply_base(5), sodium.multiply_base(2))
    part = Part(number_of(seat), 5 + 2 * number_of(seat))
    line.check(part)
    return {"part": part.encode(), "public": line.encode()}


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize(
    "wrong", [another_part, anothers_number, no_part, another_key], ids=lambda wrong: wrong.__name__
)
def test_a_wrong_part_is_refused_and_comes_back(
    office: Embedded, wrong: Callable[[Embedded, Seat], dict[str, bytes]], seat: Seat
) -> None:
    before = office.pseudonyms(DOOR, WHO)
    bend(office, seat, wrong(office, seat))
    if seat != "c":  # is among those who are asked
        with pytest.raises((ProofWrong, FormUnknown, NotOfThePair, UnequalParts)) as refused:
            office.pseudonyms(DOOR, WHO)
        if refused.type is ProofWrong:
            assert "moiety check --mend" in str(refused.value)
    kept = [key(office, each) for each in SEATS]
    require_found(office, seat)
    assert [key(office, each) for each in SEATS] == kept  # a check alone mends nothing
    assert office.mend() == 1
    assert office.pseudonyms(DOOR, WHO) == before
    assert len({key(office, each).public for each in SEATS}) == 1
    assert office.mend() == 0
    assert office.check() == []


def test_anothers_part_in_the_place_of_ones_own_is_found(office: Embedded) -> None:
    bend(office, "a", {"part": key(office, "b").part})
    require_found(office, "a")


def test_damage_at_all_three_is_found_too(office: Embedded) -> None:
    for seat in SEATS:
        spoil(office, seat)
    require_found(office, *SEATS)


def test_wrong_parts_at_two_are_not_mended_from_each_other(office: Embedded) -> None:
    for seat in ("a", "c"):
        bend(office, seat, another_part(office, seat))
    before = [key(office, seat) for seat in SEATS]
    with pytest.raises(KeyLost):
        office.mend()
    assert [key(office, seat) for seat in SEATS] == before


def test_where_no_two_name_one_key_nothing_is_mended(office: Embedded) -> None:
    lose(office, "b")
    bend(office, "c", another_key(office, "c"))
    before = [key(office, seat) for seat in SEATS]
    with pytest.raises(KeyLost):
        office.mend()
    assert [key(office, seat) for seat in SEATS] == before


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("harm", [lose, spoil, overwrite], ids=lambda harm: harm.__name__)
def test_a_lost_part_comes_back_and_every_pseudonym_is_what_it_was(
    office: Embedded, harm: Callable[[Embedded, Seat], None], seat: Seat
) -> None:
    before, epoch = office.pseudonyms(DOOR, WHO), custodian(office, "a").standing().epoch
    harm(office, seat)
    with pytest.raises((KeyNotMade, KeptDamaged)):
        key(office, seat) or custodian(office, seat).records.evaluate(DOOR, ("a", "b"), bytes(32), False)
    require_found(office, seat)
    assert office.mend() == 1
    assert office.check() == []
    assert office.pseudonyms(DOOR, WHO) == before
    assert len({key(office, each).public for each in SEATS}) == 1
    assert custodian(office, "a").standing().epoch == epoch + 1  # what helped is worth nothing any more
    assert office.mend() == 0


def helped(office: Embedded, lost: Seat) -> None:
    """Help for no page, at once."""
    helpers = [seat for seat in SEATS if seat != lost]
    nonces = {seat: custodian(office, seat).helping() for seat in helpers}
    one, other = (custodian(office, seat).assist(DOOR, lost, [], nonces) for seat in helpers)
    custodian(office, lost).mend(DOOR, [], one, other, np.zeros((0, SLOTS, HANDLE_BYTES), np.uint8))


@pytest.mark.parametrize("lost", SEATS)
def test_it_comes_back_as_it_was(office: Embedded, lost: Seat) -> None:
    before = key(office, lost)
    lose(office, lost)
    helped(office, lost)
    assert key(office, lost) == before


def test_who_has_its_part_keeps_it_whatever_comes(office: Embedded) -> None:
    before = key(office, "b")
    helped(office, "b")
    assert key(office, "b") == before
    with pytest.raises(FormatUnknown):
        side(office, "b").mend(DOOR, b"nonsense", b"nonsense")
    assert key(office, "b") == before
    one = side(office, "a").help(DOOR, "b", bytes(32))
    bend(office, "c", another_key(office, "c"))
    other = side(office, "c").help(DOOR, "b", bytes(32))
    for helps in ((one, other), (other, one)):  # one of two means the key that is held here: that is enough
        side(office, "b").mend(DOOR, *helps)
        assert key(office, "b") == before


def test_no_helper_shows_its_part(office: Embedded) -> None:
    part = Part.decode(key(office, "a").part)
    shown = {
        type(key(office, "a")).from_bytes(side(office, "a").help(DOOR, "b", os.urandom(32))).part for _ in range(3)
    }
    assert len(shown) == 3
    assert not any(part.scalar.to_bytes(32, "little") in one for one in shown)


def test_who_does_not_know_that_all_three_hold_it_helps_with_nothing(office: Embedded) -> None:
    held = key(office, "a")
    fields = {name: getattr(held, name) for name in held.__struct_fields__}
    side(office, "a")._keep(DOOR, type(held)(**fields | {"state": 1}))
    assert side(office, "a").help(DOOR, "b", os.urandom(32)) == b""


def test_help_with_two_keys_gives_none(office: Embedded) -> None:
    lose(office, "b")
    secret = os.urandom(32)
    one, other = (side(office, seat).help(DOOR, "b", secret) for seat in ("a", "c"))
    kind = type(key(office, "a"))
    lying = kind.from_bytes(other)
    for changed in ({"transcript": bytes(32)}, {"public": lying.public[::-1]}, {"witnesses": []}):
        fields = {name: getattr(lying, name) for name in lying.__struct_fields__}
        with pytest.raises(Disagreement):
            side(office, "b").mend(DOOR, one, kind(**fields | changed).to_bytes())
    with pytest.raises(PartWrong):
        side(office, "b").mend(DOOR, one, side(office, "c").help(DOOR, "b", os.urandom(32)))
    assert key(office, "b") is None
    side(office, "b").mend(DOOR, one, other)
    assert Part.decode(key(office, "b").part).number == number_of("b")


def test_what_two_have_lost_is_lost(office: Embedded) -> None:
    lose(office, "a")
    lose(office, "c")
    require_found(office, "a", "c")
    with pytest.raises(KeyLost):
        office.mend()
    helped(office, "a")
    assert key(office, "a") is None


def test_a_purpose_whose_key_nobody_made_has_nothing_to_mend(keyless: Embedded) -> None:
    assert keyless.check() == []
    assert keyless.mend() == 0
    assert [key(keyless, seat) for seat in SEATS] == [None] * 3
