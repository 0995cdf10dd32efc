"""Random bytes in bulk: dummy rows, what overwrites the erased, and the masks of many newcomers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from moiety.sharing.streams import KEY_BYTES, Stream

Entropy = Callable[[int], bytes]
"""So many fresh random bytes: `os.urandom` at the edge."""

_AT_ONCE = 4096


def noise(entropy: Entropy, count: int) -> bytes:
    """`count` random bytes: drawn as they are, or expanded from one fresh key where there are many.

    The system's generator gives 100 to 400 MB/s, which a bulk enrolment would wait for; AES gives thousands.
    """
    if count <= _AT_ONCE:
        return entropy(count)
    out = np.empty(count, dtype=np.uint8)
    Stream(entropy(KEY_BYTES)).fill(out)
    return out.tobytes()
