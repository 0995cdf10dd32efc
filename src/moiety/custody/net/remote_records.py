"""What a custodian that runs apart does for records, as a gateway asks it: see `verbs.RecordVerbs`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from moiety.custody import wire
from moiety.custody.messages import HeaderMessage, UnlockedMessage
from moiety.custody.verbs import Unlocked
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds


class RemoteRecords:
    """`ask` sends one request and reads its answer, of this type."""

    def __init__(self, ask: Callable[[Any, Any], Any]) -> None:
        self._ask = ask

    def unlock(self, name: str, handle: bytes, secrets: Sequence[Any], role: str, reason: str) -> Unlocked:
        """As `records.Records.unlock`; the role is that of whoever signs."""
        found: UnlockedMessage = self._ask(wire.Unlock(name, handle, [*secrets], reason), UnlockedMessage)
        return Unlocked(found.epoch, found.words.array(np.uint16, 2))

    def restrict(self, name: str, header: Header, handle: bytes, on: bool) -> Rounds[None]:
        """As `records.Records.restrict`."""
        self._ask(wire.Restrict(name, HeaderMessage.of(header), handle, on), None)
        return
        yield  # what makes this a generator
