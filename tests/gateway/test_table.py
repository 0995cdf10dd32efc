"""Every route, and who may: asked over HTTP, each cell of the table. A route that has no row fails."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from moiety.console.visit import Paged
from moiety.gateway.admission import KNOWN, OPEN
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.roles import MAY as ROLES
from moiety.gateway.callers.roles import Operation, Role
from moiety.gateway.service import application
from tests.gateway.scene import GUEST, Site, console_of
from tests.gateway.visitor import Visitor

OPERATOR, OFFICER, AUDITOR, SENSOR, SUBJECT = Role
EVERYBODY = frozenset(Role)
NOBODY = "nobody"
ANYBODY: frozenset[str] = EVERYBODY | {NOBODY}

P, PEOPLE, PERSON = "/v1/purposes/{purpose}", "/v1/purposes/{purpose}/people", "/v1/purposes/{purpose}/people/{person}"

MAY: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/v1/openapi.json"): ANYBODY,
    ("HEAD", "/v1/openapi.json"): ANYBODY,
    ("GET", "/v1/health/live"): ANYBODY,
    ("GET", "/v1/health/ready"): ANYBODY,
    ("POST", "/v1/setup"): ANYBODY,
    ("GET", "/v1/me"): EVERYBODY,
    ("GET", "/v1/callers"): frozenset({OFFICER}),
    ("POST", "/v1/callers"): frozenset({OFFICER}),
    ("POST", "/v1/callers/{name}/rotate"): frozenset({OFFICER}),
    ("DELETE", "/v1/callers/{name}"): frozenset({OFFICER}),
    ("GET", "/v1/purposes"): EVERYBODY,
    ("POST", "/v1/purposes"): frozenset({OFFICER}),
    ("GET", P): frozenset({OPERATOR, OFFICER, AUDITOR}),
    ("GET", P + "/notice"): frozenset({OPERATOR, OFFICER, AUDITOR}),
    ("GET", "/v1/register"): frozenset({OFFICER, AUDITOR}),
    ("POST", P + "/faces"): frozenset({OPERATOR}),
    ("POST", P + "/verify"): frozenset({OPERATOR, SENSOR}),
    ("POST", P + "/identify"): frozenset({OPERATOR, SENSOR}),
    ("DELETE", P + "/faces/{person}"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", PEOPLE): frozenset({OPERATOR}),
    ("POST", PEOPLE + "/find"): frozenset({OPERATOR, OFFICER}),
    ("GET", PERSON): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("PATCH", PERSON): frozenset({OPERATOR}),
    ("POST", PERSON + "/reveal"): frozenset({OPERATOR, OFFICER}),
    ("POST", PERSON + "/restrict"): frozenset({OPERATOR}),
    ("POST", PERSON + "/lift"): frozenset({OPERATOR}),
    ("POST", PERSON + "/erase"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", PERSON + "/restore"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("GET", PERSON + "/basis"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", PERSON + "/consent"): frozenset({OPERATOR}),
    ("POST", PERSON + "/withdraw"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("GET", PERSON + "/history"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", P + "/jobs"): frozenset({OPERATOR}),
    ("GET", "/v1/jobs"): EVERYBODY,
    ("GET", "/v1/jobs/{job}"): EVERYBODY,
    ("DELETE", "/v1/jobs/{job}"): EVERYBODY,
    ("POST", "/"): frozenset(),  # of the Rekognition dialect: by a signature, and by no key of ours
    ("GET", "/v1/audit"): frozenset({OFFICER, AUDITOR}),
    ("GET", "/v1/audit/entries"): frozenset({OFFICER, AUDITOR}),
    ("GET", "/v1/budgets"): frozenset({OPERATOR, OFFICER, AUDITOR}),
}
"""Who may ask for what, of every purpose. A subject's are about themself."""

AT, WHO = "/purposes/{purpose}", "/purposes/{purpose}/people/{person}"

PAGES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/static/{name}"): ANYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("POST", "/sign-out"): ANYBODY,
    ("POST", "/language"): ANYBODY,
    ("GET", "/"): EVERYBODY,
    ("POST", "/own"): EVERYBODY,
    ("GET", "/new-purpose"): frozenset({OFFICER}),
    ("POST", "/new-purpose"): frozenset({OFFICER}),
    ("GET", AT): frozenset({OPERATOR, OFFICER, AUDITOR}),
    ("GET", AT + "/enrol"): frozenset({OPERATOR}),
    ("POST", AT + "/enrol"): frozenset({OPERATOR}),
    ("GET", AT + "/verify"): frozenset({OPERATOR, SENSOR}),
    ("POST", AT + "/verify"): frozenset({OPERATOR, SENSOR}),
    ("GET", AT + "/identify"): frozenset({OPERATOR, SENSOR}),
    ("POST", AT + "/identify"): frozenset({OPERATOR, SENSOR}),
    ("GET", AT + "/people"): frozenset({OPERATOR}),
    ("POST", AT + "/people"): frozenset({OPERATOR}),
    ("GET", AT + "/find"): frozenset({OPERATOR, OFFICER}),
    ("POST", AT + "/find"): frozenset({OPERATOR, OFFICER}),
    ("GET", WHO): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", WHO + "/show"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", WHO + "/reveal"): frozenset({OPERATOR, OFFICER}),
    ("POST", WHO + "/history"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", WHO + "/correct"): frozenset({OPERATOR}),
    ("POST", WHO + "/consent"): frozenset({OPERATOR}),
    ("POST", WHO + "/withdraw"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", WHO + "/restrict"): frozenset({OPERATOR}),
    ("POST", WHO + "/lift"): frozenset({OPERATOR}),
    ("POST", WHO + "/restore"): frozenset({OPERATOR, OFFICER, SUBJECT}),
    ("POST", WHO + "/erase"): frozenset({OPERATOR, OFFICER, SUBJECT}),
}
"""The console's pages; that each role is let in and turned away as its operation says, `test_console` asks."""


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every verb and path that the application knows."""

    def below(some: list[BaseRoute], before: str) -> Iterator[tuple[str, str]]:
        for route in some:
            if isinstance(route, Mount):
                yield from below(route.routes, before + route.path)
            elif isinstance(route, APIRoute | Route):
                yield from ((verb, before + route.path) for verb in sorted(route.methods or {"ANY"}))
            else:
                inner = getattr(route, "routes", None) or getattr(
                    getattr(route, "original_router", None), "routes", None
                )
                assert inner, f"a route of a kind that the table does not know: {route!r}"
                yield from below(list(inner), before + getattr(getattr(route, "include_context", None), "prefix", ""))

    return below(app.routes, "")


@pytest.fixture(scope="module")
def guest(gateway: Site) -> str:
    """Somebody whose record is kept."""
    with gateway.client(gateway.key("keeper", Role.OPERATOR)) as client:
        sent = client.post("/v1/purposes/hotel/people", json={"fields": GUEST, "grounds": "register"})
    return str(sent.json()["pseudonym"])


@pytest.fixture(scope="module")
def keys(gateway: Site, guest: str) -> dict[str, ApiKey | None]:
    """A key for each role, for every purpose and operation."""
    made = {role: gateway.key(f"a-{role}", role, person=guest if role is SUBJECT else None) for role in Role}
    return {**made, NOBODY: None}


def test_every_route_has_a_row_and_every_row_a_route(gateway: Site) -> None:
    assert set(routes(application(gateway.service))) == set(MAY)


def test_every_page_has_a_row_and_lets_in_whom_it_says(gateway: Site) -> None:
    said = {
        (verb, route.path): ANYBODY
        if route.operation == OPEN
        else frozenset(role for role in Role if route.operation == KNOWN or route.operation in ROLES[role])
        for route in console_of(gateway.service).routes
        if isinstance(route, Paged)
        for verb in route.methods
    }
    assert said == PAGES


@pytest.mark.parametrize("row", MAY, ids=" ".join)
def test_a_cell_is_as_the_table_says(
    gateway: Site, guest: str, keys: dict[str, ApiKey | None], row: tuple[str, str]
) -> None:
    verb, path = row
    asked = path.format(purpose="hotel", person=guest, name="nobody-of-this-name", job="0" * 32)
    found: dict[str, int] = {}
    numbers: list[str] = []
    for who, key in keys.items():
        with gateway.client(key) as client:
            # No body of any route is an array: whoever is let in is told that, and nothing is done.
            body = b"[]" if verb in ("POST", "PATCH") else None
            answer = client.request(verb, asked, content=body, headers={"Content-Type": "application/json"})
            found[who] = answer.status_code
            numbers.append(answer.headers["x-request-id"])
    # The dialect says "denied" in its clients' own words: 400, and which it is in the body.
    says = (400,) if path == "/" else (401, 403)
    denied = {who for who, status in found.items() if status in says}
    assert denied == set(keys) - MAY[row], found
    assert all(status < 500 for status in found.values()), found
    assert found[NOBODY] in (400, 401) or NOBODY in MAY[row]
    assert {found[role] for role in denied - {NOBODY}} <= {403, *says} - {401}
    lines = [line for number in numbers for line in gateway.said(number) if line["what"] == "request"]
    ours = path != "/v1/openapi.json"  # that one is the framework's own
    assert [line["route"] for line in lines] == [path if ours else None] * len(keys)


# Whose data: what somebody may do is not to whom.


@pytest.fixture(scope="module")
def other(gateway: Site) -> str:
    """Somebody else."""
    with gateway.client(gateway.key("keeper-2", Role.OPERATOR)) as client:
        fields = GUEST | {"national_id": "11010519491231101X"[:17] + check("11010519491231101"), "name": "Wang Example"}
        sent = client.post("/v1/purposes/hotel/people", json={"fields": fields, "grounds": "register"})
    assert sent.status_code == 201, sent.text
    return str(sent.json()["pseudonym"])


def check(first: str) -> str:
    """The check character of a resident identity number (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first, weights, strict=True)) % 11]


OF_A_SUBJECT = sorted(row for row, may in MAY.items() if SUBJECT in may and "{person}" in row[1])


@pytest.mark.parametrize("row", OF_A_SUBJECT, ids=" ".join)
def test_a_subject_asks_about_themself_alone(
    gateway: Site, guest: str, other: str, keys: dict[str, ApiKey | None], row: tuple[str, str]
) -> None:
    verb, path = row
    for whom in (other, guest.upper(), guest + "%20", " " + guest, guest[:-1], "*", "%00"):
        for purpose in ("hotel", "door"):
            with gateway.client(keys[SUBJECT]) as client:
                told = client.request(verb, path.format(purpose=purpose, person=whom))
            assert told.status_code == 403, (whom, purpose)
    with gateway.client(keys[OPERATOR]) as client:
        assert client.get(f"/v1/purposes/hotel/people/{other}").json()["state"] == "active"


def test_a_key_of_one_purpose_says_nothing_of_another(gateway: Site, guest: str) -> None:
    key = gateway.key("doorman", Role.OPERATOR, Role.OFFICER, Role.AUDITOR, scopes=("door:*",))
    for verb, path in MAY:
        if "{purpose}" in path:
            with gateway.client(key) as client:
                told = client.request(verb, path.format(purpose="hotel", person=guest))
            assert told.status_code == 403, path
    with gateway.client(key) as client:
        # A pseudonym of another purpose is nobody's here, in whosever hands.
        assert client.get(f"/v1/purposes/door/people/{guest}").status_code in (403, 422)
        assert client.get("/v1/purposes").json()["purposes"] == ["door"]
        for path in ("/v1/audit", "/v1/audit/entries", "/v1/budgets", "/v1/callers"):
            assert client.get(path).status_code == 403  # of the whole office, which one purpose is not


def test_a_subjects_key_is_given_for_whoever_can_be_one(gateway: Site, guest: str) -> None:
    """However it was copied; a mistake in it is told at once, and not to them at each request."""
    key = gateway.key("copied", SUBJECT, person=guest.lower().replace("-", " ").replace("hotel ", "hotel-"))
    caller = gateway.service.credentials.recognised(key)
    assert caller is not None
    assert caller.role_for(Operation.SHOW, "hotel", guest) is SUBJECT
    with gateway.client(gateway.key("founder-3", OFFICER)) as client:
        new = {"name": "mistaken", "roles": ["subject"], "scopes": ["hotel:*"], "person": guest[:-1]}
        told = client.post("/v1/callers", json=new)
    assert (told.status_code, told.json()["code"]) == (422, "pseudonym_unreadable")


def test_whoever_is_an_officer_too_is_asked_as_the_least_of_their_roles(
    gateway: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    offices = gateway.service.offices
    monkeypatch.setattr(offices, "_offices", {"operator": offices.at(Role.OPERATOR)})  # no officer signs here
    key = gateway.key("both-of-them", Role.OPERATOR, Role.OFFICER)
    with gateway.client(key) as client:
        assert client.get("/v1/purposes").json()["purposes"] == ["door", "hotel"]
    with Visitor(gateway.url) as some:
        some.sign_in(key)
        assert some.get("/").status_code == 200


def test_nobody_gives_more_than_they_have(gateway: Site) -> None:
    officer = gateway.key("officer-1", Role.OFFICER)
    limited = gateway.key("officer-2", Role.OFFICER, scopes=("*:callers", "door:*"))
    founder = gateway.key("founder-2", Role.OPERATOR, Role.OFFICER, Role.AUDITOR)

    def given(key: ApiKey, name: str, roles: list[str], scopes: list[str], **more: object) -> httpx.Response:
        with gateway.client(key) as client:
            return client.post("/v1/callers", json={"name": name, "roles": roles, "scopes": scopes, **more})

    for roles in (["operator"], ["sensor"], ["officer", "operator"]):
        assert given(officer, "risen", roles, ["*:*"]).status_code == 403
    assert given(limited, "risen", ["officer"], ["*:*"]).status_code == 403
    assert given(limited, "risen", ["officer"], ["hotel:show"]).status_code == 403
    assert given(limited, "risen", ["officer"], ["*:callers", "*:audit"]).status_code == 403
    assert given(limited, "lower", ["auditor"], ["door:*"]).status_code == 201
    assert given(officer, "audit-1", ["auditor"], ["*:*"]).status_code == 201
    assert given(founder, "desk-9", ["operator"], ["hotel:*"]).status_code == 201
    for key in (officer, limited):
        for name in ("founder-2", "desk-9"):
            with gateway.client(key) as client:
                assert client.post(f"/v1/callers/{name}/rotate", json={}).status_code == 403
    with gateway.client(limited) as client:
        assert client.post("/v1/callers/officer-1/rotate", json={}).status_code == 403
        rotated = client.post("/v1/callers/lower/rotate", json={"overlap_s": 0})
    with gateway.client(rotated.json()["key"]) as client:
        assert client.get("/v1/me").json() == {"name": "lower", "roles": ["auditor"], "scopes": ["door:*"]}
    with gateway.client(founder) as client:
        assert client.get("/v1/me").status_code == 200  # whose key still counts
        assert client.delete("/v1/callers/desk-9").status_code == 200


HOSTILE = (
    "../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/callers",
    "..;/callers",
    "....//....//etc/passwd",
    "hotel%00",
    "hotel%0a",
    "%252e%252e%252f",
    "C:%5cwindows",
    "~root",
    "hotel%3fx=/../callers",
    "door#",
    "\u2025/\u2025",
    "a" * 4_000,
    "%ff%fe",
)


@pytest.mark.parametrize("row", sorted(row for row in MAY if "{" in row[1]), ids=" ".join)
def test_a_name_in_a_path_leads_nowhere(
    gateway: Site, guest: str, keys: dict[str, ApiKey | None], row: tuple[str, str]
) -> None:
    verb, path = row
    names = {"purpose": "hotel", "person": guest, "name": "nobody-of-this-name", "job": "0" * 32}
    before = sorted(gateway.service.offices.at(OPERATOR).purposes())
    for place in [name for name in names if "{" + name + "}" in path]:
        for some in HOSTILE:
            asked = path.format(**names | {place: some})
            key = keys[OFFICER if path.startswith("/v1/callers") else OPERATOR]
            status, text = raw(gateway, key, verb, asked)
            assert status in (400, 403, 404, 405, 422), (asked, text)
            assert "root:" not in text
    assert sorted(gateway.service.offices.at(OPERATOR).purposes()) == before


def raw(gateway: Site, key: ApiKey | None, verb: str, asked: str) -> tuple[int, str]:
    """A request for exactly this path, which a client would tidy up: its status and its answer."""
    path = "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in asked.encode())
    connection = HTTPConnection(urlsplit(gateway.url).netloc, timeout=60)
    try:
        body = b"[]" if verb in ("POST", "PATCH") else None
        connection.request(verb, path, body, {"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
