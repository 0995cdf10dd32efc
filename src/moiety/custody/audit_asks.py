"""What a gateway may ask of a custodian's ledger, as bytes on their way; see `wire`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from moiety.custody.asks import Ask
from moiety.custody.messages import (
    AttestedMessage,
    Count,
    HeaderMessage,
    LedgerRow,
    Name,
    ProofMessage,
    ShownMessage,
    Sixteen,
    ThirtyTwo,
    learn,
)
from moiety.custody.verbs import ACKNOWLEDGED_AT_ONCE, ROWS_ATTESTED, TAGS_AT_ONCE


class AuditHead(Ask, frozen=True):
    """`audit.head`."""

    ANSWER = ShownMessage


class AuditRows(Ask, frozen=True, omit_defaults=True):
    """`audit.rows`."""

    ANSWER = list[LedgerRow]
    start: Count
    end: Count
    clear: bool = False


class AuditProve(Ask, frozen=True):
    """`audit.prove`."""

    ANSWER = ProofMessage
    size: Count
    operation: Annotated[bytes, Meta(max_length=16)]
    since: Count


class AuditAltered(Ask, frozen=True):
    """`audit.altered`."""

    ANSWER = Count | None


class AuditEntries(Ask, frozen=True):
    """`audit.entries`."""

    ANSWER = list[LedgerRow]
    tags: Annotated[list[Sixteen], Meta(max_length=TAGS_AT_ONCE)]


class Attest(Ask, frozen=True):
    """`audit.attest`."""

    ANSWER = AttestedMessage
    subject: ThirtyTwo
    galleries: Annotated[list[Name], Meta(min_length=1, max_length=ROWS_ATTESTED)]
    rows: Annotated[list[Sixteen], Meta(min_length=1, max_length=ROWS_ATTESTED)]


class AuditAcknowledge(Ask, frozen=True):
    """`audit.acknowledge`."""

    ANSWER = Count
    header: HeaderMessage
    operations: Annotated[list[Sixteen], Meta(min_length=1, max_length=ACKNOWLEDGED_AT_ONCE)]


learn(list(vars().values()))
