"""Faces and their points in real photographs, at any size, by both detectors."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from moiety.face.card_refusals import ModelUnusable
from moiety.face.centerface import CenterFace
from moiety.face.onnx import Onnx
from moiety.face.picture import load
from moiety.face.store import ModelStore
from moiety.face.yunet import YuNet
from tests.face.shared import shared

PEOPLE = ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "astronaut.png"]


@pytest.fixture(scope="module")
def centerface(data):
    store = ModelStore(data)
    return CenterFace(store.content(store.card("centerface")))


@pytest.fixture(scope="module")
def yunet():
    return YuNet(shared("models", "yunet_n_dynamic.onnx").read_bytes())


def like_a_face(points) -> bool:
    """Eyes level and left to right, the nose between and below them, the mouth below the nose."""
    eye, other, nose, corner, opposite = points
    return (
        eye[0] < nose[0] < other[0]
        and corner[0] < opposite[0]
        and max(eye[1], other[1]) < nose[1] < min(corner[1], opposite[1])
    )


@pytest.mark.parametrize("name", PEOPLE)
def test_one_face_with_its_points_in_order(centerface, photograph, name):
    (face,) = centerface.find(load(photograph(name)))
    assert face.points.shape == (5, 2)
    assert face.points.dtype == np.float32
    assert like_a_face(face.points)
    left, top, width, height = face.box
    assert ((face.points > (left, top)) & (face.points < (left + width, top + height))).all()
    assert face.confidence > 0.8


def test_the_points_of_two_detectors_agree(centerface, yunet, photograph):
    """An independent model on the same pictures: a mistake in reading either one's outputs would part them."""
    for name in PEOPLE:
        pixels = load(photograph(name))
        (one,), (other,) = centerface.find(pixels), yunet.find(pixels)
        eyes = np.linalg.norm(one.points[1] - one.points[0])
        assert np.linalg.norm(one.points - other.points, axis=1).max() < 0.2 * eyes


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.3])
def test_coordinates_are_the_pictures_own(centerface, photograph, factor):
    with Image.open(photograph("obama.jpg")) as opened:
        (reference,) = centerface.find(np.asarray(opened))
        size = (round(opened.width * factor), round(opened.height * factor))
        (face,) = centerface.find(np.asarray(opened.resize(size)))
    eyes = np.linalg.norm(face.points[1] - face.points[0])
    assert np.abs(face.points - reference.points * factor).max() < 0.1 * eyes


def test_several_faces_the_most_confident_first(centerface, yunet):
    for name, faces in (("couple.jpg", {2}), ("selfie-many-people.jpg", {6, 7})):  # one is half hidden
        pixels = load(shared("data", "groups", name))
        for detector in (centerface, yunet):
            found = detector.find(pixels)
            assert len(found) in faces
            assert [face.confidence for face in found] == sorted((face.confidence for face in found), reverse=True)


@pytest.mark.parametrize("size", [(1, 1, 3), (1, 5_000, 3), (5_000, 1, 3), (31, 33, 3), (700, 700, 3)])
def test_nobody_where_nobody_is(centerface, yunet, size):
    noise = np.random.default_rng(7).integers(0, 256, size, np.uint8)
    for pixels in (noise, np.zeros(size, np.uint8), np.full(size, 255, np.uint8)):
        assert centerface.find(pixels) == []
        assert yunet.find(pixels) == []


def test_a_file_that_is_another_model_is_unusable(data, photograph):
    store = ModelStore(data)
    detector, embedder = (store.content(store.card(name)) for name in ("centerface", "mobilefacenet-192"))
    picture = photograph("biden.jpg").read_bytes()
    for content in (embedder, picture, b""):
        for engine in (CenterFace, YuNet):
            with pytest.raises(ModelUnusable):
                engine(content)
        with pytest.raises(ModelUnusable):
            Onnx(content, 1)
    with pytest.raises(ModelUnusable):
        YuNet(detector)
