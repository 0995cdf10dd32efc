"""What is left, over HTTP and on the overview: of custodians apart that count, and of an office where nobody does."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any, Final
from unittest.mock import patch

import httpx
import numpy as np
import pytest

from moiety import cli
from moiety.console.languages import shipped
from moiety.custody.gateway import trial
from moiety.custody.net.remote import Remote
from moiety.custody.refusals import MessageRefused
from moiety.custody.trust.budget import Allowance
from moiety.custody.trust.limits import Scope, Unit
from moiety.custody.trust.spending import RequestsSpent
from moiety.drills import standin
from moiety.gateway import serve
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.roles import Role
from moiety.gateway.config import Config
from moiety.sharing.seat import SEATS
from tests.apart.field import GENEROUS, Field, patiently
from tests.apart.test_spending import limits
from tests.gateway.dialect import DIM, picture, strangers
from tests.gateway.scene import Site, document, running
from tests.gateway.visitor import Visitor

CANARY: Final = "canary-7Q2MK3PX"
COMPARISONS: Final = 3
LANGUAGES: Final = shipped()
ROW: Final = {"scope", "unit", "burst", "daily", "drawn", "left", "whole_s"}
NOT_KEPT: Final = {"kept": False, "budgets": [], "unknown": []}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Three custodians in processes of their own, with few comparisons for one gateway."""
    made = Field.lay_out(tmp_path_factory.mktemp("counted") / "office")
    for seat in SEATS:
        config = trial.home(made.folder, seat) / trial.CONFIG
        config.write_text(config.read_text().replace(GENEROUS, limits(gateway_comparisons=COMPARISONS)))
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def apart(field: Field) -> Iterator[Site]:
    """A gateway over them."""
    lines: list[str] = []
    with ExitStack() as held:
        with patch("moiety.face.installed.Installed", lambda *_, **__: standin.Models(DIM)):
            config = Config(office=".", listen="127.0.0.1:0")
            service = patiently(lambda: serve.opened(config, field.folder, data=None, write=lines.append))
        some = Site(held.enter_context(running(service)), service, lines)
        with some.client(some.key("founder", Role.OPERATOR, Role.OFFICER)) as client:
            assert client.post("/v1/purposes", json={"document": document("door")}).status_code == 201
        yield some


@pytest.fixture(scope="module")
def operator(apart: Site) -> ApiKey:
    return apart.key("an-operator", Role.OPERATOR)


@pytest.fixture(scope="module")
def officer(apart: Site) -> ApiKey:
    return apart.key("an-officer", Role.OFFICER)


def asked(site: Site, key: ApiKey) -> httpx.Response:
    with site.client(key) as client:
        return client.get("/v1/budgets")


def account(site: Site, key: ApiKey, unit: str, scope: str = "gateway") -> dict[str, Any]:
    answer = asked(site, key).json()
    assert set(answer) == {"kept", "budgets", "unknown"}
    assert (answer["kept"], answer["unknown"]) == (True, [])
    assert all(set(row) == ROW for row in answer["budgets"])
    assert [(row["unit"], row["scope"]) for row in answer["budgets"]] == [
        (unit.value, scope) for unit in Unit for scope in ("caller", "gateway")
    ]
    [found] = [row for row in answer["budgets"] if (row["unit"], row["scope"]) == (unit, scope)]
    return dict(found)


def section(site: Site, key: ApiKey, tag: str = "en") -> str:
    """What the overview says of budgets, as it is read."""
    with Visitor(site.url, **{"Accept-Language": tag}) as some:
        some.sign_in(key)
        page = some.get("/")
    assert page.status_code == 200
    found = re.search(r'(?s)<section aria-labelledby="budgets">.*?</section>', page.text)
    return "" if found is None else unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", "", found[0])))


def test_what_is_left_goes_down_until_the_refusal_that_there_was(
    apart: Site, operator: ApiKey, officer: ApiKey
) -> None:
    [face] = strangers(np.random.default_rng(3), 1, DIM)
    fresh = {"burst": COMPARISONS, "daily": COMPARISONS, "drawn": 0, "left": COMPARISONS, "whole_s": 0}
    expected = {"scope": "gateway", "unit": "comparisons"} | fresh
    assert account(apart, operator, "comparisons") == expected
    assert f"comparisons with one person ({COMPARISONS})" in section(apart, operator)
    with apart.client(operator) as client:
        sent = {"picture": ("one.png", picture(face), "image/png")}
        new = client.post("/v1/purposes/door/faces", files=sent, data={"grounds": "consent"})
        assert new.status_code == 201, new.text
        person = new.json()["pseudonym"]

        def verified() -> httpx.Response:
            return client.post("/v1/purposes/door/verify", files=sent, data={"claimed": person})

        for left in range(COMPARISONS - 1, -1, -1):
            assert verified().json()["match"] is True
            found = account(apart, operator, "comparisons")
            assert (found["left"], found["drawn"]) == (left, COMPARISONS - left)
            assert 0 < found["whole_s"] <= 86_400
        spent = verified()
    assert (spent.status_code, spent.json()["code"]) == (429, "budget_comparisons_spent")
    assert int(spent.headers["Retry-After"]) > 0
    # Of who signs for the role it is told, and of nobody else who signs at this gateway.
    assert account(apart, operator, "comparisons", "caller")["drawn"] == COMPARISONS
    assert account(apart, officer, "comparisons", "caller")["drawn"] == 0
    assert account(apart, officer, "comparisons")["left"] == 0
    text = asked(apart, operator).text
    assert "door" not in text
    assert person not in text


DRAWN: Final = {
    (Scope.GATEWAY, Unit.COMPARISONS): (1_000, 3_000, 1_250, 400, 121),
    (Scope.CALLER, Unit.COMPARISONS): (1_000, 3_000, 2, 998, 58),
    (Scope.CALLER, Unit.MATCHES): (10, 20, 25, -5, 7_201),
    (Scope.GATEWAY, Unit.ERASURES): (0, 0, 1, -1, None),
}
"""Limit, drawn, left and seconds until it is whole; whatever is not here is whole."""


def made_up(remote: Remote) -> list[Allowance]:
    """What each custodian says."""
    accounts = [(scope, unit) for scope in (Scope.GATEWAY, Scope.CALLER) for unit in Unit]
    return [Allowance(*one, *DRAWN.get(one, (77, 99, 0, 77, 0))) for one in accounts]


@pytest.mark.parametrize("tag", ["en", "zh"])
def test_the_overview_says_it_in_words(
    apart: Site, operator: ApiKey, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Remote, "budgets", made_up)
    t, told = LANGUAGES[tag], section(apart, operator, tag)
    expected = {  # of two accounts the one that has least left
        "comparisons": t("budgets.left", left=400, burst=1_000, drawn=1_250, daily=3_000)
        + t("budgets.minutes", minutes=3),
        "matches": t("budgets.left", left=-5, burst=10, drawn=25, daily=20) + t("budgets.hours", hours=3),
        "erasures": t("budgets.left", left=-1, burst=0, drawn=1, daily=0) + t("budgets.never"),
    }
    for unit, words in expected.items():
        assert t(f"budgets.{unit}") + words in told
    for unit in Unit:
        assert told.count(t(f"budgets.{unit}") + t("budgets.of", burst=77)) == (unit not in expected)
    assert t("budgets.whole") in told


def test_whoever_may_not_ask_is_shown_nothing_of_it(apart: Site) -> None:
    for name, role, scope in (("lens", Role.SENSOR, "*:*"), ("porter", Role.OPERATOR, "door:*")):
        key = apart.key(name, role, scopes=(scope,))
        assert asked(apart, key).status_code == 403
        assert section(apart, key) == ""
    assert section(apart, apart.key("auditor", Role.AUDITOR)) != ""


def test_nothing_that_was_sent_comes_back(apart: Site, operator: ApiKey) -> None:
    with apart.client(operator) as client:
        told = [
            client.get(f"/v1/budgets?{CANARY}={CANARY}", headers={"X-Canary": CANARY}),
            client.request("GET", "/v1/budgets", json={CANARY: CANARY}),
            client.post("/v1/budgets", json={CANARY: CANARY}),
        ]
    assert [answer.status_code for answer in told] == [200, 200, 405]
    assert CANARY not in "".join(answer.text + str(answer.headers) for answer in told) + "".join(apart.lines)


def test_the_description_says_what_is_answered(apart: Site) -> None:
    with apart.client() as client:
        said = client.get("/v1/openapi.json").json()
    route = said["paths"]["/v1/budgets"]["get"]
    assert route["x-moiety-operation"] == "budgets"
    assert route["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Budgets")
    schemas = said["components"]["schemas"]
    assert set(schemas["Budgets"]["required"]) == {"kept", "budgets", "unknown"}
    assert set(schemas["Budget"]["required"]) == ROW


def test_a_custodian_that_cannot_be_asked_is_named(
    apart: Site, operator: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_of = Remote.budgets

    def older(remote: Remote) -> Any:
        if remote.seat == "b":
            raise MessageRefused
        return asked_of(remote)

    monkeypatch.setattr(Remote, "budgets", older)
    answer = asked(apart, operator).json()
    assert (answer["unknown"], len(answer["budgets"])) == (["b"], 2 * len(Unit))
    for tag, t in LANGUAGES.items():
        assert t("budgets.unknown", seat="b") in section(apart, operator, tag)


def test_where_no_request_is_left_the_overview_stands_and_says_why(
    apart: Site, operator: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spent(remote: Remote) -> Any:
        raise RequestsSpent

    monkeypatch.setattr(Remote, "budgets", spent)
    answer = asked(apart, operator)
    assert (answer.status_code, answer.json()["code"]) == (429, "budget_requests_spent")
    for tag, t in LANGUAGES.items():
        told = section(apart, operator, tag)
        assert t("budgets.refused") in told
        assert t.refusal(RequestsSpent()).text in told


def test_the_command_says_the_same(
    apart: Site, field: Field, operator: ApiKey, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Remote, "budgets", made_up)
    assert cli.run(["budgets", "--office", str(field.folder), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == asked(apart, operator).json()
    assert len(answer["budgets"]) == 2 * len(Unit)
    for (scope, unit), numbers in DRAWN.items():
        row = dict(zip(("burst", "daily", "drawn", "left", "whole_s"), numbers, strict=True))
        assert {"scope": scope.value, "unit": unit.value} | row in answer["budgets"]
    assert cli.run(["budgets", "--office", str(field.folder)]) == 0
    out = capsys.readouterr().out
    for line in (
        "caller   comparisons  998 of 1,000 left, 2 of 3,000 drawn today, whole again in 58 s",
        "gateway  erasures     -1 of 0 left, 1 of 0 drawn today, not whole again by waiting",
        "gateway  matches      77 of 77 left, 0 of 99 drawn today, whole",
    ):
        assert line in out.splitlines()


def test_where_a_custodian_is_down_nothing_is_made_up(apart: Site, field: Field, operator: ApiKey) -> None:
    field.kill("c", signal.SIGTERM)
    try:
        answer = asked(apart, operator)
        assert (answer.status_code, answer.json()["code"]) == (503, "custodian_down")
        assert section(apart, operator) == ""
    finally:
        field.start("c")
        patiently(lambda: apart.service.offices.at(Role.OPERATOR).status())
    assert section(apart, operator) != ""


# Where nobody counts.


def test_an_office_in_one_process_says_plainly_that_there_are_none(
    gateway: Site, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    key = gateway.key("asks", Role.OPERATOR)
    assert asked(gateway, key).json() == NOT_KEPT
    for tag, t in LANGUAGES.items():
        assert t("budgets.none") in section(gateway, key, tag)
    assert cli.run(["init", str(tmp_path / "office")]) == 0
    capsys.readouterr()
    assert cli.run(["budgets", "--office", str(tmp_path / "office"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == NOT_KEPT
    assert cli.run(["budgets", "--office", str(tmp_path / "office")]) == 0
    assert "nobody counts" in capsys.readouterr().out
