"""A custodian's process keeps the memory of one message for the next."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

MESSAGE = 4 << 20
PAGE = 4 << 10
TIMES = 20

COUNTED = f"""
from resource import RUSAGE_SELF, getrusage
from moiety.custody.net.memory import keep_freed
if {{}}:
    keep_freed()
bytearray({MESSAGE}), bytearray({MESSAGE})
before = getrusage(RUSAGE_SELF).ru_minflt
for _ in range({TIMES}):
    bytearray({MESSAGE}), bytearray({MESSAGE})
print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""


def faults(kept: bool) -> int:
    """Pages that a fresh process asks the kernel for while it takes and frees two messages' memory, again and again."""
    done = subprocess.run([sys.executable, "-c", COUNTED.format(kept)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, with ways of its own")
def test_what_one_message_freed_serves_the_next() -> None:
    assert faults(kept=False) > TIMES * MESSAGE // PAGE // 2
    assert faults(kept=True) < MESSAGE // PAGE
