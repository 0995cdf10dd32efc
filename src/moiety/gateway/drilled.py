"""The last drill that was run beside an office, of each store: when, on what, and whether it passed. Nobody's data is
in it: people of a drill are made up.

`moiety drill` writes it, and the overview shows it. It is a note for whoever runs the office, and no proof: who may
write into the office's folder may write this too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

FILE: Final = "drills.json"
_LONGEST: Final = 65_536

Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]{0,31}$")]
AttackName = Annotated[str, Field(pattern=r"^[A-Za-z0-9 :.-]{1,64}$")]


class Drill(BaseModel):
    """One drill: when it ended (UTC), by which version of this program, over how many made-up people, how many attacks
    there were, and which did not come out as designed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime
    program: Word
    people: Annotated[int, Field(ge=1, le=10**6)]
    seed: Annotated[int, Field(ge=0)]
    attacks: Annotated[int, Field(ge=1, le=1_000)]
    failed: Annotated[tuple[AttackName, ...], Field(max_length=1_000)]

    @model_validator(mode="after")
    def _failed_are_of_them(self) -> Drill:
        if len(self.failed) > self.attacks:
            raise ValueError("no more fail than there are")
        return self

    @property
    def passed(self) -> bool:
        """Whether every attack came out as designed."""
        return not self.failed


class Drills(BaseModel):
    """The last of each store, by the store's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    drills: Annotated[Mapping[Word, Drill], Field(max_length=16)] = {}

    def latest(self) -> list[tuple[str, Drill]]:
        """Each store with its drill, the last first."""
        return sorted(self.drills.items(), key=lambda one: one[1].at, reverse=True)


def read(office: Path) -> Drills | None:
    """What was noted in an office's folder, nothing where nothing was; None where it cannot be read, or is no such
    note."""
    try:
        with (office / FILE).open("rb") as opened:
            text = opened.read(_LONGEST + 1)
        return Drills.model_validate_json(text) if len(text) <= _LONGEST else None
    except FileNotFoundError:
        return Drills()
    except (OSError, ValidationError):
        return None


def note(office: Path, store: str, drill: Drill) -> bool:
    """Note a drill on a store of this name, in place of the last one; what cannot be read is written anew. Whether that
    could be written."""
    before = read(office)
    after = Drills(drills={**(Drills() if before is None else before).drills, store: drill})
    file = office / f"{FILE}.{os.getpid()}"
    try:
        with file.open("x") as opened:
            opened.write(after.model_dump_json(indent=1) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        file.replace(office / FILE)
    except OSError:
        with suppress(OSError):
            file.unlink()
        return False
    return True
