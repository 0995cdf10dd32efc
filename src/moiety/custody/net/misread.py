"""Where a configuration cannot be used: the field or the line, in declared names and numbers. Values are never quoted:
one of them holds a database's password."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from pydantic import ValidationError

from moiety.errors import Refused

_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)$")
_END: Final = "(at end of document)"
_FIELD: Final = re.compile(r"^Object (missing required|contains unknown) field `([A-Za-z0-9_-]{1,40})`")
_PATH: Final = re.compile(r" - at (`key` in )?`\$\.?([A-Za-z0-9_.\[\]]*)`$")
_EACH: Final = "[...]"
"""What msgspec writes for the key of a table of which there are several."""

_KINDS: Final = {"missing": "missing field", "extra_forbidden": "unknown field"}
_WRONG: Final = "wrong value"


class ConfigInvalid(Refused):
    """`where` says what is wrong in it, as far as that is known."""

    code: ClassVar[str] = "config_invalid"
    advice: ClassVar[str] = "the configuration cannot be used: see docs/operations.md for its fields"

    def __init__(self, where: str = "") -> None:
        self.where = where
        super().__init__()

    @property
    def text(self) -> str:
        """Says where."""
        return f"{type(self).advice} ({self.where})" if self.where else type(self).advice

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.where,)


def place_of(error: Exception) -> str:
    """What tomllib, msgspec or pydantic found, without what it quotes: "unknown field: lisen", "line 7", or ""."""
    if isinstance(error, ValidationError):
        [first, *_] = error.errors(include_input=False, include_url=False)
        return f"{_KINDS.get(first['type'], _WRONG)}: {'.'.join(('limits', *map(str, first['loc'])))}"
    said = str(error)
    if line := _LINE.search(said):
        return f"line {line[1]}"
    if said.endswith(_END):
        return "the end of the file"
    path = _PATH.search(said)
    inside = path[2].replace(_EACH, ".X") if path else ""
    if field := _FIELD.match(said):
        kind = "missing field" if field[1].startswith("missing") else "unknown field"
        return f"{kind}: {inside}.{field[2]}" if inside else f"{kind}: {field[2]}"
    if path and path[1]:
        return f"wrong name in: {inside}"
    return f"{_WRONG}: {inside}" if inside else ""
