"""Three custodians in one process, over three folders beside each other: the embedded default, for trying it out.

The three share no object, seed, key, file or transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from moiety.custody import recovery
from moiety.custody.chronicle import GALLERY, LEDGER, about
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import book
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.deployment import home
from moiety.custody.gateway.three import Answer, Three
from moiety.custody.gateway.together import Together
from moiety.custody.keys import acquaint
from moiety.custody.refusals import NoOffice, OfficeExists, OfficeMoved, OfficeUnwritable
from moiety.custody.store.lock import OfficeLock
from moiety.custody.store.noise import Entropy
from moiety.custody.store.rooted import ROOTS
from moiety.custody.store.sql import Observer, unobserved
from moiety.custody.verbs import Clock, Progress, Verbs, silent
from moiety.errors import Refused
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import SEATS, Seat

WARNING = (
    "All three custodians are on one disk: this protects nobody. Whoever takes this disk has every part. "
    "It is for trying out."
)

OFFICE_BYTES = 16

MOVED = "moved"
"""In the folder of an office whose people are elsewhere now, see `adopting`: the office (hexadecimal)."""

_IN_FOLDERS: Mapping[Seat, str] = {}
"""No URL for anybody: every store is a file in its custodian's folder."""


class Here(Three):
    """Three custodians in this process, each of which writes down what it refuses, as one behind a server does."""

    def __init__(self, custodians: Mapping[Seat, Custodian]) -> None:
        super().__init__(custodians)
        self._own = custodians

    def each(self, ask: Callable[[Verbs], Answer]) -> dict[Seat, Answer]:
        """As `Three.each`."""
        return super().each(self._heard(ask))

    def two(self, ask: Callable[[Verbs], Answer]) -> dict[Seat, Answer]:
        """As `Three.two`."""
        return super().two(self._heard(ask))

    def some(self, seats: Collection[Seat], ask: Callable[[Verbs], Answer], *, small: bool) -> dict[Seat, Answer]:
        """As `Three.some`."""
        return super().some(seats, self._heard(ask), small=small)

    def has_loaded(self, name: str) -> bool:
        """As `Three.has_loaded`; of a gallery without rows there is nothing to load."""
        return all(
            custodian.nbytes(name) or not custodian.standing().galleries[name].pages for custodian in self._own.values()
        )

    def play(self, ask: Callable[[Verbs], Rounds[Answer]]) -> dict[Seat, Answer]:
        """As `Three.play`."""

        def side(custodian: Verbs) -> Rounds[Answer]:
            GALLERY.set("")  # the three take turns in one thread, over one gallery
            try:
                return (yield from ask(custodian))
            except Refused as error:
                self._own[custodian.seat].refused(error.code)
                raise

        return super().play(side)

    def work(self, ask: Callable[[Verbs], Rounds[Answer]]) -> dict[Seat, Answer]:
        """As `Three.work`."""
        return super().work(lambda custodian: _remembering(ask(custodian)))

    def _heard(self, ask: Callable[[Verbs], Answer]) -> Callable[[Verbs], Answer]:
        def heard(custodian: Verbs) -> Answer:
            with about(""):
                try:
                    return ask(custodian)
                except Refused as error:
                    self._own[custodian.seat].refused(error.code)
                    raise

        return heard


def _remembering(side: Rounds[Answer]) -> Rounds[Answer]:
    """A side of which each round may be played in another thread: which gallery it is about goes with it."""
    gallery, came = "", None
    try:
        while True:
            GALLERY.set(gallery)
            try:
                goes = next(side) if came is None else side.send(came)
            except StopIteration as ended:
                answer: Answer = ended.value
                return answer
            gallery = GALLERY.get()
            came = yield goes
    finally:
        side.close()


class Embedded(Together):
    """The three custodians of one office folder. Safe for threads, and for several processes over one folder."""

    @classmethod
    def create(cls, folder: Path, entropy: Entropy, *, stores: Mapping[Seat, str] = _IN_FOLDERS) -> None:
        """Make three empty custodians in `custodian-a`, `-b` and `-c` under `folder`, or leave nothing behind.

        `stores` are the URLs of empty databases for those whose rows are to lie in a PostgreSQL.
        Raises `OfficeExists` or `OfficeUnwritable`, and `Unavailable` where a store cannot be written.
        """
        try:
            new = not folder.exists()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = (folder / MOVED).exists() or any(home(folder, seat).exists() for seat in SEATS)
        except OSError:
            raise OfficeUnwritable from None
        if taken:
            raise OfficeExists
        office = entropy(OFFICE_BYTES)
        with ExitStack() as undo:
            if new:
                undo.callback(_remove, folder)
            for seat in SEATS:
                made = _make(folder, seat, office, entropy, stores.get(seat))
                undo.callback(empty, made)
            undo.pop_all()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        clock: Clock,
        entropy: Entropy,
        progress: Progress = silent,
        observer: Observer = unobserved,
        stores: Mapping[Seat, str] = _IN_FOLDERS,
        inside: str = "",
    ) -> Embedded:
        """Open an office: recover what was interrupted, and check every gallery that was not found good today.

        `progress` hears of everything that takes long. `inside` each custodian's folder is its store, where it has
        other things too. Raises `NoOffice`, `OfficeMoved`, `NotOneOffice`, `EpochsMixed`, `CopyOld`,
        `StatesDiffer`, `StoreUnreadable`; a gallery that fails its check is closed, and the office opens.
        """
        if (folder / MOVED).exists():
            raise OfficeMoved
        if not all((home(folder, seat) / inside).is_dir() for seat in SEATS):
            raise NoOffice
        with ExitStack() as undo:
            custodians: dict[Seat, Custodian] = {}
            for seat in SEATS:
                custodians[seat] = Custodian.open(
                    home(folder, seat) / inside,
                    seat,
                    clock=clock,
                    entropy=entropy,
                    observer=observer,
                    database=stores.get(seat),
                )
                undo.callback(custodians[seat].close)
            acquaint({seat: custodian.acquaintance for seat, custodian in custodians.items()})
            office = recovery.one_office({seat: custodian.standing() for seat, custodian in custodians.items()})
            written = book.opened(folder / BOOK, office, clock=clock, entropy=entropy)
            undo.callback(written.close)
            embedded = cls(Here(custodians), OfficeLock(folder), written, clock, entropy, progress, WARNING)
            with embedded._alone() as headers:
                for custodian in custodians.values():
                    custodian.retire()
                embedded._three.each(lambda custodian: custodian.scrub())
                for name in embedded._names():
                    embedded._check_if_due(headers, name)
            undo.pop_all()
        return embedded


def _make(folder: Path, seat: Seat, office: bytes, entropy: Entropy, database: str | None) -> Path:
    """A new custodian's folder, whole or not there."""
    made = home(folder, seat)
    try:
        Custodian.create(made, seat, office, entropy, database=database)
    except FileExistsError:  # another process was faster, and it is not ours to remove
        raise OfficeExists from None
    except OSError:
        empty(made)
        raise OfficeUnwritable from None
    except BaseException:
        empty(made)
        raise
    return made


def empty(made: Path) -> None:
    """Remove a custodian's folder and the files in it, as far as that goes."""
    for folder in (made / LEDGER, made / ROOTS, made):
        with suppress(OSError):
            for file in folder.iterdir():
                file.unlink()
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder, unless somebody has put something into it."""
    with suppress(OSError):
        folder.rmdir()
