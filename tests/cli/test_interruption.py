"""Signals that end a program."""

from __future__ import annotations

import subprocess
import sys

import pytest

AT_ANY_MOMENT = """
import random, signal
from moiety.cli.interruption import awaited

signal.SIGTERM = signal.SIGALRM  # the one that a timer sends: to a process that is just then beginning to wait
for _ in range(5000):
    with awaited() as asked:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 40e-6))
        asked()
"""

AFTERWARDS = """
import signal
from moiety.cli.interruption import awaited

before = signal.getsignal(signal.SIGTERM)
with awaited():
    assert signal.getsignal(signal.SIGTERM) is not before
assert signal.getsignal(signal.SIGTERM) is before
assert signal.set_wakeup_fd(-1) == -1
"""

OTHERS = """
import os, signal, threading
from moiety.cli.interruption import awaited

signal.signal(signal.SIGALRM, lambda _, __: None)
with awaited() as asked:
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGALRM)).start()
    threading.Timer(0.6, print, ("still there",)).start()
    threading.Timer(0.9, os.kill, (os.getpid(), signal.SIGINT)).start()
    asked()
print("told")
"""


@pytest.mark.parametrize(
    ("program", "said"), [(AT_ANY_MOMENT, ""), (AFTERWARDS, ""), (OTHERS, "still there\ntold\n")],
    ids=["at any moment", "afterwards they are what they were", "others end nothing"],
)  # fmt: skip
def test_whoever_is_told_to_stop_stops(program: str, said: str) -> None:
    """In the very moment in which it begins to wait, too: a flag that a handler sets there is seen by nobody."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
