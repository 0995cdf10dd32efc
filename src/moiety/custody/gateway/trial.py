"""A trial deployment in one folder: an authority, three custodians and a gateway, each with a folder of its own.

    DIR/authority/   the private authority that signed everybody's certificate
    DIR/custodian-a/ custodian.toml, its keys, its store; -b and -c alike
    DIR/gateway/     its keys
    DIR/people/      the keys of one operator and two officers, and their passphrases beside them
    DIR/deployment.toml

What is real about it: separate processes, keys, stores and TLS. What is not: whoever has this disk has everything.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from moiety.custody.custodian import Custodian
from moiety.custody.gateway.deployment import CONFIG, DEPLOYMENT, home
from moiety.custody.gateway.embedded import OFFICE_BYTES
from moiety.custody.net.authority import Authority, issue_into, write_authority, write_private
from moiety.custody.net.config import shown
from moiety.custody.refusals import DeploymentExists, KeysExist, OfficeUnwritable
from moiety.custody.store.lock import turn
from moiety.custody.store.noise import Entropy
from moiety.custody.trust.keyfile import make_key
from moiety.custody.trust.roster import Person, Role, entry_text
from moiety.sharing.seat import SEATS, Seat

__all__ = ["CONFIG", "OPERATORS", "PEOPLE", "STORE", "free_ports", "home", "lay_out", "make"]

STORE = "store"
OPERATORS = "operators"
PEOPLE = "people"
HOST = "127.0.0.1"

_PASSPHRASE_BYTES = 20

_IN_FOLDERS: Mapping[Seat, str] = {}


def make(folder: Path, now: datetime, entropy: Entropy) -> None:
    """Make a trial in a folder that is not there, or empty: all of it or nothing.

    Raises `DeploymentExists`, and `OfficeUnwritable` where there is no room or no right to write.
    """
    whole = Path(os.path.abspath(folder))
    making = whole.with_name(f".{whole.name}.making")
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        with turn(whole.parent):
            if making.exists():
                shutil.rmtree(making)  # of a process that was killed: whoever else makes one waits for this turn
            if whole.exists() and (not whole.is_dir() or any(whole.iterdir())):
                raise DeploymentExists
            try:
                lay_out(making, now, entropy, free_ports())
            except BaseException:
                shutil.rmtree(making, ignore_errors=True)
                raise
            try:
                making.rename(whole)
            except OSError:
                raise DeploymentExists from None
    except OSError:
        raise OfficeUnwritable from None


def lay_out(
    folder: Path,
    now: datetime,
    entropy: Entropy,
    ports: Mapping[Seat, int],
    *,
    gateway: str = "gateway",
    office: bytes | None = None,
    databases: Mapping[Seat, str] = _IN_FOLDERS,
) -> None:
    """Make everything that a trial needs, three empty stores among it; none for an office that has stores already,
    some of which may be in `databases` (URLs).

    Raises `KeysExist`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / DEPLOYMENT).exists():
        raise KeysExist
    new, office = office is None, office or entropy(OFFICE_BYTES)
    authority = Authority.make(now)
    write_authority(folder / "authority", authority)
    parties: dict[str, Path] = {**{seat: home(folder, seat) for seat in SEATS}, gateway: folder / gateway}
    pins = {name: shown(issue_into(place, authority, now)) for name, place in parties.items()}
    listed = {seat: f'address = "{HOST}:{ports[seat]}"\nkey = "{pins[seat]}"\n' for seat in SEATS}
    for seat in SEATS:
        others = "".join(f"\n[custodians.{other}]\n{listed[other]}" for other in SEATS if other != seat)
        text = (
            f'seat = "{seat}"\noffice = "{office.hex()}"\nlisten = "{HOST}:{ports[seat]}"\nstore = "{STORE}"\n'
            f'{_database(databases.get(seat))}operators = "{OPERATORS}"\n'
            f'certificate = "own.pem"\nkey = "own.key"\nauthority = "authority.pem"\n'
            f'{others}\n[gateways.{gateway}]\nkey = "{pins[gateway]}"\n'
        )
        write_private(home(folder, seat) / CONFIG, text.encode())
        if new:
            Custodian.create(home(folder, seat) / STORE, seat, office, entropy)
    people = {"operator": Role.OPERATOR, "officer-1": Role.OFFICER, "officer-2": Role.OFFICER}
    for name, role in people.items():
        _person(folder, name, role, entropy)
    everybody = "".join(f"\n[custodians.{seat}]\n{listed[seat]}" for seat in SEATS)
    text = (
        f'office = "{office.hex()}"\ncertificate = "{gateway}/own.pem"\nkey = "{gateway}/own.key"\n'
        f'authority = "{gateway}/authority.pem"\n{everybody}\n[caller]\n{_files("operator")}'
        + "".join(f"\n[[officers]]\n{_files(name)}" for name in people if name != "operator")
    )
    write_private(folder / DEPLOYMENT, text.encode())


def _database(url: str | None) -> str:
    return "" if url is None else f"database = {json.dumps(url)}\n"


_PORTS = range(15_000, 32_000)
"""Below those that systems give to outgoing connections (32,768 and up), one of which could take a custodian's place
while it is down."""


def free_ports(besides: Collection[int] = ()) -> dict[Seat, int]:
    """A port for each custodian that nobody listens on now, `besides` these; another process looks elsewhere first."""
    first = os.getpid() * len(SEATS) * 7 % len(_PORTS)
    free = (port for port in (*_PORTS[first:], *_PORTS[:first]) if port not in besides and _is_free(port))
    return {seat: next(free) for seat in SEATS}


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _person(folder: Path, name: str, role: Role, entropy: Entropy) -> None:
    """A person of the trial: a key under a passphrase that lies beside it, and a line in every custodian's roster."""
    (folder / PEOPLE).mkdir(mode=0o700, exist_ok=True)
    passphrase = entropy(_PASSPHRASE_BYTES).hex()
    write_private(folder / PEOPLE / f"{name}.passphrase", passphrase.encode())
    key = make_key(folder / PEOPLE / f"{name}.pem", passphrase, entropy)
    for seat in SEATS:
        roster = home(folder, seat) / OPERATORS
        roster.mkdir(mode=0o700, exist_ok=True)
        write_private(roster / f"{name}.toml", entry_text(Person(name, role, key.public)).encode())


def _files(name: str) -> str:
    return f'key = "{PEOPLE}/{name}.pem"\npassphrase = "{PEOPLE}/{name}.passphrase"\n'
