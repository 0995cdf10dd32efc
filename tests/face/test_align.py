"""Alignment is the least-squares similarity: exact where one exists, best where none does, never a mirror."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.face.align import crop, similarity
from moiety.face.store import shipped_cards

TARGET = np.array(shipped_cards()["mobilefacenet-192"].alignment, np.float32)


def moved(points, scale, turn, x, y):
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points @ matrix.T + (x, y), matrix


places = st.tuples(st.floats(0.05, 20), st.floats(-3.1, 3.1), st.floats(-500, 5_000), st.floats(-500, 5_000))


@given(places)
def test_a_similarity_is_undone_exactly(place):
    source, linear = moved(TARGET.astype(np.float64), *place)
    found = similarity(source, TARGET)
    assert np.allclose(found[:, :2], np.linalg.inv(linear), rtol=1e-6, atol=1e-9)
    assert np.allclose(source @ found[:, :2].T + found[:, 2], TARGET, atol=1e-3)


def missed(matrix, source):
    return float(((source @ matrix[:, :2].T + matrix[:, 2] - TARGET) ** 2).sum())


@given(places, st.integers(0, 2**32 - 1))
def test_no_similarity_nearby_fits_better(place, seed):
    rng = np.random.default_rng(seed)
    source, _ = moved(TARGET + rng.normal(0, 4, (5, 2)), *place)
    found = similarity(source, TARGET)
    a, b = found[0, 0], found[1, 0]
    assert np.allclose(found[:, :2], [[a, -b], [b, a]]), "it turns and scales, nothing else"
    best = missed(found, source)
    for _ in range(20):
        da, db = rng.normal(0, 1e-2 * np.hypot(a, b), 2)
        other = np.array([[a + da, -(b + db), 0], [b + db, a + da, 0]])
        other[:, 2] = TARGET.mean(axis=0) - other[:, :2] @ source.mean(axis=0)
        assert missed(other, source) >= best * (1 - 1e-9)


def test_a_mirrored_face_is_not_mirrored_back():
    source = TARGET * (-1, 1)
    assert np.linalg.det(similarity(source, TARGET)[:, :2]) > 0


def test_points_that_are_one_point_are_refused():
    for source in (
        np.ones((5, 2), np.float32),
        np.full((5, 2), np.nan, np.float32),
        np.full((5, 2), np.inf, np.float32),
    ):
        with pytest.raises(ValueError, match="one point"):
            similarity(source, TARGET)


@pytest.mark.parametrize("scale", [0.9, 0.45, 0.2, 0.06])
@pytest.mark.parametrize("turn", [0.0, 0.3, -1.2])
def test_the_crop_shows_what_lies_there_at_any_scale(scale, turn):
    """A smooth picture is sampled where the matrix says, also when it is shrunk first."""
    height, width = 700, 900
    pixels = np.full((height, width, 3), 128, np.uint8)
    pixels[..., 0] = np.arange(width) / width * 255
    pixels[..., 1] = np.arange(height)[:, None] / height * 255
    middle = np.array([width / 2, height / 2])
    source = (TARGET - 56) @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]).T / scale + middle
    matrix = similarity(source, TARGET)
    aligned = crop(pixels, matrix, (112, 112))
    assert aligned.shape == (112, 112, 3)
    at = np.array([[40, 30], [70, 80], [56, 56]])
    there = (at - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    for (column, row), (sx, sy) in zip(at, there, strict=True):
        if 0 <= sx < width and 0 <= sy < height:
            assert np.abs(aligned[row, column] - np.array([sx / width * 255, sy / height * 255, 128])).max() < 2.5


@pytest.mark.parametrize("scale", [0.45, 0.2, 0.06])
def test_a_crop_that_is_shrunk_first_is_not_moved_by_it(scale):
    """Waves of six pixels of the crop: half a pixel aside would be half the way from crest to slope."""
    length = 6 / scale
    wave = 127.5 + 100 * np.sin(2 * np.pi * np.arange(round(160 / scale)) / length)
    shift = np.array([-17.3, -9.1])
    for axis in (0, 1):
        line = wave[None, :, None] if axis == 0 else wave[:, None, None]
        pixels = np.broadcast_to(np.rint(line), (wave.size, wave.size, 3)).astype(np.uint8)
        aligned = crop(pixels, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (112, 112))
        there = (np.arange(112) - shift[axis]) / scale
        seen = aligned[56, :, 0] if axis == 0 else aligned[:, 56, 0]
        assert np.abs(seen - (127.5 + 100 * np.sin(2 * np.pi * there / length))).max() < 25


def test_fine_stripes_do_not_alias():
    """Every second line black: shrunk to a tenth they are grey, and not black or white."""
    pixels = np.zeros((1_200, 1_200, 3), np.uint8)
    pixels[::2] = 255
    matrix = np.array([[0.1, 0, 0], [0, 0.1, 0]])
    middle = crop(pixels, matrix, (112, 112))[10:100, 10:100]
    assert 120 < middle.min() <= middle.max() < 135


def test_beyond_the_picture_it_is_black():
    assert (
        crop(np.full((50, 50, 3), 255, np.uint8), np.array([[1.0, 0, 50], [0, 1.0, 0]]), (112, 112))[:, :49].max() == 0
    )
