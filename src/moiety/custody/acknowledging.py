"""One custodian's side of writing down what its ledger lacks and the others' have: it was ended before it wrote.

A custodian writes before it does anything, and no step is done before all whom it concerns have written it. So what a
ledger lacks was not done; but the ledger lacks it for good, and nobody can tell it from one that keeps silent until
whoever keeps it says so itself: by an entry of its own, of the minute in which it is made, by whom it was asked for.

Whoever asks names operations, and is believed nothing: what the others have, each tells the other two itself, over the
line whose key is pinned. The gateway's ledger counts for nothing here: what it alone has beside a custodian, and the
custodian lacks, no custodian acknowledges. And a custodian whose ledger has not all that it had when its store was last
changed acknowledges nothing: it may have done what it lacks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from moiety.custody.chronicle import CALLER, PARTIES, Chronicle
from moiety.ledger.entry import Acknowledgement
from moiety.ledger.operation import Line, Party, acknowledging
from moiety.matching.channel import Keys, agree
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Rounds, shown
from moiety.sharing.seat import Seat

_SAID_BYTES: Final = 32
_LINE_BYTES: Final = 1 + _SAID_BYTES
_NONE: Final = bytes(_LINE_BYTES)
"""In the place of a line that is not there: no line is of nobody's."""


def told(chronicle: Chronicle, keys: Keys, header: Header, operations: Sequence[bytes]) -> Rounds[dict[Seat, bytes]]:
    """What each of the three has of these operations, as it tells the other two. Raises `Disagreement`."""
    asked = hashlib.sha256(b"moiety acknowledge 1" + b"".join(operations)).digest()
    yield from agree(keys, header.digest(), asked)
    found = yield from shown(keys.seat, _written(operations, chronicle.log.lines(operations)))
    if any(len(some) != len(operations) * _LINE_BYTES for some in found.values()):
        raise Disagreement
    return found


def write(chronicle: Chronicle, seat: Seat, operations: Sequence[bytes], said: Mapping[Seat, bytes]) -> int:
    """Write down which of these this ledger lacks and others have, all who have it in the same words; how many."""
    own, lines = PARTIES[seat], chronicle.log.lines(operations)
    entries = []
    for at, operation in enumerate(operations):
        others = {other: _line(operation, some, at) for other, some in said.items() if other != seat}
        have = {PARTIES[other]: line for other, line in others.items() if line is not None}
        if operation in lines or len(set(have.values())) != 1:
            continue
        line = next(iter(have.values()))
        if own not in line.parties or any(other not in line.parties for other in have):
            continue
        beside = sum(int(other) for other in have)
        entry = Acknowledgement(chronicle.now(), CALLER.get(), operation, int(line.parties), line.said, beside)
        entries.append((acknowledging(line, own), entry))
    chronicle.all_of_nobody(entries, own)
    return len(entries)


def _written(operations: Sequence[bytes], lines: Mapping[bytes, Line]) -> bytes:
    return b"".join(
        bytes([line.parties]) + line.said if (line := lines.get(operation)) else _NONE for operation in operations
    )


def _line(operation: bytes, some: bytes, at: int) -> Line | None:
    one = some[at * _LINE_BYTES : (at + 1) * _LINE_BYTES]
    return Line(operation, Party(one[0]), one[1:]) if 0 < one[0] < 16 else None
