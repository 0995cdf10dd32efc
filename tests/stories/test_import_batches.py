"""What an import does to the process that it runs in."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest

from moiety.errors import Refused
from moiety.identity import importing
from moiety.identity.arriving import Named
from moiety.identity.importing import Imported
from moiety.identity.people import People
from moiety.vault.mapping import Taken
from moiety.vault.record import Record
from moiety.vault.schema import Schema

SCHEMA = Schema.default()


class Everybody:
    """People who all are new, kept nowhere; hears how often cycles are looked for while they are added."""

    def __init__(self) -> None:
        self.thresholds: list[int] = []

    def named(self, people: Sequence[Record], **_: Any) -> list[Named]:
        return [(bytes([at]) * 16, None) for at in range(len(people))]

    def arriving(self, **_: Any) -> Everybody:
        return self

    def sealed(self, people: Sequence[Record], names: Sequence[Named]) -> Iterator[list[object]]:
        self.thresholds.append(gc.get_threshold()[0])
        yield []

    def put(self, some: Sequence[object]) -> None:
        """Nowhere."""

    def settled(self, people: int, approved: bytes | None) -> list[object]:
        return [object()] * people


def rows(refused: Refused | None = None) -> Iterator[Taken]:
    """Three, and then perhaps a refusal."""
    for at in range(1, 4):
        yield Taken(at, Record(SCHEMA, {"name": f"Canary {at}"}))
    if refused is not None:
        raise refused


def run(people: Everybody, source: Iterator[Taken]) -> Imported:
    """All of these."""
    told: Callable[..., None] = lambda *_: None  # noqa: E731
    return importing.run(
        cast(People, people), source, grounds="register", text="1", approved=None, so_far=Imported(), done=told
    )


@pytest.fixture(params=[(700, 10, 10), (300_000, 5, 7), (0, 10, 10)])
def threshold(request: pytest.FixtureRequest) -> Iterator[tuple[int, int, int]]:
    """What the process has set before."""
    before, own = gc.get_threshold(), cast(tuple[int, int, int], request.param)
    gc.set_threshold(*own)
    yield own
    gc.set_threshold(*before)


def test_cycles_are_looked_for_seldom_and_then_as_before(threshold: tuple[int, int, int]) -> None:
    people = Everybody()
    assert run(people, rows()).added == 3
    assert people.thresholds == [threshold[0] and max(threshold[0], 200_000)]
    assert gc.get_threshold() == threshold


def test_an_import_that_is_refused_leaves_the_process_as_it_was(threshold: tuple[int, int, int]) -> None:
    people = Everybody()
    with pytest.raises(Refused):
        run(people, rows(Refused()))
    assert len(people.thresholds) == 1
    assert gc.get_threshold() == threshold
