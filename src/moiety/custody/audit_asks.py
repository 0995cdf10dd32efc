"""What a gateway may ask of a custodian's ledger, as bytes on their way; see `wire`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from moiety.custody.asks import Ask
from moiety.custody.messages import AttestedMessage, Count, LedgerRow, Name, ShownMessage, Sixteen, ThirtyTwo, learn
from moiety.custody.verbs import TAGS_AT_ONCE


class AuditHead(Ask, frozen=True):
    """`audit.head`."""

    ANSWER = ShownMessage


class AuditRows(Ask, frozen=True):
    """`audit.rows`."""

    ANSWER = list[LedgerRow]
    start: Count
    end: Count


class AuditEntries(Ask, frozen=True):
    """`audit.entries`."""

    ANSWER = list[LedgerRow]
    tags: Annotated[list[Sixteen], Meta(max_length=TAGS_AT_ONCE)]


class Attest(Ask, frozen=True):
    """`audit.attest`."""

    ANSWER = AttestedMessage
    subject: ThirtyTwo
    galleries: Annotated[list[Name], Meta(min_length=1, max_length=4)]
    rows: Annotated[list[Sixteen], Meta(min_length=1, max_length=4)]


learn(list(vars().values()))
