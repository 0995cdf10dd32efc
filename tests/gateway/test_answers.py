"""What leaves: refusals without anything that was sent, denials that look alike, and requests that are done once."""

from __future__ import annotations

import json

import pytest

from moiety.custody.refusals import CustodianDown
from moiety.gateway.callers.roles import Role
from moiety.gateway.problems import MEDIA_TYPE
from tests.gateway.scene import GUEST, Site, random_picture

CANARY = "canary-7Q2MK3PX"


@pytest.fixture(scope="module")
def operator(gateway: Site) -> str:
    return str(gateway.key("operator", Role.OPERATOR))


BODIES = [
    f'{{"fields": {{"name": "{CANARY}"}}, "grounds": 7}}',
    f'{{"fields": "{CANARY}", "grounds": "register"}}',
    f'{{"{CANARY}": 1}}',
    f'["{CANARY}"]',
    f'{{"{CANARY}"',
    CANARY,
    "[" * 100_000,
    '{"fields": {"name": ' + "9" * 5_000 + "}}",
    f'{{"fields": {{"{CANARY}": "x"}}, "grounds": "register"}}',
    f'{{"fields": {{"national_id": "{CANARY}"}}, "grounds": "register"}}',
    f'{{"fields": {{"national_id": "11010519491231002X"}}, "grounds": "{CANARY}"}}',
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_refusal_repeats_nothing_of_what_was_sent(gateway: Site, operator: str, body: str) -> None:
    with gateway.client(operator) as client:
        answer = client.post(
            f"/v1/purposes/hotel/people?{CANARY}={CANARY}",
            content=body,
            headers={"Content-Type": "application/json", "X-Canary": CANARY},
        )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] != "went_wrong"
    assert CANARY not in answer.text + str(answer.headers) + "".join(gateway.lines)


def test_declared_fields_are_named_and_no_others(gateway: Site, operator: str) -> None:
    with gateway.client(operator) as client:
        answer = client.post("/v1/purposes/hotel/people/find", json={"number": {"a": CANARY}, CANARY: CANARY})
        listed = client.get("/v1/purposes", params={"limit": CANARY, CANARY: 1})
    assert (answer.status_code, answer.json()["fields"]) == (422, ["number"])
    assert (listed.status_code, listed.json()["fields"]) == (422, ["limit"])
    assert CANARY not in answer.text + listed.text


def bare(answer: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in answer.items() if name != "request"}


def test_all_denials_look_alike(gateway: Site) -> None:
    sensor = gateway.key("sensor", Role.SENSOR, scopes=("door:verify",))
    people = "/v1/purposes/hotel/people"
    told = []
    with gateway.client(sensor) as client:
        told += [
            client.post(f"{people}/find", json={"number": GUEST["national_id"]}),  # no such role
            client.post("/v1/purposes/hotel/verify", content=CANARY),  # no such scope
            client.post("/v1/purposes/nowhere/verify", content=CANARY),  # no such purpose
            client.get("/v1/audit"),
            client.post("/v1/callers", content=CANARY),
        ]
    assert {answer.status_code for answer in told} == {403}
    assert len({json.dumps(bare(answer.json())) for answer in told}) == 1
    operator = gateway.key("everywhere", Role.OPERATOR)
    with gateway.client(operator) as client:
        nowhere = client.get("/v1/purposes/nowhere/people/nowhere-7Q2M-K3PX-0000-0000-0000-0000-0000")
        elsewhere = client.get("/v1/purposes/hotel/people/door-7Q2M-K3PX-0000-0000-0000-0000-0000")
    assert bare(nowhere.json()) == bare(told[0].json())
    assert elsewhere.status_code in (403, 422)  # a pseudonym of another purpose, or none


def test_whoever_is_not_known_is_told_one_thing(gateway: Site, operator: str) -> None:
    ended = gateway.key("ended", Role.OPERATOR)
    gateway.service.credentials.revoke("ended")
    wrong = operator[:-1] + ("A" if operator[-1] != "A" else "B")
    brought = [None, "Bearer", CANARY, wrong, str(ended), "mty_aaaaaaaaaa_" + "A" * 43, "a.b.c"]
    told = []
    for some in brought:
        with gateway.client(some) as client:
            told.append(client.get("/v1/purposes/hotel"))
    assert {answer.status_code for answer in told} == {401}
    assert len({json.dumps(bare(answer.json())) for answer in told}) == 1


def test_a_repeated_request_is_done_once(gateway: Site, operator: str) -> None:
    headers, new = {"Idempotency-Key": "guest-1"}, {"fields": GUEST, "grounds": "register"}
    with gateway.client(operator) as client:
        first = client.post("/v1/purposes/hotel/people", json=new, headers=headers)
        again = client.post("/v1/purposes/hotel/people", json=new, headers=headers)
        other = client.post("/v1/purposes/hotel/people", json=new, headers={"Idempotency-Key": "guest-2"})
        after = client.post("/v1/purposes/hotel/people", json=new, headers={"Idempotency-Key": "guest-2"})
    assert first.status_code == 201
    assert (again.status_code, again.json()["code"]) == (409, "repeated")
    assert again.json()["operation"] == first.headers["x-operation-id"]
    assert again.json()["numbers"] == {"status": 201}
    assert {other.json()["code"], after.json()["code"]} == {"already_kept"}  # what was refused may be asked again


def test_no_picture_is_no_accident(gateway: Site, operator: str) -> None:
    with gateway.client(operator) as client:
        for content in (b"", CANARY.encode(), random_picture(), b"\x89PNG\r\n\x1a\n" + bytes(100)):
            answer = client.post(
                "/v1/purposes/door/verify",
                files={"picture": (CANARY, content, "image/jpeg")},
                data={"claimed": "door-7Q2M-K3PX-0000-0000-0000-0000-0000"},
            )
            assert answer.status_code in (422, 503), answer.text
            assert CANARY not in answer.text
        none = client.post("/v1/purposes/door/verify", data={"claimed": CANARY})
    assert none.status_code in (400, 422)
    assert CANARY not in none.text + "".join(gateway.lines)


def test_every_answer_has_a_number_that_the_journal_has_too(gateway: Site, operator: str) -> None:
    with gateway.client(operator) as client:
        answer = client.get("/v1/purposes/hotel")
    [line] = gateway.said(answer.headers["x-request-id"])
    assert (line["caller"], line["status"], line["verb"]) == ("operator", 200, "GET")
    assert line["route"] == "/v1/purposes/{purpose}"
    assert answer.headers["cache-control"] == "no-store"


def test_what_was_answered_while_a_custodian_was_down_is_what_a_repeated_request_is_told(
    gateway: Site, operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(role: Role) -> None:
        raise CustodianDown(seat=1)

    path, new = "/v1/purposes/hotel/people", {"fields": GUEST, "grounds": "register"}
    with gateway.client(operator) as client:
        monkeypatch.setattr(gateway.service.offices, "at", down)
        first = client.post(path, json=new, headers={"Idempotency-Key": "while-down"})
        monkeypatch.undo()
        again = client.post(path, json=new, headers={"Idempotency-Key": "while-down"})
    assert (first.status_code, again.status_code) == (503, 409)
    assert (again.json()["code"], again.json()["numbers"]) == ("repeated", {"status": 503})
