"""The dialect where custodians run apart: officers sign for a collection, and budgets answer as clients know them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import pytest

from moiety.custody.gateway import trial
from moiety.drills import standin
from moiety.gateway import serve
from moiety.gateway.callers.roles import Role
from moiety.gateway.config import Config
from moiety.sharing.seat import SEATS
from tests.apart.field import GENEROUS, Field, patiently
from tests.apart.test_spending import limits
from tests.gateway.dialect import DIM, bound, client, picture, refused, strangers
from tests.gateway.scene import Site, running

SPENT = "ProvisionedThroughputExceededException"
ROW = 3
ERASURES = 2


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gateway over three custodians in processes of their own, with few comparisons of a person and few erasures."""
    folder = tmp_path_factory.mktemp("apart") / "office"
    with ExitStack() as held:
        field = Field.lay_out(folder)
        held.callback(field.close)
        for seat in SEATS:
            config = trial.home(folder, seat) / trial.CONFIG
            tight = limits(ROW, gateway_erasures=ERASURES)
            config.write_text(config.read_text().replace(GENEROUS, tight))
        field.start()
        lines: list[str] = []
        config_ = Config(office=".", listen="127.0.0.1:0")
        with patch("moiety.face.installed.Installed", lambda *_, **__: standin.Models(DIM)):
            service = patiently(lambda: serve.opened(config_, folder, data=None, write=lines.append))
        yield Site(held.enter_context(running(service)), service, lines)


def test_a_clients_collection_is_signed_for_searched_and_erased_within_budgets(apart: Site) -> None:
    rekognition = client(apart.url, bound(apart, "lobby"))
    given = {"CollectionId": "Lobby"}
    assert rekognition.create_collection(**given)["StatusCode"] == 200
    pictures = [picture(face) for face in strangers(np.random.default_rng(3), 3, DIM)]
    for number, shown in enumerate(pictures):
        told = rekognition.index_faces(**given, Image={"Bytes": shown}, ExternalImageId=f"p-{number}")
        assert len(told["FaceRecords"]) == 1

    def found(threshold: float) -> list[tuple[str, float]]:
        told = rekognition.search_faces_by_image(**given, Image={"Bytes": pictures[0]}, FaceMatchThreshold=threshold)
        return [(match["Face"]["ExternalImageId"], match["Similarity"]) for match in told["FaceMatches"]]

    # A stricter point is one comparison with that person, and charged as one at the custodians.
    assert [found(95) for _ in range(ROW)] == [[("p-0", 100.0)]] * ROW
    kind, sentence = refused(
        rekognition.search_faces_by_image, **given, Image={"Bytes": pictures[0]}, FaceMatchThreshold=95
    )
    assert kind == SPENT
    assert "budget" in sentence
    assert found(80) == [("p-0", 90.0)]  # the purpose's own point asks for no more than the search
    # Erasures are bounded: what was erased is gone, the rest goes on when there is budget again.
    assert refused(rekognition.delete_collection, **given)[0] == SPENT
    assert rekognition.describe_collection(**given)["FaceCount"] == 1
    assert len(rekognition.list_faces(**given)["Faces"]) == 1
    assert apart.service.offices.at(Role.OPERATOR).audit().first is None
