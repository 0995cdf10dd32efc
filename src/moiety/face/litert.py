"""Models in TensorFlow Lite's format, by `ai-edge-litert`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from moiety.face.card_refusals import ModelUnusable


class LiteRt:
    """A network of one input and one output, from the bytes of the model; not for two threads at once."""

    def __init__(self, model: bytes, threads: int | None) -> None:
        try:
            self._interpreter = Interpreter(model_content=model, num_threads=threads)
            with _unheard():
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError):
            raise ModelUnusable from None
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0]["dtype"] is not np.float32:
            raise ModelUnusable
        self._input, self._output = int(inputs[0]["index"]), int(outputs[0]["index"])
        self._shape = tuple(int(side) for side in inputs[0]["shape"])

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Outputs (slots, d) of a batch in the model's own input shape; raises `ModelUnusable` for another."""
        if batch.shape != self._shape:
            raise ModelUnusable
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output))


@contextmanager
def _unheard() -> Iterator[None]:
    """LiteRT greets whoever uses it on the process's stderr, and has no setting against it."""
    heard = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(heard, 2)
        os.close(heard)
        os.close(silence)
