"""Who may ask at `POST /`: whoever signed just this, just now, and nobody else; and all others are told one thing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from moiety.errors import MoietyError
from moiety.gateway.callers.refusals import Unauthenticated
from moiety.gateway.refusals import Overloaded, RateSpent, TimedOut
from moiety.gateway.rekognition.binding import Key
from moiety.gateway.rekognition.seen import Seen
from moiety.gateway.rekognition.signature import SKEW_S, Signed
from moiety.gateway.work import Work
from tests.gateway.dialect import bound, client, made_up, refused
from tests.gateway.scene import Site

TARGET = "RekognitionService.ListCollections"
NOW = 1_900_000_000.0


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[bytes]]]:
    """A gateway of made-up people, and one picture."""
    with made_up(tmp_path_factory.mktemp("signed") / "office") as told:
        yield told


def signed(
    url: str,
    key: Key,
    *,
    target: str = TARGET,
    body: bytes = b"{}",
    at: datetime | None = None,
    service: str = "rekognition",
    leaving_out: tuple[str, ...] = (),
    more: dict[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a request, signed as botocore signs; `leaving_out` are not among the signed."""

    class Signer(SigV4Auth):  # type: ignore[misc]
        def headers_to_sign(self, request: Any) -> Any:
            headers = super().headers_to_sign(request)
            for name in leaving_out:
                del headers[name]
            return headers

    stamp = (at or datetime.now(UTC)).strftime(SIGV4_TIMESTAMP)
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1", "X-Amz-Date": stamp}
    request = AWSRequest(method="POST", url=url + "/", data=body, headers=headers | (more or {}))
    request.context["timestamp"] = stamp
    signer = Signer(Credentials(key.id, key.secret), service, "eu-west-1")
    said = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(said, request))
    return {name: str(value) for name, value in request.headers.items()}


def asked(url: str, headers: dict[str, str], body: bytes = b"{}", path: str = "/") -> httpx.Response:
    return httpx.post(url + path, headers=headers, content=body, timeout=30)


def changed(headers: dict[str, str], name: str, change: Callable[[str], str]) -> dict[str, str]:
    return headers | {name: change(headers[name])}


def test_whoever_did_not_sign_just_this_just_now_is_told_one_thing(some: tuple[Site, list[bytes]]) -> None:
    gateway, _ = some
    key, url = bound(gateway, "signer"), gateway.url
    right = signed(url, key)
    assert asked(url, right).status_code == 200
    later, earlier = (datetime.now(UTC) + timedelta(seconds=apart) for apart in (SKEW_S + 60, -SKEW_S - 60))
    fresh = signed(url, key, more={"X-Other": "1"})
    signature = fresh["Authorization"].rpartition("=")[2]
    ended = bound(gateway, "ended")
    gateway.service.rekognition.store.unbind("ended")
    told = [
        asked(url, {"X-Amz-Target": TARGET, "Content-Type": "application/x-amz-json-1.1"}),
        asked(url, right | {"Authorization": "Bearer mty_aaaaaaaaaa_" + "A" * 43}),
        asked(url, changed(fresh, "Authorization", lambda text: text.replace(signature, "0" * 64))),
        asked(url, changed(fresh, "Authorization", lambda text: text.replace(signature, signature.upper()))),
        asked(url, fresh, b'{"MaxResults":1}'),  # another body
        asked(url, fresh | {"X-Amz-Target": "RekognitionService.DescribeCollection"}),
        asked(url, fresh | {"X-Other": "2"}),
        asked(url, fresh | {"X-Amz-Date": datetime.now(UTC).strftime("%Y%m%dT%H%M59Z")}),
        asked(url, fresh | {"Host": "elsewhere"}),
        asked(url, fresh, path="/?a=b"),
        asked(url, signed(url, key, at=later)),
        asked(url, signed(url, key, at=earlier)),
        asked(url, signed(url, key, service="s3")),
        asked(url, signed(url, key, leaving_out=("x-amz-target",))),
        asked(url, signed(url, key, leaving_out=("x-amz-date",))),
        asked(url, signed(url, key, leaving_out=("host",))),
        asked(url, signed(url, key, more={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})),
        asked(url, signed(url, Key(key.id, "x" * 40))),
        asked(url, signed(url, Key("MTYA" + "A" * 16, key.secret))),
        asked(url, signed(url, ended)),
        httpx.post(url + "/", headers=[*fresh.items(), ("X-Amz-Target", TARGET)], content=b"{}"),
    ]
    assert {answer.status_code for answer in told} == {400}
    assert len({answer.text for answer in told}) == 1
    assert told[0].json()["__type"] == "AccessDeniedException"
    assert asked(url, fresh).status_code == 200  # nothing of that was held against the right one


def test_other_clients_sign_more_headers_and_the_hash_of_the_body(some: tuple[Site, list[bytes]]) -> None:
    gateway, _ = some
    key, body = bound(gateway, "others"), b'{"MaxResults":3}'
    more = {"X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(), "Amz-Sdk-Request": "attempt=1;  max=3"}
    assert asked(gateway.url, signed(gateway.url, key, body=body, more=more), body).status_code == 200


def test_what_was_heard_is_not_done_once_more(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna] = some
    key = bound(gateway, "heard")
    rekognition = client(gateway.url, key)
    rekognition.create_collection(CollectionId="heard")
    sent: list[Any] = []
    rekognition.meta.events.register("before-send.rekognition.IndexFaces", lambda request, **_: sent.append(request))
    rekognition.index_faces(CollectionId="heard", Image={"Bytes": anna})
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in sent[0].headers.items()}
    again = asked(gateway.url, headers, sent[0].body)
    assert (again.status_code, again.json()["__type"]) == (400, "AccessDeniedException")
    assert len(rekognition.list_faces(CollectionId="heard")["Faces"]) == 1


NAMES = "host;x-amz-date;x-amz-target"


@pytest.mark.parametrize(("error", "status"), [(Overloaded(seconds=1), 200), (TimedOut(seconds=1), 400)])
def test_what_was_refused_for_now_may_come_again_and_what_may_be_done_already_may_not(
    some: tuple[Site, list[bytes]], monkeypatch: pytest.MonkeyPatch, error: MoietyError, status: int
) -> None:
    gateway, [anna] = some
    key = bound(gateway, f"again-{status}")
    client(gateway.url, key).create_collection(CollectionId=f"again-{status}")
    image = {"Bytes": base64.b64encode(anna).decode()}
    body = json.dumps({"CollectionId": f"again-{status}", "Image": image}).encode()
    headers = signed(gateway.url, key, target="RekognitionService.IndexFaces", body=body)

    told = Work.__call__

    async def refusing(self: Work, story: Callable[[], Any]) -> Any:
        if self is gateway.service.work:
            raise error
        return await told(self, story)

    with monkeypatch.context() as patch:
        patch.setattr(Work, "__call__", refusing)
        first = asked(gateway.url, headers, body)
    assert first.json()["__type"] in ("ThrottlingException", "InternalServerError")
    assert asked(gateway.url, headers, body).status_code == status


def read(
    at: float = NOW,
    signature: str = "a" * 64,
    service: str = "rekognition",
    names: str = NAMES,
    day: str | None = None,
    more: tuple[tuple[str, str], ...] = (),
) -> Signed:
    stamp = datetime.fromtimestamp(at, UTC).strftime(SIGV4_TIMESTAMP)
    scope = f"MTYA{'A' * 16}/{day or stamp[:8]}/eu-west-1/{service}/aws4_request"
    said = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
    headers = [("host", "h"), ("x-amz-date", stamp), ("x-amz-target", TARGET), ("authorization", said)]
    return Signed.read([*headers, *more], NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "s3"},
        {"day": "20000101"},
        {"names": "host;x-amz-date"},
        {"names": "x-amz-date;x-amz-target"},
        {"names": "host;x-amz-target"},
        {"names": "x-amz-date;host;x-amz-target"},
        {"names": f"host;{NAMES}"},
        {"names": f"{NAMES};x-other"},
        {"signature": "a" * 63},
        {"more": (("host", "other"),)},
        {"more": (("x-amz-date", "20300101T000000Z"),)},
        {"more": (("authorization", ""),)},
        {"more": (("x-amz-content-sha256", "a"), ("x-amz-content-sha256", "b"))},
    ],
    ids=str,
)
def test_what_cannot_be_right_is_refused_before_a_body_is_read(wrong: dict[str, Any]) -> None:
    assert read().names == tuple(NAMES.split(";"))
    with pytest.raises(Unauthenticated):
        read(**wrong)


@pytest.mark.parametrize(
    "body",
    [
        b'{"canary-7Q2MK3PX": 1}',
        b'["canary-7Q2MK3PX"]',
        b'{"MaxResults": "canary-7Q2MK3PX"}',
        b'{"MaxResults": true}',
        b'{"MaxResults": 1.5}',
        b'{"MaxResults": -1}',
        b'{"MaxResults": NaN}',
        b'{"NextToken": ["canary-7Q2MK3PX"]}',
        b"canary-7Q2MK3PX",
        b"[" * 100_000,
        b'{"MaxResults": ' + b"9" * 5_000 + b"}",
    ],
    ids=range(11),
)
def test_what_the_services_model_does_not_declare_is_refused_and_not_repeated(
    some: tuple[Site, list[bytes]], body: bytes
) -> None:
    gateway, _ = some
    key = bound(gateway, f"model-{hashlib.sha256(body).hexdigest()[:8]}")
    answer = asked(gateway.url, signed(gateway.url, key, body=body), body)
    assert (answer.status_code, answer.json()["__type"]) == (400, "InvalidParameterException")
    assert "canary" not in answer.text + "".join(gateway.lines)


def test_a_question_may_come_again_in_its_second_and_what_enrols_may_not() -> None:
    now = NOW
    seen = Seen(lambda: now)
    seen.use(read(), once=False)
    now += 0.9
    seen.use(read(), once=False)
    now += 0.2
    with pytest.raises(Unauthenticated):
        seen.use(read(), once=False)
    seen.use(read(signature="b" * 64), once=True)
    with pytest.raises(Unauthenticated):
        seen.use(read(signature="b" * 64), once=True)
    seen.undone(read(signature="b" * 64))
    seen.use(read(signature="b" * 64), once=True)
    now += SKEW_S
    with pytest.raises(Unauthenticated):  # for as long as its date would do
        seen.use(read(), once=False)


def test_what_was_signed_before_this_process_began_is_refused() -> None:
    seen = Seen(lambda: NOW)
    with pytest.raises(Unauthenticated):
        seen.use(read(NOW - 60), once=False)


@pytest.mark.parametrize("apart", [-SKEW_S - 1, SKEW_S + 1])
def test_a_clock_that_is_more_than_five_minutes_off_is_refused(apart: int) -> None:
    read(NOW + apart // 2)
    with pytest.raises(Unauthenticated):
        read(NOW + apart)


def test_each_key_has_a_rate_of_its_own(some: tuple[Site, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, _ = some
    charged = []

    def charge(name: str) -> None:
        charged.append(name)
        raise RateSpent(seconds=1)

    monkeypatch.setattr(gateway.service.rates, "charge", charge)
    assert refused(client(gateway.url, bound(gateway, "busy")).list_collections)[0] == "ThrottlingException"
    assert charged == ["rekognition:busy"]


def test_the_journal_says_who_asked_for_which_operation_and_nothing_else(some: tuple[Site, list[bytes]]) -> None:
    gateway, _ = some
    rekognition = client(gateway.url, bound(gateway, "journal"))
    number = rekognition.list_collections()["ResponseMetadata"]["RequestId"]
    asked_for, request = gateway.said(number, 2)
    assert (asked_for["what"], asked_for["operation"]) == ("rekognition", "ListCollections")
    assert set(asked_for) == {"at", "what", "request", "operation"}
    assert (request["caller"], request["route"], request["status"]) == ("rekognition:journal", "/", 200)


def test_what_nobody_foresaw_is_an_internal_error_without_its_words(
    some: tuple[Site, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, _ = some

    def fail(*_: object) -> None:
        raise ValueError("canary-7Q2MK3PX")

    monkeypatch.setattr(gateway.service.rekognition.store, "collections", fail)
    answer = asked(gateway.url, signed(gateway.url, bound(gateway, "fails")))
    assert (answer.status_code, answer.json()["__type"]) == (500, "InternalServerError")
    assert "canary" not in answer.text + "".join(gateway.lines)
