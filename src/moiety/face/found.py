"""What a detector finds, and what every detector offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from moiety.face.picture import Pixels

Points: TypeAlias = NDArray[np.float32]
"""Five points (5, 2) as x and y in pixels: the eye on the picture's left, the other, the tip of the nose, the
corner of the mouth on the left, the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One face in a picture; `box` is left, top, width and height in pixels, and may reach beyond the picture."""

    box: tuple[float, float, float, float] = field(repr=False)
    points: Points = field(repr=False)
    confidence: float

    @property
    def centre(self) -> tuple[float, float]:
        left, top, width, height = self.box
        return left + width / 2, top + height / 2


class Detector(Protocol):
    """Finds every face of a picture, the most confident first, in the picture's own pixels."""

    def find(self, pixels: Pixels) -> list[Found]: ...
