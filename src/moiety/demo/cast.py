"""Who is in the demo's photographs: public figures, in pictures that two packages bring."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moiety.face import photographs


@dataclass(frozen=True, slots=True)
class Person:
    """A name, and photographs that differ; the first is the one that is enrolled."""

    name: str
    photographs: tuple[Path, ...]

    @property
    def enrolled(self) -> Path:
        return self.photographs[0]

    @property
    def others(self) -> tuple[Path, ...]:
        return self.photographs[1:]


@dataclass(frozen=True, slots=True)
class Cast:
    """`first` and `second` are enrolled, `stranger` is not. Only the first has other photographs to be known by."""

    first: Person
    second: Person
    stranger: Person


def cast(data: Path) -> Cast:
    """The people of the packaged photographs in a data folder; raises `PhotographsNotInstalled`.

    The package also has two pictures cut out of the first one; they would prove nothing, and are left out.
    """

    def person(name: str, *files: str) -> Person:
        return Person(name, tuple(photographs.path(data, file) for file in files))

    return Cast(
        first=person("Barack Obama", "obama.jpg", "obama2.jpg", "obama3.jpg"),
        second=person("Joe Biden", "biden.jpg"),
        stranger=person("Eileen Collins", "astronaut.png"),
    )
