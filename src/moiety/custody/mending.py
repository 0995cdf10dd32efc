"""Mending: a custodian's lost pages come back from the other two, bit-identical, and neither helper's part leaves.

Each helper sends its weighted part under a mask that only the two helpers know, fresh for every mending
(`moiety.sharing.recover`), sealed for the lost custodian: the two contributions together are its part, and the gateway
carries both. Expiry, grounds and states are public among the three and are copied.

A handle is the one thing that no helper knows: it is made from the pseudonym, and so by the gateway. A custodian
believes that of people alone whose handles it has lost, and they are charged as if they were erased; where its own page
opens it keeps them, and refuses others. Help is bound to both nonces and to the version of the gallery: what two
helpers sent at different times does not go together, and what they sent before a change is nothing after it.

With the help for a purpose's faces, however few pages, goes what its key for pseudonyms is mended with: see
`pseudonyms.Pseudonyms.mend`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from moiety.custody.doubts import HandlesRefused, HelpRefused
from moiety.custody.gallery import Gallery
from moiety.custody.keys import Acquaintance
from moiety.custody.store import page, tables
from moiety.custody.store.noise import Entropy, noise
from moiety.custody.store.page import HANDLE_BYTES
from moiety.custody.store.slots import COIN_BYTES, SLOTS, Phase, living
from moiety.custody.store.stored import Current, fetch, fetch_handles, write
from moiety.custody.verbs import PSEUDONYM_WORDS, Help
from moiety.matching.refusals import Disagreement
from moiety.sharing import recover
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.streams import derive

_UNSPENT = 64
"""Nonces that wait for their use, the newest: a mending draws one and uses it before it draws the next."""

_ONCE = bytes(12)
"""The nonce of a key that seals one message."""


class Drawn:
    """The nonces that one helper drew for mending, each good for one contribution. Safe for threads."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._lock = Lock()
        self._unspent: OrderedDict[bytes, None] = OrderedDict()

    def draw(self) -> bytes:
        """A fresh nonce, 32 bytes."""
        nonce = self._entropy(COIN_BYTES)
        with self._lock:
            self._unspent[nonce] = None
            while len(self._unspent) > _UNSPENT:
                self._unspent.popitem(last=False)
        return nonce

    def spend(self, nonce: bytes) -> None:
        """Use a nonce up. Raises `HelpRefused` for one that was not drawn here, or was used."""
        with self._lock:
            if nonce not in self._unspent:
                raise HelpRefused
            del self._unspent[nonce]


def assist(
    gallery: Gallery,
    acquaintance: Acquaintance,
    seat: Seat,
    lost: Seat,
    numbers: list[int],
    nonces: Mapping[Seat, bytes],
    drawn: Drawn,
    key: Callable[[bytes], bytes],
) -> Help:
    """A helper's contribution to the pages of `lost`; `nonces` are both helpers', fresh for this call. `key` makes what
    goes along, out of 32 bytes that only the two helpers know.

    Raises `HelpRefused` where this helper did not draw its own nonce, or has used it, or is the lost one.
    """
    if lost == seat or set(nonces) != set(SEATS) - {lost}:
        raise HelpRefused
    drawn.spend(nonces[seat])
    other = next(third for third in SEATS if third not in (seat, lost))
    bound = b"".join(nonces[helper] for helper in sorted((seat, other)))
    secret = derive(acquaintance.pair(other), b"moiety mend 1", bound)
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
        _require_pages(current, numbers)
        pages, states = fetch(connection, current, numbers)
    # Masks cancel where both helpers mean the same rows, and nowhere else: what two of them differ in would be left.
    asked = np.array(numbers, dtype="<u8").tobytes()
    context = derive(secret, b"moiety mend rows 1", gallery.name.encode(), b"%d" % current.epoch, asked)
    parts = np.ascontiguousarray(pages["parts"])
    pseudonyms = np.ascontiguousarray(pages["pseudonyms"]).view("<u2")
    masked = (
        _masked(parts, seat, lost, secret, context + b"|parts"),
        _masked(pseudonyms, seat, lost, secret, context + b"|pseudonyms"),
    )
    public = Help(seat, nonces[seat], states["states"].copy(), pages["grounds"].copy(), pages["expires"].copy(), b"")
    cipher = _cipher(acquaintance.pair(lost), public, nonces[other], current, numbers)
    plain = b"".join(words.astype("<u2").tobytes() for words in masked)
    plain += key(derive(secret, b"moiety mend key 1", context))
    return replace(public, sealed=cipher.encrypt(_ONCE, plain, _bound(public)))


def unsealed(
    gallery: Gallery, acquaintance: Acquaintance, numbers: list[int], help_: Help, partner: bytes
) -> tuple[NDArray[np.uint16], NDArray[np.uint16], bytes]:
    """At the lost custodian: the masked contributions to parts and pseudonyms, and what goes along, where the other
    helper's nonce was `partner`. Raises `HelpRefused`."""
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
    if any(column.shape != (len(numbers), SLOTS) for column in (help_.states, help_.grounds, help_.expires)):
        raise HelpRefused
    cipher = _cipher(acquaintance.pair(help_.helper), help_, partner, current, numbers)
    try:
        plain = cipher.decrypt(_ONCE, help_.sealed, _bound(help_))
    except InvalidTag:
        raise HelpRefused from None
    count, dim = len(numbers), current.terms.dim
    rows = count * SLOTS
    words = np.frombuffer(plain, dtype="<u2", count=rows * (dim + PSEUDONYM_WORDS)).astype(np.uint16)
    parts, pseudonyms = words[: rows * dim], words[rows * dim :]
    along = plain[words.nbytes :]
    return parts.reshape(count, dim // 2, SLOTS, 2), pseudonyms.reshape(count, SLOTS, PSEUDONYM_WORDS), along


def pseudonym_parts(gallery: Gallery, numbers: list[int]) -> NDArray[np.uint8]:
    """A helper's parts of the pseudonyms of these pages, uint8 (n, 64, 16): the lost handles are made from them."""
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
        _require_pages(current, numbers)
        pages, _ = fetch(connection, current, numbers)
    return pages["pseudonyms"].copy()


def unknown(gallery: Gallery, numbers: list[int], states: NDArray[np.uint8]) -> int:
    """How many people, who are there by `states` uint8 (n, 64), have no handle here any more: theirs is taken from the
    gateway. Raises `HelpRefused`."""
    if states.shape != (len(numbers), SLOTS):
        raise HelpRefused
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
        _require_pages(current, numbers)
        _, held = fetch_handles(connection, current, numbers)
    return int(np.count_nonzero(living(states) & ~held))


def mend(
    gallery: Gallery,
    acquaintance: Acquaintance,
    numbers: list[int],
    one: Help,
    other: Help,
    handles: NDArray[np.uint8],
    entropy: Entropy,
) -> tuple[bytes, bytes]:
    """Write the lost pages anew; `handles` uint8 (n, 64, 16) for slots that hold somebody. Returns what went along with
    each help.

    Raises `Disagreement`, `HelpRefused` where help is not what two helpers sealed together for this custodian, these
    pages and this version of the gallery, and `HandlesRefused` where a page opens here and has other handles.
    """
    if {one.helper, other.helper} != set(SEATS) - {gallery.seat}:
        raise HelpRefused
    if handles.shape != (len(numbers), SLOTS, HANDLE_BYTES):
        raise HelpRefused
    first = unsealed(gallery, acquaintance, numbers, one, other.nonce)
    second = unsealed(gallery, acquaintance, numbers, other, one.nonce)
    active = living(one.states)
    same = (
        np.array_equal(one.states, other.states)
        and np.array_equal(one.grounds[active], other.grounds[active])
        and np.array_equal(one.expires[active], other.expires[active])
    )
    if not same:
        raise Disagreement
    with gallery.store.writing("mend") as connection:
        current = gallery.current(connection)
        _require_pages(current, numbers)
        own, held = fetch_handles(connection, current, numbers)
        others = np.flatnonzero((active & held & (own != handles).any(axis=2)).any(axis=1))
        if len(others):
            raise HandlesRefused(page=numbers[int(others[0])])
        kind = page.layout(current.terms.dim)
        pages = page.from_random(noise(entropy, len(numbers) * kind.itemsize), kind)
        states = page.blank_states(len(numbers))
        states["states"] = one.states
        pages["grounds"][active] = one.grounds[active]
        pages["expires"][active] = one.expires[active]
        pages["handles"][active] = handles[active]
        pseudonyms = recover.recovered(first[1], second[1]).astype("<u2").view(np.uint8)
        pages["pseudonyms"][active] = pseudonyms[active]
        parts = recover.recovered(first[0], second[0])
        pages["parts"] = np.where(active[:, None, :, None], parts, pages["parts"])
        tables.drop_numbers(connection, current.row.id, current.epoch, numbers)
        write(connection, current, numbers, pages, states, new=True)
    return first[2], second[2]


def _require_pages(current: Current, numbers: list[int]) -> None:
    """Raises `HelpRefused` unless these are pages of the gallery, ascending, and nobody is halfway in: a slip is no
    damage."""
    if numbers != sorted(set(numbers)) or (numbers and not 0 <= numbers[0] <= numbers[-1] < current.row.pages):
        raise HelpRefused
    if current.row.phase != Phase.SETTLED:
        raise HelpRefused


def _cipher(pair: bytes, public: Help, partner: bytes, current: Current, numbers: list[int]) -> AESGCM:
    """Between one helper and the lost custodian, for one contribution: a helper's nonce is good for one."""
    asked = np.array(numbers, dtype="<u8").tobytes()
    where = (current.place.gallery.encode(), b"%d" % current.epoch, b"%d" % current.row.version, asked)
    return AESGCM(derive(pair, b"moiety help 4", public.nonce, partner, *where))


def _bound(public: Help) -> bytes:
    return b"".join(column.tobytes() for column in (public.states, public.grounds, public.expires))


def _masked(words: NDArray[np.uint16], seat: Seat, lost: Seat, secret: bytes, context: bytes) -> NDArray[np.uint16]:
    flat = words.reshape(-1, 2)
    return recover.contribution(flat, seat, lost, secret, context).reshape(words.shape)
