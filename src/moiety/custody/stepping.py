"""One custodian's sides of the steps that change a gallery: what is agreed on, what is written down, what is done."""

from __future__ import annotations

import numpy as np

from moiety.custody import answering, leaving, life, noting, papers
from moiety.custody.admitting import Offers
from moiety.custody.changing import Changes
from moiety.custody.chronicle import Chronicle, minute_of
from moiety.custody.gallery import Gallery
from moiety.custody.refusals import NotAdmitted
from moiety.custody.store.noise import Entropy
from moiety.custody.verbs import Clock, Slots
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds


def replace(
    gallery: Gallery, changes: Changes, chronicle: Chronicle, header: Header, terms: bytes, document: bytes
) -> Rounds[None]:
    """Replace a purpose's terms and document. Raises as `papers.require_fitting`."""
    current = gallery.now()
    papers.require_fitting(current, terms)

    def do() -> None:
        with gallery.changing("replace document") as change:
            change.finish(terms=terms, document=document)
            papers.follow(change.connection, gallery.name, terms)

    def note() -> None:
        noting.adopted(chronicle, header.attempt, minute_of(header.at), gallery.name, terms, document)

    yield from changes.side("replace", gallery, current, header, 0, (terms, document), do, note)


def prepare(
    gallery: Gallery,
    changes: Changes,
    chronicle: Chronicle,
    header: Header,
    offers: Offers,
    attempts: list[bytes],
    entropy: Entropy,
) -> Rounds[Slots]:
    """Write as PENDING, in this order, those who were admitted in these attempts: their slots, int64 (n,). Raises
    `NotAdmitted` also where somebody who is written anew comes with others: among them no ledger would say so."""
    instead, (batch, coin) = offers.instead(attempts), offers.take(gallery.name, attempts)
    if instead and len(batch) > 1:
        raise NotAdmitted
    rows, ground = batch.parts.astype(np.uint16, copy=False), int(batch.grounds[0])

    def do() -> Slots:
        return life.prepare(gallery, batch, coin, entropy, [carried.handle for carried in instead])

    def note() -> None:
        life.require_new(gallery, batch)
        noting.enrolled(chronicle, header, rows, ground, instead[0].secrets if instead else None)

    current, what = gallery.usable(), [*attempts, *(carried.alike for carried in instead)]
    return (yield from changes.side("prepare", gallery, current, header, len(batch), what, do, note))


def activate(gallery: Gallery, changes: Changes, header: Header, slots: Slots) -> Rounds[None]:
    """Let PENDING rows match; that they were enrolled was written down before they were."""
    current, what = gallery.usable(), (slots.tobytes(),)
    do = lambda: life.activate(gallery, slots)  # noqa: E731
    yield from changes.side("activate", gallery, current, header, len(slots), what, do, None)


def erase(
    gallery: Gallery,
    changes: Changes,
    chronicle: Chronicle,
    header: Header,
    handle: bytes,
    clock: Clock,
    entropy: Entropy,
) -> Rounds[None]:
    """Overwrite whoever has this handle, in SQL and in memory, and remember that they were destroyed."""
    current = gallery.usable()
    slots = np.array(answering.locate(gallery, current, handle), dtype=np.int64)
    with gallery.store.reading() as connection:
        why = leaving.reason(connection, gallery.name, handle)
    do = lambda: life.erase(gallery, slots, handle, clock(), entropy)  # noqa: E731
    note = lambda: noting.erased(chronicle, header, answering.public(gallery, current, slots), why)  # noqa: E731
    yield from changes.side("erase", gallery, current, header, len(slots), (slots.tobytes(),), do, note)
