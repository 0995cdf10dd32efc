"""What `moiety up` gives, as it stands: one deployment of processes, on the machine's clock and with the budgets that
nobody set, on which stories are played in any order. Every story, clocks among it, is played on processes of its
own in `test_office`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from moiety.custody.gateway import processes
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net.config import Deployment
from moiety.face.installed import Installed
from moiety.identity.office import Office
from moiety.identity.ports import Newcomer, silent
from moiety.sharing.seat import SEATS
from moiety.vault.shelf import Shelf
from tests.stories import test_office as stories
from tests.stories.scene import DOOR, Photographs

PLAYED = (
    stories.test_nobody_enrolled_nobody_found,
    stories.test_one_is_recognised_and_others_are_not,
    stories.test_each_person_adds_to_the_false_matches_that_are_expected,
    stories.test_several_pictures_make_one_person,
    stories.test_pictures_of_two_people_are_not_one_person,
    stories.test_a_picture_may_be_a_path_bytes_or_pixels,
    stories.test_many_are_yielded_in_order_and_refusals_are_values,
    stories.test_an_erased_person_matches_no_more,
    stories.test_an_office_that_is_opened_again_knows_everybody,
    stories.test_a_refreshed_person_is_the_same_person,
    stories.test_a_purpose_may_change_but_not_what_its_rows_mean,
    stories.test_where_bulk_is_signed_for_all_are_enrolled_or_nobody,
)
"""Purposes that a story adds stay, so those that count purposes are not among them."""


class Remembering(Apart):
    """A gateway that knows afterwards whom it has enrolled."""

    enrolled: list[bytes]

    def enrol(self, gallery: str, newcomers: Sequence[Newcomer], *, approved: bytes | None = None) -> None:
        super().enrol(gallery, newcomers, approved=approved)
        if gallery == "door":
            self.enrolled += [newcomer.pseudonym for newcomer in newcomers]


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, photographs: Photographs) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("up") / "trial"
    moiety = [sys.executable, "-m", "moiety"]
    subprocess.run([*moiety, "up", folder], check=True, timeout=200)
    yield folder
    subprocess.run([*moiety, "down", folder], check=True, timeout=60)


@pytest.fixture
def opened(trial: Path, models: Installed) -> Iterator[Callable[[], Office]]:
    """Opens the trial; whoever was enrolled through it is erased in the end."""
    enrolled: list[bytes] = []

    def reached() -> Remembering:
        deployment = Deployment.read(trial / DEPLOYMENT)
        gateway = Remembering.connect(deployment, clock=_now, entropy=os.urandom, progress=silent)
        gateway.enrolled = enrolled
        return gateway

    yield lambda: Office(reached(), models, Shelf(trial / "records"), clock=_now, entropy=os.urandom)
    with closing(reached()) as gateway:
        for pseudonym in enrolled:
            gateway.erase("door", pseudonym)


@pytest.fixture
def office(opened: Callable[[], Office]) -> Iterator[Office]:
    """The trial, with the purpose `door` as the example has it and nobody in it."""
    with opened() as office:
        if office.purposes() == [] or office.document("door") != DOOR.encode():
            office.add_purpose(DOOR.encode())
        yield office


@pytest.mark.parametrize("story", PLAYED, ids=lambda story: story.__name__.removeprefix("test_"))
def test_a_story_on_what_moiety_up_started(
    story: Callable[..., None], office: Office, request: pytest.FixtureRequest
) -> None:
    count = story.__code__.co_argcount
    story(**{name: request.getfixturevalue(name) for name in story.__code__.co_varnames[:count]})


def test_it_was_three_processes(trial: Path) -> None:
    pids = processes.running(trial)
    assert set(pids) == {*SEATS, processes.GATEWAY}
    assert len({*pids.values(), os.getpid()}) == 5
