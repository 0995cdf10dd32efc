"""The gallery check at one custodian: its pages are intact, and its parts still lie on a line with the others'.

Pages are read afresh from SQL. A page that does not open is named, with its custodian; rows that were altered and
sealed again, by somebody with the key, are found by the algebra, which cannot say at whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gallery import Gallery
from moiety.custody.headers import check_header
from moiety.custody.looking import Seen
from moiety.custody.refusals import HeaderRefused
from moiety.custody.store import page, tables
from moiety.custody.store.page import portions
from moiety.custody.store.slots import SLOTS, living
from moiety.custody.store.stored import fetch
from moiety.custody.turns import Turns
from moiety.custody.verbs import DIGEST_BYTES, PSEUDONYM_WORDS, SECONDS_A_DAY, Progress, Survey
from moiety.matching import integrity
from moiety.matching.channel import Keys
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds, shown


def survey(gallery: Gallery, turns: Turns, progress: Progress, doubted: Callable[[], None]) -> Survey:
    """Read everything again while searches go on. Where something is not intact, the gallery is closed from here on;
    where it is not what searches were answered from, it is `doubted` until the three have checked it.

    Who checks holds the lease, so nobody changes anything meanwhile; what did change is looked at again, alone.
    """
    with turns.shared():
        seen = _look(gallery, progress)
    with turns.alone():
        if not _still(gallery, seen):
            seen = gallery.look()
        anew = gallery.believe(seen)
        if anew:
            doubted()
        if seen.damaged:
            record(gallery, None)
    if anew:
        with turns.shared():  # now: in the check the other two would wait for it
            gallery.read(progress)
    return Survey(sorted(seen.damaged), seen.people)


def _look(gallery: Gallery, progress: Progress) -> Seen:
    cached = gallery.matrix
    current = gallery.read(progress)
    if gallery.matrix is cached:
        return gallery.look(progress)
    # All of it was read just now, for the first time or in a new epoch.
    return Seen(current, frozenset(gallery.damaged), _people(gallery), gallery.public, gallery.mark())


def _still(gallery: Gallery, seen: Seen) -> bool:
    now = gallery.now()
    return (now.epoch, now.row.version) == (seen.current.epoch, seen.current.row.version)


def side(
    gallery: Gallery,
    header: Header,
    keys: Keys,
    coin: bytes,
    clock: Callable[[], datetime],
    progress: Progress,
) -> Rounds[bool]:
    """This custodian's side of the algebraic check of all ACTIVE rows, right after `survey`: whether all three found
    their pages intact, hold the same people, and have parts of them that lie on a line. Raises `HeaderRefused`."""
    current = gallery.read()
    # First: custodians that are asked before a change and after it differ, and nothing is wrong with either.
    if (header.version, header.epoch) != (current.row.version, current.epoch):
        raise HeaderRefused
    people = _people(gallery)
    # Each tells what it holds before anything is computed, so that a difference is an outcome and no accident.
    own = b"damaged" if gallery.damaged else people.to_bytes(8, "big") + gallery.public
    told = yield from shown(keys.seat, header.digest() + own)
    if any(said[:DIGEST_BYTES] != header.digest() for said in told.values()):
        raise HeaderRefused
    if gallery.damaged or len(set(told.values())) > 1:
        return False
    check_header(header, current, people, 0, clock, extra=PSEUDONYM_WORDS)

    def rows() -> Iterator[NDArray[np.uint16]]:
        with gallery.store.reading() as connection:
            for numbers in portions(range(gallery.matrix.slots // SLOTS)):
                pages, states = fetch(connection, current, numbers)
                active = living(states["states"]).reshape(-1)
                pseudonyms = np.ascontiguousarray(pages["pseudonyms"]).view("<u2")
                words = pseudonyms.reshape(-1, PSEUDONYM_WORDS)
                yield np.concatenate([page.rows(pages), words], axis=1)[active]

    def done(seen: int) -> None:
        progress(f"custodian {keys.seat}: checking {gallery.name}", seen, people)

    return (yield from integrity.attempt(integrity.Gallery(keys, header, coin, rows, gallery.public, done)))


def _people(gallery: Gallery) -> int:
    return int(living(gallery.matrix.states()).sum())


def record(gallery: Gallery, checked: int | None) -> None:
    """Keep the outcome: the unix second of a good check, or None for one that closes the gallery.

    Of the second the day alone is stored, as its first: an empty gallery is checked when the first person comes.
    """
    with gallery.store.writing("record check") as connection:
        row = gallery.current(connection).row
        if checked is None:
            tables.change_gallery(connection, row.id, damaged=1)
        else:
            tables.change_gallery(connection, row.id, damaged=0, checked=checked - checked % SECONDS_A_DAY)
