"""How a page is asked for: who is signed in, in which language, with which form; and what every answer carries.

A page states its operation as every route does (`gateway.admission`), and whoever asks is let in by the same check. A
form is read after that, and taken only where it comes from a page of the same session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse

from moiety.console.languages import Language, accepted
from moiety.console.refusals import FormStale, PictureMissing
from moiety.console.sessions import Sessions
from moiety.errors import MoietyError
from moiety.gateway.admission import KNOWN, OPEN, Admitted, Guarded, let_in, operation, service_of
from moiety.gateway.bodies import STRANGERS_MIB, Shown, body, shown
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.refusals import Unauthenticated
from moiety.gateway.callers.roles import Caller, Operation, Role
from moiety.gateway.problems import answered_as, problem_of
from moiety.gateway.refusals import BodyUnreadable, NotHere

if TYPE_CHECKING:
    from jinja2 import Environment

    from moiety.console.files import File
    from moiety.gateway.service import Service
    from moiety.identity.office import Office
    from moiety.identity.people import People

SIGN_IN: Final = "/sign-in"
TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
LANGUAGE: Final = "moiety-language"
_SESSION: Final = "moiety-session"
_FIELDS_LIMIT: Final = 80
_SEE_OTHER: Final = 303
_A_YEAR_S: Final = 365 * 86_400

_LEAST_FIRST: Final = (Role.SUBJECT, Role.SENSOR, Role.AUDITOR, Role.OPERATOR, Role.OFFICER)

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=(), browsing-topics=()",
    # Not "no-referrer": with it browsers say "null" where a form comes from, which is looked at.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language",
}
"""A photograph that was opened for a reason is shown out of the page itself (`data:`), so that it has no address."""

Told = TypeVar("Told")


@dataclass(frozen=True)
class Console:
    """What every page has in hand."""

    sessions: Sessions
    languages: Mapping[str, Language]
    files: Mapping[str, File]
    environment: Environment


@dataclass
class Visit:
    """One request for a page."""

    request: Request
    console: Console
    session: str
    language: Language
    admitted: Admitted | None = None
    form: Shown = field(default_factory=lambda: Shown([], {}))
    on: tuple[str, Mapping[str, Any]] = ("refused.html", {})
    """The page on which a refusal is told."""

    @classmethod
    def begun(cls, console: Console, request: Request) -> Visit:
        """Whatever the request brings: a session of ours, or a fresh id."""
        known = console.sessions.of_cookie(request.cookies.get(_cookie(request), ""))
        chosen = request.cookies.get(LANGUAGE, "")
        header = request.headers.get("accept-language", "")
        tag = chosen if chosen in console.languages else accepted(header, list(console.languages))
        return cls(request, console, known or console.sessions.fresh(), console.languages[tag])

    # Who asks, and what they may.

    async def recognised(self) -> Caller:
        """Who is signed in, where their key still counts. Raises `Unauthenticated`."""
        prefix = self.console.sessions.prefix(self.session)
        if prefix is not None:
            credentials = self.service.credentials
            caller = await self.service.hall(lambda: credentials.still(ApiKey(prefix, "")))
            if caller is not None:
                return caller
            self.console.sessions.end(self.session)
        raise Unauthenticated

    @property
    def service(self) -> Service:
        return service_of(self.request)

    @property
    def caller(self) -> Caller:
        if self.admitted is None:
            raise Unauthenticated
        return self.admitted.caller

    @property
    def role(self) -> Role:
        if self.admitted is None:
            raise Unauthenticated
        return self.admitted.role

    @property
    def purpose(self) -> str:
        return str(self.request.path_params["purpose"])

    @property
    def person(self) -> str:
        return str(self.request.path_params["person"])

    def may(self, operation: str, purpose: str | None = None, person: str | None = None) -> bool:
        """Whether whoever is signed in may do this."""
        return bool(self.roles(operation, purpose, person))

    def roles(self, operation: str, purpose: str | None = None, person: str | None = None) -> list[Role]:
        """In which of their roles they may, the least of them first."""
        if self.admitted is None:
            return []
        caller, what = self.admitted.caller, Operation(operation)
        each = (replace(caller, roles=frozenset({role})) for role in _LEAST_FIRST if role in caller.roles)
        found = (one.role_for(what, purpose, person) for one in each)
        return [role for role in found if role is not None]

    # The stories.

    def office(self, role: Role | None = None) -> Office:
        """The office, in the role in which the page was let in, or another of theirs."""
        return self.service.offices.at(role or self.role)

    def people(self, role: Role | None = None) -> People:
        """The records of the page's purpose."""
        some = role or self.role
        return self.office(some).purpose(self.purpose).people(role=self.service.offices.signs_as(some))

    async def told(self, story: Callable[[], Told]) -> Told:
        """What a story answers, told on a thread of its own."""
        return await self.service.work(story)

    # What was sent.

    def said(self, name: str) -> str:
        """One field of the form; nothing is said as nothing."""
        return str(self.form.fields.get(name, "")).strip()

    @property
    def pictures(self) -> list[bytes]:
        """The pictures that were sent. Raises `PictureMissing` where there is none: a file that was not chosen is sent
        as one without a byte."""
        found = [picture for picture in self.form.pictures if picture]
        if not found:
            raise PictureMissing
        return found

    async def read(self, pictures: bool) -> None:
        """The form. Raises `FormStale` for one that is not of this session, and as `bodies.shown`."""
        self._require_own_origin()
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data" and pictures:
            self.form = await shown(self.request)
        elif kind == "application/x-www-form-urlencoded":
            self.form = Shown([], _fields(await body(self.request, STRANGERS_MIB)))
        else:
            raise BodyUnreadable
        if not self.console.sessions.is_token(self.session, self.said(TOKEN)):
            raise FormStale

    def _require_own_origin(self) -> None:
        """Browsers say where a form comes from; one that says neither is no browser's, and has its token."""
        headers = self.request.headers
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site not in (None, "same-origin") or (origin and origin.partition("://")[2] != headers.get("host")):
            raise FormStale

    # What is answered.

    def again(self, template: str, **said: Any) -> None:
        """From here on refusals are told on this page."""
        self.on = (template, said)

    def page(self, template: str, status: int = 200, **said: Any) -> Response:
        """A page."""
        text = self.console.environment.get_template(template).render(
            visit=self, t=self.language, path=self.request.url.path, **said
        )
        return HTMLResponse(text, status, HEADERS)

    def to(self, address: str) -> Response:
        """Another page, by GET. A page that a script asked for tells the browser to go there."""
        if self.request.headers.get("hx-request") == "true":
            return Response(status_code=200, headers=HEADERS | {"HX-Redirect": address})
        return RedirectResponse(address, _SEE_OTHER, HEADERS)

    def refused(self, error: MoietyError) -> Response:
        """A refusal in words, on the page where it was met."""
        problem, headers = problem_of(error, self.request.state.number)
        template, said = self.on
        told = {**said, "error": answered_as(error), "problem": problem}
        response = self.page(template, problem["status"], **told)
        response.headers.update({name: value for name, value in headers.items() if name == "Retry-After"})
        return response

    def keep(self, response: Response) -> Response:
        """The answer, with the cookie of this session; what browsers and others may keep has none."""
        if "Cache-Control" in response.headers:
            return response
        if self.console.sessions.of_cookie(self.request.cookies.get(_cookie(self.request), "")) != self.session:
            self.bake(response, _cookie(self.request), self.console.sessions.cookie(self.session), None)
        return response

    def choose(self, response: Response, tag: str) -> None:
        """Another language from now on."""
        self.bake(response, LANGUAGE, tag, _A_YEAR_S)

    def bake(self, response: Response, name: str, value: str, age_s: int | None) -> None:
        """A cookie that no script reads and no other site sends along."""
        secure = self.request.url.scheme == "https"
        response.set_cookie(name, value, age_s, path="/", secure=secure, httponly=True, samesite="strict")


def _cookie(request: Request) -> str:
    """`__Host-`: a browser takes it from this host alone, with TLS and for every path."""
    return f"__Host-{_SESSION}" if request.url.scheme == "https" else _SESSION


def _fields(whole: bytes) -> dict[str, Any]:
    try:
        return dict(parse_qsl(whole.decode("ascii"), True, errors="strict", max_num_fields=_FIELDS_LIMIT))
    except ValueError:
        raise BodyUnreadable from None


Handler = Callable[[Visit], Awaitable[Response]]


class Paged(Guarded):
    """A route to a page: let in by the session, refused in words."""

    console: ClassVar[Console]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The page."""
        handle = Guarded.__base__.get_route_handler(self)  # type: ignore[union-attr]

        async def visited(request: Request) -> Response:
            visit = request.state.visit = Visit.begun(self.console, request)
            try:
                if self.operation != OPEN:
                    visit.admitted = let_in(request, await visit.recognised(), self.operation)
                if request.method == "POST":
                    await visit.read(pictures=self.operation not in (OPEN, KNOWN))
                response: Response = await handle(request)
            except Unauthenticated as error:
                response = visit.refused(error) if visit.on[0] != "refused.html" else visit.to(SIGN_IN)
            except RequestValidationError:
                response = visit.refused(NotHere())
            except MoietyError as error:
                response = visit.refused(error)
            return visit.keep(response)

        return visited


@dataclass(frozen=True, slots=True)
class _Page:
    verb: str
    path: str
    operation: str
    handler: Handler


class Pages:
    """Pages of one kind, each with its operation."""

    def __init__(self) -> None:
        self._pages: list[_Page] = []

    def get(self, path: str, what: Operation | str) -> Callable[[Handler], Handler]:
        """A page that changes nothing."""
        return self._adding("GET", path, what)

    def post(self, path: str, what: Operation | str) -> Callable[[Handler], Handler]:
        """What a form is sent to."""
        return self._adding("POST", path, what)

    def _adding(self, verb: str, path: str, what: Operation | str) -> Callable[[Handler], Handler]:
        def adding(handler: Handler) -> Handler:
            self._pages.append(_Page(verb, path, str(what), handler))
            return handler

        return adding

    def route(self, router: APIRouter, kind: type[Paged]) -> None:
        """Add a route for each."""
        for page in self._pages:
            router.add_api_route(
                page.path,
                _endpoint(page.handler),
                methods=[page.verb],
                openapi_extra=operation(page.operation),
                include_in_schema=False,
                response_model=None,
                route_class_override=kind,
            )


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await handler(request.state.visit)

    return endpoint
