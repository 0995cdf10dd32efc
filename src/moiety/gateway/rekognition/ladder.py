"""The caller's threshold, 0 to 100, and ours: a few constants in place of scores. Pure.

| found by | `Similarity` where two stricter points were measured | where one was | where none was |
|---|---|---|---|
| the purpose's own point | 90 | 90 | 100 |
| the next stricter | 99 | 100 | |
| the strictest | 100 | | |

A threshold that is passed asks for the first of these constants that is not below it, so it only raises: whatever is
below 90 is answered by the purpose's own point, and every answer is at least what was asked for.
"""

from __future__ import annotations

from typing import Final

_CONSTANTS: Final = {1: (100.0,), 2: (90.0, 100.0), 3: (90.0, 99.0, 100.0)}


def rung(threshold: float, stricter: int) -> int:
    """How many points beyond the first one a threshold asks for, where there are so many stricter."""
    return next(at for at, constant in enumerate(_CONSTANTS[1 + stricter]) if constant >= threshold)


def similarity(rung: int, stricter: int) -> float:
    """The constant that stands for a score, of who came over this rung."""
    return _CONSTANTS[1 + stricter][rung]
