"""A custodian as a process of its own: its configuration put together, and the order in which it starts and stops."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import sleep

from moiety.custody.custodian import Custodian
from moiety.custody.net.attempts import Attempts
from moiety.custody.net.config import Custody, Listed, identity, pinned, read
from moiety.custody.net.config import shown as pin_shown
from moiety.custody.net.doors import Doors
from moiety.custody.net.grpc import Callers, Server
from moiety.custody.net.journal import News, say
from moiety.custody.net.lines import Lines
from moiety.custody.net.metrics import Metrics, Page, Stand, loopback, readiness
from moiety.custody.net.misread import ConfigInvalid
from moiety.custody.net.roots import token_of
from moiety.custody.net.serving import Serving
from moiety.custody.net.tls import Identity, pin
from moiety.custody.refusals import (
    NoOffice,
    NotOneOffice,
    OfficeExists,
    OfficeUnwritable,
    StoreTaken,
)
from moiety.custody.store.credentials import require_credentials
from moiety.custody.store.lock import sole
from moiety.custody.store.noise import Entropy
from moiety.custody.store.slots import Staging
from moiety.custody.store.sql import Observer
from moiety.custody.trust.budget import Budget
from moiety.custody.trust.guard import Guard
from moiety.custody.trust.limits import Scope, Unit
from moiety.custody.trust.operators import OperatorsFolder
from moiety.custody.trust.portions import Portions
from moiety.custody.trust.spent import SpentNonces
from moiety.custody.trust.tickets import Tickets
from moiety.custody.trust.verifying import Verifier
from moiety.custody.turns import Leases
from moiety.custody.verbs import Clock, Progress
from moiety.sharing.seat import SEATS, Seat

_SERVED = "served.lock"
"""In the store's folder: held by the one process that serves it."""

_GRACE_S = 10.0
"""What runs when it is told to stop may end; whoever waits longer is told that this custodian is down."""

_LINGER_S = 0.2
"""The other two may be a step behind with what ended here, and still need this custodian's lines."""

_LAST_WORDS_S = 1.0
"""For answers that are on their way when the server stops."""


@contextmanager
def served(
    file: Path,
    *,
    clock: Clock,
    entropy: Entropy,
    observer: Observer,
    progress: Progress,
) -> Iterator[tuple[Custody, Server]]:
    """One custodian, serving while this context lasts.

    Refuses to start where its configuration, keys or store will not do; see `refusals`.
    """
    config = read(file, Custody)
    if config.metrics is not None:
        loopback(config.metrics)
    shown = identity(file.parent, config)
    others = _others(config, shown)
    limits = config.budgets()
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
            token=token_of(file.parent, config, entropy, undo),
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
        custodian.insist()  # seals that open may be somebody's who had the keys: only all three together tell
        lines = Lines(config.seat, custodian.acquaintance)
        attempts = Attempts(config.seat, lines.send)
        lines.arrived, lines.lost = attempts.arrived, attempts.lost
        metrics = Metrics()
        attempts.stopped = lambda: _stopped(metrics)
        leases = Leases(entropy)
        callers = Callers(
            {pinned(listed.key): seat for seat, listed in others.items()},
            {pinned(gateway.key): name for name, gateway in config.gateways.items()},
        )
        keeping = custodian.keeping()
        budget = Budget(limits, keeping, clock, partial(_alarm, metrics))
        undo.callback(budget.close)
        roster = OperatorsFolder(file.parent / config.operators)
        verifier = Verifier(config.seat, roster, standing.office, clock, SpentNonces(keeping))
        doors = Doors(config.seat, clock)
        serving = Serving(
            custodian,
            attempts,
            leases,
            Guard(
                custodian.seat,
                verifier,
                budget,
                Portions(keeping, clock),
                Tickets(keeping, clock),
                custodian.terms,
                custodian.records.is_due,
                custodian.records.instead,
            ),
            doors,
            lines.round_trip_s,
        )
        undo.callback(serving.close)
        if config.metrics is not None:
            stand = partial(_stand, custodian, lines, leases, doors)
            page = Page(config.metrics, lambda: readiness(stand()), lambda: metrics.text(stand()))
            undo.callback(page.close)
        server = Server(config.listen, shown, callers, serving, leases, lines, doors, metrics)
        undo.callback(lambda: _end(doors, serving, lines, server))
        lines.dial({seat: listed.neighbour() for seat, listed in others.items()}, shown)
        yield config, server


def _end(doors: Doors, serving: Serving, lines: Lines, server: Server) -> None:
    """Let nobody in; those inside end what they are at, over lines that last as long; then everything is closed."""
    say(News.STOPPING)
    if not doors.shut(_GRACE_S):
        say(News.CUT_SHORT, level=logging.WARNING)
    serving.close()
    sleep(_LINGER_S)
    lines.close()
    server.stop(_LAST_WORDS_S)


def _stand(custodian: Custodian, lines: Lines, leases: Leases, doors: Doors) -> Stand:
    """How this custodian stands. Raises whatever makes its store unavailable."""
    held = custodian.held()
    return Stand(
        lines=len(lines.up()),
        galleries=held.galleries,
        unloaded=held.unloaded,
        closed=held.closed,
        unchecked=held.unchecked,
        rows=held.slots,
        epoch=custodian.standing().epoch,
        leased=leases.held,
        open=doors.open,
    )


def _others(config: Custody, own: Identity) -> dict[Seat, Listed]:
    """The other two. Raises `ConfigInvalid` unless they are two, and all parties have different keys, this one too."""
    others = {seat: config.custodians[seat] for seat in SEATS if seat in config.custodians}
    keys = [listed.key for listed in others.values()] + [gateway.key for gateway in config.gateways.values()]
    keys.append(pin_shown(pin(own.certificate)))
    for seat in SEATS:
        if (seat in others) == (seat == config.seat):
            raise ConfigInvalid(f"{'unknown' if seat in others else 'missing'} field: custodians.{seat}")
    if len(set(keys)) < len(keys):
        raise ConfigInvalid("one key for two parties")
    return others


def made(file: Path, *, entropy: Entropy) -> Custody:
    """Make the empty store that a configuration names. Raises `OfficeExists`, and what refuses a database or token."""
    config = read(file, Custody)
    home = file.parent / config.store
    with ExitStack() as undo:
        if config.database is not None:
            require_credentials(config.database, entropy)
        token = token_of(file.parent, config, entropy, undo)
        try:
            office = bytes.fromhex(config.office)
            Custodian.create(home, config.seat, office, entropy, database=config.database, token=token)
        except FileExistsError:
            raise OfficeExists from None
        except OSError:
            raise OfficeUnwritable from None
    return config


def _alarm(metrics: Metrics, scope: Scope, unit: Unit) -> None:
    """A budget that is spent: somebody should look."""
    metrics.spent(scope, unit)
    say(News.BUDGET_SPENT, level=logging.WARNING, verb=unit.value, outcome=scope.value)


def _stopped(metrics: Metrics) -> None:
    metrics.stopped()
    say(News.ATTEMPT_STOPPED)
