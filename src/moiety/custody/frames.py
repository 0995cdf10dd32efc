"""What two custodians say to each other over a line: a greeting, then steps of attempts, or that one has ended."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from moiety.custody.messages import VERSION, Array, Seated, Sixteen, ThirtyTwo
from moiety.custody.refusals import MessageRefused

MOST_STEPS = 1 << 16
"""Rounds of one attempt: a search of 67 million rows has some 1,000."""


class Greeting(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="greeting"):
    """The first message each way: whose it is, and an X25519 key for this connection alone."""

    seat: Seated
    public: ThirtyTwo


class Step(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="step"):
    """What one custodian sends another in one round of one attempt."""

    attempt: Sixteen
    number: Annotated[int, Meta(ge=0, lt=MOST_STEPS)]
    arrays: Annotated[list[Array], Meta(min_length=1, max_length=8)]


class Stopped(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="stopped"):
    """That the sender will not go on with an attempt."""

    attempt: Sixteen


class Ping(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="ping"):
    """Asks for a `Pong` of the same number at once, to see how long a journey there and back takes."""

    number: Annotated[int, Meta(ge=0, lt=1 << 32)]


class Pong(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="pong"):
    """Answers a `Ping`."""

    number: Annotated[int, Meta(ge=0, lt=1 << 32)]


Frame = Greeting | Step | Stopped | Ping | Pong

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def pack(frame: Frame) -> bytes:
    """A frame as bytes."""
    return VERSION + _encoder.encode(frame)


def unpack(data: bytes) -> Frame:
    """A frame from bytes; raises `MessageRefused`."""
    if data[:1] != VERSION:
        raise MessageRefused
    try:
        return _decoder.decode(memoryview(data)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MessageRefused from None
