"""What a custodian's budgets come to in an hour, and what of them is spent: read on its own host beside the process
that serves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from moiety.custody.net.config import Custody, pinned, read
from moiety.custody.net.roots import token_of
from moiety.custody.store.kept import StoreKeeping
from moiety.custody.store.keyring import Keyring
from moiety.custody.store.noise import Entropy
from moiety.custody.store.rooted import ROOTS
from moiety.custody.store.sql import Store
from moiety.custody.store.token import FileToken
from moiety.custody.trust.budget import written_down
from moiety.custody.trust.limits import Limit, Scope
from moiety.custody.trust.operators import read_people
from moiety.custody.trust.tickets import Left, still_open

GONE = "(not listed any more)"


@dataclass(frozen=True)
class Reckoned:
    """One account, by the name that this host's configuration, roster and purposes have for its owner."""

    scope: str
    owner: str
    unit: str
    drawn: int
    left: int


def of_an_hour(limit: Limit) -> int:
    """What one account gives in an hour from when it is whole: everything at once, and a twenty-fourth of a day."""
    return limit.burst + limit.daily // 24


def spent(file: Path, now: datetime, entropy: Entropy) -> list[Reckoned]:
    """Every account of gateways, purposes and callers that was drawn from. Those of single rows are not shown.

    Raises what `Store.beside`, `read` and `read_people` raise.
    """
    config = read(file, Custody)
    names: Mapping[Scope, Mapping[bytes, str]] = {
        Scope.GATEWAY: {pinned(gateway.key): name for name, gateway in config.gateways.items()},
        Scope.CALLER: {person.key: person.name for person in read_people(file.parent / config.operators)},
    }
    with _kept(file, config, entropy) as keeping:
        found = written_down(config.budgets(), keeping, int(now.timestamp()))

    def named(scope: Scope, owner: bytes) -> str:
        return owner.decode() if scope is Scope.PURPOSE else names[scope].get(owner, GONE)

    return [
        Reckoned(one.scope.value, named(one.scope, one.owner), one.unit.value, one.drawn, one.left)
        for one in found
        if one.scope is not Scope.ROW
    ]


def tickets(file: Path, now: datetime, entropy: Entropy) -> list[Left]:
    """What is left of each approval of many people at once that has not ended, the first to end first. Whose it is and
    for which purpose, a custodian keeps only as a digest.

    Raises what `Store.beside` and `read` raise.
    """
    with _kept(file, read(file, Custody), entropy) as keeping:
        return still_open(keeping, int(now.timestamp()))


@contextmanager
def _kept(file: Path, config: Custody, entropy: Entropy) -> Iterator[StoreKeeping]:
    """What this host's custodian keeps, read beside it."""
    home = file.parent / config.store
    with ExitStack() as undo:
        token = token_of(file.parent, config, entropy, undo) or FileToken(home / ROOTS, entropy)
        store = Store.beside(home, config.seat, Keyring(token, config.seat, entropy), config.database)
        undo.callback(store.close)
        yield StoreKeeping(store)
