"""What decides about who asks needs a memory that outlives the process: this is its port, and one in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol


class Keeping(Protocol):
    """Small things by kind and key. What `keep` did is durable when it returns: all of it, or where it raises none
    that anybody may rely on."""

    def kept(self, kind: str) -> dict[bytes, bytes]:
        """Everything of a kind."""

    def keep(self, kind: str, values: Mapping[bytes, bytes], drop: Iterable[bytes] = ()) -> None:
        """Store these in place of what their keys had, and forget those of `drop`."""


class Passing:
    """Keeps nothing beyond the process: for what a restart must forget, and for tests."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[bytes, bytes]] = {}

    def kept(self, kind: str) -> dict[bytes, bytes]:
        """Everything of a kind."""
        return dict(self._kinds.get(kind, {}))

    def keep(self, kind: str, values: Mapping[bytes, bytes], drop: Iterable[bytes] = ()) -> None:
        """Store these, and forget those."""
        held = self._kinds.setdefault(kind, {})
        for key in drop:
            held.pop(key, None)
        held.update(values)
