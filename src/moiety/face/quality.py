"""How good a picture of a face is: each measure with its number, its limit and its reason in words.

What a model can no longer tell apart is refused; what only makes its errors likelier is advice. The limits were set
on LFW: of its 3,811 photographs eight do not pass, and of copies that lost the person's likeness (cosine to the
original of 0.75 or less on average: blur of three pixels, motion of thirteen, a fifth of the size) one in twenty does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from moiety.face.found import Points
from moiety.face.picture import Pixels
from moiety.face.refusals import FaceTooBlurred, FaceTooSmall, FaceTruncated, FaceWithoutContrast, PictureRefused

Measure: TypeAlias = Literal["eyes_px", "sharpness", "contrast", "exposure", "outside", "yaw", "pitch", "roll"]

EYES_LOW_PX: Final = 16
"""Between the eyes, refused below: at 17 a face still has a cosine of 0.97 to its larger self, at 13 of 0.92."""

EYES_ADVISED_PX: Final = 40
"""A face 112 pixels wide, which is what models are fed, has 35."""

SHARPNESS_LOW: Final = 15.0
"""Percent of the sharpness of LFW's median photograph, in the least sharp direction; refused below."""

SHARPNESS_ADVISED: Final = 35.0

CONTRAST_LOW: Final = 6.0
"""Standard deviation of the aligned face's grey levels; refused below. The flattest of LFW has 19."""

EXPOSURE_ADVISED: Final = (50.0, 205.0)
"""Mean grey level of the aligned face, of 0 to 255."""

OUTSIDE_HIGH: Final = 0.4
"""Share of the aligned face that lies outside the picture; refused above."""

OUTSIDE_ADVISED: Final = 0.10

TURNED_ADVISED_DEGREES: Final = {"yaw": 35.0, "pitch": 25.0, "roll": 30.0}
"""To the side, up or down, tilted. Five points tell these roughly, so they never refuse."""

_CELLS: Final = 56

_TYPICAL_DETAIL: Final = {(0, 1): 0.132, (1, 0): 0.176, (1, 1): 0.360, (1, -1): 0.357}
"""Direction (down, right) to the median of LFW's second differences there, as shares of the faces' variance."""

# A face in numbers, as multiples of the distance between the eyes: how far the nose's tip stands out, and how far
# below the eyes' line the tip and the mouth's corners lie. Means of adults' faces, and of LFW.
_NOSE_OUT: Final = 0.40
_NOSE_OF_MOUTH: Final = 0.56
_MOUTH_BELOW: Final = 1.08


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure that is beyond its limit: its number, the limit and the reason in words."""

    measure: Measure
    number: float
    limit: float
    reason: str
    refusal: PictureRefused | None = None

    @property
    def words(self) -> str:
        """The reason with its numbers, for people."""
        bound = "at most" if abs(self.number) > self.limit else "at least"
        return f"{self.reason} ({self.measure} {abs(self.number):.3g}, {bound} {self.limit:g} is advised)"


@dataclass(frozen=True, slots=True)
class Quality:
    """The measures of one face.

    `eyes_px`: distance of the eyes in the picture's pixels. `sharpness`: detail in the least sharp of four directions,
    in percent of a typical photograph's. `contrast`: standard deviation, and `exposure`: mean of the aligned face's
    grey levels, 0 to 255. `outside`: share of
    the aligned face outside the picture. `yaw`, `pitch`, `roll`: degrees, estimated from the five points; positive
    is towards the picture's right, downwards, clockwise.
    """

    eyes_px: float
    sharpness: float
    contrast: float
    exposure: float
    outside: float
    yaw: float
    pitch: float
    roll: float

    def findings(self) -> tuple[Finding, ...]:
        """What is beyond its limit, refusals first; empty for a good picture."""
        found = [*self._of_pixels(), *self._of_light(), *self._of_place()]
        return tuple(sorted(found, key=lambda finding: finding.refusal is None))

    def require(self) -> None:
        """Raise the first refusal, if there is one."""
        for finding in self.findings():
            if finding.refusal is not None:
                raise finding.refusal

    def _of_pixels(self) -> Iterator[Finding]:
        if self.eyes_px < EYES_LOW_PX:
            refusal = FaceTooSmall(pixels=int(self.eyes_px), limit=EYES_LOW_PX)
            yield Finding("eyes_px", self.eyes_px, EYES_LOW_PX, "the face is too small to be told apart", refusal)
        elif self.eyes_px < EYES_ADVISED_PX:
            yield Finding("eyes_px", self.eyes_px, EYES_ADVISED_PX, "a larger face would be told apart better")
        if self.sharpness < SHARPNESS_LOW:
            blurred = FaceTooBlurred(sharpness=int(self.sharpness), limit=int(SHARPNESS_LOW))
            yield Finding(
                "sharpness", self.sharpness, SHARPNESS_LOW, "the face is too blurred to be told apart", blurred
            )
        elif self.sharpness < SHARPNESS_ADVISED:
            yield Finding("sharpness", self.sharpness, SHARPNESS_ADVISED, "a sharper face would be told apart better")

    def _of_light(self) -> Iterator[Finding]:
        low, high = EXPOSURE_ADVISED
        if self.contrast < CONTRAST_LOW:
            flat = FaceWithoutContrast(contrast=int(self.contrast), limit=int(CONTRAST_LOW))
            yield Finding("contrast", self.contrast, CONTRAST_LOW, "the face has hardly any contrast", flat)
        if self.exposure < low:
            yield Finding("exposure", self.exposure, low, "the face is dark")
        elif self.exposure > high:
            yield Finding("exposure", self.exposure, high, "the face is overexposed")

    def _of_place(self) -> Iterator[Finding]:
        if self.outside > OUTSIDE_HIGH:
            cut = FaceTruncated(percent=round(self.outside * 100), limit=round(OUTSIDE_HIGH * 100))
            yield Finding("outside", self.outside, OUTSIDE_HIGH, "too much of the face is outside the picture", cut)
        elif self.outside > OUTSIDE_ADVISED:
            yield Finding("outside", self.outside, OUTSIDE_ADVISED, "part of the face is outside the picture")
        if abs(self.yaw) > TURNED_ADVISED_DEGREES["yaw"]:
            yield Finding("yaw", self.yaw, TURNED_ADVISED_DEGREES["yaw"], "the face is turned to the side")
        if abs(self.pitch) > TURNED_ADVISED_DEGREES["pitch"]:
            yield Finding("pitch", self.pitch, TURNED_ADVISED_DEGREES["pitch"], "the face looks up or down")
        if abs(self.roll) > TURNED_ADVISED_DEGREES["roll"]:
            yield Finding("roll", self.roll, TURNED_ADVISED_DEGREES["roll"], "the face is tilted")


def measure(aligned: Pixels, matrix: NDArray[np.float64], points: Points, picture: tuple[int, int]) -> Quality:
    """Quality of one face.

    `aligned` (h, w, 3) is the face as the model sees it, `matrix` (2, 3) what brought it there, `points` (5, 2) and
    `picture` (width, height) are in the pixels of the picture.
    """
    grey = aligned.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601 luma
    inside = _inside(matrix, aligned.shape[1::-1], picture)
    visible = grey[inside] if inside.any() else grey.ravel()
    yaw, pitch, roll = pose(points)
    return Quality(
        eyes_px=float(np.linalg.norm(points[1] - points[0])),
        sharpness=_sharpness(grey, inside),
        contrast=float(visible.std()),
        exposure=float(visible.mean()),
        outside=float(1 - inside.mean()),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
    )


def pose(points: Points) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees, from where the tip of the nose lies among five points (5, 2)."""
    across = points[1] - points[0]
    roll = float(np.arctan2(across[1], across[0]))
    upright = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    eye, other, nose, corner, opposite = np.asarray(points, np.float64) @ upright.T
    middle, mouth = (eye + other) / 2, (corner + opposite) / 2
    eyes, height = max(float(other[0] - eye[0]), 1e-6), max(float(mouth[1] - middle[1]), 1e-6)
    aside = float(nose[0] - (middle[0] + mouth[0]) / 2) / eyes
    below = float(nose[1] - middle[1]) / height - _NOSE_OF_MOUTH
    yaw = np.arctan(aside / _NOSE_OUT)
    pitch = np.arctan(below * _MOUTH_BELOW / _NOSE_OUT)
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def _inside(matrix: NDArray[np.float64], size: tuple[int, int], picture: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels (height, width) of the aligned face come from within the picture."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    back = np.linalg.inv(matrix[:, :2])
    there = (np.stack([x, y], axis=-1) - matrix[:, 2]) @ back.T
    inside: NDArray[np.bool_] = np.all((there >= 0) & (there <= np.array(picture) - 1), axis=-1)
    return inside


def _sharpness(grey: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """Second differences along four directions, as shares of the variance, so that light does not matter.

    The least of the four counts: a face that moved while the picture was taken is blurred in one direction only.
    It is looked at in half the size (about 56 pixels across), where the kinks of an enlarged picture do not pass
    for detail. Cells of which a part lies outside the picture are left out.
    """
    cell = max(1, round(grey.shape[1] / _CELLS))
    face, known = _cells(grey, cell), _cells(inside.astype(np.float32), cell) == 1
    height, width = face.shape
    middle = slice(height // 7, height - height // 18), slice(width // 8, width - width // 8)  # less background
    face, known = face[middle], known[middle]
    if not known.any():
        return 0.0
    variance = max(float(face[known].var()), 1.0)
    centre, there = face[1:-1, 1:-1], known[1:-1, 1:-1]
    shares = []
    for (down, right), typical in _TYPICAL_DETAIL.items():
        ahead, behind = _moved(face, down, right), _moved(face, -down, -right)
        whole = there & _moved(known, down, right) & _moved(known, -down, -right)
        if not whole.any():
            return 0.0
        shares.append(float((ahead + behind - 2 * centre)[whole].var()) / variance / typical)
    return 100 * min(shares)


def _cells(grey: NDArray[np.float32], cell: int) -> NDArray[np.float32]:
    """Means of square cells; what is left over at the right and the bottom is dropped."""
    height, width = (side // cell * cell for side in grey.shape)
    means: NDArray[np.float32] = grey[:height, :width].reshape(height // cell, cell, -1, cell).mean(axis=(1, 3))
    return means


def _moved(inner: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """The array without its rim, moved by one."""
    height, width = inner.shape
    return inner[1 + down : height - 1 + down, 1 + right : width - 1 + right]
