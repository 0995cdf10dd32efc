"""How long things tell how far they are: a stage in words, how much of it is done, and of how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """The progress that nobody watches."""
