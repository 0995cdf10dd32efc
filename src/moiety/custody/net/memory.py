"""What a custodian's process does with memory that it has used."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_MMAP_THRESHOLD = -3
_TRIM_THRESHOLD = -1
"""`mallopt` of glibc, malloc.h."""

_LARGEST = 32 << 20
"""The most that glibc takes. What is larger, such as a gallery, it has from the kernel and gives back as ever."""

_FREE = 128 << 20


def keep_freed() -> None:
    """Keep freed memory for the next message or search, 128 MiB at the end of a heap, where the C library is glibc.

    By itself it gives a large message's memory back at once, and the kernel clears it anew, page by page, for the next
    one: a quarter of what a line cost.
    """
    with suppress(OSError, AttributeError):  # another C library, with ways of its own
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _FREE)
