"""A model that is no network of one input and one output, or is fed otherwise than it says, is refused by type."""

from __future__ import annotations

import numpy as np
import pytest

from moiety.face.card_refusals import ModelUnusable
from moiety.face.litert import LiteRt
from moiety.face.onnx import Onnx
from moiety.face.store import ModelStore

FLOAT = 1


def field(number: int, value: bytes | str | int) -> bytes:
    """One field of a protocol buffer; every length and number here is below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    content = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2, len(content)]) + content


def tensor(name: str) -> bytes:
    """The declaration of four floats."""
    shape = field(1, field(1, 1)) + field(1, field(1, 4))
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, shape)))


def onnx(*inputs: str) -> bytes:
    """A network of these inputs that adds a constant to the first, or to itself where there is none."""
    constant = field(1, 1) + field(1, 4) + field(2, FLOAT) + field(8, "one") + field(9, np.ones(4, "<f4").tobytes())
    node = field(1, inputs[0] if inputs else "one") + field(1, "one") + field(2, "sum") + field(4, "Add")
    graph = field(1, node) + field(2, "graph") + field(5, constant) + field(12, tensor("sum"))
    graph += b"".join(field(11, tensor(name)) for name in inputs)
    return field(1, 8) + field(8, field(2, 13)) + bytes([7 << 3 | 2, len(graph) & 127 | 128, len(graph) >> 7]) + graph


def test_a_network_of_one_input_runs() -> None:
    batch = np.arange(4, dtype=np.float32)[np.newaxis]
    assert Onnx(onnx("face"), 1).run(batch).tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("inputs", [(), ("face", "mask")], ids=["none", "two"])
def test_a_network_of_another_number_of_inputs_is_refused_when_it_is_opened(inputs: tuple[str, ...]) -> None:
    with pytest.raises(ModelUnusable):
        Onnx(onnx(*inputs), 1)


def test_a_batch_of_another_shape_is_refused(data) -> None:
    store = ModelStore(data)
    network = LiteRt(store.content(store.card("mobilefacenet-192")), 1)
    assert network.run(np.zeros((2, 112, 112, 3), np.float32)).shape == (2, 192)
    for shape in ((1, 112, 112, 3), (2, 128, 112, 3), (2, 3, 112, 112), (2, 112, 112)):
        with pytest.raises(ModelUnusable):
            network.run(np.zeros(shape, np.float32))
    with pytest.raises(ModelUnusable):
        Onnx(onnx("face"), 1).run(np.zeros((2, 4), np.float32))
