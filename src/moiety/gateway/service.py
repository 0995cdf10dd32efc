"""The application: an opened office, the gateway's credentials, and the routes over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moiety.errors import MoietyError
from moiety.gateway.admission import Guarded
from moiety.gateway.callers.keys import Entropy
from moiety.gateway.callers.reception import Reception
from moiety.gateway.callers.sql import Credentials
from moiety.gateway.description import Described
from moiety.gateway.jobs.running import Jobs
from moiety.gateway.journal import Journal
from moiety.gateway.metrics import Metrics
from moiety.gateway.native import audit, budgets, callers, faces, health, jobs, people, purposes
from moiety.gateway.offices import Offices
from moiety.gateway.problems import MEDIA_TYPE, answered_as, problem_of
from moiety.gateway.rates import Rates
from moiety.gateway.readiness import Readiness
from moiety.gateway.refusals import FieldsInvalid, NotByThisVerb, NotHere, WentWrong
from moiety.gateway.rekognition import route as rekognition
from moiety.gateway.rekognition.binding import name_of
from moiety.gateway.rekognition.dialect import Dialect
from moiety.gateway.room import Room
from moiety.gateway.work import Work
from moiety.stages import watched

_REQUEST_BYTES: Final = 12
_NOT_BY_THIS_VERB: Final = 405

NATIVE: Final = (
    health.router,
    callers.router,
    purposes.router,
    faces.router,
    people.router,
    jobs.router,
    audit.router,
    budgets.router,
)


@dataclass(frozen=True)
class Service:
    """What every route has in hand. `work` tells stories; in the `hall` callers are recognised, so that who waits for a
    long story keeps nobody from being turned away. Whoever is not known is held against the hashes of keys at the
    `door`, and charged by address (`strangers`): wrong keys, however many, keep nobody out who is known. What is sent
    has `room` while its request is under way. `office` is the folder of what is served."""

    offices: Offices
    credentials: Credentials
    reception: Reception
    rates: Rates
    strangers: Rates
    work: Work
    hall: Work
    door: Work
    ready: Readiness
    room: Room
    jobs: Jobs
    journal: Journal
    entropy: Entropy
    rekognition: Dialect
    office: Path
    metrics: Metrics = field(default_factory=Metrics)

    def names(self, *also: str) -> dict[str, str]:
        """Whom ledgers mean by what they are told for whom this gateway asks, in hexadecimal: every caller that there
        is or was, and `also` those, since an identity provider's people are not listed."""
        known = (*self.credentials.names(), *map(name_of, self.rekognition.store.names()), *also)
        return {self.credentials.behalf(name).hex(): name for name in known}

    def close(self) -> None:
        """Let what runs end, and close what it used."""
        self.jobs.close()
        self.work.close()
        self.hall.close()
        self.door.close()
        self.offices.close()
        self.credentials.close()
        self.rekognition.store.close()


def application(service: Service, pages: Iterable[APIRouter] = ()) -> FastAPI:
    """The whole interface; `pages` are those of others beside our own."""
    app = Described(
        title="Moiety",
        version="1",
        summary="Face recognition whose databases any one can leak without naming, showing or describing anyone",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.state.service = service
    app.router.route_class = Guarded
    for router in NATIVE:
        app.include_router(router)
    app.include_router(rekognition.router)
    for router in pages:
        app.include_router(router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _nowhere)
    app.add_middleware(_Numbered, service=service)
    return app


class _Numbered:
    """A number for each request, an answer to each error, and a line in the journal."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service, began, status = self._service, perf_counter(), 0
        number = service.entropy(_REQUEST_BYTES).hex()
        scope.setdefault("state", {})["number"] = number

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = number
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        service.metrics.begun()
        with watched() as watch:
            try:
                response = await self._refused(scope, receive, sending, number)
                if response is not None and not status:
                    await response(scope, receive, sending)
            finally:
                service.room.give(scope["state"].get("held", 0))
                seconds, route = perf_counter() - began, getattr(scope.get("route"), "path", None)
                service.journal.request(scope, number, status, seconds, watch.seconds)
                service.metrics.asked(scope["method"], route, status, seconds, watch.seconds)

    async def _refused(self, scope: Scope, receive: Receive, send: Send, number: str) -> Response | None:
        """Have it answered; what is to be answered instead where that was refused."""
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:  # nobody is there to be answered
            return None
        except MoietyError as error:
            self._service.metrics.refused(answered_as(error).code)
            return _answering(scope)(error, number)
        except Exception as error:
            self._service.metrics.refused(WentWrong.code)
            self._service.journal.failed(number, error)
            return _answering(scope)(WentWrong(), number)
        return None


def _answering(scope: Scope) -> Callable[[MoietyError, str], Response]:
    """How a refusal is said: a dialect's routes have words of their own."""
    said: Callable[[MoietyError, str], Response] = scope["state"].get("answered", answer)
    return said


def answer(error: MoietyError, number: str) -> Response:
    """A refusal as an answer."""
    problem, headers = problem_of(error, number)
    return JSONResponse(problem, problem["status"], headers, MEDIA_TYPE)


def _counted(error: MoietyError, request: Request) -> Response:
    request.app.state.service.metrics.refused(error.code)
    return answer(error, request.state.number)


async def _invalid(request: Request, error: Exception) -> Response:
    """The framework's own answer echoes what was sent."""
    errors = error.errors() if isinstance(error, RequestValidationError) else ()
    declared = {one.name for one in _parameters(request)}
    names = dict.fromkeys(str(part) for one in errors for part in one["loc"] if part in declared)
    return _counted(FieldsInvalid(tuple(names)), request)


def _parameters(request: Request) -> Iterable[Any]:
    route = request.scope.get("route")
    return () if not isinstance(route, Guarded) else (*route.dependant.path_params, *route.dependant.query_params)


async def _nowhere(request: Request, error: Exception) -> Response:
    """No such page, or not by this verb: the framework's own errors."""
    if not isinstance(error, HTTPException) or error.status_code != _NOT_BY_THIS_VERB:
        return _counted(NotHere(), request)
    response = _counted(NotByThisVerb(), request)
    response.headers.update(error.headers or {})
    return response
