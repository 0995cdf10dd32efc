"""Measures of quality: on thousands of ordinary photographs they stay quiet, on spoilt copies they do not."""

from __future__ import annotations

import csv
import random

import cv2
import numpy as np
import pytest

from moiety.face.picture import load
from moiety.face.quality import Quality, pose
from moiety.face.refusals import FaceTooBlurred, FaceTooSmall, FaceTruncated, FaceWithoutContrast, PictureRefused

GOOD = {
    "eyes_px": 90.0, "sharpness": 100.0, "contrast": 50.0, "exposure": 120.0, "outside": 0.0,
    "yaw": 0.0, "pitch": 0.0, "roll": 0.0,
}  # fmt: skip

BEYOND = [
    ({"eyes_px": 39.9}, "eyes_px", None),
    ({"eyes_px": 15.9}, "eyes_px", FaceTooSmall),
    ({"sharpness": 34.9}, "sharpness", None),
    ({"sharpness": 14.9}, "sharpness", FaceTooBlurred),
    ({"contrast": 5.9}, "contrast", FaceWithoutContrast),
    ({"exposure": 49.9}, "exposure", None),
    ({"exposure": 205.1}, "exposure", None),
    ({"outside": 0.11}, "outside", None),
    ({"outside": 0.41}, "outside", FaceTruncated),
    ({"yaw": -35.1}, "yaw", None),
    ({"pitch": 25.1}, "pitch", None),
    ({"roll": -30.1}, "roll", None),
]


def test_a_good_picture_has_no_findings():
    assert Quality(**GOOD).findings() == ()
    Quality(**GOOD).require()


@pytest.mark.parametrize(("changed", "measure", "refusal"), BEYOND)
def test_each_measure_has_its_number_its_limit_and_its_reason(changed, measure, refusal):
    quality = Quality(**{**GOOD, **changed})
    (finding,) = quality.findings()
    assert finding.measure == measure
    assert finding.number == changed[measure]
    assert abs(abs(finding.number) - finding.limit) <= 0.1 + 1e-9
    assert finding.reason.startswith(("the face ", "a ", "part of ", "too much of "))
    if refusal is None:
        assert finding.refusal is None
        quality.require()
    else:
        with pytest.raises(refusal):
            quality.require()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"exposure": 24.04}, "the face is dark (exposure 24, at least 50 is advised)"),
        ({"exposure": 49.9}, "the face is dark (exposure 49.9, at least 50 is advised)"),
        ({"exposure": 230.0}, "the face is overexposed (exposure 230, at most 205 is advised)"),
        ({"yaw": -40.26}, "the face is turned to the side (yaw 40.3, at most 35 is advised)"),
        ({"outside": 0.1234}, "part of the face is outside the picture (outside 0.123, at most 0.1 is advised)"),
    ],
)
def test_a_finding_is_told_in_words_with_its_numbers(changed, words):
    (finding,) = Quality(**{**GOOD, **changed}).findings()
    assert finding.words == words


def test_refusals_come_first():
    findings = Quality(**{**GOOD, "yaw": 50.0, "exposure": 20.0, "outside": 0.9, "eyes_px": 30.0}).findings()
    assert [finding.measure for finding in findings] == ["outside", "eyes_px", "exposure", "yaw"]


def test_turned_and_tilted_faces_are_measured_as_such(recogniser, photograph):
    straight, turned = (load(photograph(name)) for name in ("astronaut.png", "obama2.jpg"))
    (one,), (other,) = recogniser.faces(straight), recogniser.faces(turned)
    assert abs(one.quality.yaw) < 8
    assert other.quality.yaw < -15  # towards the picture's left
    (mirrored,) = recogniser.faces(np.ascontiguousarray(turned[:, ::-1]))
    assert mirrored.quality.yaw == pytest.approx(-other.quality.yaw, abs=4)
    height, width = straight.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -20, 1)
    (tilted,) = recogniser.faces(np.asarray(cv2.warpAffine(straight, matrix, (width, height))))
    assert tilted.quality.roll - one.quality.roll == pytest.approx(20, abs=3)


def test_pose_survives_points_of_no_face():
    for points in (np.zeros((5, 2), np.float32), np.ones((5, 2), np.float32), np.eye(5, 2, dtype=np.float32)):
        assert np.isfinite(pose(points)).all()


@pytest.fixture(scope="module")
def photographs(lfw, recogniser):
    """100 photographs of LFW with one face, drawn by a fixed seed."""
    with (lfw / "pairs.csv").open(newline="") as file:
        names = sorted({row[column] for row in csv.DictReader(file) for column in ("image_a", "image_b")})
    random.Random(20).shuffle(names)
    pictures = (load(lfw / "images" / name) for name in names)
    return [pixels for pixels, _ in zip((one for one in pictures if len(recogniser.faces(one)) == 1), range(100))]  # noqa: B905


def refused(recogniser, pictures) -> float:
    """Share of pictures that give no template, whatever the reason."""
    count = 0
    for picture in pictures:
        try:
            recogniser.probe(picture)
        except PictureRefused:
            count += 1
    return count / len(pictures)


def test_ordinary_photographs_are_not_refused(recogniser, photographs):
    assert refused(recogniser, photographs) <= 0.01


def smeared(pixels, length):
    return cv2.filter2D(pixels, -1, np.full((1, length), 1 / length, np.float32))


def enlarged(pixels, factor):
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (500, 500), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 4),
        lambda pixels: smeared(pixels, 17),
        lambda pixels: smeared(pixels.transpose(1, 0, 2), 17).transpose(1, 0, 2),
        lambda pixels: cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA),
        lambda pixels: enlarged(pixels, 0.13),
    ],
    ids=["blurred", "smeared sideways", "smeared upwards", "shrunk", "shrunk and enlarged"],
)
def test_copies_that_lost_the_likeness_are_refused(recogniser, photographs, spoil):
    assert refused(recogniser, [np.ascontiguousarray(spoil(pixels)) for pixels in photographs[:30]]) >= 0.9


def test_copies_that_kept_the_likeness_are_not_refused(recogniser, photographs):
    slightly = [cv2.GaussianBlur(pixels, (0, 0), 0.8) for pixels in photographs[:30]]
    halved = [cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for pixels in photographs[:30]]
    assert refused(recogniser, slightly) <= 0.05
    assert refused(recogniser, halved) <= 0.05
