"""Faces brought to one place and size: the similarity that moves five points nearest to where they belong.

Least squares in closed form: Umeyama, "Least-squares estimation of transformation parameters between two point
patterns", IEEE PAMI 13 (1991). A similarity turns, scales and shifts; it never mirrors.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from moiety.face.picture import Pixels


def similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """The matrix (2, 3) that takes points (n, 2) nearest to other points (n, 2), in the sum of squares.

    Raises ValueError where the source points are one point or not finite.
    """
    a, b = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if not np.isfinite(a).all() or np.ptp(a, axis=0).max() < 1e-6:
        raise ValueError("points that are one point, or nowhere, cannot be aligned")
    from_centre, to_centre = a - a.mean(axis=0), b - b.mean(axis=0)
    variance = (from_centre**2).sum() / len(a)
    u, scales, vt = np.linalg.svd(to_centre.T @ from_centre / len(a))
    turn = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    linear = (scales @ turn) / variance * (u * turn) @ vt
    shift = b.mean(axis=0) - linear @ a.mean(axis=0)
    return np.concatenate([linear, shift[:, None]], axis=1)


def crop(pixels: Pixels, matrix: NDArray[np.float64], size: tuple[int, int]) -> Pixels:
    """The aligned face (height, width, 3) of `size` (width, height); black where the picture ends."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.5:
        # Sampling every second pixel or fewer would alias, so the picture is averaged down first.
        pixels, matrix = _smaller(pixels, matrix, scale, size)
    return np.asarray(cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0)), np.uint8)


def _smaller(
    pixels: Pixels, matrix: NDArray[np.float64], scale: float, size: tuple[int, int]
) -> tuple[Pixels, NDArray[np.float64]]:
    """The part of the picture that the crop shows, shrunk to about the crop's own scale, and the matrix for it."""
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size], np.float64)
    seen = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    height, width = pixels.shape[:2]
    margin = 2 / scale
    left, top = (int(side) for side in np.clip(seen.min(axis=0) - margin, 0, (width - 1, height - 1)))
    right, bottom = (
        int(side) for side in np.ceil(np.clip(seen.max(axis=0) + margin, (left + 1, top + 1), (width, height)))
    )
    part = pixels[top:bottom, left:right]
    new = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    shrunk = np.asarray(cv2.resize(part, new, interpolation=cv2.INTER_AREA), np.uint8)
    ratio = np.array([(right - left) / new[0], (bottom - top) / new[1]])
    # A pixel's middle lies half a pixel from its corner, so small (x) and large coordinates agree at
    # large = (x + 1/2) * ratio - 1/2 + corner.
    shift = matrix[:, :2] @ ((ratio - 1) / 2 + (left, top)) + matrix[:, 2]
    return shrunk, np.concatenate([matrix[:, :2] * ratio, shift[:, None]], axis=1)
