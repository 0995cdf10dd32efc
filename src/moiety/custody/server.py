"""A custodian as a process of its own: its configuration put together, and the order in which it starts and stops."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import ValidationError

from moiety.custody.attempts import Attempts
from moiety.custody.budget import Budget
from moiety.custody.config import Custody, Listed, identity, pinned, read
from moiety.custody.config import shown as pin_shown
from moiety.custody.credentials import require_credentials
from moiety.custody.custodian import Custodian
from moiety.custody.gallery import Progress
from moiety.custody.grpc import Callers, Server
from moiety.custody.guard import Guard
from moiety.custody.keyfile import read_private
from moiety.custody.limits import Limits, Scope, Unit
from moiety.custody.lines import Lines
from moiety.custody.lock import sole
from moiety.custody.noise import Entropy
from moiety.custody.operators import OperatorsFolder
from moiety.custody.refusals import (
    ConfigInvalid,
    NoOffice,
    NotOneOffice,
    OfficeExists,
    OfficeUnwritable,
    StoreTaken,
)
from moiety.custody.serving import Serving
from moiety.custody.slots import Staging
from moiety.custody.spent import SpentNonces
from moiety.custody.sql import Observer
from moiety.custody.tls import Identity, pin
from moiety.custody.token import Token
from moiety.custody.turns import Leases
from moiety.custody.verbs import Clock
from moiety.custody.verifying import Verifier
from moiety.sharing.seat import SEATS, Seat

_log = logging.getLogger(__name__)

_SERVED = "served.lock"
"""In the store's folder: held by the one process that serves it."""

_GRACE_S = 10.0
"""What runs when it is told to stop may end; whoever waits longer is told that this custodian is down."""


@contextmanager
def served(
    file: Path, *, clock: Clock, entropy: Entropy, observer: Observer, progress: Progress
) -> Iterator[tuple[Custody, Server]]:
    """One custodian, serving while this context lasts.

    Refuses to start where its configuration, keys or store will not do; see `refusals`.
    """
    config = read(file, Custody)
    shown = identity(file.parent, config)
    others = _others(config, shown)
    limits = _limits(config)
    with ExitStack() as undo:
        home = file.parent / config.store
        if config.database is not None:
            require_credentials(config.database, entropy)
        if not home.is_dir():
            raise NoOffice
        if not undo.enter_context(sole(home / _SERVED)):
            raise StoreTaken
        custodian = Custodian.open(
            home,
            config.seat,
            clock=clock,
            entropy=entropy,
            observer=observer,
            database=config.database,
            token=_token(file.parent, config, entropy, undo),
        )
        undo.callback(custodian.close)
        standing = custodian.standing()
        if standing.office != bytes.fromhex(config.office):
            raise NotOneOffice
        if standing.staging == Staging.NONE:
            custodian.retire()  # a root that was made for an epoch that never began
        custodian.scrub()
        for name in standing.galleries:
            custodian.look(name, progress)
        lines = Lines(config.seat, custodian.acquaintance)
        attempts = Attempts(config.seat, lines.send)
        lines.arrived, lines.lost = attempts.arrived, attempts.lost
        leases = Leases(entropy)
        callers = Callers(
            {pinned(listed.key): seat for seat, listed in others.items()},
            {pinned(gateway.key): name for name, gateway in config.gateways.items()},
        )
        keeping = custodian.keeping()
        budget = Budget(limits, keeping, clock, _alarm)
        undo.callback(budget.close)
        roster = OperatorsFolder(file.parent / config.operators)
        verifier = Verifier(roster, standing.office, clock, SpentNonces(keeping))
        serving = Serving(custodian, attempts, leases, Guard(verifier, budget, custodian.terms), lines.round_trip_s)
        undo.callback(serving.close)
        server = Server(config.listen, shown, callers, serving, leases, lines)
        undo.callback(lambda: server.stop(_GRACE_S))
        undo.callback(lines.close)
        lines.dial({seat: listed.neighbour() for seat, listed in others.items()}, shown)
        yield config, server


def _others(config: Custody, own: Identity) -> dict[Seat, Listed]:
    """The other two. Raises `ConfigInvalid` unless they are two, and all parties have different keys, this one too."""
    others = {seat: config.custodians[seat] for seat in SEATS if seat in config.custodians}
    keys = [listed.key for listed in others.values()] + [gateway.key for gateway in config.gateways.values()]
    keys.append(pin_shown(pin(own.certificate)))
    if set(others) != set(SEATS) - {config.seat} or len(set(keys)) < len(keys):
        raise ConfigInvalid
    return others


def made(file: Path, *, entropy: Entropy) -> Custody:
    """Make the empty store that a configuration names. Raises `OfficeExists`, and what refuses a database or token."""
    config = read(file, Custody)
    home = file.parent / config.store
    with ExitStack() as undo:
        if config.database is not None:
            require_credentials(config.database, entropy)
        token = _token(file.parent, config, entropy, undo)
        try:
            office = bytes.fromhex(config.office)
            Custodian.create(home, config.seat, office, entropy, database=config.database, token=token)
        except FileExistsError:
            raise OfficeExists from None
        except OSError:
            raise OfficeUnwritable from None
    return config


def _token(folder: Path, config: Custody, entropy: Entropy, undo: ExitStack) -> Token | None:
    """The token that the configuration names, or None: then the root keys are files in the store's folder."""
    if config.token is None:
        return None
    from moiety.custody.pkcs11 import Pkcs11Token

    pin = read_private(folder / config.token.pin).decode(errors="replace").strip()
    office = bytes.fromhex(config.office)
    token = Pkcs11Token(Path(config.token.library), config.token.label, pin, office, config.seat, entropy)
    undo.callback(token.close)
    return token


def _limits(config: Custody) -> Limits:
    """The budgets. Raises `ConfigInvalid`."""
    try:
        return Limits.model_validate(config.limits)
    except ValidationError:
        raise ConfigInvalid from None


def _alarm(scope: Scope, unit: Unit) -> None:
    """A budget that is spent: somebody should look, and the metrics count it."""
    _log.warning("budget spent: %s of a %s", unit.value, scope.value)
