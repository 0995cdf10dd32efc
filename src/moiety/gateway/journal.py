"""What was asked, as lines of JSON: which route, by whom, with which status and how long it took; no path, no body, no
query, no header, no name of anybody's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter
from typing import Any

from fastapi import Request

from moiety.errors import place

Write = Callable[[str], None]
Told = Callable[[int], None]


class Journal:
    """`write` takes a line; `clock` returns an aware instant."""

    def __init__(self, write: Write, clock: Callable[[], datetime]) -> None:
        self._write = write
        self._clock = clock

    @contextmanager
    def request(self, request: Request, number: str) -> Iterator[Told]:
        """A line when it ends; what is told is the status of the answer."""
        status, began = 0, perf_counter()

        def told(code: int) -> None:
            nonlocal status
            status = code

        try:
            yield told
        finally:
            route = request.scope.get("route")
            self.say(
                "request",
                request=number,
                verb=request.method if route is not None else None,
                route=getattr(route, "path", None),
                caller=getattr(request.state, "caller", None),
                status=status,
                ms=round((perf_counter() - began) * 1_000, 1),
            )

    def failed(self, number: str, error: BaseException) -> None:
        """What nobody foresaw: its type and place, and none of its words."""
        self.say("failed", request=number, where=place(error))

    def say(self, what: str, **said: Any) -> None:
        """One line."""
        at = self._clock().isoformat(timespec="milliseconds")
        self._write(json.dumps({"at": at, "what": what, **said}, separators=(",", ":")))
