"""Photographs of made-up people: pictures that carry a face vector in their pixels, and the recogniser that reads it.

With it the drills enrol through the real stories, from real files with names and pixels, at any number of people and
without a model. It stands where `face` stands; custodians cannot tell the difference, since they never see a picture.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from moiety.identity.ports import Picture

MODEL: Final = "made-up-people"
_FLOAT_BYTES: Final = 4
_NOISE_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class Face:
    """A template or probe: a unit vector (d,) float32."""

    vector: NDArray[np.float32] = field(repr=False)
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """That of any picture."""

    sharpness: float = 100.0
    exposure: float = 128.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A face in a picture, see `ports.Seen`."""

    box: tuple[float, float, float, float]
    points: NDArray[np.float32] = field(repr=False)
    template: Callable[[], Face] = field(repr=False)
    confidence: float = 1.0
    quality: Quality = Quality()


@dataclass(frozen=True, slots=True)
class Look:
    """A picture that was looked at, see `ports.Look`."""

    faces: tuple[Seen, ...]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """One measured point of a model: the two error rates at a cosine."""

    fmr: float
    fnmr: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Card:
    """What a model card says; the rates are those of mobilefacenet-192, whose scores made-up people imitate."""

    dim: int
    name: str = MODEL
    rates: Sequence[MeasuredRate] = (MeasuredRate(1e-3, 0.022, 0.451), MeasuredRate(1e-4, 0.059, 0.532))


@dataclass(frozen=True, slots=True)
class Models:
    """The one stand-in model, of `dim` coordinates; it serves as its own recogniser."""

    dim: int

    def card(self, name: str) -> Card:
        """The stand-in's card, whatever the name."""
        return Card(self.dim)

    def recogniser(self, name: str) -> Models:
        """Itself."""
        return self

    def look(self, picture: Picture) -> Look:
        """The one face there is, as large as the picture."""
        shown = pixels(picture)
        face = self.probe(shown)
        height, width = shown.shape[:2]
        points = np.full((5, 2), width / 2, np.float32)
        return Look((Seen((0.0, 0.0, float(width), float(height)), points, lambda: face),), (width, height))

    def template(self, pictures: Sequence[Picture]) -> Face:
        """The face in the first picture."""
        return self.probe(pictures[0])

    def probe(self, picture: Picture) -> Face:
        """The face vector (dim,) that `portrait` laid into the first pixels."""
        return Face(np.frombuffer(pixels(picture).tobytes()[: _FLOAT_BYTES * self.dim], "<f4").copy())


def portrait(vector: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Pixels (side, side, 3): a face vector (d,), then noise."""
    side = isqrt(ceil((vector.nbytes + _NOISE_BYTES) / 3)) + 1
    noise = rng.integers(0, 256, side * side * 3 - vector.nbytes, dtype=np.uint8)
    return np.concatenate([np.frombuffer(vector.astype("<f4").tobytes(), np.uint8), noise]).reshape(side, side, 3)


def photograph(pixels: NDArray[np.uint8], note: str) -> bytes:
    """A PNG file of pixels (h, w, 3) with a note, as cameras and offices leave them in pictures."""
    remarks = PngInfo()
    remarks.add_text("Comment", note)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=remarks)
    return file.getvalue()


def pixels(picture: Picture) -> NDArray[np.uint8]:
    """The pixels (h, w, 3) of a picture."""
    if isinstance(picture, np.ndarray):
        return picture
    source = io.BytesIO(picture) if isinstance(picture, bytes) else os.fspath(picture)
    with Image.open(source) as opened:
        return np.asarray(opened)
