"""Pseudonyms of what people are known by elsewhere, as the gateway drives it: blinded here, answered by two custodians.

Nobody learns the number by it, no custodian alone can compute a pseudonym, and what is asked is counted at each that
answers. docs/protocol, part 5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import combinations
from typing import Final

from moiety.custody.gateway.three import Headers, Three
from moiety.custody.points import number_of
from moiety.custody.refusals import CustodianDown, FormatUnknown, KeptDamaged
from moiety.custody.store.noise import Entropy
from moiety.custody.store.page import PSEUDONYM_BYTES
from moiety.custody.unopened import KeyNotMade
from moiety.custody.verbs import UNAPPROVED, Approved, Evaluated
from moiety.matching.refusals import Disagreement, UnequalParts
from moiety.oprf import recheck, threshold, voprf
from moiety.oprf.keys import Pair, PublicKey
from moiety.oprf.refusals import FormUnknown, NotOfThePair, ProofWrong
from moiety.oprf.threshold import Answer
from moiety.sharing.seat import SEATS, Seat

PAIRS: Final[tuple[tuple[Seat, Seat], ...]] = tuple(combinations(SEATS, 2))

_ASKED: Final = {seat: next(pair for pair in PAIRS if seat in pair) for seat in SEATS}

Answering = Callable[[], AbstractContextManager[None]]
"""Holds the custodians while they are asked: blinding and finishing take as long again, and whoever changes something
need not wait for them."""

PROVEN_TO: Final = 8
"""Inputs up to which each answer is proven: for more, a part of them is asked again of other pairs."""


def agree_key(three: Three, headers: Headers, purpose: str) -> None:
    """Have the three make the key of a purpose, or finish making it. Raises `UnequalParts` where they name two."""
    header = headers.make("key", purpose, rows=0)
    publics = three.work(lambda custodian: custodian.records.agree_key(purpose, header))
    if len(set(publics.values())) > 1:
        raise UnequalParts


def without_key(three: Three, entropy: Entropy, purpose: str) -> set[Seat]:
    """Who cannot answer, of a key that anybody can answer for: whose part is lost or damaged, or answers otherwise than
    the key does that most name. Where no two name one, two at least."""
    elements = voprf.blind_all([b""], entropy).elements
    told: dict[Seat, Evaluated] = {}
    for seat, pair in _ASKED.items():
        with suppress(KeyNotMade, KeptDamaged, FormatUnknown, FormUnknown, NotOfThePair):
            told[seat] = three.custodians[seat].records.evaluate(purpose, pair, elements, True)
    if not told:
        return set()
    [(public, _)] = Counter(answer.public for answer in told.values()).most_common(1)
    return {seat for seat in SEATS if seat not in told or not _answers_for(public, seat, told[seat], elements)}


def _answers_for(public: bytes, seat: Seat, told: Evaluated, elements: bytes) -> bool:
    """Whether a custodian, asked in its pair of `_ASKED`, proves that it answers with its part of this key."""
    try:
        answer = Answer(told.elements, told.proof)
        threshold.check(PublicKey.decode(public), number_of(seat), _numbers(_ASKED[seat]), elements, answer)
    except ProofWrong:
        return False
    return True


def pseudonyms(
    three: Three,
    entropy: Entropy,
    purpose: str,
    inputs: Sequence[bytes],
    answering: Answering,
    approved: Approved = UNAPPROVED,
) -> list[bytes]:
    """The pseudonym of each input, 16 bytes: the beginning of its output (RFC 9497, mode 0x01). What people have signed
    goes with each question.

    Raises `KeyNotMade`, `CustodianDown` where no two are there, `ProofWrong` and `AnswersDiffer` where one gives other
    answers than its part of the key does.
    """
    if not inputs:
        return []
    down: set[Seat] = set()
    while True:
        pair = next(pair for pair in PAIRS if not down & set(pair))
        # Nobody but these two can be asked again where the third is down: then each answer is proven.
        proven = len(inputs) <= PROVEN_TO or bool(down)
        try:
            outputs = _outputs(three, entropy, purpose, pair, inputs, answering, approved, proven=proven)
            if not proven:
                _ask_again(three, entropy, purpose, pair, inputs, outputs, answering, approved)
        except CustodianDown as error:
            if down:
                raise
            down.add(SEATS[error.numbers["seat"]])
            continue
        return [output[:PSEUDONYM_BYTES] for output in outputs]


def _ask_again(
    three: Three,
    entropy: Entropy,
    purpose: str,
    pair: tuple[Seat, Seat],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    answering: Answering,
    approved: Approved,
) -> None:
    again: dict[int, bytes] = {}
    for other, places in recheck.chosen(len(inputs), _numbers(pair), entropy).items():
        seats = SEATS[other[0] - 1], SEATS[other[1] - 1]
        some = [inputs[place] for place in places]
        told = _outputs(three, entropy, purpose, seats, some, answering, approved, proven=False)
        again.update(zip(places, told, strict=True))
    recheck.compare(outputs, again)


def _outputs(
    three: Three,
    entropy: Entropy,
    purpose: str,
    pair: tuple[Seat, Seat],
    inputs: Sequence[bytes],
    answering: Answering,
    approved: Approved,
    *,
    proven: bool,
) -> list[bytes]:
    blinded = voprf.blind_all(inputs, entropy)
    with answering():
        told = three.some(
            pair,
            lambda custodian: custodian.records.evaluate(purpose, pair, blinded.elements, proven, approved),
            small=len(inputs) <= PROVEN_TO,
        )
    one, other = (told[seat] for seat in pair)
    if one.epoch != other.epoch:
        raise Disagreement
    if one.public != other.public:
        raise UnequalParts
    if proven:
        _require_proven(told, pair, blinded.elements)
    return voprf.finalize_all(inputs, blinded, threshold.combine(one.elements, other.elements))


def _require_proven(told: dict[Seat, Evaluated], pair: tuple[Seat, Seat], elements: bytes) -> None:
    for seat in pair:
        answer = Answer(told[seat].elements, told[seat].proof)
        threshold.check(PublicKey.decode(told[seat].public), number_of(seat), _numbers(pair), elements, answer)


def _numbers(pair: tuple[Seat, Seat]) -> Pair:
    return number_of(pair[0]), number_of(pair[1])
