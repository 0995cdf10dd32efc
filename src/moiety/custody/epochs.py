"""Refresh at one custodian: the next epoch's pages are staged beside this one's, then take their place.

They are sealed under the next epoch's key (`keyring`), whose root is made first; the old one's is destroyed by
`retire`, when all three have switched: what was written in the old epoch is unreadable from then on, wherever it lies.

The next epoch holds other parts of the same templates and pseudonyms, and fresh dummies wherever nobody is: in
FREE slots, in ERASED ones, and in those of people whose time is over, who are not carried along.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from moiety.custody import destroyed, leaving, pseudonyms
from moiety.custody.gallery import Gallery
from moiety.custody.refusals import NotStaged
from moiety.custody.store import kept, page, tables
from moiety.custody.store.keyring import keyring
from moiety.custody.store.kinds import open_words
from moiety.custody.store.noise import Entropy, noise
from moiety.custody.store.page import Pages, Place, portions
from moiety.custody.store.slots import SLOTS, Staging, State, living
from moiety.custody.store.sql import Store
from moiety.custody.store.stored import fetch, write
from moiety.custody.verbs import SECONDS_A_DAY, Progress
from moiety.matching.channel import Keys, agree
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Rounds, shown
from moiety.sharing import refresh

SEED_BYTES = 32


@dataclass(frozen=True)
class Renewal:
    """What the three agree on for one refresh. `seeds` are those of a, b and c; they never touch a disk.

    `day` is the unix day by which somebody has expired.
    """

    epoch: int
    seeds: tuple[bytes, bytes, bytes]
    day: int

    def digest(self) -> bytes:
        """32 bytes that tell this refresh from every other, and nothing of its seeds."""
        return hashlib.sha256(b"moiety renewal 1" + b"".join(self.seeds) + self.day.to_bytes(8, "big")).digest()


def agreed(keys: Keys, header: Header, seed: bytes, epoch: int) -> Rounds[Renewal]:
    """This custodian's side of agreeing on a refresh of this epoch. Raises `Disagreement` where one is elsewhere."""
    yield from agree(keys, header.digest(), _said(b"moiety renew 1", epoch))
    seeds = yield from shown(keys.seat, seed)
    if {len(each) for each in seeds.values()} != {SEED_BYTES}:
        raise Disagreement
    return Renewal(epoch + 1, (seeds["a"], seeds["b"], seeds["c"]), header.at // SECONDS_A_DAY)


def together(keys: Keys, header: Header, staged: Renewal) -> Rounds[None]:
    """This custodian's side of saying that it has staged this refresh: parts of two refreshes together are noise, at
    all three and for good. Raises `Disagreement`."""
    yield from agree(keys, header.digest(), _said(b"moiety switch 2" + staged.digest(), staged.epoch))


def _said(what: bytes, epoch: int) -> bytes:
    return hashlib.sha256(what + epoch.to_bytes(8, "big")).digest()


def stage(store: Store, galleries: Iterable[Gallery], renewal: Renewal, entropy: Entropy, progress: Progress) -> None:
    """Write the next epoch's pages of every gallery, some in each transaction; the last says that all are there.

    Nothing is changed from when it begins: what is staged would not have it. Raises `NotStaged` where something is
    staged already.
    """
    with store.writing("next key") as connection:
        if tables.custodian(connection).staging != Staging.NONE:
            raise NotStaged
        keyring(connection).make(connection, tables.custodian(connection).office, renewal.epoch)
        tables.set_staging(connection, Staging.BEGUN)
    for gallery in galleries:
        gallery.usable()
        pages = gallery.matrix.slots // SLOTS
        for numbers in portions(range(pages)):
            with store.writing("stage") as connection:
                current = gallery.current(connection)
                found, states = fetch(connection, current, numbers)
                place = replace(current.place, epoch=renewal.epoch)
                for handle in _renew(found, states, place, numbers[0], renewal, entropy):
                    leaving.forget(connection, gallery.name, handle)
                key = keyring(connection).key(connection, tables.custodian(connection), renewal.epoch)
                after = replace(current, epoch=renewal.epoch, place=place, key=key)
                write(connection, after, numbers, found, states, new=True)
            progress("refreshing", numbers[-1] + 1, pages)
    with store.writing("staged") as connection:
        pseudonyms.stage(connection, renewal.seeds, renewal.epoch)
        tables.set_staging(connection, Staging.COMPLETE)


def switch(store: Store, now: datetime) -> None:
    """Enter the staged epoch and delete the old one with its wrapped key. The caller retires and scrubs the store."""
    with store.writing("switch") as connection:
        own = tables.custodian(connection)
        destroyed.forget(connection, now)
        kept.reseal(connection, own, own.epoch + 1)
        tables.set_epoch(connection, own.epoch + 1, Staging.SWITCHED)
        pseudonyms.switch(connection)
        for row in tables.galleries(connection):
            # Due for a check at once, should nobody come to the one that follows a refresh.
            checked = max(row.checked - SECONDS_A_DAY, 0)
            tables.change_gallery(connection, row.id, version=row.version + 1, checked=checked)
        tables.drop_epoch(connection, own.epoch)
        tables.drop_key(connection, own.epoch)


def retire(store: Store) -> None:
    """Destroy the roots of all epochs that have no key here any more: once all three have switched."""
    with store.reading() as connection:
        own, living, keys = tables.custodian(connection), tables.keyed_epochs(connection), keyring(connection)
    if own.staging == Staging.SWITCHED:
        with store.writing("retire") as connection:
            keys.retire(living)
            tables.set_staging(connection, Staging.NONE)
    elif own.staging == Staging.NONE and keys.idle(living):
        keys.retire(living)


def discard(store: Store) -> None:
    """Delete what is staged, then the root that it was sealed under."""
    with store.writing("discard") as connection:
        following = tables.custodian(connection).epoch + 1
        pseudonyms.discard(connection)
        tables.drop_epoch(connection, following)
        tables.drop_key(connection, following)
        tables.set_staging(connection, Staging.NONE)
    retire(store)


def _renew(pages: Pages, states: Pages, place: Place, first: int, renewal: Renewal, entropy: Entropy) -> list[bytes]:
    """Turn pages of this epoch into those of the next, in place; the handles of those who are not taken along. They may
    be destroyed as it is, since their day has passed, so that nothing has to be kept of when they were to leave."""
    for column in ("parts", "pseudonyms"):
        context = place.gallery.encode() + f"|{column}|{place.epoch}|{first}".encode()
        words = np.ascontiguousarray(pages[column]).view("<u2")
        # One ring element, two words, to a row: the refresh does not care how elements are arranged.
        renewed = refresh.apply(words.reshape(-1, 2), place.seat, renewal.seeds, context)
        before = pages[column].copy()
        pages[column] = renewed.view(pages[column].dtype).reshape(pages[column].shape)
        if column == "parts" and (alike := open_words(place.gallery)):  # what is no part stays what it is
            pages[column][:, -alike // 2 :] = before[:, -alike // 2 :]
    # Whoever is restricted stays, whatever the day: until that is lifted, or somebody destroys them (GDPR Art. 18).
    kept = living(states["states"]) & ((pages["expires"] > renewal.day) | (states["states"] == State.RESTRICTED))
    left = [handle.tobytes() for handle in pages["handles"][living(states["states"]) & ~kept]]
    states["states"] = np.where(kept, states["states"], np.uint8(State.FREE))
    noisy = page.from_random(noise(entropy, pages.nbytes), pages.dtype)
    for column in ("grounds", "expires", "handles", "pseudonyms"):
        wide = kept.reshape(kept.shape + (1,) * (pages[column].ndim - 2))
        pages[column] = np.where(wide, pages[column], noisy[column])
    pages["parts"] = np.where(kept[:, None, :, None], pages["parts"], noisy["parts"])
    return left
