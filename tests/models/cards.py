"""A card of an operator's own: faceplugin-512 under another name, as somebody would write it."""

from __future__ import annotations

import re

EMBEDDER = """\
name = "of-my-own"
kind = "embedder"
about = "An ArcFace-style network of the operator's own"
engine = "onnxruntime"
file = "network.onnx"
bytes = 4884269
sha256 = "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581"
licence = "MIT"
training_data = "unknown"
mirror = false
dim = 512
alignment = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
]
measured_on = "nothing that counts"
source = { client = "file", origin = "the operator" }

[input]
width = 112
height = 112
channels = "rgb"
layout = "nchw"
mean = [127, 127, 127]
scale = [128.0, 128.0, 128.0]
slots = 1

[[rates]]
fmr = 1e-2
fnmr = 0.01
cosine = 0.26

[[rates]]
fmr = 1e-3
fnmr = 0.023
cosine = 0.338
"""


def without(card: str, field: str) -> str:
    """The card without one top-level field."""
    shorter, count = re.subn(rf"^{field} = .*\n", "", card, count=1, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"the card has no {field}")
    return shorter


def with_file(card: str, size: int, sha256: str) -> str:
    """The card for another file."""
    card = re.sub(r"^bytes = .*", f"bytes = {size}", card, count=1, flags=re.MULTILINE)
    return re.sub(r"^sha256 = .*", f'sha256 = "{sha256}"', card, count=1, flags=re.MULTILINE)
