"""What two custodians say to each other over a line: a greeting, then steps of attempts, or that one has ended.

A frame is the version byte, the length of its head in three bytes, the head as MessagePack, and the bytes of its
arrays, little-endian, each from a multiple of eight on: so they are written once and read where they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from moiety.custody.messages import VERSION, Dims, Seated, Sixteen, ThirtyTwo, learn
from moiety.custody.refusals import MessageRefused
from moiety.matching.rounds import Message

MOST_STEPS = 1 << 16
"""Rounds of one attempt: a search of 67 million rows has some 1,000."""

_LENGTH_BYTES = 3
_ALIGNED = 8

Number = Annotated[int, Meta(ge=0, lt=MOST_STEPS)]


class Greeting(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="greeting"):
    """The first message each way: whose it is, and an X25519 key for this connection alone."""

    seat: Seated
    public: ThirtyTwo


@dataclass(frozen=True)
class Step:
    """What one custodian sends another in one round of one attempt: one to eight arrays, read-only once they have
    arrived."""

    attempt: bytes
    number: int
    arrays: Message


class Stopped(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="stopped"):
    """That the sender will not go on with an attempt."""

    attempt: Sixteen


class Ping(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="ping"):
    """Asks for a `Pong` of the same number at once, to see how long a journey there and back takes."""

    number: Annotated[int, Meta(ge=0, lt=1 << 32)]


class Pong(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="pong"):
    """Answers a `Ping`."""

    number: Annotated[int, Meta(ge=0, lt=1 << 32)]


class _Form(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    dtype: Literal["u1", "u2", "u4", "u8", "i8"]
    shape: Dims


class _StepHead(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="step"):
    attempt: Sixteen
    number: Number
    forms: Annotated[list[_Form], Meta(min_length=1, max_length=8)]


Frame = Greeting | Step | Stopped | Ping | Pong

learn(list(vars().values()))

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Greeting | _StepHead | Stopped | Ping | Pong] = msgspec.msgpack.Decoder(
    Greeting | _StepHead | Stopped | Ping | Pong
)


def pack(frame: Frame) -> bytes:
    """A frame as bytes."""
    if not isinstance(frame, Step):
        return b"".join(_begun(frame))
    arrays = [np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")) for array in frame.arrays]
    forms = [_form(array) for array in frame.arrays]
    pieces: list[Any] = _begun(_StepHead(frame.attempt, frame.number, forms))
    at = sum(map(len, pieces))
    for array in arrays:
        pieces += [bytes(-at % _ALIGNED), array.reshape(-1).view(np.uint8)]
        at += len(pieces[-2]) + array.nbytes
    return b"".join(pieces)


def unpack(data: bytes) -> Frame:
    """A frame from bytes; raises `MessageRefused`."""
    begins = len(VERSION) + _LENGTH_BYTES
    ends = begins + int.from_bytes(data[len(VERSION) : begins], "big")
    if data[:1] != VERSION or ends > len(data):
        raise MessageRefused
    try:
        head = _decoder.decode(memoryview(data)[begins:ends])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MessageRefused from None
    if isinstance(head, _StepHead):
        arrays, ends = _arrays(data, ends, head.forms)
        frame: Frame = Step(head.attempt, head.number, arrays)
    else:
        frame = head
    if ends != len(data):
        raise MessageRefused
    return frame


def _form(array: NDArray[Any]) -> _Form:
    kind: Any = f"{array.dtype.kind}{array.dtype.itemsize}"
    return _Form(kind, list(array.shape))


def _begun(head: Struct) -> list[bytes]:
    encoded = _encoder.encode(head)
    return [VERSION, len(encoded).to_bytes(_LENGTH_BYTES, "big"), encoded]


def _arrays(data: bytes, at: int, forms: list[_Form]) -> tuple[Message, int]:
    """The arrays that lie there, read-only, and where the last one ends."""
    found = []
    for form in forms:
        dtype, begins = np.dtype(f"<{form.dtype}"), at + -at % _ALIGNED
        count = prod(form.shape)
        if any(data[at:begins]) or begins + count * dtype.itemsize > len(data):
            raise MessageRefused
        try:
            flat = np.frombuffer(data, dtype, count, begins)
            found.append(flat.astype(dtype.newbyteorder("="), copy=False).reshape(form.shape))
        except ValueError:  # of nothing, but longer than any array can be
            raise MessageRefused from None
        at = begins + flat.nbytes
    return tuple(found), at
