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
from moiety.custody.trust.denials import NobodySigns
from moiety.gateway.callers.reception import Reception
from moiety.gateway.callers.sql import Credentials
from moiety.gateway.config import Config
from moiety.gateway.jobs.inputs import Inputs
from moiety.gateway.jobs.running import Jobs
from moiety.gateway.jobs.sql import JobTable
from moiety.gateway.journal import Journal
from moiety.gateway.offices import Offices
from moiety.gateway.rates import Rates
from moiety.gateway.rekognition.dialect import Dialect
from moiety.gateway.rekognition.finds import Finds
from moiety.gateway.rekognition.seen import Seen
from moiety.gateway.rekognition.store import Store
from moiety.gateway.rootkey import root_key
from moiety.gateway.service import Service, application
from moiety.gateway.work import Work

if TYPE_CHECKING:
    from moiety.gateway.callers.oidc import ProviderTokens
    from moiety.identity.office import Office

CONNECTIONS: Final = 256
GRACE_S: Final = 20
KEEP_ALIVE_S: Final = 15
_HALL: Final = 2
JOBS: Final = "jobs"
"""The folder of what was sent for jobs, beside the configuration."""


def opened(config: Config, place: Path, *, data: Path | None, write: Callable[[str], None]) -> Service:
    """The service of an office, embedded or apart; `place` is the folder of its configuration, and `write` takes a line
    of the journal. Raises what `moiety.open` raises."""
    folder = place / config.office
    with ExitStack() as undo:
        offices: dict[str, Office] = {"operator": undo.enter_context(moiety.open(folder, data=data))}
        if (folder / DEPLOYMENT).is_file():
            with suppress(NobodySigns):
                offices["officer"] = undo.enter_context(moiety.connect(folder / DEPLOYMENT, data=data, officer=True))
        else:
            offices["officer"] = offices["operator"]
        credentials = undo.enter_context(closing(credentials_of(config, place)))
        rekognition = Dialect(rekognition_of(config, place), Seen(time), Finds(time), time)
        journal = Journal(write, lambda: datetime.now(UTC))
        inputs = Inputs(place / JOBS, os.urandom)
        jobs = Jobs(inputs, JobTable(credentials.database, inputs.name, _now), os.urandom, journal.failed)
        undo.pop_all()
    return Service(
        offices=Offices(offices),
        credentials=credentials,
        reception=Reception(credentials, lambda: int(monotonic()), os.urandom, _tokens(config, credentials)),
        rates=Rates(monotonic, config.rates.a_second, config.rates.at_once),
        work=Work(at_once=config.at_once, waiting=config.waiting, deadline_s=config.deadline_s),
        hall=Work(at_once=_HALL, waiting=config.waiting, deadline_s=config.deadline_s),
        jobs=jobs,
        journal=journal,
        entropy=os.urandom,
        rekognition=rekognition,
    )


def credentials_of(config: Config, place: Path) -> Credentials:
    """The store of callers that a configuration in this folder names."""
    store = config.store if "://" in config.store else place / config.store
    return Credentials.open(store, _now, os.urandom)


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
    """Serve until a signal ends it; what is under way ends first. `pages` are those of others beside our own."""
    tls = config.tls
    settings = uvicorn.Config(
        application(service, pages),
        host=config.host,
        port=config.port,
        ssl_certfile=None if tls is None else str(place / tls.certificate),
        ssl_keyfile=None if tls is None else str(place / tls.key),
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    try:
        uvicorn.Server(settings).run()
    finally:
        service.close()
