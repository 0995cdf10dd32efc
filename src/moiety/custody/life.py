"""The life of a slot at one custodian: prepare, activate, erase, and settle after an interruption.

The table of states is in `slots`. Each function is one transaction, so one commit point of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from moiety.custody import destroyed, leaving
from moiety.custody.gallery import Gallery
from moiety.custody.refusals import AlreadyEnrolled, StatesDiffer, TooMany
from moiety.custody.store import page, tables
from moiety.custody.store.handles import prefixes
from moiety.custody.store.noise import Entropy, noise
from moiety.custody.store.page import HANDLE_BYTES, Pages, portions
from moiety.custody.store.slots import MOST_SLOTS, SLOTS, Phase, State, allot, living
from moiety.custody.store.stored import Change
from moiety.custody.verbs import Batch, Slots

_WHOLE = f"V{HANDLE_BYTES}"


def prepare(gallery: Gallery, batch: Batch, coin: bytes, entropy: Entropy, instead: Sequence[bytes] = ()) -> Slots:
    """Write the newcomers' rows as PENDING, in slots that the coin draws; add blocks where too few are free. `instead`
    are the handles of rows that they were written anew from.

    Returns the slots int64 (n,), newcomer by newcomer. Raises `AlreadyEnrolled`, `GalleryDamaged`.
    """
    require_new(gallery, batch)
    matrix = gallery.matrix
    slots, added = allot(matrix.free(), matrix.slots, len(batch), coin)
    if matrix.slots + added > MOST_SLOTS:
        raise TooMany(limit=MOST_SLOTS)
    order = np.argsort(slots)
    ordered = slots[order]
    end = matrix.slots // SLOTS
    touched = _pages_of(ordered)
    with gallery.changing("prepare") as change:
        kind = page.layout(change.current.terms.dim)
        for new, chosen in ((False, touched[touched < end]), (True, end + np.arange(added // SLOTS))):
            for numbers in portions(chosen):
                if new:
                    pages = page.from_random(noise(entropy, len(numbers) * kind.itemsize), kind)
                    states = page.blank_states(len(numbers))
                else:
                    pages, states = change.fetch(numbers)
                bounds = np.searchsorted(ordered, [numbers[0] * SLOTS, (numbers[-1] + 1) * SLOTS])
                who = order[bounds[0] : bounds[1]]
                _place(pages, states, *within(numbers, slots[who]), batch, who)
                change.write(numbers, pages, states, new=new)
        for handle in instead:
            leaving.expect(change.connection, gallery.name, handle)
        change.finish(phase=Phase.PREPARED, pages=end + added // SLOTS)
    return slots


def require_new(gallery: Gallery, batch: Batch) -> None:
    """Raises `AlreadyEnrolled` where somebody in a batch is there already, and `GalleryDamaged`."""
    gallery.usable()
    if gallery.matrix.held(prefixes(batch.handles)):
        raise AlreadyEnrolled


def activate(gallery: Gallery, slots: Slots) -> None:
    """Let the PENDING rows match, all of them. The last of the three custodians' commits of this acknowledges the
    enrolment. Raises `StatesDiffer` where others are PENDING, or none."""
    gallery.usable()
    pending = np.flatnonzero(gallery.matrix.states() == State.PENDING)
    if not len(pending) or not np.array_equal(np.sort(slots), pending):
        raise StatesDiffer(slots=len(slots))
    with gallery.changing("activate") as change:
        for numbers, some in _by_page(slots):
            states = change.fetch_states(numbers)
            where = within(numbers, some)
            if (states["states"][where] != State.PENDING).any():
                raise StatesDiffer(slots=len(some))
            states["states"][where] = State.ACTIVE
            change.write(numbers, None, states)
        leaving.came(change.connection, gallery.name)
        change.finish(phase=Phase.SETTLED)


def erase(gallery: Gallery, slots: Slots, handle: bytes, now: datetime, entropy: Entropy) -> None:
    """Overwrite every column of these slots of somebody, which is remembered as destroyed `now`. The caller scrubs the
    store before it acknowledges."""
    with gallery.changing("erase") as change:
        if len(slots):
            _remember(change, gallery.name, handle, now)
        leaving.forget(change.connection, gallery.name, handle)
        for numbers, some in _by_page(slots):
            pages, states = change.fetch(numbers)
            where = within(numbers, some)
            if not living(states["states"][where]).all():
                raise StatesDiffer(slots=len(some))
            states["states"][where] = State.ERASED
            _overwrite(pages, *where, entropy)
            change.write(numbers, pages, states)
        change.finish()


def restrict(gallery: Gallery, slots: Slots, handle: bytes, since: datetime | None) -> None:
    """Keep those in these slots, and answer nobody about them from `since` on; or answer again, where that is None.
    Who stands so already stays so. Raises `StatesDiffer` where nobody is."""
    after = State.RESTRICTED if since is not None else State.ACTIVE
    with gallery.changing("restrict") as change:
        for numbers, some in _by_page(slots):
            states = change.fetch_states(numbers)
            where = within(numbers, some)
            if not living(states["states"][where]).all():
                raise StatesDiffer(slots=len(some))
            states["states"][where] = after
            change.write(numbers, None, states)
        if since is not None:
            leaving.note(change.connection, gallery.name, handle, since)
        else:
            leaving.forget(change.connection, gallery.name, handle)
        change.finish()


def settle(
    gallery: Gallery, states: NDArray[np.uint8], terms: bytes, document: bytes, now: datetime, entropy: Entropy
) -> None:
    """End an interruption: take these states, uint8 (slots,), overwrite what they erase, drop pages beyond them.

    Whoever is restricted by it leaves as whoever is restricted `now` does: or nobody could ever destroy them here. Who
    was here and is erased by it was being destroyed, and is that `now`. More than one at once are newcomers whose
    enrolment did not come to its end, and whom nobody was told of.
    """
    count = len(states) // SLOTS
    leaves: list[bytes] = []
    with gallery.changing("settle") as change:
        tables.drop_pages(change.connection, change.current.row.id, change.current.epoch, count)
        held = change.fetch_states(range(count))["states"].reshape(-1)
        for numbers, some in _by_page(np.flatnonzero(held != states)):
            pages, found = change.fetch(numbers)
            gone = some[states[some] == State.ERASED]
            if not (states[some[states[some] != State.ERASED]] == State.RESTRICTED).all():
                raise StatesDiffer(slots=len(some))
            found["states"][within(numbers, some)] = states[some]
            for handle in pages["handles"][within(numbers, np.setdiff1d(some, gone))]:
                leaving.note(change.connection, gallery.name, handle.tobytes(), now)
            there = gone[living(held[gone])]
            leaves += [handle.tobytes() for handle in pages["handles"][within(numbers, there)]]
            _overwrite(pages, *within(numbers, gone), entropy)
            change.write(numbers, pages, found)
        if len(leaves) == 1:
            _remember(change, gallery.name, leaves[0], now)
            leaving.forget(change.connection, gallery.name, leaves[0])
        leaving.stayed(change.connection, gallery.name)
        change.finish(phase=Phase.SETTLED, pages=count, terms=terms, document=document)


def _remember(change: Change, gallery: str, handle: bytes, now: datetime) -> None:
    anew = leaving.reason(change.connection, gallery, handle) == leaving.ANEW
    destroyed.remember(change.connection, gallery, handle, now, anew=anew)


def within(numbers: list[int], slots: Slots) -> tuple[Slots, Slots]:
    """Where these slots lie in an array of the pages of these ascending numbers: (page, slot in page)."""
    return np.searchsorted(numbers, slots // SLOTS), slots % SLOTS


def _pages_of(ordered: Slots) -> Slots:
    """The pages that ascending slots lie in, each once."""
    numbers = ordered // SLOTS
    return numbers[np.diff(numbers, prepend=-1) > 0]


def _by_page(slots: Slots) -> Iterator[tuple[list[int], Slots]]:
    ordered = np.sort(slots)
    for numbers in portions(_pages_of(ordered)):
        first, last = np.searchsorted(ordered, [numbers[0] * SLOTS, (numbers[-1] + 1) * SLOTS])
        yield numbers, ordered[first:last]


def _place(pages: Pages, states: Pages, at: Slots, slot: Slots, batch: Batch, who: Slots) -> None:
    states["states"][at, slot] = State.PENDING
    pages["grounds"][at, slot] = batch.grounds[who]
    pages["expires"][at, slot] = batch.expires[who]
    # Moved as whole items: byte by byte takes three times as long.
    pages["handles"].view(_WHOLE)[at, slot, 0] = batch.handles.view(_WHOLE)[who, 0]
    pages["pseudonyms"].view(_WHOLE)[at, slot, 0] = batch.pseudonyms.view(_WHOLE)[who, 0]
    page.put_rows(pages, at, slot, batch.parts[who].astype(np.uint16, copy=False))


def _overwrite(pages: Pages, at: Slots, slot: Slots, entropy: Entropy) -> None:
    noisy = page.from_random(noise(entropy, pages.nbytes), pages.dtype)
    for column in ("grounds", "expires", "handles", "pseudonyms"):
        pages[column][at, slot] = noisy[column][at, slot]
    page.put_rows(pages, at, slot, page.get_rows(noisy, at, slot))
