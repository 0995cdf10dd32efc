"""The service as a process: what it opens, where it listens, and how it ends."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Final

import uvicorn
from fastapi import APIRouter

import moiety
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net.metrics import Page
from moiety.custody.trust.denials import NobodySigns
from moiety.errors import MoietyError
from moiety.gateway.batching import Batches
from moiety.gateway.callers.reception import Reception
from moiety.gateway.callers.roles import Role
from moiety.gateway.callers.sql import Credentials
from moiety.gateway.config import Config
from moiety.gateway.jobs.inputs import Inputs
from moiety.gateway.jobs.running import Jobs
from moiety.gateway.jobs.sql import JobTable
from moiety.gateway.jobs.standing import Standings
from moiety.gateway.jobs.tickets import Tickets
from moiety.gateway.journal import Journal
from moiety.gateway.metrics import Metrics
from moiety.gateway.offices import Offices
from moiety.gateway.rates import Rates
from moiety.gateway.readiness import Readiness
from moiety.gateway.rekognition.dialect import Dialect
from moiety.gateway.rekognition.finds import Finds
from moiety.gateway.rekognition.seen import Seen
from moiety.gateway.rekognition.store import Store
from moiety.gateway.room import Room
from moiety.gateway.rootkey import root_key
from moiety.gateway.server import CONNECTIONS, Server, patient
from moiety.gateway.service import Service, application
from moiety.gateway.work import Work

if TYPE_CHECKING:
    from moiety.gateway.callers.oidc import ProviderTokens
    from moiety.identity.office import Office

GRACE_S: Final = 20
KEEP_ALIVE_S: Final = 15
_HALL: Final = 2
JOBS: Final = "jobs"
"""The folder of what was sent for jobs, beside the configuration."""

_DOOR: Final = 1
_DOOR_WAITING: Final = 16
"""Hashes of keys at once, and who waits for one: 20 ms and 19 MiB each, of one processor."""


def opened(config: Config, place: Path, *, data: Path | None, write: Callable[[str], None]) -> Service:
    """The service of an office, embedded or apart; `place` is the folder of its configuration, and `write` takes a line
    of the journal. Raises what `moiety.open` raises."""
    folder, metrics = place / config.office, Metrics()

    def batches() -> Batches:  # of each office its own: custodians charge a batch to whoever signs for it
        return Batches(metrics.searched)

    with ExitStack() as undo:
        offices: dict[str, Office] = {"operator": undo.enter_context(moiety.open(folder, data=data, gather=batches()))}
        if (folder / DEPLOYMENT).is_file():
            with suppress(NobodySigns):
                offices["officer"] = undo.enter_context(
                    moiety.connect(folder / DEPLOYMENT, data=data, officer=True, gather=batches())
                )
        else:
            offices["officer"] = offices["operator"]
        credentials = undo.enter_context(closing(credentials_of(config, place)))
        rekognition = Dialect(rekognition_of(config, place), Seen(time), Finds(time), time)
        journal = journal_of(write)
        inputs = Inputs(place / JOBS, os.urandom)
        all_offices = Offices(offices)
        jobs = Jobs(
            inputs,
            JobTable(credentials.database, inputs.name, _now),
            Tickets(root_key(place, os.urandom), os.urandom),
            Standings(credentials, () if config.oidc is None else config.oidc.grants, _now),
            all_offices.people,
            os.urandom,
            journal.failed,
        )
        undo.pop_all()
    work = Work(at_once=config.at_once, waiting=config.waiting, deadline_s=config.deadline_s)
    service = Service(
        offices=all_offices,
        credentials=credentials,
        reception=Reception(credentials, lambda: int(monotonic()), os.urandom, _tokens(config, credentials)),
        rates=Rates(monotonic, config.rates.a_second, config.rates.at_once),
        strangers=Rates(monotonic, config.rates.strangers_a_second, config.rates.strangers_at_once),
        work=work,
        hall=Work(at_once=_HALL, waiting=config.waiting, deadline_s=config.deadline_s),
        door=Work(at_once=_DOOR, waiting=_DOOR_WAITING, deadline_s=config.deadline_s),
        ready=Readiness(work, lambda: all_offices.at(Role.OPERATOR).purposes(), monotonic),
        room=Room(config.bodies_mib),
        jobs=jobs,
        journal=journal,
        entropy=os.urandom,
        rekognition=rekognition,
        office=folder,
        metrics=metrics,
    )
    metrics.watch("under_way", "Stories that run or wait", lambda: service.work.under_way)
    metrics.watch("body_bytes", "Bytes of bodies whose requests are not over", lambda: service.room.held)
    metrics.watch("at_the_door", "Callers who are being recognised", lambda: service.hall.under_way)
    return service


def journal_of(write: Callable[[str], None]) -> Journal:
    """The journal, whose lines `write` takes."""
    return Journal(write, lambda: datetime.now(UTC))


def credentials_of(config: Config, place: Path) -> Credentials:
    """The store of callers that a configuration in this folder names; under the root key in this folder, which is made
    when it is needed first."""
    store = config.store if "://" in config.store else place / config.store
    return Credentials.open(store, lambda: root_key(place, os.urandom), _now, os.urandom)


def _now() -> int:
    return int(time())


def _tokens(config: Config, credentials: Credentials) -> ProviderTokens | None:
    if config.oidc is None:
        return None
    from moiety.gateway.callers.oidc import ProviderTokens

    return ProviderTokens(config.oidc, lambda issuer, subject: f"oidc.{credentials.called(issuer, subject)}")


def rekognition_of(config: Config, place: Path) -> Store:
    """The store of the Rekognition dialect, beside that of the callers, under the root key in this folder."""
    store = config.store if "://" in config.store else place / config.store
    return Store.open(store, root_key(place, os.urandom), time, os.urandom)


def answers(config: Config) -> bool:
    """Whether something answers where this configuration listens."""
    try:
        socket.create_connection((config.host, config.port), timeout=1).close()
    except OSError:
        return False
    return True


def serve(service: Service, config: Config, place: Path, pages: Iterable[APIRouter] = ()) -> None:
    """Serve until a signal ends it: nobody is let in from then on, and what is under way ends first. `pages` are
    those of others beside our own. Raises `MetricsElsewhere` and `AddressTaken`."""
    server = Server(settings(service, config, place, pages))
    with closing(service), ExitStack() as undo:
        if config.metrics is not None:
            page = Page(config.metrics.listen, lambda: _ready(service, server), service.metrics.text)
            undo.callback(page.close)
        connections = server.server_state.connections
        service.metrics.watch("connections", "Open connections", lambda: len(connections))
        server.run()


def settings(service: Service, config: Config, place: Path, pages: Iterable[APIRouter] = ()) -> uvicorn.Config:
    """How a service is served: what it bears, and for how long."""
    tls = config.tls
    return uvicorn.Config(
        application(service, pages),
        host=config.host,
        port=config.port,
        http=patient(service.metrics.cut),
        ws="none",
        lifespan="off",
        ssl_certfile=None if tls is None else str(place / tls.certificate),
        ssl_keyfile=None if tls is None else str(place / tls.key),
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def _ready(service: Service, server: Server) -> tuple[int, bytes]:
    """Whether it takes requests and custodians answer."""
    try:
        if not server.started or server.should_exit:
            return 503, b"not serving\n"
        service.offices.at(Role.OPERATOR).purposes()
    except MoietyError as error:
        return 503, f"{error.code}\n".encode()
    return 200, b"ready\n"
