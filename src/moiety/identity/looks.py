"""What is seen on a picture, face by face: a part of the ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from moiety.identity.ports import Template


class Quality(Protocol):
    """How good a picture of a face is: see `face.quality`."""

    @property
    def sharpness(self) -> float: ...

    @property
    def exposure(self) -> float: ...

    @property
    def yaw(self) -> float: ...

    @property
    def pitch(self) -> float: ...

    @property
    def roll(self) -> float: ...


class Seen(Protocol):
    """One face in a picture: `box` (left, top, width, height) and five `points` (5, 2) in the upright picture's pixels.
    `template` raises a typed refusal where the face is not good enough."""

    @property
    def box(self) -> tuple[float, float, float, float]: ...

    @property
    def points(self) -> NDArray[np.float32]: ...

    @property
    def confidence(self) -> float: ...

    @property
    def quality(self) -> Quality: ...

    @property
    def template(self) -> Callable[[], Template]: ...


class Look(Protocol):
    """Every face of a picture, and the upright picture's width and height in pixels."""

    @property
    def faces(self) -> Sequence[Seen]: ...

    @property
    def size(self) -> tuple[int, int]: ...
