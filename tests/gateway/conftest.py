"""Gateways for the tests of one module each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from moiety.gateway.callers.roles import Role
from tests.gateway.scene import Site, document, site


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gateway whose office has two purposes, one of which keeps records."""
    strangers = {"strangers_a_second": 1_000, "strangers_at_once": 10_000}  # tests come all from one address
    with site(tmp_path_factory.mktemp("gateway") / "office", rates=strangers) as some:
        first = some.key("founder", Role.OPERATOR, Role.OFFICER, Role.AUDITOR)
        with some.client(first) as client:
            for name in ("door", "hotel"):
                assert client.post("/v1/purposes", json={"document": document(name)}).status_code == 201
        yield some
