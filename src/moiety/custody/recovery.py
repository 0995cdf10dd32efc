"""After an interruption: what the three stores tell together, and how they become one office again.

Decided from the standings of the three alone, before anything else is done with them:

    seats or office differ             refused: folders of different offices, or at the wrong seat
    epochs differ                      who is one behind and has staged the new epoch completely switches;
                                       anybody else holds an old copy: refused, old and new parts are noise together
    epochs equal, something staged     it is discarded
    all have switched                  they retire the old epoch
    a gallery is missing somewhere     if it never changed, it is added where it is missing, or dropped where only one
                                       has it; else an old copy: refused
    versions more than one apart       an old copy: refused
    versions, phases or papers differ  every slot that is not alike at all three, or on its way in, is erased
                                       everywhere, but for somebody who is RESTRICTED at one, and is then at all;
                                       blocks that one of the three lacks are dropped;
                                       the papers that two have are taken: no one custodian tells the others by
                                       which threshold they match

An interruption explains only the slots that one step changes; one of recovery itself, those in which nobody is at one
and somebody at another never. Where states differ otherwise, a store was altered or an old copy of the last moment was
put back, and nothing is erased: refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moiety.custody.messages import read_standing, standing_bytes
from moiety.custody.refusals import CopyOld, EpochsMixed, GalleryDamaged, NotOneOffice, StatesDiffer
from moiety.custody.store.slots import MOST_SLOTS, SLOTS, Phase, Staging, State, living
from moiety.custody.verbs import GalleryStanding, Standing
from moiety.matching.channel import Keys, agree
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds, barrier, shown
from moiety.sharing.seat import SEATS, Seat

States = NDArray[np.uint8]

_STEPS = {
    (State.FREE, State.PENDING),
    (State.PENDING, State.ACTIVE),
    (State.ACTIVE, State.RESTRICTED),
    (State.RESTRICTED, State.ACTIVE),
    (State.ACTIVE, State.ERASED),
    (State.RESTRICTED, State.ERASED),
}
"""What one step does to a slot: (before, after)."""


def settled(standings: Mapping[Seat, Standing]) -> bool:
    """Whether the three stand as no interruption leaves them. Raises `NotOneOffice`."""
    one_office(standings)
    first = standings["a"]
    if any(standing.staging != Staging.NONE for standing in standings.values()):
        return False
    same = all((other.epoch, _compared(other)) == (first.epoch, _compared(first)) for other in standings.values())
    return same and all(gallery.phase == Phase.SETTLED for gallery in first.galleries.values())


def searchable(standings: Mapping[Seat, Standing]) -> bool:
    """Whether a search finds the three in one state: of one epoch, and each gallery of one version everywhere.

    Less than `settled`: somebody may be enrolling or refreshing meanwhile. Raises `NotOneOffice`.
    """
    one_office(standings)
    first = standings["a"]
    return all(
        other.epoch == first.epoch
        and {name: gallery.version for name, gallery in other.galleries.items()}
        == {name: gallery.version for name, gallery in first.galleries.items()}
        for other in standings.values()
    )


class Own(Protocol):
    """What a custodian does of this at its own store. Its docstrings are `custodian.Custodian`'s."""

    def standing(self) -> Standing: ...
    def enter(self) -> None: ...
    def retire(self) -> None: ...
    def discard(self) -> None: ...
    def scrub(self) -> None: ...
    def add_gallery(self, name: str, terms: bytes, document: bytes) -> None: ...
    def drop_gallery(self, name: str) -> None: ...
    def states(self, name: str) -> States: ...
    def level(self, name: str, version: int) -> None: ...
    def settle(self, name: str, states: States, terms: bytes, document: bytes) -> None: ...


def side(own: Own, keys: Keys, header: Header) -> Rounds[list[str]]:
    """One custodian's side of standing alike again; the names of the galleries that had been interrupted.

    What is decided follows from what the three tell each other, and from nothing that who asked for it says. Nobody
    changes anything meanwhile. Raises `NotOneOffice`, `EpochsMixed`, `CopyOld`, `StatesDiffer`, `GalleryDamaged` and
    whatever makes a store unavailable; it may be run again at any time.
    """
    seat = keys.seat
    yield from agree(keys, header.digest(), bytes(32))
    standings = yield from _told(seat, own)
    one_office(standings)
    yield from _same_epoch(seat, own, standings)
    _same_galleries(own, standings[seat], (yield from _told(seat, own)))
    standings = yield from _told(seat, own)
    mended = []
    for name in sorted(standings[seat].galleries):
        if (yield from _same_rows(seat, own, name, standings)):
            mended.append(name)
    if mended:
        own.scrub()
    return mended


def agreed(states: Mapping[Seat, States]) -> States:
    """What every slot becomes, over the slots that all three have. Raises `StatesDiffer` if that would lose anybody."""
    slots = min(len(some) for some in states.values())
    lost = sum(int(living(some[slots:]).sum()) for some in states.values())
    if lost:
        raise StatesDiffer(slots=lost)
    stack = np.stack([states[seat][:slots] for seat in SEATS])
    kept = (stack == stack[0]).all(axis=0) & (living(stack[0]) | (stack[0] == State.FREE))
    differ = np.where(living(stack).all(axis=0), np.uint8(State.RESTRICTED), np.uint8(State.ERASED))
    return np.where(kept, stack[0], differ)


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


def unsettled(states: Mapping[Seat, States]) -> int:
    """How many slots differ in a way that no interrupted settling explains, of whose step nothing is known any more:
    those that are somebody's here and were never given to anybody there."""
    slots = min(len(some) for some in states.values())
    stack = np.stack([states[seat][:slots] for seat in SEATS])
    return int((living(stack).any(axis=0) & (stack == State.FREE).any(axis=0)).sum())


def one_office(standings: Mapping[Seat, Standing]) -> bytes:
    """The office that the three are of. Raises `NotOneOffice`."""
    offices = {standing.office for standing in standings.values()}
    if len(offices) != 1 or any(standing.seat != seat for seat, standing in standings.items()):
        raise NotOneOffice
    return standings["a"].office


def _compared(standing: Standing) -> dict[str, tuple[bytes, bytes, int, Phase, int]]:
    return {
        name: (gallery.terms, gallery.document, gallery.version, gallery.phase, gallery.pages)
        for name, gallery in standing.galleries.items()
    }


def _told(seat: Seat, own: Own) -> Rounds[dict[Seat, Standing]]:
    """Where the three stand, as each tells the other two."""
    standing = own.standing()
    if any(not 0 <= gallery.pages * SLOTS <= MOST_SLOTS for gallery in standing.galleries.values()):
        raise GalleryDamaged
    told = yield from shown(seat, standing_bytes(standing))
    return {each: read_standing(data) for each, data in told.items()}


def _same_epoch(seat: Seat, own: Own, standings: Mapping[Seat, Standing]) -> Rounds[None]:
    newest = max(standing.epoch for standing in standings.values())
    for standing in standings.values():
        behind = standing.epoch < newest
        if behind and (standing.epoch != newest - 1 or standing.staging != Staging.COMPLETE):
            raise EpochsMixed(oldest=min(s.epoch for s in standings.values()), newest=newest)
    if standings[seat].epoch < newest:
        own.enter()
    elif standings[seat].staging.beside:
        own.discard()
    yield from barrier()
    own.retire()
    if any(standing.staging != Staging.NONE for standing in standings.values()):
        own.scrub()


def _same_galleries(own: Own, standing: Standing, standings: Mapping[Seat, Standing]) -> None:
    for name in sorted({name for told in standings.values() for name in told.galleries}):
        held = [told.galleries[name] for told in standings.values() if name in told.galleries]
        newest = max(gallery.version for gallery in held)
        if len(held) < len(SEATS) and newest > 0:
            raise CopyOld(behind=newest)
        papers = _papers(held)
        if papers is None and newest == 0:
            if name in standing.galleries:
                own.drop_gallery(name)
        elif papers is not None and name not in standing.galleries:
            own.add_gallery(name, *papers)


def _same_rows(seat: Seat, own: Own, name: str, standings: Mapping[Seat, Standing]) -> Rounds[bool]:
    held = {each: standing.galleries[name] for each, standing in standings.items()}
    versions = {each: gallery.version for each, gallery in held.items()}
    newest = max(versions.values())
    behind = newest - min(versions.values())
    if behind > 1:
        raise CopyOld(behind=behind)
    alike = len({(g.version, g.phase, g.terms, g.document, g.pages) for g in held.values()}) == 1
    if alike and held[seat].phase == Phase.SETTLED:
        return False
    papers = _papers(list(held.values()))
    if papers is None:
        raise StatesDiffer(slots=0)
    told = yield from shown(seat, own.states(name).tobytes())
    states = {each: np.frombuffer(data, dtype=np.uint8) for each, data in told.items()}
    settling = any(gallery.phase == Phase.SETTLING for gallery in held.values())
    strange = unsettled(states) if settling else unexplained(states, versions)
    if strange:
        raise StatesDiffer(slots=strange)
    final = agreed(states)
    own.level(name, newest)
    yield from barrier()
    own.settle(name, final, *papers)
    yield from barrier()
    return True


def _papers(held: Sequence[GalleryStanding]) -> tuple[bytes, bytes] | None:
    """The terms and the document of a gallery that two custodians at least have alike; None where no two have."""
    (papers, count), *_ = Counter((gallery.terms, gallery.document) for gallery in held).most_common(1)
    return papers if count > 1 else None
