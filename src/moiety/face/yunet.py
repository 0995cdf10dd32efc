"""YuNet in `cv2.FaceDetectorYN` (Wu, Peng, Yu: YuNet, Machine Intelligence Research 20, 2023)."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from moiety.face.card_refusals import ModelUnusable
from moiety.face.found import Found
from moiety.face.picture import Pixels
from moiety.face.scaling import bounded

_CONFIDENCE_LOW: Final = 0.6
_OVERLAP_HIGH: Final = 0.3
_FACES_LIMIT: Final = 500


class YuNet:
    """A detector from the bytes of the model; not for two threads at once."""

    def __init__(self, model: bytes) -> None:
        nothing = np.zeros(0, np.uint8)
        said = cv2.utils.logging.getLogLevel()
        try:
            # OpenCV 5 warns on stderr of a setting that this class makes by itself.
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
            self._detector = cv2.FaceDetectorYN.create(
                "onnx", np.frombuffer(model, np.uint8), nothing, (0, 0), _CONFIDENCE_LOW, _OVERLAP_HIGH, _FACES_LIMIT
            )
            self.find(np.zeros((32, 32, 3), np.uint8))
        except cv2.error:
            raise ModelUnusable from None
        finally:
            cv2.utils.logging.setLogLevel(said)

    def find(self, pixels: Pixels) -> list[Found]:
        """Every face, the most confident first, in the pixels of the picture as it was given."""
        copy = bounded(pixels)
        height, width = copy.shape[:2]
        self._detector.setInputSize((width, height))
        _, rows = self._detector.detect(np.ascontiguousarray(copy[:, :, ::-1]))  # it was trained on BGR
        if rows is None:
            return []
        x, y = pixels.shape[1] / width, pixels.shape[0] / height
        found = []
        for row in np.asarray(rows, dtype=np.float32):
            left, top, box_width, box_height = row[:4].tolist()
            points = row[4:14].reshape(5, 2) * np.array([x, y], np.float32)
            found.append(Found((left * x, top * y, box_width * x, box_height * y), points, float(row[14])))
        return sorted(found, key=lambda face: -face.confidence)
