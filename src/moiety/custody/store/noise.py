"""Random bytes in bulk: dummy rows, and what overwrites the erased."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from moiety.sharing.streams import KEY_BYTES, Stream

Entropy = Callable[[int], bytes]
"""So many fresh random bytes: `os.urandom` at the edge."""

_AT_ONCE = 4096


def noise(entropy: Entropy, count: int) -> NDArray[np.uint8]:
    """`count` random bytes, writable: drawn as they are, or stretched from one fresh key where there are many.

    The system's generator gives 100 to 400 MB/s, which a bulk enrolment would wait for; AES gives thousands.
    """
    if count <= _AT_ONCE:
        return np.frombuffer(bytearray(entropy(count)), dtype=np.uint8)
    return Stream(entropy(KEY_BYTES)).words((count,), np.uint8)
