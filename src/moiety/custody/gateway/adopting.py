"""An embedded office becomes a deployment of three custodians apart, and what it leaves behind is useless.

    step        what is there afterwards                                               the old office
    --------    -------------------------------------------------------------------    ---------------
    stage       `.DIR.adopting`: keys, configurations, a twin of each store            opens
    refresh     the twins are in the next epoch: no part of theirs fits an old one     opens
    leave       the marker `moved` in the old folder                                   refuses to open
    destroy     the old roots overwritten and removed, then the old stores             refuses to open
    place       `.DIR.adopting` is `DIR`, which can be started                         refuses to open

`leave` is the one moment that counts: a file that appears whole or not at all. Killed before it, the old office opens
as if nothing had been, and the same command begins anew, over what was staged. Killed after it, the old office refuses,
and the same command goes on where it was: there is no moment at which both can be used, and none at which neither
holds everybody. Nobody is told of the URLs that were staged, so what a killed command wrote into a PostgreSQL is
removed only when it is named again.

Whoever copied one store before has one part of each template, of an epoch that is over. Whoever copied two has
everybody, then as before.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from moiety.custody.chronicle import LEDGER
from moiety.custody.gateway import trial
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.deployment import RECORDS, home
from moiety.custody.gateway.embedded import MOVED, Embedded, empty
from moiety.custody.net.authority import write_private
from moiety.custody.refusals import AdoptionUnfinished, DeploymentExists, GalleryDamaged, OfficeInUse, OfficeMoved
from moiety.custody.store.credentials import require_credentials
from moiety.custody.store.keyring import Keyring
from moiety.custody.store.lock import OfficeLock
from moiety.custody.store.noise import Entropy
from moiety.custody.store.postgresql import remove_leftover
from moiety.custody.store.rooted import ROOTS
from moiety.custody.store.sql import Observer, Store, unobserved
from moiety.custody.store.sqlite import FILE, in_use
from moiety.custody.store.token import FileToken
from moiety.custody.store.transfer import Stood, stood, transfer
from moiety.custody.verbs import Clock, Progress
from moiety.sharing.seat import SEATS, Seat

_STAGED = ".adopting"
_MARK = "adopting"
"""In the staged folder, until everything is done: `Adopted` as JSON."""


@dataclass(frozen=True)
class Adopted:
    """What moved: an office (hexadecimal), its purposes, their people, and the epoch that they are in now."""

    office: str
    purposes: int = 0
    people: int = 0
    epoch: int = 0


def adopt(
    folder: Path,
    to: Path,
    databases: Mapping[Seat, str],
    *,
    clock: Clock,
    entropy: Entropy,
    progress: Progress,
    observer: Observer = unobserved,
) -> Adopted:
    """Move an office to a folder that is not there yet; its rows into these databases (URLs), else into files.

    The same again finishes what was interrupted. Raises `DeploymentExists`, `OfficeInUse`, `GalleryDamaged`,
    `AdoptionUnfinished`, `OfficeMoved` where it went somewhere else or is there already, and what `Embedded.open` and
    `require_credentials` raise.
    """
    folder, to = Path(os.path.abspath(folder)), Path(os.path.abspath(to))
    staged = to.with_name(f".{to.name}{_STAGED}")
    begun = _marked(staged)
    if not (folder / MOVED).exists():
        if os.path.lexists(to):
            raise DeploymentExists
        for url in databases.values():
            require_credentials(url, entropy)
        with closing(Embedded.open(folder, clock=clock, entropy=entropy, progress=progress)) as office:
            if office.findings(progress):
                raise GalleryDamaged
        with _alone(folder):
            begun = _stage(folder, staged, databases, clock, entropy, progress, observer)
            os.sync()  # keys and configurations too are on the disk before the old roots go
            _leave(folder, begun)
    else:
        begun = begun or _marked(to)
        if begun is None or begun.office != (folder / MOVED).read_text():
            raise OfficeMoved
    observer("adopt left")
    with _alone(folder):
        _destroy(folder, entropy, observer)
    if staged.exists():
        try:
            staged.rename(to)
        except OSError:  # somebody has put something there meanwhile
            raise DeploymentExists from None
    observer("adopt placed")
    (to / _MARK).unlink()
    return begun


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The office's lock, where nobody else has it or a file of the office open. Raises `OfficeInUse`."""
    homes = [home(folder, seat) for seat in SEATS]
    with OfficeLock(folder).alone_at_once() as alone:
        if not alone or any(in_use(place) for place in homes if (place / FILE).exists()):
            raise OfficeInUse
        yield


def _stage(
    folder: Path,
    staged: Path,
    databases: Mapping[Seat, str],
    clock: Clock,
    entropy: Entropy,
    progress: Progress,
    observer: Observer,
) -> Adopted:
    """The whole deployment, in the next epoch, in a folder of another name. Where it fails nothing is left."""
    with ExitStack() as opened:
        olds = {seat: _old(folder, seat, entropy) for seat in SEATS}
        for old in olds.values():
            opened.callback(old.close)
        stands = [stood(old) for old in olds.values()]
        first = stands[0]
        if first is None or any(stand != first for stand in stands):
            raise OfficeInUse  # somebody changed something since it was opened, and was killed
        _clear(staged, first, databases, entropy)
        with ExitStack() as undo:
            undo.callback(_clear, staged, first, databases, entropy)
            begun = Adopted(first.office.hex())
            staged.mkdir(mode=0o700, parents=True)
            _mark(staged / _MARK, begun)
            observer("adopt begun")
            trial.lay_out(staged, clock(), entropy, trial.free_ports(), office=first.office, databases=databases)
            for seat, old in olds.items():
                place = home(staged, seat) / trial.STORE
                keys = Keyring(FileToken(place / ROOTS, entropy), seat, entropy)
                with closing(Store.create(place, seat, first.office, keys, observer, databases.get(seat))) as new:
                    transfer(old, new, progress)
                _along(home(folder, seat) / LEDGER, place / LEDGER)
            _along(folder / BOOK, staged / BOOK)
            _along(folder / RECORDS, staged / RECORDS)
            with closing(_together(staged, databases, clock, entropy, progress, observer)) as moved:
                epoch = moved.refresh(progress)
                galleries = moved.status().galleries
            OfficeLock(staged).remove()  # of the three in one process; apart they have none
            people = sum(gallery.rows for gallery in galleries)
            begun = replace(begun, purposes=len(galleries), people=people, epoch=epoch)
            _mark(staged / _MARK, begun)
            observer("adopt staged")
            undo.pop_all()
    return begun


def _together(
    staged: Path,
    databases: Mapping[Seat, str],
    clock: Clock,
    entropy: Entropy,
    progress: Progress,
    observer: Observer,
) -> Embedded:
    """The twins in one process, while nobody else can have started them."""
    return Embedded.open(
        staged,
        clock=clock,
        entropy=entropy,
        progress=progress,
        observer=observer,
        stores=databases,
        inside=trial.STORE,
    )


def _old(folder: Path, seat: Seat, entropy: Entropy) -> Store:
    place = home(folder, seat)
    return Store.open(place, seat, Keyring(FileToken(place / ROOTS, entropy), seat, entropy), unobserved)


def _clear(staged: Path, stand: Stood, databases: Mapping[Seat, str], entropy: Entropy) -> None:
    """Remove what an interrupted move of this office staged, which is worth nothing. Raises `AdoptionUnfinished`."""
    if not staged.exists():
        return
    begun = _marked(staged)
    if begun is None:
        try:
            staged.rmdir()  # killed before there was anything in it
        except OSError:
            raise AdoptionUnfinished from None
        return
    if begun.office != stand.office.hex():
        raise AdoptionUnfinished
    for seat, url in databases.items():
        keys = Keyring(FileToken(home(staged, seat) / trial.STORE / ROOTS, entropy), seat, entropy)
        remove_leftover(url, stand.office, seat, keys)
    shutil.rmtree(staged)


def _leave(folder: Path, begun: Adopted) -> None:
    """The one moment: from here on the old folder is no office any more."""
    fresh = folder / f"{MOVED}.new"
    fresh.unlink(missing_ok=True)
    write_private(fresh, begun.office.encode())
    os.sync()
    fresh.rename(folder / MOVED)
    os.sync()


def _destroy(folder: Path, entropy: Entropy, observer: Observer) -> None:
    """Overwrite and remove the old roots, all of them first; then the stores that nothing opens any more."""
    for seat in SEATS:
        token = FileToken(home(folder, seat) / ROOTS, entropy)
        for epoch in token.epochs():
            token.destroy(epoch)
    observer("adopt roots destroyed")
    for seat in SEATS:
        empty(home(folder, seat))
    for place in (folder / BOOK, folder / RECORDS):
        shutil.rmtree(place, ignore_errors=True)
    observer("adopt stores destroyed")


def _along(old: Path, new: Path) -> None:
    """A folder that nobody has open, as it is; the gateway's own has its certificate in it already."""
    if old.is_dir():
        shutil.copytree(old, new, dirs_exist_ok=True)


def _mark(file: Path, begun: Adopted) -> None:
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    write_private(fresh, json.dumps(asdict(begun)).encode())
    fresh.rename(file)


def _marked(place: Path) -> Adopted | None:
    """What a folder says was being moved to it, or None."""
    try:
        said = json.loads((place / _MARK).read_bytes())
        return Adopted(str(said["office"]), int(said["purposes"]), int(said["people"]), int(said["epoch"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
