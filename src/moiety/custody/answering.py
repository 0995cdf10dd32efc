"""How one custodian answers a search: it checks the header against its own copies, then plays its side of it."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gallery import Alive, Gallery
from moiety.custody.headers import check_header, check_instant
from moiety.custody.life import within
from moiety.custody.noting import public_of
from moiety.custody.refusals import AnswerUnknown, GalleryUnknown, HeaderRefused
from moiety.custody.store import page
from moiety.custody.store.handles import prefixes
from moiety.custody.store.kinds import is_keys
from moiety.custody.store.page import PSEUDONYM_BYTES, portions
from moiety.custody.store.slots import SLOTS, State
from moiety.custody.store.stored import Current, fetch
from moiety.custody.unopened import NobodyThere
from moiety.custody.verbs import SECONDS_A_DAY
from moiety.matching import search
from moiety.matching.channel import Keys
from moiety.matching.distance import Products, empty_panels, empty_products, from_panels, partial, partial_all
from moiety.matching.header import Header
from moiety.matching.opening import Opening
from moiety.matching.policy import claim_points, identify_point
from moiety.matching.rounds import Rounds

_REMEMBERED = 1024
"""Searches whose pseudonyms may still be asked for: many more than run at once."""


_CLAIMED: Final = b"moiety claimed 1"


class Answers:
    """Which searches this custodian took part in, so that pseudonyms leave only after one, once, and from its mask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: OrderedDict[bytes, tuple[str, NDArray[np.uint64], int]] = OrderedDict()

    def remember(self, attempt: bytes, gallery: str, mask: NDArray[np.uint64], epoch: int) -> None:
        """That this custodian takes part in this search, over this mask, in this epoch."""
        with self._lock:
            self._asked[attempt] = (gallery, mask, epoch)
            while len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)

    def spend(self, attempt: bytes, gallery: str, slots: NDArray[np.int64]) -> int:
        """The epoch of that search, which is then forgotten. Raises `AnswerUnknown` unless these slots could match in
        it."""
        with self._lock:
            asked = self._asked.pop(attempt, None)
        if asked is None or asked[0] != gallery:
            raise AnswerUnknown
        flags = np.unpackbits(asked[1].view(np.uint8), bitorder="little")
        if len(slots) and (slots.min() < 0 or slots.max() >= len(flags) or not flags[slots].all()):
            raise AnswerUnknown
        return asked[2]


def identify_side(
    gallery: Gallery, header: Header, probe: NDArray[np.uint32], keys: Keys, clock: Callable[[], datetime]
) -> tuple[NDArray[np.uint64], Rounds[search.Matches]]:
    """The mask, and this custodian's side of a search of the whole gallery. Raises `HeaderRefused`, and
    `GalleryUnknown` for one of keys: nothing is compared with a key."""
    _, alive = searched(gallery, header, clock)
    return alive.mask, search.matches(search.Side(keys, header, alive.mask, probe, all_distances(gallery)))


def searched(gallery: Gallery, header: Header, clock: Callable[[], datetime]) -> tuple[Current, Alive]:
    """A gallery that a search of all of it may begin on, and who may match. Raises as `identify_side`."""
    _require_faces(gallery)
    check_instant(header, clock)  # first: the day of a header that is refused must not count as one that came
    current = gallery.usable()
    alive = gallery.alive(current, header.at // SECONDS_A_DAY)
    point = identify_point(current.terms, alive.count)
    check_header(header, current, gallery.matrix.slots, point.threshold, clock, least=1)
    return current, alive


def all_distances(gallery: Gallery) -> search.Distances:
    """The products of a probe's weights with every row."""
    matrix = gallery.matrix

    def distances(weights: NDArray[np.uint16]) -> Products:
        out = empty_products(matrix.slots, len(weights))
        return partial_all(weights, matrix.panels(), out, gallery.crew)

    return distances


def verify_side(
    gallery: Gallery,
    header: Header,
    probe: NDArray[np.uint32],
    handle: bytes,
    keys: Keys,
    clock: Callable[[], datetime],
) -> Rounds[Opening]:
    """This custodian's side of a comparison with whoever has this handle.

    Somebody unknown, erased or expired is looked for like anybody else: in a page that the header's digest draws,
    under an empty mask. That the three mean one slot is agreed on: the mask says the place in a page alone, and parts
    of rows of two pages would tell of their difference. Raises `HeaderRefused`, and `GalleryUnknown` as a search.
    """
    _, _, claim = claimed(gallery, header, handle, clock)
    meant = _CLAIMED + claim.slot.to_bytes(8, "big")
    return search.attempt(search.Side(keys, header, claim.mask, probe, claim.distances, meant))


@dataclass(frozen=True)
class Claim:
    """Whoever is claimed, as one page that they are looked for in: the slot, its mask uint64 (1,), which is empty where
    nobody has the handle, and the products of a probe's weights with the page."""

    slot: int
    mask: NDArray[np.uint64]
    distances: search.Distances


def claimed(
    gallery: Gallery, header: Header, handle: bytes, clock: Callable[[], datetime]
) -> tuple[Current, Alive, Claim]:
    """A gallery that a comparison may begin on, who may match, and whoever has this handle. Raises as `verify_side`."""
    _require_faces(gallery)
    current = gallery.usable()
    own, *stricter = (point.threshold for point in claim_points(current.terms))
    check_header(header, current, SLOTS, header.threshold if header.threshold in stricter else own, clock, least=1)
    alive = gallery.alive(current, header.at // SECONDS_A_DAY)
    slot = _holder(gallery, current, header, handle)
    number, place = divmod(slot, SLOTS)
    mask = np.zeros(1, dtype=np.uint64)
    if len(alive.mask):
        mask |= alive.mask[number] & np.uint64(_held(gallery, current, slot, handle) << place)
        panels = gallery.matrix.panel(number)
    else:
        panels = empty_panels(SLOTS, header.dim)
        panels.fill(0)

    def distances(weights: NDArray[np.uint16]) -> Products:
        out = empty_products(SLOTS, len(weights))
        partial(weights, panels, out)
        return Products(out)

    return current, alive, Claim(slot, mask, distances)


def row(
    gallery: Gallery, current: Current, alive: Alive, header: Header, handle: bytes
) -> tuple[int, NDArray[np.uint16]]:
    """Where whoever has this handle lies, and this custodian's part of their face, uint16 (1, dim), to search with.

    Raises `NobodyThere` of nobody, and as soon of who may not match: erased, expired or restricted.
    """
    slot = _holder(gallery, current, header, handle)
    number, place = divmod(slot, SLOTS)
    there = len(alive.mask) and _held(gallery, current, slot, handle)
    if not there or not alive.mask[number] >> np.uint64(place) & np.uint64(1):
        raise NobodyThere
    return slot, from_panels(gallery.matrix.panel(number))[[place]]


def release(gallery: Gallery, slots: NDArray[np.int64], epoch: int) -> NDArray[np.uint8]:
    """This custodian's parts of the pseudonyms in these slots (ascending, each once): uint8 (n, 16).

    Raises `HeaderRefused` where another epoch has begun since they matched, or one of them was erased: what lies there
    now is noise, or somebody else's, or does not fit what another custodian still has.
    """
    parts = [np.empty((0, PSEUDONYM_BYTES), dtype=np.uint8)]
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
        if current.epoch != epoch:
            raise HeaderRefused
        for numbers in portions(np.unique(slots // SLOTS)):
            pages, states = fetch(connection, current, numbers)
            at = within(numbers, slots[(slots // SLOTS >= numbers[0]) & (slots // SLOTS <= numbers[-1])])
            if not (states["states"][at] == State.ACTIVE).all():
                raise HeaderRefused
            parts.append(pages["pseudonyms"][at])
    return np.concatenate(parts)


def public(gallery: Gallery, current: Current, slots: NDArray[np.int64]) -> bytes | None:
    """The public key of whoever lies in the one slot of a keys' gallery; None for anybody else."""
    if not is_keys(gallery.name) or len(slots) != 1:
        return None
    with gallery.store.reading() as connection:
        pages, _ = fetch(connection, current, [int(slots[0]) // SLOTS])
    return public_of(page.get_rows(pages, np.zeros(1, dtype=np.int64), slots % SLOTS)[0])


def locate(gallery: Gallery, current: Current, handle: bytes) -> list[int]:
    """The slots of this handle, of whoever is there or on the way in."""
    return [slot for slot in gallery.matrix.holders(_prefix(handle)) if _held(gallery, current, slot, handle)]


def suspects(gallery: Gallery, handle: bytes) -> list[int]:
    """The slots to look at for this handle: where nobody has it, one that it draws, so that whoever is not there is
    looked for like anybody else."""
    drawn = int.from_bytes(hashlib.sha256(b"moiety nobody 1" + handle).digest()[:8], "big")
    return gallery.matrix.holders(_prefix(handle)) or [drawn % max(1, gallery.matrix.slots)]


def _require_faces(gallery: Gallery) -> None:
    if is_keys(gallery.name):
        raise GalleryUnknown


def _holder(gallery: Gallery, current: Current, header: Header, handle: bytes) -> int:
    """The slot to compare with: of this handle where there is one, else one that all three draw alike."""
    drawn = int.from_bytes(hashlib.sha256(b"moiety elsewhere 1" + header.digest()).digest()[:8], "big")
    elsewhere = drawn % max(1, gallery.matrix.slots)
    return next(iter(gallery.matrix.holders(_prefix(handle))), elsewhere)


def _held(gallery: Gallery, current: Current, slot: int, handle: bytes) -> bool:
    """Whether the whole handle in SQL is this one."""
    with gallery.store.reading() as connection:
        pages, _ = fetch(connection, current, [slot // SLOTS])
    return hmac.compare_digest(pages["handles"][0, slot % SLOTS].tobytes(), handle)


def _prefix(handle: bytes) -> int:
    return int(prefixes(np.frombuffer(handle, dtype=np.uint8).reshape(1, -1))[0])
