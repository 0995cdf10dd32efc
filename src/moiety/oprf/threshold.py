"""A pair's answers: each custodian multiplies with its weighted part, and the sum is what the whole key would give.

An answer to a single question carries a proof, checked against the public key. In bulk there is none, because
checking costs more than answering: there `recheck` asks other pairs again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from moiety import sodium
from moiety.oprf import proof
from moiety.oprf.keys import Number, Pair, Part, PublicKey, weight
from moiety.oprf.refusals import BatchMalformed, ProofWrong
from moiety.oprf.scalars import Entropy
from moiety.oprf.voprf import BATCH_MAX, check_batch
from moiety.sodium import ORDER

_REMEMBERED: Final = 256
"""Public keys of weighted parts, 32 bytes each: six for each purpose and epoch."""


@dataclass(frozen=True)
class Answer:
    """One custodian's elements (n * 32 bytes) and the proof (64 bytes) that they come of its part."""

    elements: bytes = field(repr=False)
    proof: bytes = field(repr=False)


def evaluate(part: Part, pair: Pair, elements: bytes) -> bytes:
    """One custodian's answer to a batch (n * 32 bytes), unproven, same length.

    Raises NotAnElement, BatchMalformed, and NotOfThePair where this custodian is not asked.
    """
    check_batch(elements)
    return sodium.multiply_all(_weighted(part, pair), elements)


def evaluate_proven(part: Part, public: PublicKey, pair: Pair, elements: bytes, entropy: Entropy) -> Answer:
    """One custodian's answer with its proof, which holds where the part is one of this key's; raises as `evaluate`."""
    answer = evaluate(part, pair, elements)
    weighted = _weighted_public(public, part.number, pair)
    return Answer(answer, proof.prove(_weighted(part, pair), weighted, elements, answer, entropy))


def check(public: PublicKey, number: Number, pair: Pair, elements: bytes, answer: Answer) -> None:
    """Raises ProofWrong, with the custodian, where its answer is not what its part of the key gives."""
    check_batch(elements)
    if not proof.holds(_weighted_public(public, number, pair), elements, answer.elements, answer.proof):
        raise ProofWrong(seat=number - 1)


def combine(one: bytes, other: bytes) -> bytes:
    """What the whole key would have answered, from both answers of a pair; raises NotAnElement and BatchMalformed."""
    check_batch(one)
    if len(one) != len(other):
        raise BatchMalformed(most=BATCH_MAX)
    return sodium.add_each(one, other)


def _weighted(part: Part, pair: Pair) -> int:
    return weight(part.number, pair) * part.scalar % ORDER


@lru_cache(maxsize=_REMEMBERED)
def _weighted_public(public: PublicKey, number: Number, pair: Pair) -> bytes:
    """What a weighted part is times the generator: alike for every question of an epoch, and nobody's secret."""
    return sodium.multiply(weight(number, pair), public.of(number))
