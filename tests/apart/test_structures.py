"""msgspec looks at a structure when it first meets it, and crashes where two threads do that at once (0.22)."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from typing import get_args, get_type_hints
import msgspec

def within(kind):
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for hint in get_type_hints(kind, include_extras=True).values():
            yield from within(hint)
    for one in get_args(kind):
        yield from within(one)

# A decoder looks at the members of a union, and at what its structures hold.
looked = set()
def looking(decoder):
    return lambda kind, **others: looked.update(within(kind)) or decoder(kind, **others)
msgspec.msgpack.Decoder, msgspec.json.Decoder = looking(msgspec.msgpack.Decoder), looking(msgspec.json.Decoder)
import moiety.custody.gateway.apart, moiety.custody.net.server

def structures(kind):
    for one in kind.__subclasses__():
        if not (one.__name__.startswith("_") and one.__subclasses__()):
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
