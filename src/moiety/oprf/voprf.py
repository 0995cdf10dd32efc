"""RFC 9497 in mode 0x01: blind, evaluate, finalize; and the clear twin, which does all of it with a whole key.

Whoever blinds sees inputs and outputs and no key; whoever evaluates sees neither input nor output. Everything goes
in batches: n inputs, n * 32 bytes of elements. A blind is used once, a retry takes a fresh one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from moiety import sodium
from moiety.oprf import scalars
from moiety.oprf.hashing import CONTEXT, hash_to_group, hash_to_scalar, prefixed
from moiety.oprf.refusals import BatchMalformed, InputTooLong
from moiety.oprf.scalars import Entropy
from moiety.sodium import ELEMENT_BYTES

INPUT_MAX = 2**16 - 1
"""RFC 9497 writes an input's length in two bytes."""

BATCH_MAX = 2**16 - 1
"""RFC 9497 writes an element's number in two bytes; and 2 MiB fit into one message."""

OUTPUT_BYTES = 64
SEED_BYTES = 32


@dataclass(frozen=True)
class Blinded:
    """Inputs under their blinds: `elements` (n * 32 bytes) leave the process, `blinds` never do."""

    blinds: Sequence[int] = field(repr=False)
    elements: bytes = field(repr=False)


def check_batch(elements: bytes, count: int | None = None) -> None:
    """Raises BatchMalformed where this is no batch of elements, or not one of `count`."""
    held, left = divmod(len(elements), ELEMENT_BYTES)
    if left or not 0 < held <= BATCH_MAX or (count is not None and held != count):
        raise BatchMalformed(most=BATCH_MAX)


def blind_all(inputs: Sequence[bytes], entropy: Entropy) -> Blinded:
    """Each input as an element under a fresh blind; raises InputTooLong and BatchMalformed."""
    points = _points(inputs)
    blinds = scalars.draw_many(len(inputs), entropy)
    return Blinded(blinds, sodium.multiply_each(blinds, points))


def evaluate(key: int, elements: bytes) -> bytes:
    """The key times every element; raises NotAnElement and BatchMalformed."""
    check_batch(elements)
    return sodium.multiply_all(key, elements)


def finalize_all(inputs: Sequence[bytes], blinded: Blinded, evaluated: bytes) -> list[bytes]:
    """The outputs, 64 bytes each, from what came back evaluated; raises NotAnElement and BatchMalformed.

    Whether it was evaluated with the right key is not seen here: see `proof` and `recheck`.
    """
    check_batch(evaluated, len(inputs))
    return _outputs(inputs, sodium.multiply_each(scalars.invert_all(blinded.blinds), evaluated))


def evaluate_clear(key: int, inputs: Sequence[bytes]) -> list[bytes]:
    """The outputs, 64 bytes each, by one who holds the whole key (RFC 9497, 3.3.1): what the protocol must equal."""
    return _outputs(inputs, sodium.multiply_all(key, _points(inputs)))


def derive_key_pair(seed: bytes, info: bytes) -> tuple[int, bytes]:
    """A whole key and its public element from a 32-byte seed (RFC 9497, 3.2.1)."""
    if len(seed) != SEED_BYTES:
        raise ValueError("a key is derived from 32 bytes")
    # The standard counts on where a hash is zero, which nobody has seen or will see.
    key = hash_to_scalar(seed + prefixed(info) + b"\x00", b"DeriveKeyPair" + CONTEXT)
    return key, sodium.multiply_base(key)


def _points(inputs: Sequence[bytes]) -> bytes:
    if any(len(given) > INPUT_MAX for given in inputs):
        raise InputTooLong(most=INPUT_MAX)
    if not 0 < len(inputs) <= BATCH_MAX:
        raise BatchMalformed(most=BATCH_MAX)
    return hash_to_group(inputs)


def _outputs(inputs: Sequence[bytes], elements: bytes) -> list[bytes]:
    return [
        hashlib.sha512(prefixed(given, elements[ELEMENT_BYTES * at : ELEMENT_BYTES * (at + 1)]) + b"Finalize").digest()
        for at, given in enumerate(inputs)
    ]
