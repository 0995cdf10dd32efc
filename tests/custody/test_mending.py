"""Who asks for a mending is believed nothing that a custodian knows itself: handles, and which help goes together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.custody import doubts, mending
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store import tables
from moiety.custody.store.handles import handles
from moiety.custody.store.page import HANDLE_BYTES, Pages
from moiety.custody.store.slots import SLOTS, Phase, State
from moiety.custody.store.stored import fetch
from moiety.custody.verbs import Help
from moiety.sharing.ring import POINTS, lagrange, scale
from moiety.sharing.seat import SEATS, Seat
from tests.custody.damage import delete, first_active, forge
from tests.custody.scene import DOCUMENT, DOOR, TERMS, create, matched, opened, people

CROWD = people(6)
LOST: Seat = "b"
HELPERS: tuple[Seat, Seat] = ("a", "c")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An office with some people."""
    create(tmp_path / "office")
    with closing(opened(tmp_path / "office")) as office:
        office.enrol(DOOR, CROWD)
    return tmp_path / "office"


@pytest.fixture
def office(folder: Path) -> Iterator[Embedded]:
    """The same, open."""
    with closing(opened(folder)) as office:
        yield office


def custodian(office: Embedded, seat: Seat) -> Custodian:
    some = office.three.custodians[seat]
    assert isinstance(some, Custodian)
    return some


def helped(office: Embedded, numbers: list[int], nonces: dict[Seat, bytes] | None = None) -> list[Help]:
    """What the helpers of b seal for it."""
    asked = nonces or {seat: custodian(office, seat).helping() for seat in HELPERS}
    return [custodian(office, seat).assist(DOOR, LOST, numbers, asked) for seat in HELPERS]


def inhabited(office: Embedded) -> list[int]:
    """The pages that somebody is in."""
    states = custodian(office, LOST).states(DOOR).reshape(-1, SLOTS)
    return [int(number) for number in np.flatnonzero((states == State.ACTIVE).any(axis=1))]


def made_up(numbers: list[int]) -> NDArray[np.uint8]:
    random = np.frombuffer(os.urandom(len(numbers) * SLOTS * HANDLE_BYTES), dtype=np.uint8)
    return random.reshape(len(numbers), SLOTS, HANDLE_BYTES)


def kept(office: Embedded, numbers: list[int]) -> NDArray[np.uint8]:
    """The right handles of these pages at b, by pseudonym."""
    whole = np.zeros((len(numbers) * SLOTS, HANDLE_BYTES), dtype=np.uint8)
    for person in CROWD:
        handle = handles(DOOR, [person.pseudonym])[LOST]
        for slot in custodian(office, LOST).locate(DOOR, handle.tobytes()):
            at, place = numbers.index(int(slot) // SLOTS), int(slot) % SLOTS
            whole[at * SLOTS + place] = handle
    return whole.reshape(len(numbers), SLOTS, HANDLE_BYTES)


def nothing_happened(office: Embedded) -> None:
    """Everybody is found, and can be erased."""
    assert office.check() == []
    assert matched(office, CROWD) == [True] * 6
    assert [office.erase(DOOR, person.pseudonym) for person in CROWD] == [True] * 6


def test_a_custodian_keeps_its_handles_where_its_pages_open(office: Embedded) -> None:
    """With others, nobody could be verified or erased any more, or somebody else in their place; no check shows it."""
    numbers = inhabited(office)
    for number in numbers:
        with pytest.raises(doubts.HandlesRefused) as raised:
            custodian(office, LOST).mend(DOOR, [number], *helped(office, [number]), made_up([number]))
        assert raised.value.numbers == {"page": number}
    nothing_happened(office)


def test_one_persons_other_handle_among_many_right_ones_is_refused(office: Embedded) -> None:
    numbers = inhabited(office)
    other = kept(office, numbers)
    slot = np.argwhere(other.any(axis=2))[-1]
    other[*slot, -1] ^= 1
    with pytest.raises(doubts.HandlesRefused):
        custodian(office, LOST).mend(DOOR, numbers, *helped(office, numbers), other)
    nothing_happened(office)


def test_the_handles_that_it_has_are_taken(office: Embedded) -> None:
    """The twin of both: nothing else was refused there."""
    numbers = inhabited(office)
    custodian(office, LOST).mend(DOOR, numbers, *helped(office, numbers), kept(office, numbers))
    nothing_happened(office)


def test_where_nobody_is_noise_comes_back_that_shares_nothing(office: Embedded) -> None:
    numbers = inhabited(office)
    custodian(office, LOST).mend(DOOR, numbers, *helped(office, numbers), kept(office, numbers))
    parts = {}
    for seat in SEATS:
        gallery = custodian(office, seat)._gallery(DOOR)
        with gallery.store.reading() as connection:
            pages, states = fetch(connection, gallery.current(connection), numbers)
        parts[seat] = np.ascontiguousarray(pages["parts"])
    left, right = (
        scale(lagrange(POINTS[LOST], POINTS[helper], (POINTS[other],)), parts[helper])
        for helper, other in (HELPERS, HELPERS[::-1])
    )
    fit = np.broadcast_to((left + right == parts[LOST]).all(axis=(1, 3)), states["states"].shape)
    assert np.array_equal(fit, states["states"] == State.ACTIVE)


@pytest.mark.parametrize("shape", [(1, 64, 1), (1, 1, 16), (1, 1, 1), (64, 16), (2, 64, 16), (1, 64, 17)])
def test_handles_that_are_not_one_for_each_slot_are_refused(
    office: Embedded, folder: Path, shape: tuple[int, ...]
) -> None:
    number = inhabited(office)[0]
    some = helped(office, [number])
    delete(folder / f"custodian-{LOST}", "page", number)  # so that nothing is there to be kept
    with pytest.raises(doubts.HelpRefused):
        custodian(office, LOST).mend(DOOR, [number], *some, np.zeros(shape, dtype=np.uint8))


def test_help_of_two_mendings_does_not_go_together(office: Embedded) -> None:
    """Masks of two mendings do not cancel: the page would be noise."""
    numbers = inhabited(office)
    one, other = helped(office, numbers)[0], helped(office, numbers)[1]
    with pytest.raises(doubts.HelpRefused):
        custodian(office, LOST).mend(DOOR, numbers, one, other, kept(office, numbers))
    nothing_happened(office)


@pytest.mark.parametrize("drew", ["a", "ab", "bc", "abc"])
def test_a_helper_helps_with_the_nonces_of_the_two_helpers(office: Embedded, drew: str) -> None:
    nonces: dict[Seat, bytes] = {seat: custodian(office, seat).helping() for seat in SEATS if seat in drew}
    with pytest.raises(doubts.HelpRefused):
        custodian(office, "a").assist(DOOR, LOST, inhabited(office), nonces)


@pytest.mark.parametrize("helper", HELPERS)
def test_a_helper_masks_anew_though_the_other_nonce_is_an_old_one(office: Embedded, helper: Seat) -> None:
    """The gateway carries nonces: under one mask, two versions of a page would give away what differs between them."""
    numbers, own = inhabited(office), custodian(office, LOST)
    other = next(seat for seat in HELPERS if seat != helper)
    old = custodian(office, other).helping()

    def masked() -> NDArray[np.uint16]:
        nonces: dict[Seat, bytes] = {helper: custodian(office, helper).helping(), other: old}
        help_ = custodian(office, helper).assist(DOOR, LOST, numbers, nonces)
        return mending.unsealed(own._gallery(DOOR), own.acquaintance, numbers, help_, old)[0]

    assert (masked() == masked()).mean() < 0.01


def masks(
    office: Embedded, helper: Seat, name: str, page: int, nonces: dict[Seat, bytes]
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """What this helper's contributions to a page of b lie under, as b could tell if it knew the helper's parts: those
    of templates and those of pseudonyms."""
    own, other = custodian(office, LOST), next(seat for seat in HELPERS if seat != helper)
    help_ = custodian(office, helper).assist(name, LOST, [page], nonces)
    sent = mending.unsealed(own._gallery(name), own.acquaintance, [page], help_, nonces[other])
    gallery = custodian(office, helper)._gallery(name)
    with gallery.store.reading() as connection:
        pages, _ = fetch(connection, gallery.current(connection), [page])
    weight = lagrange(POINTS[LOST], POINTS[helper], (POINTS[other],))
    parts = sent[0] - scale(weight, np.ascontiguousarray(pages["parts"]))
    names = sent[1] - scale(weight, np.ascontiguousarray(pages["pseudonyms"]).view("<u2"))
    return (parts, names) if helper == HELPERS[0] else (np.negative(parts), np.negative(names))


@pytest.mark.parametrize("other", ["nothing", "page", "gallery", "epoch"])
def test_masks_cancel_where_both_helpers_mean_the_same_rows(office: Embedded, other: str) -> None:
    """Else a custodian that is no honest one, with a gateway, would be left with what two people's faces differ in."""
    office.add_gallery("gate", TERMS, DOCUMENT)
    office.enrol("gate", people(2, seed=5))
    nonces = {seat: custodian(office, seat).helping() for seat in HELPERS}
    one = masks(office, "a", DOOR, 0, nonces)
    if other == "epoch":
        office.refresh()
    two = masks(office, "c", "gate" if other == "gallery" else DOOR, int(other == "page"), nonces)
    for mine, yours in zip(one, two, strict=True):
        assert (mine == yours).mean() == 1 if other == "nothing" else (mine == yours).mean() < 0.01


def test_templates_and_pseudonyms_do_not_lie_under_one_mask(office: Embedded) -> None:
    """Else whoever gets both, and knows one of them, has the other."""
    nonces = {seat: custodian(office, seat).helping() for seat in HELPERS}
    parts, names = (mask.reshape(-1) for mask in masks(office, "a", DOOR, 0, nonces))
    assert (parts[: len(names)] == names).mean() < 0.01


@pytest.mark.parametrize("numbers", [[1, 0], [0, 0], [64], [1 << 40], [-1]])
def test_pages_that_are_none_are_opened_for_nobody(office: Embedded, numbers: list[int]) -> None:
    with pytest.raises(doubts.HelpRefused):
        custodian(office, "a").pseudonym_parts(DOOR, numbers)
    with pytest.raises(doubts.HelpRefused):
        helped(office, numbers)


def test_nobody_helps_itself(office: Embedded) -> None:
    nonces: dict[Seat, bytes] = {seat: custodian(office, seat).helping() for seat in ("b", "c")}
    with pytest.raises(doubts.HelpRefused):
        custodian(office, "a").assist(DOOR, "a", inhabited(office), nonces)


def test_nonces_that_nobody_uses_are_forgotten() -> None:
    """Nobody signs for drawing them."""
    drawn = mending.Drawn(os.urandom)
    first, *others = [drawn.draw() for _ in range(65)]
    with pytest.raises(doubts.HelpRefused):
        drawn.spend(first)
    for nonce in others:
        drawn.spend(nonce)


def test_one_helper_twice_is_not_two(office: Embedded) -> None:
    """Two nonces of one helper name each other: what it seals under them would be noise together, and the page lost."""
    numbers, helper = inhabited(office), custodian(office, "a")
    one, other = helper.helping(), helper.helping()
    first = helper.assist(DOOR, LOST, numbers, {"a": one, "c": other})
    second = helper.assist(DOOR, LOST, numbers, {"a": other, "c": one})
    with pytest.raises(doubts.HelpRefused):
        custodian(office, LOST).mend(DOOR, numbers, first, second, kept(office, numbers))
    nothing_happened(office)


def test_help_for_one_gallery_is_none_for_another(office: Embedded) -> None:
    """Otherwise its page would hold other people's parts, at one custodian: noise."""
    office.add_gallery("gate", TERMS, DOCUMENT)
    office.enrol("gate", people(6, seed=5))
    versions = {name: custodian(office, LOST).standing().galleries[name].version for name in (DOOR, "gate")}
    assert versions[DOOR] == versions["gate"]  # so that it is the name that tells them apart
    numbers = inhabited(office)
    nonces: dict[Seat, bytes] = {seat: custodian(office, seat).helping() for seat in HELPERS}
    one, other = (custodian(office, seat).assist("gate", LOST, numbers, nonces) for seat in HELPERS)
    with pytest.raises(doubts.HelpRefused):
        custodian(office, LOST).mend(DOOR, numbers, one, other, kept(office, numbers))
    nothing_happened(office)


def test_help_from_before_a_change_is_nothing_after_it(office: Embedded) -> None:
    """Otherwise somebody who was erased would be there again, at one custodian."""
    numbers = inhabited(office)
    old, known = helped(office, numbers), kept(office, numbers)
    gone = people(1, seed=9)
    office.enrol(DOOR, gone)
    assert office.erase(DOOR, gone[0].pseudonym)
    with pytest.raises(doubts.HelpRefused):
        custodian(office, LOST).mend(DOOR, numbers, *old, known)
    nothing_happened(office)


@pytest.mark.parametrize("seat", SEATS)
def test_nobody_is_mended_who_is_halfway_in(office: Embedded, folder: Path, seat: Seat) -> None:
    """A page whose newcomers are PENDING would come back without them."""
    numbers = inhabited(office)
    some, known = helped(office, numbers), kept(office, numbers)
    here = custodian(office, seat)
    with here._store.writing("phase") as connection:
        row = here._gallery(DOOR).current(connection).row
        tables.change_gallery(connection, row.id, phase=Phase.PREPARED)
    ask = (lambda: here.mend(DOOR, numbers, *some, known)) if seat == LOST else (lambda: helped(office, numbers))
    with pytest.raises(doubts.HelpRefused):
        ask()


def test_pages_that_are_not_there_are_not_mended(office: Embedded) -> None:
    """A helper refuses them; and so does who would write them, whoever sealed what."""
    numbers = [*inhabited(office), 1 << 20]
    with pytest.raises(doubts.HelpRefused):
        helped(office, numbers)
    with pytest.raises(doubts.HelpRefused):
        custodian(office, LOST).unknown(DOOR, numbers, np.zeros((len(numbers), SLOTS), dtype=np.uint8))


def test_handles_that_somebody_with_the_keys_altered_are_found_by_mending(folder: Path) -> None:
    """Named, and mended once its operator has deleted the page: till then the custodian believes itself."""

    def alter(pages: Pages, states: Pages) -> None:
        at, slot = first_active(states)
        pages["handles"][at, slot, 0] ^= 1

    forge(folder / f"custodian-{LOST}", alter)
    with closing(opened(folder)) as office, pytest.raises(doubts.HandlesRefused) as raised:
        office.mend(LOST)
    delete(folder / f"custodian-{LOST}", "page", raised.value.numbers["page"])
    with closing(opened(folder)) as office:
        assert len(office.check()) == 1
        assert office.mend() == 1
        nothing_happened(office)


def test_how_many_handles_are_lost_is_counted(office: Embedded, folder: Path) -> None:
    numbers = inhabited(office)
    lost = custodian(office, LOST)
    one, _ = helped(office, numbers)
    assert lost.unknown(DOOR, numbers, one.states) == 0
    delete(folder / f"custodian-{LOST}", "page", numbers[0])
    assert lost.unknown(DOOR, numbers, one.states) == int((one.states[0] == State.ACTIVE).sum()) > 0
    with pytest.raises(doubts.HelpRefused):
        lost.unknown(DOOR, numbers, one.states[:, :1])
