"""Clients of Amazon Rekognition, at a gateway: what the tests of the dialect share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import boto3
import numpy as np
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from numpy.typing import NDArray

from moiety.drills import standin
from moiety.gateway.callers.roles import Operation
from moiety.gateway.rekognition.binding import MAY, Binding, Key, require_template
from moiety.identity.examples import DOOR
from tests.gateway.scene import Site, site

DIM: Final = 192
TEMPLATE = "\n".join(line for line in DOOR.splitlines() if not line.startswith("name = "))


def bound(
    some: Site,
    name: str,
    *collections: str,
    template: str | None = TEMPLATE,
    operations: Iterable[Operation] = MAY,
    finds: int = 100,
) -> Key:
    """A key of this name, for these collections, or for all that are made with it."""
    document = None if template is None else require_template(template.encode(), "consent")
    binding = Binding(name, collections or ("*",), "consent", document, frozenset(operations), finds, 1)
    return some.service.rekognition.store.bind(binding)


def client(url: str, key: Key, **changed: Any) -> Any:
    """A client as a script makes it; only the endpoint and the key are ours."""
    return boto3.client(
        "rekognition",
        endpoint_url=url,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        region_name="eu-west-1",
        config=Config(retries={"total_max_attempts": 1}),
        **changed,
    )


@contextmanager
def made_up(folder: Path, people: int = 1, dim: int = DIM) -> Iterator[tuple[Site, list[bytes]]]:
    """A gateway whose model reads made-up people off their pictures, and a picture of each of so many."""
    rng = np.random.default_rng(7)
    with ExitStack() as held:
        with patch("moiety.face.installed.Installed", lambda *_, **__: standin.Models(dim)):
            some = held.enter_context(site(folder))
        yield some, [picture(vector) for vector in strangers(rng, people, dim)]


def strangers(rng: np.random.Generator, people: int, dim: int) -> NDArray[np.float32]:
    """Unit vectors (people, dim) of as many strangers."""
    vectors = rng.standard_normal((people, dim))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def picture(vector: NDArray[np.floating[Any]]) -> bytes:
    """A picture of whoever has this face."""
    return standin.photograph(standin.portrait(vector.astype(np.float32), np.random.default_rng(1)), "")


def refused(call: Callable[..., Any], **given: Any) -> tuple[str, str]:
    """The type and the sentence of the error that a client's library makes of an answer."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    error: dict[str, str] = caught.value.response["Error"]
    return error["Code"], error["Message"]
