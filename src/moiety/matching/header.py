"""One attempt = one header: what is asked, of which gallery, at which version, epoch and instant, by which threshold.

Each custodian checks a header against its own copies, and all compare its digest before anything else is sent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

Operation = Literal["verify", "identify", "enrol", "integrity"]
HEADER_VERSION = 1
ATTEMPT_BYTES = 16


@dataclass(frozen=True)
class Header:
    """The public terms of one attempt.

    `attempt` is 16 fresh bytes; `version` and `epoch` are the gallery's; `threshold` is in words; `at` is in unix
    seconds; `rows` is the number of rows asked about (mask words x 64), `probes` how many probes, `dim` words each.
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

    def digest(self) -> bytes:
        """SHA-256 over the canonical encoding of every field, and of the encoding's version."""
        fields = {**asdict(self), "attempt": self.attempt.hex(), "header": HEADER_VERSION}
        encoded = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(encoded.encode()).digest()
