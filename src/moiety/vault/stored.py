"""One person as the record store has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moiety.vault.retention import Stay
from moiety.vault.schema import Group
from moiety.vault.seal import Blob


@dataclass(frozen=True, slots=True)
class Stored:
    """`person` is the pseudonym's 16 to 32 bytes, `handle` 16 random bytes by which the custodians are asked for the
    keys of what is sealed now; `number` is that of the last write. `blobs` holds the classes that were asked for,
    `entry` what the purpose's index was evaluated to (16 bytes), and `bases` legal bases on the way in (`consent`).
    """

    person: bytes = field(repr=False)
    handle: bytes = field(repr=False)
    stay: Stay
    number: int = 0
    blobs: Mapping[Group, Blob] = field(default_factory=dict, repr=False)
    entry: bytes | None = field(default=None, repr=False)
    bases: Sequence[bytes] = field(default=(), repr=False)
