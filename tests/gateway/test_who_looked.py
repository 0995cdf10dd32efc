"""Who looked: two operators of one gateway open one record, and the person is told which of them it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from moiety.custody.gateway import trial
from moiety.drills import standin
from moiety.gateway import serve
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.roles import Role
from moiety.gateway.config import Config
from moiety.ledger.entry import LookUp
from moiety.sharing.seat import SEATS
from tests.apart.field import GENEROUS, Field, patiently
from tests.apart.test_spending import limits
from tests.custody.ledgers import Reader, read
from tests.gateway.dialect import DIM
from tests.gateway.scene import GUEST, Site, document, running
from tests.gateway.visitor import Visitor

ANNA, BERT = "anna-canary-7q2mk3px", "bert-canary-7q2mk3px"
OPENINGS: Final = 4
KEEPERS: Final = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("who") / "office"


@pytest.fixture(scope="module")
def apart(folder: Path) -> Iterator[Site]:
    """A gateway over three custodians in processes of their own, with few openings of one person."""
    with ExitStack() as held:
        field = Field.lay_out(folder)
        held.callback(field.close)
        for seat in SEATS:
            config = trial.home(folder, seat) / trial.CONFIG
            config.write_text(config.read_text().replace(GENEROUS, limits(OPENINGS)))
        field.start()
        lines: list[str] = []
        config_ = Config(office=".", listen="127.0.0.1:0")
        with patch("moiety.face.installed.Installed", lambda *_, **__: standin.Models(DIM)):
            service = patiently(lambda: serve.opened(config_, folder, data=None, write=lines.append))
        some = Site(held.enter_context(running(service)), service, lines)
        with some.client(some.key("founder", Role.OPERATOR, Role.OFFICER)) as client:
            assert client.post("/v1/purposes", json={"document": document("hotel")}).status_code == 201
        yield some


@pytest.fixture(scope="module")
def keys(apart: Site) -> dict[str, ApiKey]:
    return {name: apart.key(name, Role.OPERATOR) for name in (ANNA, BERT)}


def kept(apart: Site, number: str) -> str:
    """The path of somebody new, kept by who is neither of the two."""
    with apart.client(apart.key(f"keeper-{next(KEEPERS)}", Role.OPERATOR)) as client:
        given = {"fields": GUEST | {"national_id": number}, "grounds": "register"}
        told = client.post("/v1/purposes/hotel/people", json=given)
    assert told.status_code == 201, told.text
    return f"/purposes/hotel/people/{told.json()['pseudonym']}"


def opened(apart: Site, key: ApiKey, page: str) -> int:
    with apart.client(key) as client:
        return client.post(f"/v1{page}/reveal", json={"fields": ["name"], "reason": "parcel"}).status_code


def looked(apart: Site, key: ApiKey, page: str) -> Any:
    with apart.client(key) as client:
        return client.get(f"/v1{page}/history")


def test_the_persons_list_and_page_tell_two_operators_apart(apart: Site, keys: dict[str, ApiKey]) -> None:
    page = kept(apart, "110101199003074135")
    assert [opened(apart, keys[name], page) for name in (ANNA, BERT)] == [200, 200]
    themself = apart.key("themself", Role.SUBJECT, person=page.rpartition("/")[2])
    lines = looked(apart, themself, page).json()["entries"]
    parcels = [line for line in lines if line["details"].get("reason") == "parcel"]
    # Two custodians give their parts, and each says so.
    assert sorted(line["by"] for line in parcels) == [ANNA, ANNA, BERT, BERT]
    assert {tuple(line["ledgers"]) for line in parcels} == {("gateway", "a"), ("gateway", "b")}
    keys_, whose = zip(*(line["caller"].split(".") for line in parcels), strict=True)
    assert len(set(keys_)) == 1  # one key signs for both
    assert len(set(whose)) == 2
    [keeper] = [line["by"] for line in lines if line["what"] == "enrolment"]
    assert keeper.startswith("keeper-")
    assert {line["by"] for line in lines if line["details"].get("reason") == "audited"} == {"themself"}
    with Visitor(apart.url) as visitor:
        visitor.sign_in(themself)
        visitor.get(page)
        table = visitor.post(f"{page}/history", {}).text
    rows = [unescape(row) for row in re.findall(r"<tr>(.*?)</tr>", table) if "parcel" in row]
    assert sorted(name for row in rows for name in (ANNA, BERT) if f"<td>{name}</td>" in row) == [
        ANNA,
        ANNA,
        BERT,
        BERT,
    ]


def test_who_is_no_caller_any_more_is_named_and_who_never_was_has_a_short_id(
    apart: Site, keys: dict[str, ApiKey]
) -> None:
    page = kept(apart, "110101199003076392")
    gone = apart.key("gone", Role.OPERATOR)
    assert [opened(apart, key, page) for key in (gone, keys[ANNA])] == [200, 200]
    apart.service.credentials.revoke("gone")
    names = apart.service.credentials.names
    with patch.object(type(apart.service.credentials), "names", lambda _: [name for name in names() if name != ANNA]):
        lines = looked(apart, keys[BERT], page).json()["entries"]
    short = apart.service.credentials.behalf(ANNA).hex()
    by = {line["by"] for line in lines if line["details"].get("reason") == "parcel"}
    assert by == {"gone", short}
    assert len(short) == 16


def test_custodians_ledgers_tell_callers_apart_and_name_nobody(
    apart: Site, folder: Path, keys: dict[str, ApiKey]
) -> None:
    reader = Reader(folder, trial.STORE)
    for name in (ANNA, BERT):
        with apart.client(keys[name]) as client:
            told = client.post("/v1/purposes/hotel/people/find", json={"number": "440308199901101512"})
            assert told.json() == {"pseudonyms": []}
    found = {party: [read(leaf) for leaf in some] for party, some in reader.leaves().items()}
    for seat in ("a", "b"):
        callers = {entry.caller for entry in found[seat] if isinstance(entry, LookUp) and entry.what == "evaluated"}
        assert {caller.partition(".")[2] for caller in callers} >= {
            apart.service.credentials.behalf(name).hex() for name in (ANNA, BERT)
        }, seat
    stolen = [file for file in folder.rglob("*") if file.is_file() and "ledger" in file.parts]
    assert len(stolen) >= 4
    for file in stolen:
        assert b"canary" not in file.read_bytes(), file
    assert apart.service.offices.at(Role.OPERATOR).audit().first is None


def test_nobody_chooses_whom_they_are_written_down_as(apart: Site, keys: dict[str, ApiKey]) -> None:
    page = kept(apart, "440308199901101512")
    headers = dict.fromkeys(("X-Caller", "X-On-Behalf-Of", "X-Moiety-Behalf", "X-Forwarded-User", "From"), ANNA)
    with apart.client(keys[BERT]) as client:
        said = {"fields": ["name"], "reason": "parcel"}
        told = client.post(f"/v1{page}/reveal?caller={ANNA}&behalf={ANNA}&by={ANNA}", json=said, headers=headers)
        assert told.status_code in (200, 422)
        assert client.post(f"/v1{page}/reveal", json=said | {"caller": ANNA}).status_code == 422
        assert client.post(f"/v1{page}/reveal", json=said, headers=headers).status_code == 200
    lines = looked(apart, keys[ANNA], page).json()["entries"]
    assert {line["by"] for line in lines if line["details"].get("reason") == "parcel"} == {BERT}


def test_who_looked_too_often_keeps_nobody_from_seeing_it(apart: Site) -> None:
    """What is left of a person's own account is no business of the list's; the list has a bound for each who asks."""
    page = kept(apart, "11010519491231002X")
    nosy, other = (apart.key(name, Role.OPERATOR) for name in ("nosy", "other"))
    themself = apart.key("whoever", Role.SUBJECT, person=page.rpartition("/")[2])
    assert [opened(apart, nosy, page) for _ in range(OPENINGS + 1)] == [200] * OPENINGS + [429]
    assert opened(apart, other, page) == 429  # of this person nobody opens anything any more
    told = looked(apart, themself, page)
    assert told.status_code == 200
    parcels = [line["by"] for line in told.json()["entries"] if line["details"].get("reason") == "parcel"]
    assert parcels == ["nosy"] * 2 * OPENINGS
    # Who asks for the list too often is refused, and the person is not for it.
    asked = [looked(apart, nosy, page) for _ in range(OPENINGS + 1)]
    assert [one.status_code for one in asked] == [200] * OPENINGS + [429]
    assert asked[-1].json()["code"] == "budget_lists_spent"
    elsewhere = kept(apart, "110105194912310038")
    assert looked(apart, nosy, elsewhere).status_code == 429
    again = [looked(apart, themself, page).status_code for _ in range(OPENINGS)]
    assert again == [200] * (OPENINGS - 1) + [429]  # that bound is theirs too
    assert looked(apart, other, page).status_code == 200


def test_embedded_callers_are_told_apart_too(gateway: Site) -> None:
    keys = {name: gateway.key(name, Role.OPERATOR) for name in (ANNA, BERT)}
    page = kept(gateway, "11010519491231002X")
    assert [opened(gateway, keys[name], page) for name in (ANNA, BERT)] == [200, 200]
    lines = looked(gateway, keys[ANNA], page).json()["entries"]
    parcels = [line for line in lines if line["details"].get("reason") == "parcel"]
    assert sorted(line["by"] for line in parcels) == [ANNA, ANNA, BERT, BERT]
    assert {line["caller"].partition(".")[0] for line in parcels} == {"office"}
    people = gateway.service.offices.at(Role.OPERATOR).purpose("hotel").people(role="operator")
    people.person(page.rpartition("/")[2]).reveal(["name"], reason="by_hand")
    lines = looked(gateway, keys[ANNA], page).json()["entries"]
    assert {line["by"] for line in lines if line["details"].get("reason") == "by_hand"} == {"office"}
    assert gateway.service.offices.at(Role.OPERATOR).audit().first is None
