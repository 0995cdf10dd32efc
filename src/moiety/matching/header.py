"""One attempt = one header: what is asked, of which gallery, at which version, epoch and instant, by which threshold.

And by which circuit rows are compared, and how many at a time: what each custodian sends, and in how many rounds, is a
function of the header alone.

Each custodian checks a header against its own copies, and all compare its digest before anything else is sent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, get_args

Operation = Literal[
    "verify",
    "identify",
    "enrol",
    "prepare",
    "activate",
    "erase",
    "restrict",
    "ground",
    "key",
    "replace",
    "integrity",
    "renew",
    "switch",
    "reconcile",
    "acknowledge",
]
Circuit = Literal["chain", "prefix"]
CIRCUITS: tuple[Circuit, ...] = get_args(Circuit)
HEADER_VERSION = 2
ATTEMPT_BYTES = 16

NEAR_PASS_WORDS = 18_432
"""Words of 64 rows compared at a time where a round costs a function call: few enough that their planes stay in the
processor's cache, and not so few that the rounds cost more than the bits."""

FAR_PASS_WORDS = 1 << 17
"""The same where a round is a journey: 8 million rows, whose planes take 130 MB meanwhile. The most in any attempt."""


@dataclass(frozen=True)
class Header:
    """The public terms of one attempt.

    `attempt` is 16 fresh bytes; `gallery` is empty where an operation is about the whole office;
    `version` and `epoch` are the gallery's; `threshold` is in words; `at` is in unix
    seconds; `rows` is the number of rows asked about (mask words x 64), `probes` how many probes, `dim` words each.
    `circuit` says how rows are compared, fewest bytes or fewest rounds, `pass_words` times 64 rows at a time; where no
    rows are compared, they say nothing.
    """

    attempt: bytes
    operation: Operation
    gallery: str
    version: int
    epoch: int
    threshold: int
    at: int
    rows: int
    probes: int
    dim: int
    circuit: Circuit
    pass_words: int

    def digest(self) -> bytes:
        """SHA-256 over the canonical encoding of every field, and of the encoding's version."""
        fields = {**asdict(self), "attempt": self.attempt.hex(), "header": HEADER_VERSION}
        encoded = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(encoded.encode()).digest()
