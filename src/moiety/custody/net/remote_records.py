"""What a custodian that runs apart does for records, as a gateway asks it: see `verbs.RecordVerbs`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from moiety.custody import record_asks
from moiety.custody.messages import EvaluatedMessage, HeaderMessage, UnlockedMessage
from moiety.custody.verbs import UNAPPROVED, Approved, Evaluated, Ground, Unlocked
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import Seat


class RemoteRecords:
    """`ask` sends one request and reads its answer, of this type."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def unlock(
        self, name: str, handle: bytes, secrets: Sequence[Any], role: str, reason: str, asked: bytes
    ) -> Unlocked:
        """As `records.Records.unlock`; the role is that of whoever signs."""
        found: UnlockedMessage = self._ask(record_asks.Unlock(name, handle, [*secrets], reason, asked), UnlockedMessage)
        words = found.words.array(np.uint16, 2)
        return Unlocked(found.epoch, words, found.minute, found.caller, found.role or None)

    def carry(self, name: str, attempt: bytes, handle: bytes, secrets: Sequence[Any]) -> None:
        """As `records.Records.carry`."""
        self._ask(record_asks.Carry(name, attempt, handle, [*secrets]), None)

    def agree_key(self, name: str, header: Header) -> Rounds[bytes]:
        """As `records.Records.agree_key`."""
        public: bytes = self._ask(record_asks.AgreeKey(name, HeaderMessage.of(header)), bytes)
        return public
        yield  # what makes this a generator

    def evaluate(
        self, name: str, pair: tuple[Seat, Seat], elements: bytes, proven: bool, approved: Approved = UNAPPROVED
    ) -> Evaluated:
        """As `records.Records.evaluate`. Others ask meanwhile for whom nobody has signed: these go with this alone."""
        asked = record_asks.Evaluate(name, pair, elements, proven, approved.people)
        found: EvaluatedMessage = self._ask(asked, EvaluatedMessage, approved=approved)
        return Evaluated(found.epoch, found.public, found.elements, found.proof)

    def restrict(self, name: str, header: Header, handle: bytes, on: bool) -> Rounds[None]:
        """As `records.Records.restrict`."""
        self._ask(record_asks.Restrict(name, HeaderMessage.of(header), handle, on), None)
        return
        yield  # what makes this a generator

    def ground(self, name: str, header: Header, handle: bytes, ground: Ground) -> Rounds[bytes]:
        """As `records.Records.ground`."""
        asked = record_asks.NoteGround(name, HeaderMessage.of(header), handle, ground.place, ground.text, ground.how)
        public: bytes = self._ask(asked, bytes)
        return public
        yield  # what makes this a generator
