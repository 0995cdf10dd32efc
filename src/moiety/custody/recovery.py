"""After an interruption: what the three stores tell together, and how they become one office again.

Decided from the standings of the three alone, before anything else is done with them:

    seats or office differ             refused: folders of different offices, or at the wrong seat
    epochs differ                      who is one behind and has staged the new epoch completely switches;
                                       anybody else holds an old copy: refused, old and new parts are noise together
    epochs equal, something staged     it is discarded
    all have switched                  they retire the old epoch
    a gallery is missing somewhere     it is added where it is missing, if it never changed; else an old copy: refused
    versions more than one apart       an old copy: refused
    versions, phases or papers differ  every slot that is not ACTIVE at all three and not FREE at all three is
                                       erased everywhere; blocks that one of the three lacks are dropped;
                                       the papers of the newest version are taken

An interruption explains only the slots that one step changes. Where states differ otherwise, a store was altered or
an old copy of the last moment was put back, and nothing is erased: refused.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from moiety.custody.refusals import CopyOld, EpochsMixed, NotOneOffice, StatesDiffer
from moiety.custody.slots import Phase, Staging, State
from moiety.custody.three import Three
from moiety.custody.verbs import GalleryStanding, Standing
from moiety.sharing.seat import SEATS, Seat

States = NDArray[np.uint8]

_STEPS = {
    (State.FREE, State.PENDING),
    (State.PENDING, State.ACTIVE),
    (State.ACTIVE, State.ERASED),
}
"""What one step does to a slot: (before, after)."""


def settled(standings: Mapping[Seat, Standing]) -> bool:
    """Whether the three stand as no interruption leaves them. Raises `NotOneOffice`."""
    _one_office(standings)
    first = standings["a"]
    if any(standing.staging != Staging.NONE for standing in standings.values()):
        return False
    same = all((other.epoch, _compared(other)) == (first.epoch, _compared(first)) for other in standings.values())
    return same and all(gallery.phase == Phase.SETTLED for gallery in first.galleries.values())


def searchable(standings: Mapping[Seat, Standing]) -> bool:
    """Whether a search finds the three in one state: of one epoch, and each gallery of one version everywhere.

    Less than `settled`: somebody may be enrolling or refreshing meanwhile. Raises `NotOneOffice`.
    """
    _one_office(standings)
    first = standings["a"]
    return all(
        other.epoch == first.epoch
        and {name: gallery.version for name, gallery in other.galleries.items()}
        == {name: gallery.version for name, gallery in first.galleries.items()}
        for other in standings.values()
    )


def recover(three: Three) -> list[str]:
    """Make the three stand alike again; the names of the galleries that had been interrupted.

    The caller holds the lock alone. Raises `NotOneOffice`, `EpochsMixed`, `CopyOld`, `StatesDiffer`,
    `GalleryDamaged` and whatever makes a store unavailable; it may be run again at any time.
    """
    standings = three.standings()
    _one_office(standings)
    _same_epoch(three, standings)
    _same_galleries(three, three.standings())
    mended = [name for name in three.standings()["a"].galleries if _same_rows(three, name)]
    if mended:
        three.each(lambda custodian: custodian.scrub())
    return mended


def agreed(states: Mapping[Seat, States]) -> States:
    """What every slot becomes, over the slots that all three have. Raises `StatesDiffer` if that would lose anybody."""
    slots = min(len(some) for some in states.values())
    lost = sum(int((some[slots:] == State.ACTIVE).sum()) for some in states.values())
    if lost:
        raise StatesDiffer(slots=lost)
    stack = np.stack([states[seat][:slots] for seat in SEATS])
    kept = (stack == stack[0]).all(axis=0) & ((stack[0] == State.ACTIVE) | (stack[0] == State.FREE))
    return np.where(kept, stack[0], np.uint8(State.ERASED))


def unexplained(states: Mapping[Seat, States], versions: Mapping[Seat, int]) -> int:
    """How many slots differ in a way that one interrupted step does not explain; slots that one lacks count as FREE."""
    slots = max(len(some) for some in states.values())
    wide = {seat: np.pad(some, (0, slots - len(some))) for seat, some in states.items()}
    strange = np.zeros(slots, dtype=np.bool_)
    for one in SEATS:
        for other in SEATS:
            step = versions[other] - versions[one]
            if step == 0 and one < other:
                strange |= wide[one] != wide[other]
            elif step == 1:
                explained = wide[one] == wide[other]
                for before, after in _STEPS:
                    explained |= (wide[one] == before) & (wide[other] == after)
                strange |= ~explained
    return int(strange.sum())


def _one_office(standings: Mapping[Seat, Standing]) -> None:
    offices = {standing.office for standing in standings.values()}
    if len(offices) != 1 or any(standing.seat != seat for seat, standing in standings.items()):
        raise NotOneOffice


def _compared(standing: Standing) -> dict[str, tuple[bytes, bytes, int, Phase, int]]:
    return {
        name: (gallery.terms, gallery.document, gallery.version, gallery.phase, gallery.pages)
        for name, gallery in standing.galleries.items()
    }


def _same_epoch(three: Three, standings: Mapping[Seat, Standing]) -> None:
    newest = max(standing.epoch for standing in standings.values())
    behind = [seat for seat in SEATS if standings[seat].epoch < newest]
    for seat in behind:
        standing = standings[seat]
        if standing.epoch != newest - 1 or standing.staging != Staging.COMPLETE:
            raise EpochsMixed(oldest=min(s.epoch for s in standings.values()), newest=newest)
    for seat in SEATS:
        if seat in behind:
            three.custodians[seat].switch()
        elif standings[seat].staging in (Staging.BEGUN, Staging.COMPLETE):
            three.custodians[seat].discard()
    three.each(lambda custodian: custodian.retire())
    if any(standing.staging != Staging.NONE for standing in standings.values()):
        three.each(lambda custodian: custodian.scrub())


def _same_galleries(three: Three, standings: Mapping[Seat, Standing]) -> None:
    for name in sorted({name for standing in standings.values() for name in standing.galleries}):
        held = {seat: s.galleries[name] for seat, s in standings.items() if name in s.galleries}
        newest = _newest(held)
        if len(held) < len(SEATS) and newest.version > 0:
            raise CopyOld(behind=newest.version)
        for seat in SEATS:
            if seat not in held:
                three.custodians[seat].add_gallery(name, newest.terms, newest.document)


def _same_rows(three: Three, name: str) -> bool:
    standings = three.standings()
    held = {seat: standing.galleries[name] for seat, standing in standings.items()}
    versions = {seat: gallery.version for seat, gallery in held.items()}
    newest = _newest(held)
    behind = newest.version - min(versions.values())
    if behind > 1:
        raise CopyOld(behind=behind)
    alike = len({(g.version, g.phase, g.terms, g.document, g.pages) for g in held.values()}) == 1
    if alike and newest.phase == Phase.SETTLED:
        return False
    states = three.each(lambda custodian: custodian.states(name))
    if all(gallery.phase != Phase.SETTLING for gallery in held.values()):
        strange = unexplained(states, versions)
        if strange:
            raise StatesDiffer(slots=strange)
    final = agreed(states)
    three.each(lambda custodian: custodian.level(name, newest.version))
    three.each(lambda custodian: custodian.settle(name, final, newest.terms, newest.document))
    return True


def _newest(held: Mapping[Seat, GalleryStanding]) -> GalleryStanding:
    return max(held.values(), key=lambda gallery: gallery.version)
