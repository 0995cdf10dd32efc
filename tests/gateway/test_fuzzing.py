"""The whole interface as its own description has it, asked for whatever that allows and for much that it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.control import SkipTest
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from moiety.gateway.callers.roles import Role
from moiety.gateway.service import application
from tests.gateway.scene import GUEST, Site, document, site

EXAMPLES = 12
SEED = 20190213
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A gateway of its own, whose founder may everything, as often as they like."""
    strangers = {"strangers_a_second": 1_000, "strangers_at_once": 10_000}  # whoever fuzzes comes from one address
    with site(tmp_path_factory.mktemp("fuzzed") / "office", rates=strangers) as some:
        some.service.rates._a_second = some.service.rates._at_once = 1e9
        key = str(some.key("founder", *(role for role in Role if role is not Role.SUBJECT)))
        with some.client(key) as client:
            for name in ("door", "hotel"):
                assert client.post("/v1/purposes", json={"document": document(name)}).status_code == 201
        yield some, key


def test_the_description_is_one_that_others_can_read(fuzzed: tuple[Site, str]) -> None:
    said = application(fuzzed[0].service).openapi()
    assert said["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(said).validate()
    references = {text.split('"')[0] for text in json.dumps(said).split('"$ref": "')[1:]}
    for reference in references:
        found = said
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    for path in said["paths"].values():
        for one in path.values():
            assert {"401", "403", "404", "409", "413", "422", "429", "503", "default"} <= set(one["responses"])


MODES = {"what is allowed": GenerationMode.POSITIVE, "what is not": GenerationMode.NEGATIVE}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_that_is_sent_is_an_accident(fuzzed: tuple[Site, str], mode: str) -> None:
    gateway, key = fuzzed
    with gateway.client(key) as client:
        # In a purpose that there is, and, half the time, of a person whom there is.
        sent = client.post("/v1/purposes/hotel/people", json={"fields": GUEST, "grounds": "register"})
        found = client.post("/v1/purposes/hotel/people/find", json={"number": GUEST["national_id"]})
        known = {"purpose": "hotel", "person": found.json()["pseudonyms"][0]}
    assert sent.status_code in (201, 409)
    schema = schemathesis.openapi.from_url(gateway.url + "/v1/openapi.json")
    schema.config.generation.modes = [MODES[mode]]
    answered: dict[str, set[int]] = {}
    skipped = set()
    for result in schema.get_all_operations():
        one = result.ok()

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=one.as_strategy(generation_mode=MODES[mode]), there=st.booleans())
        def ask(case: schemathesis.Case, there: bool) -> None:
            if MODES[mode] is GenerationMode.POSITIVE:
                places = [name for name in case.path_parameters or {} if name == "purpose" or (there and name in known)]
                case.path_parameters = {**(case.path_parameters or {}), **{name: known[name] for name in places}}
            answer = case.call(headers={"Authorization": f"Bearer {key}"})
            answered.setdefault(case.operation.label, set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except SkipTest:  # of a route to which nothing is sent nothing can be wrong
            skipped.add(one.label)
    assert set(answered) | skipped == {one.ok().label for one in schema.get_all_operations()}
    assert skipped <= {"GET /v1/health/live", "GET /v1/health/ready"}
    assert {status for some in answered.values() for status in some} >= FOUND[mode]
    assert not [line for line in gateway.lines if '"what":"failed"' in line]


FOUND = {"what is allowed": {200, 401, 404, 422}, "what is not": {400, 401, 404, 422}}
"""Statuses without which too little was asked."""
