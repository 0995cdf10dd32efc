"""Custodians over the folders of an office, in this process: as they are, and as they would be without a defence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.admitting import Offers
from moiety.custody.custodian import Custodian
from moiety.custody.gallery import Gallery
from moiety.custody.gateway.deployment import home
from moiety.custody.gateway.three import Three
from moiety.custody.keys import Acquaintance, acquaint
from moiety.custody.own import Own
from moiety.custody.store import tables
from moiety.custody.store.sql import Store, unobserved
from moiety.custody.verbs import SECONDS_A_DAY, Batch, Clock, Help
from moiety.identity.ports import Entropy
from moiety.matching.channel import Keys
from moiety.matching.distance import Products, empty_products, partial_all, weights
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds
from moiety.matching.search import Matches, Side, matches
from moiety.matching.words import quantise
from moiety.sharing.encode import encode
from moiety.sharing.seat import SEATS, Seat

Kind = type[Custodian]
Entropies = Callable[[str], Entropy]
"""Randomness for each party: a deployment's gateway and its three custodians, by a name such as "first a"."""

_SAME: Final = 7


class Credulous(Custodian):
    """The twin that checks nothing of what it is sent: its checks look at a face that everybody knows instead.

    What it compares and keeps is what it was sent; all else is the product's own code.
    """

    def __init__(self, store: Store, seat: Seat, own: Own, clock: Clock, entropy: Entropy) -> None:
        super().__init__(store, seat, own, clock, entropy)
        self._offers = _EverythingIsAFace()

    def search(self, name: str, header: Header, probe: NDArray[np.uint32]) -> Rounds[Matches]:
        """As `Custodian.search`, whatever the probes are."""
        with self._turns.shared():
            gallery, keys = self._gallery(name), self.acquaintance.keys()
            alive = gallery.alive(gallery.usable(), header.at // SECONDS_A_DAY)

            def distances(of_the_face: NDArray[np.uint16]) -> Products:
                out = empty_products(gallery.matrix.slots, header.probes)
                return partial_all(weights(probe, self.seat), gallery.matrix.panels(), out, gallery.crew)

            face = _face(header.dim).astype(np.int32).view(np.uint32)
            faces = np.repeat(encode(face[None]), header.probes, axis=0)
            return (yield from matches(Side(keys, header, alive.mask, faces, distances)))


class _EverythingIsAFace(Offers):
    def admission(
        self,
        gallery: Gallery,
        batch: Batch,
        header: Header,
        keys: Keys,
        coin: bytes,
        clock: Callable[[], datetime],
    ) -> Rounds[None]:
        count, dim = batch.parts.shape
        face = _face(dim).astype(np.int64).view(np.uint64)
        faces = replace(batch, parts=np.repeat(encode(face[None]), count, axis=0))
        yield from super().admission(gallery, faces, header, keys, coin, clock)
        with self._lock:
            name, admitted, left = self._admitted[header.attempt]
            self._admitted[header.attempt] = name, replace(admitted, parts=batch.parts.astype(np.uint16)), left


class Forgetful(Custodian):
    """The twin whose nonces and keys of the lines are always the same, so that its masks hang on the header alone."""

    def __init__(self, store: Store, seat: Seat, own: Own, clock: Clock, entropy: Entropy) -> None:
        super().__init__(store, seat, own, clock, entropy)
        self.acquaintance = Acquaintance(seat, lambda count: bytes([_SAME]) * count)


class Believing(Custodian):
    """The twin that, when it is mended, has forgotten what it had: whose handles come with it, it takes."""

    def mend(self, name: str, numbers: list[int], one: Help, other: Help, handles: NDArray[np.uint8]) -> None:
        """As `Custodian.mend`, of pages that are not there."""
        gallery = self._gallery(name)
        with self._store.writing("forget") as connection:
            current = gallery.current(connection)
            tables.drop_numbers(connection, current.row.id, current.epoch, numbers)
        super().mend(name, numbers, one, other, handles)


def opened(office: Path, seat: Seat, kind: Kind, clock: Clock, entropy: Entropy) -> Custodian:
    """One custodian of an office, of this kind."""
    return kind.open(home(office, seat), seat, clock=clock, entropy=entropy, observer=unobserved)


def three(office: Path, kind: Kind, clock: Clock, entropies: Entropies) -> Three:
    """The three, known to each other, to be closed by who asks for them; `entropies` by their seats."""
    custodians = {seat: opened(office, seat, kind, clock, entropies(seat)) for seat in SEATS}
    acquaint({seat: custodian.acquaintance for seat, custodian in custodians.items()})
    return Three(custodians)


def _face(dim: int) -> NDArray[np.int16]:
    """A face that everybody knows. Encoded, it is its own share at all three: the line is flat."""
    return quantise(np.ones(dim))
