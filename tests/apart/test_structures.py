"""msgspec looks at a structure when it first meets it, and crashes where two threads do that at once (0.22)."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import msgspec
looked, decoder = set(), msgspec.msgpack.Decoder
msgspec.msgpack.Decoder = lambda kind: looked.add(kind) or decoder(kind)
import moiety.custody.gateway.apart, moiety.custody.net.server

def structures(kind):
    for one in kind.__subclasses__():
        yield one
        yield from structures(one)

ours = {kind for kind in structures(msgspec.Struct) if kind.__module__.startswith("moiety.")}
print(len(ours), sorted(kind.__name__ for kind in ours - looked))
"""


def test_every_structure_is_looked_at_before_there_are_threads() -> None:
    """A gateway reads the answers of three custodians in three threads, the first of a kind among them."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    count, _, missing = done.stdout.strip().partition(" ")
    assert int(count) > 50
    assert missing == "[]"
