"""CenterFace in `cv2.dnn` (Xu, Yan, Yuan, Tang, Li: CenterFace, 2019, arXiv:1911.03599).

Four outputs on a grid of stride 4: how much a cell is the centre of a face; the logarithms of its height and
width; where in the cell the centre lies; and five points within the box. All of them are (y, x), the points
included, which is the one thing to get wrong here.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from moiety.face.card_refusals import ModelUnusable
from moiety.face.found import Found
from moiety.face.picture import Pixels
from moiety.face.scaling import bounded

_STRIDE: Final = 4
_MULTIPLE: Final = 32
_CONFIDENCE_LOW: Final = 0.35
_OVERLAP_HIGH: Final = 0.3
_FACES_LIMIT: Final = 500
"""Cells that are looked at: without it, noise could make thousands of candidates to compare."""

_OUTPUTS: Final = ("537", "538", "539", "540")
"""Heat (1, 1, h, w), log sizes (1, 2, h, w), offsets (1, 2, h, w), points (1, 10, h, w)."""


class CenterFace:
    """A detector from the bytes of the model; not for two threads at once."""

    def __init__(self, model: bytes) -> None:
        try:
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
            self.find(np.zeros((_MULTIPLE, _MULTIPLE, 3), np.uint8))
        except (cv2.error, ValueError, IndexError):
            raise ModelUnusable from None

    def find(self, pixels: Pixels) -> list[Found]:
        """Every face, the most confident first, in the pixels of the picture as it was given."""
        copy = bounded(pixels)
        size = tuple(-(-side // _MULTIPLE) * _MULTIPLE for side in (copy.shape[1], copy.shape[0]))
        self._net.setInput(cv2.dnn.blobFromImage(copy, size=size, swapRB=False))
        heat, scale, offset, points = (np.asarray(out)[0] for out in self._net.forward(_OUTPUTS))
        back = np.array([pixels.shape[1] / size[0], pixels.shape[0] / size[1]], np.float32)
        return _faces(heat[0], scale, offset, points, back)


def _faces(
    heat: NDArray[np.float32],
    scale: NDArray[np.float32],
    offset: NDArray[np.float32],
    points: NDArray[np.float32],
    back: NDArray[np.float32],
) -> list[Found]:
    """Faces on the grid, `back` (2,) being the picture's pixels for one of the network's, as x and y."""
    rows, columns = np.nonzero(heat > _CONFIDENCE_LOW)
    likeliest = np.argsort(heat[rows, columns])[::-1][:_FACES_LIMIT]
    rows, columns = rows[likeliest], columns[likeliest]
    cells = np.stack([columns, rows], axis=1).astype(np.float32)
    centres = (cells + offset[::-1, rows, columns].T + 0.5) * _STRIDE
    sizes = np.exp(scale[::-1, rows, columns].T) * _STRIDE
    corners = centres - sizes / 2
    within = points[:, rows, columns].T.reshape(-1, 5, 2)[:, :, ::-1]  # (y, x) to (x, y)
    landmarks = (corners[:, None] + within * sizes[:, None]) * back
    boxes = np.concatenate([corners * back, sizes * back], axis=1)
    confidence = heat[rows, columns]
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), confidence.tolist(), _CONFIDENCE_LOW, _OVERLAP_HIGH)
    return [
        Found(_box(boxes[one]), landmarks[one].astype(np.float32), float(confidence[one]))
        for one in np.asarray(kept, dtype=np.int64).reshape(-1)
    ]


def _box(box: NDArray[np.float32]) -> tuple[float, float, float, float]:
    left, top, width, height = box.tolist()
    return left, top, width, height
