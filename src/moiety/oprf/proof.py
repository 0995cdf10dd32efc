"""That one scalar lies behind two products: the DLEQ proof of RFC 9497, 2.2, for a batch at once.

Shown is k with public = k * G and evaluated[i] = k * elements[i] for every i, and nothing else about k. 64 bytes:
the challenge and the answer.
"""

from __future__ import annotations

import hashlib
import hmac

from moiety import sodium
from moiety.errors import Refused
from moiety.oprf import scalars
from moiety.oprf.hashing import CONTEXT, hash_to_scalar, prefixed
from moiety.oprf.scalars import Entropy
from moiety.sodium import ELEMENT_BYTES, ORDER, SCALAR_BYTES

PROOF_BYTES = 2 * SCALAR_BYTES


def prove(key: int, public: bytes, elements: bytes, evaluated: bytes, entropy: Entropy) -> bytes:
    """The proof, 64 bytes, that `evaluated` is `key` times `elements` (n * 32 bytes each), as `public` is of G.

    Raises NotAnElement.
    """
    mixed = _mixed(_weights(public, elements, evaluated), elements)
    once = scalars.draw(entropy)
    challenge = _challenge(
        public, mixed, sodium.multiply(key, mixed), sodium.multiply_base(once), sodium.multiply(once, mixed)
    )
    return scalars.encode(challenge) + scalars.encode((once - challenge * key) % ORDER)


def holds(public: bytes, elements: bytes, evaluated: bytes, proof: bytes) -> bool:
    """Whether the proof is right. What is malformed in any way proves nothing."""
    if len(elements) != len(evaluated):
        return False
    try:
        challenge, answer = scalars.decode(proof[:SCALAR_BYTES]), scalars.decode(proof[SCALAR_BYTES:])
        weights = _weights(public, elements, evaluated)
        mixed, mixed_evaluated = _mixed(weights, elements), _mixed(weights, evaluated)
        first = sodium.add(sodium.multiply_base(answer), sodium.multiply(challenge, public))
        second = sodium.add(sodium.multiply(answer, mixed), sodium.multiply(challenge, mixed_evaluated))
    except Refused:
        return False
    again = _challenge(public, mixed, mixed_evaluated, first, second)
    return hmac.compare_digest(scalars.encode(again), proof[:SCALAR_BYTES])


def _weights(public: bytes, elements: bytes, evaluated: bytes) -> list[int]:
    """One scalar for each pair, such that no bent pair hides behind the others (ComputeComposites)."""
    seed = hashlib.sha512(prefixed(public, b"Seed-" + CONTEXT)).digest()
    return [
        hash_to_scalar(
            prefixed(seed)
            + (at // ELEMENT_BYTES).to_bytes(2, "big")
            + prefixed(elements[at : at + ELEMENT_BYTES], evaluated[at : at + ELEMENT_BYTES])
            + b"Composite"
        )
        for at in range(0, len(elements), ELEMENT_BYTES)
    ]


def _mixed(weights: list[int], elements: bytes) -> bytes:
    products = sodium.multiply_each(weights, elements)
    total = products[:ELEMENT_BYTES]
    for at in range(ELEMENT_BYTES, len(products), ELEMENT_BYTES):
        total = sodium.add(total, products[at : at + ELEMENT_BYTES])
    return total


def _challenge(*elements: bytes) -> int:
    return hash_to_scalar(prefixed(*elements) + b"Challenge")
