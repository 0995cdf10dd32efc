"""Mending: a custodian's lost pages come back from the other two, bit-identical, and neither helper's part leaves.

Each helper sends its weighted part under a mask that only the two helpers know, fresh for every mending
(`moiety.sharing.recover`). Expiry, grounds and states are public among the three and are copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from moiety.custody import page, tables
from moiety.custody.gallery import Gallery
from moiety.custody.keys import Acquaintance
from moiety.custody.noise import Entropy, noise
from moiety.custody.refusals import HelpRefused
from moiety.custody.slots import COIN_BYTES, State
from moiety.custody.stored import fetch, write
from moiety.matching.refusals import Disagreement
from moiety.sharing import recover
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.streams import derive


@dataclass(frozen=True)
class Help:
    """What one helper sends for n pages: public columns (n, 64) as stored, and masked contributions.

    parts uint16 (n, dim / 2, 64, 2); pseudonyms uint16 (n, 64, 8).
    """

    states: NDArray[np.uint8]
    grounds: NDArray[np.uint8]
    expires: NDArray[np.uint32]
    parts: NDArray[np.uint16]
    pseudonyms: NDArray[np.uint16]


class Drawn:
    """The nonces that one helper drew for mending, each good for one contribution. Safe for threads."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._lock = Lock()
        self._unspent: set[bytes] = set()

    def draw(self) -> bytes:
        """A fresh nonce, 32 bytes."""
        nonce = self._entropy(COIN_BYTES)
        with self._lock:
            self._unspent.add(nonce)
        return nonce

    def spend(self, nonce: bytes) -> None:
        """Use a nonce up. Raises `HelpRefused` for one that was not drawn here, or was used."""
        with self._lock:
            if nonce not in self._unspent:
                raise HelpRefused
            self._unspent.remove(nonce)


def assist(
    gallery: Gallery,
    acquaintance: Acquaintance,
    seat: Seat,
    lost: Seat,
    numbers: list[int],
    nonces: Mapping[Seat, bytes],
    drawn: Drawn,
) -> Help:
    """A helper's contribution to the pages of `lost`; `nonces` are both helpers', fresh for this call.

    Raises `HelpRefused` where this helper did not draw its own nonce, or has used it.
    """
    drawn.spend(nonces[seat])
    other = next(third for third in SEATS if third not in (seat, lost))
    bound = b"".join(nonces[helper] for helper in sorted((seat, other)))
    secret = derive(acquaintance.pair(other), b"moiety mend 1", bound)
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
        pages, states = fetch(connection, current, numbers)
    # Every page that is asked for, in order: one mask must never lie over two different sets of rows.
    asked = np.array(numbers, dtype="<u8").tobytes()
    context = derive(secret, b"moiety mend rows 1", gallery.name.encode(), b"%d" % current.epoch, lost.encode(), asked)
    parts = np.ascontiguousarray(pages["parts"])
    pseudonyms = np.ascontiguousarray(pages["pseudonyms"]).view("<u2")
    return Help(
        states["states"].copy(),
        pages["grounds"].copy(),
        pages["expires"].copy(),
        _masked(parts, seat, lost, secret, context + b"|parts"),
        _masked(pseudonyms, seat, lost, secret, context + b"|pseudonyms"),
    )


def pseudonym_parts(gallery: Gallery, numbers: list[int]) -> NDArray[np.uint8]:
    """A helper's parts of the pseudonyms of these pages, uint8 (n, 64, 16): the lost handles are made from them."""
    with gallery.store.reading() as connection:
        pages, _ = fetch(connection, gallery.current(connection), numbers)
    return pages["pseudonyms"].copy()


def mend(
    gallery: Gallery,
    numbers: list[int],
    one: Help,
    other: Help,
    handles: NDArray[np.uint8],
    entropy: Entropy,
) -> None:
    """Write the lost pages anew; `handles` uint8 (n, 64, 16) for slots that are ACTIVE. Raises `Disagreement`."""
    active = one.states == State.ACTIVE
    same = (
        np.array_equal(one.states, other.states)
        and np.array_equal(one.grounds[active], other.grounds[active])
        and np.array_equal(one.expires[active], other.expires[active])
    )
    if not same:
        raise Disagreement
    with gallery.store.writing("mend") as connection:
        current = gallery.current(connection)
        kind = page.layout(current.terms.dim)
        pages = page.from_random(noise(entropy, len(numbers) * kind.itemsize), kind)
        states = page.blank_states(len(numbers))
        states["states"] = one.states
        pages["grounds"][active] = one.grounds[active]
        pages["expires"][active] = one.expires[active]
        pages["handles"][active] = handles[active]
        pseudonyms = recover.recovered(one.pseudonyms, other.pseudonyms).view(np.uint8)
        pages["pseudonyms"][active] = pseudonyms[active]
        parts = recover.recovered(one.parts, other.parts)
        pages["parts"] = np.where(active[:, None, :, None], parts, pages["parts"])
        tables.drop_numbers(connection, current.row.id, current.epoch, numbers)
        write(connection, current, numbers, pages, states, new=True)


def _masked(words: NDArray[np.uint16], seat: Seat, lost: Seat, secret: bytes, context: bytes) -> NDArray[np.uint16]:
    flat = words.reshape(-1, 2)
    return recover.contribution(flat, seat, lost, secret, context).reshape(words.shape)
