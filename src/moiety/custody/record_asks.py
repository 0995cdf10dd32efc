"""What a gateway may ask of a custodian about records, as bytes on their way; see `wire`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from moiety.custody.asks import Ask
from moiety.custody.messages import (
    EvaluatedMessage,
    HeaderMessage,
    Name,
    Seated,
    Sixteen,
    Small,
    UnlockedMessage,
    learn,
)

Secrets = Annotated[list[Literal["birth", "contact", "document", "photo", "access"]], Meta(max_length=5)]


class Unlock(Ask, frozen=True):
    """`records.unlock`; the role is the caller's own."""

    ANSWER = UnlockedMessage
    name: Name
    handle: Sixteen
    secrets: Secrets
    reason: Annotated[str, Meta(max_length=32)]
    asked: Sixteen


class Restrict(Ask, frozen=True):
    """`records.restrict`."""

    name: Name
    header: HeaderMessage
    handle: Sixteen
    on: bool


class NoteGround(Ask, frozen=True):
    """`records.ground`."""

    ANSWER = bytes
    name: Name
    header: HeaderMessage
    handle: Sixteen
    place: Annotated[int, Meta(ge=0, le=255)]
    text: Annotated[str, Meta(max_length=64)]
    how: Annotated[str, Meta(max_length=32)]


class Carry(Ask, frozen=True):
    """`records.carry`."""

    name: Name
    attempt: Sixteen
    handle: Sixteen
    secrets: Secrets


class AgreeKey(Ask, frozen=True):
    """`records.agree_key`."""

    ANSWER = bytes
    name: Name
    header: HeaderMessage


class Evaluate(Ask, frozen=True, omit_defaults=True):
    """`records.evaluate`; `approved` is how many people a bulk approval of the purpose's records is for."""

    ANSWER = EvaluatedMessage
    name: Name
    pair: tuple[Seated, Seated]
    elements: Annotated[bytes, Meta(min_length=32, max_length=32 * 65_535)]
    proven: bool
    approved: Small = 0


learn(list(vars().values()))
