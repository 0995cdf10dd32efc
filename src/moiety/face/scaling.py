"""Large pictures are looked at in a smaller copy: the time of a detector follows the pixels."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from moiety.face.picture import Pixels

SIDE_LIMIT: Final = 640
"""Of the copy: a face of a twentieth of the picture's width still has thirty pixels."""


def bounded(pixels: Pixels, limit: int = SIDE_LIMIT) -> Pixels:
    """The picture, or a copy whose longer side is `limit`; averaged, so that fine patterns do not alias."""
    height, width = pixels.shape[:2]
    scale = limit / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
