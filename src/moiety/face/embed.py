"""Aligned faces become vectors: the input as the card says, the network run, mirror images averaged."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moiety.face.card import EmbedderCard, InputFormat
from moiety.face.card_refusals import ModelUnusable
from moiety.face.picture import Pixels
from moiety.face.template import Vector, unit


class Network(Protocol):
    """A loaded model: `slots` inputs at once, (slots, height, width, 3) or (slots, 3, height, width) float32, to
    outputs (slots, d) float32."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]: ...


class Embedder:
    """A network and the card that says how to use it; not for two threads at once.

    Raises `ModelUnusable` where the network does not take or give what its card says.
    """

    def __init__(self, card: EmbedderCard, network: Network) -> None:
        self._card = card
        self._network = network
        # One look at nothing: a model that is not as its card says fails here, and not as if a picture had failed.
        self.vectors([np.full((card.input.height, card.input.width, 3), 128, np.uint8)])

    def vectors(self, faces: list[Pixels]) -> Vector:
        """Unit vectors (n, d) of aligned faces (height, width, 3) RGB; raises `ModelUnusable`."""
        views = [view for face in faces for view in ((face, face[:, ::-1]) if self._card.mirror else (face,))]
        outputs = self._run(prepare(views, self._card.input))
        try:
            outputs = unit(outputs)
            if self._card.mirror:
                outputs = unit(outputs[0::2] + outputs[1::2])
        except ValueError:
            raise ModelUnusable from None
        return outputs

    def _run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        slots = self._card.input.slots
        rows = []
        for start in range(0, len(inputs), slots):
            batch = inputs[start : start + slots]
            empty = slots - len(batch)
            filled = np.concatenate([batch, np.zeros((empty, *batch.shape[1:]), np.float32)]) if empty else batch
            output = self._network.run(filled)
            if output.shape != (slots, self._card.dim) or output.dtype != np.float32:
                raise ModelUnusable
            rows.append(output[: len(batch)])
        return np.concatenate(rows)


def prepare(faces: list[Pixels], wanted: InputFormat) -> NDArray[np.float32]:
    """Faces (height, width, 3) RGB in the input format of a model, one after another, float32."""
    batch: NDArray[np.float32] = np.stack(faces).astype(np.float32)
    if wanted.channels == "bgr":
        batch = batch[..., ::-1]
    batch = np.divide(np.subtract(batch, wanted.mean, dtype=np.float32), wanted.scale, dtype=np.float32)
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2) if wanted.layout == "nchw" else batch)
