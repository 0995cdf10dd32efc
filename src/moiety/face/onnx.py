"""Models in ONNX, by onnxruntime."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from moiety.face.card_refusals import ModelUnusable


class Onnx:
    """A network of one input and one output, from the bytes of the model."""

    def __init__(self, model: bytes, threads: int | None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 4  # its errors come back as exceptions; the rest is talk
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception:  # onnxruntime's errors have no public class but Exception
            raise ModelUnusable from None
        if len(self._session.get_inputs()) != 1:
            raise ModelUnusable
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Outputs (slots, d), of the first output where there are several; raises `ModelUnusable`."""
        try:
            return np.asarray(self._session.run([self._output], {self._input: batch})[0])
        except Exception:
            raise ModelUnusable from None
