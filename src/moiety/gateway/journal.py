"""What was asked, as lines of JSON: which route, by whom, with which status and how long it took, stage by stage; no
path, no body, no
query, no header, no name of anybody's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.types import Scope

from moiety.errors import place

Write = Callable[[str], None]


class Journal:
    """`write` takes a line; `clock` returns an aware instant."""

    def __init__(self, write: Write, clock: Callable[[], datetime]) -> None:
        self._write = write
        self._clock = clock

    def request(self, scope: Scope, number: str, status: int, seconds: float, stages: Mapping[str, float]) -> None:
        """A request that has ended: its number, the status of its answer, 0 without one, and how long it took."""
        route = scope.get("route")
        self.say(
            "request",
            request=number,
            verb=scope["method"] if route is not None else None,
            route=getattr(route, "path", None),
            caller=scope["state"].get("caller"),
            status=status,
            ms=round(seconds * 1_000, 1),
            stages={name: round(some * 1_000, 2) for name, some in stages.items()},
        )

    def failed(self, number: str, error: BaseException) -> None:
        """What nobody foresaw: its type and place, and none of its words."""
        self.say("failed", request=number, where=place(error))

    def say(self, what: str, **said: Any) -> None:
        """One line."""
        at = self._clock().isoformat(timespec="milliseconds")
        self._write(json.dumps({"at": at, "what": what, **said}, separators=(",", ":")))
