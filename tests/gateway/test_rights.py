"""The text to post and the register, over HTTP; who may ask, `test_table` asks."""

from __future__ import annotations

import pytest

from moiety.gateway.callers.roles import Role
from moiety.identity.examples import HOTEL
from moiety.identity.notice import activity, notice
from moiety.identity.purpose import read
from tests.gateway.scene import Site

NOTICE = "/v1/purposes/hotel/notice"


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_the_text_to_post_is_that_of_the_purposes_document(gateway: Site, language: str) -> None:
    with gateway.client(gateway.key(f"auditor-{language}", Role.AUDITOR)) as client:
        document = client.get("/v1/purposes/hotel").json()["document"]
        told = client.get(NOTICE, params={"language": language}).json()
        one = notice(read(document.encode()), language)
        assert told == {"purpose": "hotel", "language": language, "text": one.text, "open": list(one.open)}
        assert client.get(NOTICE).json()["language"] == "en"


def test_another_language_and_another_purpose_are_refused(gateway: Site) -> None:
    with gateway.client(gateway.key("auditor-x", Role.AUDITOR)) as client:
        told = client.get(NOTICE, params={"language": "fr"})
        assert (told.status_code, told.json()["code"]) == (422, "language_unknown")
        assert client.get(NOTICE, params={"language": "x" * 9}).status_code == 422
        assert client.get("/v1/purposes/nowhere/notice").status_code == 403  # as of one that is not the caller's


def test_the_register_has_every_purpose(gateway: Site) -> None:
    with gateway.client(gateway.key("auditor-r", Role.AUDITOR)) as client:
        rows = client.get("/v1/register").json()["activities"]
        document = client.get("/v1/purposes/hotel").json()["document"]
    hotel = next(row for row in rows if row["purpose"] == "hotel")
    own = activity(read(document.encode()))
    assert hotel["open"] == list(own.open)
    assert hotel["data"] == list(own.data)
    assert {row["purpose"] for row in rows} == {"door", "hotel"}
    assert read(HOTEL.encode()).controller in {row["controller"] for row in rows}
