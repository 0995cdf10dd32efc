"""A recogniser: the detector and the embedder of one model card, from a picture to a template."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from moiety.face.align import crop, similarity
from moiety.face.card import DetectorCard, EmbedderCard
from moiety.face.card_refusals import ModelNotRecognising, ModelUnusable
from moiety.face.centerface import CenterFace
from moiety.face.embed import Embedder, Network
from moiety.face.found import Detector, Found, Points
from moiety.face.picture import Picture, Pixels, load
from moiety.face.quality import Quality, measure
from moiety.face.refusals import NoFace, NoPictures, PicturesDisagree, RatesUnknown, SeveralFaces, TooManyPictures
from moiety.face.store import ModelStore
from moiety.face.template import Probe, Template, Vector, unit
from moiety.stages import stage

PICTURES_LIMIT: Final = 64
"""Of one person: more would not make a better template, and each is decoded."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in a picture: `box` (left, top, width, height) and `points` (5, 2) float32 in pixels of the upright
    picture, how sure the detector is, and the quality with its findings. `template` makes this face's, or raises a
    `PictureRefused` where its quality will not do."""

    box: tuple[float, float, float, float] = field(repr=False)
    points: Points = field(repr=False)
    confidence: float
    quality: Quality
    template: Callable[[], Template] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """Every face of a picture, the most confident first, and the upright picture's width and height in pixels."""

    faces: tuple[Face, ...]
    size: tuple[int, int]


class Recogniser:
    """From pictures to templates and probes, by one model. Threads may share it, and take turns; processes each
    open their own."""

    def __init__(self, card: EmbedderCard, detector: Detector, embedder: Embedder) -> None:
        self.card = card
        self._detector = detector
        self._embedder = embedder
        self._size = (card.input.width, card.input.height)
        self._target = np.array(card.alignment, np.float32)
        self._turn = threading.Lock()

    @classmethod
    def open(cls, model: str, data: Path, *, threads: int | None = None) -> Recogniser:
        """Load an installed model and the detector that its card names.

        `threads` bounds each model's own threads; OpenCV's bound holds for the whole process. Raises
        `ModelUnknown`, `ModelNotInstalled`, `ModelDamaged`, `ModelNotRecognising` for a detector's card, or
        `ModelUnusable`.
        """
        store = ModelStore(data)
        card = store.card(model)
        if not isinstance(card, EmbedderCard):
            raise ModelNotRecognising
        return cls(card, _detector(store, card.detector, threads), Embedder(card, _network(store, card, threads)))

    def faces(self, picture: Picture) -> list[Face]:
        """Every face of a picture, the most confident first; raises a `PictureRefused` for what is no picture."""
        return list(self.look(picture).faces)

    def look(self, picture: Picture) -> Look:
        """Every face of a picture, each to be made a template of or not; raises as `faces`."""
        pixels = load(picture)
        with self._turn:
            found = self._detector.find(pixels)
        faces = tuple(self._face(one, *self._crop(pixels, one)) for one in found)
        return Look(faces, (pixels.shape[1], pixels.shape[0]))

    def _face(self, found: Found, aligned: Pixels, quality: Quality) -> Face:
        def template() -> Template:
            quality.require()
            return Template(self.card.name, self._vector(aligned), _advice([quality]))

        return Face(found.box, found.points, found.confidence, quality, template)

    def template(self, pictures: Sequence[Picture]) -> Template:
        """One person's template: the mean direction of the faces of all the pictures, one face in each.

        Raises a `PictureRefused`: what a single picture is refused with, `NoPictures`, `TooManyPictures`, or
        `PicturesDisagree` where a picture seems to show somebody else, or `RatesUnknown` where the card has no
        rates to judge that by.
        """
        if not pictures:
            raise NoPictures
        if len(pictures) > PICTURES_LIMIT:
            raise TooManyPictures(limit=PICTURES_LIMIT)
        faces = [self._one(picture) for picture in pictures]
        vectors = np.stack([vector for vector, _ in faces])
        self._agree(vectors)
        return Template(self.card.name, unit(vectors.mean(axis=0)), _advice([quality for _, quality in faces]))

    def probe(self, picture: Picture) -> Probe:
        """A probe from a picture with one face; raises a `PictureRefused`."""
        return Probe(self.card.name, self._one(picture)[0])

    def embed_nearest_centre(self, picture: Picture) -> Vector:
        """The unit vector (d,) of the face nearest the picture's centre, for measuring on labelled pictures that
        show others in the background. Its quality is not looked at; raises `NoFace` and what `load` raises."""
        pixels = load(picture)
        with self._turn:
            found = self._detector.find(pixels)
        if not found:
            raise NoFace
        middle = np.array(pixels.shape[1::-1]) / 2
        nearest = min(found, key=lambda one: float(np.hypot(*(np.array(one.centre) - middle))))
        return self._vector(self._crop(pixels, nearest)[0])

    def _one(self, picture: Picture) -> tuple[Vector, Quality]:
        with stage("decoding"):
            pixels = load(picture)
        with self._at_it("detector"):
            found = self._detector.find(pixels)
        if not found:
            raise NoFace
        if len(found) > 1:
            raise SeveralFaces(faces=len(found))
        aligned, quality = self._crop(pixels, found[0])
        quality.require()
        return self._vector(aligned), quality

    @contextmanager
    def _at_it(self, name: str) -> Iterator[None]:
        """Whose turn it is, and what for."""
        with stage("turn"):
            self._turn.acquire()
        try:
            with stage(name):
                yield
        finally:
            self._turn.release()

    def _vector(self, aligned: Pixels) -> Vector:
        with self._at_it("embedder"):
            vector: Vector = self._embedder.vectors([aligned])[0]
        return vector

    def _crop(self, pixels: Pixels, found: Found) -> tuple[Pixels, Quality]:
        with stage("quality"):
            try:
                matrix = similarity(found.points, self._target)
            except ValueError:  # five points in one: whatever it is, it is no face
                raise NoFace from None
            aligned = crop(pixels, matrix, self._size)
            return aligned, measure(aligned, matrix, found.points, pixels.shape[1::-1])

    def _agree(self, vectors: Vector) -> None:
        """Each picture has to match most of the others, at the loosest point that was measured.

        Most, because one in a hundred pairs of one person's pictures fails it; and not their mean, which lies
        between two people where there are two.
        """
        if len(vectors) == 1:
            return
        if not self.card.rates:
            raise RatesUnknown
        others = ~np.eye(len(vectors), dtype=bool)
        typical = np.median((vectors @ vectors.T)[others].reshape(len(vectors), -1), axis=1)
        if typical.min() < self.card.rates[0].cosine:
            raise PicturesDisagree(picture=int(typical.argmin()) + 1)


def _advice(pictures: Sequence[Quality]) -> tuple[str, ...]:
    """What each accepted picture could have better, with its number among several."""
    return tuple(
        f"picture {number}: {finding.words}" if len(pictures) > 1 else finding.words
        for number, quality in enumerate(pictures, 1)
        for finding in quality.findings()
    )


def _detector(store: ModelStore, name: str, threads: int | None) -> Detector:
    from moiety.face.yunet import YuNet

    card = store.card(name)
    if not isinstance(card, DetectorCard):
        raise ModelUnusable
    if threads is not None:
        cv2.setNumThreads(threads)
    model = store.content(card)
    return YuNet(model) if card.engine == "yunet" else CenterFace(model)


def _network(store: ModelStore, card: EmbedderCard, threads: int | None) -> Network:
    model = store.content(card)
    if card.engine == "onnxruntime":
        from moiety.face.onnx import Onnx

        return Onnx(model, threads)
    from moiety.face.litert import LiteRt

    return LiteRt(model, threads)
