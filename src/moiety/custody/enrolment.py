"""Enrol and erase at all three custodians, as the gateway drives them; the caller holds the lock alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.admitting import OFFERED_TOGETHER
from moiety.custody.entries import Newcomer
from moiety.custody.handles import handles
from moiety.custody.life import Batch
from moiety.custody.noise import Entropy
from moiety.custody.page import PSEUDONYM_BYTES
from moiety.custody.refusals import TooMany, WordsWrong
from moiety.custody.slots import toss
from moiety.custody.three import Headers, Three
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import lockstep
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split

MOST_NEWCOMERS: Final = 1 << 17
"""Newcomers in one all-or-nothing batch: bounds memory (400 MB at 192 words) and what an interruption undoes."""

_ADMITTING_THREADS: Final = 2


def enrol(three: Three, headers: Headers, entropy: Entropy, name: str, newcomers: Sequence[Newcomer]) -> None:
    """All of them or none. What it returns from is durable at all three; see the table in `custodian`.

    Whoever calls it recovers after an error. Raises `WordsWrong`, `TooMany`, `AlreadyEnrolled`, `MalformedTemplate`.
    """
    if len(newcomers) > MOST_NEWCOMERS:
        raise TooMany(limit=MOST_NEWCOMERS)
    if not newcomers:
        return
    whole = _split(headers.dim(name), name, newcomers, entropy)
    words = np.stack([newcomer.words for newcomer in newcomers])
    begun: list[bytes] = []
    try:
        with ThreadPoolExecutor(_ADMITTING_THREADS) as threads:
            starts = range(0, len(words), OFFERED_TOGETHER)
            some = [slice(start, min(start + OFFERED_TOGETHER, len(words))) for start in starts]

            def offer(part: slice) -> bytes:
                header = headers.make("enrol", name, rows=part.stop - part.start)
                begun.append(header.attempt)
                _offer(three, header, entropy, words[part], whole, part)
                return header.attempt

            attempts = list(threads.map(offer, some))
        coin = toss(three.each(lambda custodian: custodian.coin()))
        slots = three.each(lambda custodian: custodian.prepare(name, coin, attempts))
    finally:
        three.each(lambda custodian: custodian.forget(begun))
    if any(not np.array_equal(slots[seat], slots["a"]) for seat in SEATS):
        raise Disagreement
    # The log would tell in which order pages were written. It is cut before anybody is told of success.
    three.each(lambda custodian: custodian.scrub())
    three.each(lambda custodian: custodian.activate(name, slots[custodian.seat]))


def erase(three: Three, name: str, pseudonym: bytes) -> bool:
    """Whether there was somebody of this pseudonym; either way nothing of them is left when this returns."""
    known = handles(name, [pseudonym])
    slots = three.each(lambda custodian: custodian.locate(name, known[custodian.seat].tobytes()))
    if any(not np.array_equal(slots[seat], slots["a"]) for seat in SEATS):
        raise Disagreement
    if len(slots["a"]):
        three.each(lambda custodian: custodian.erase(name, slots[custodian.seat]))
    three.each(lambda custodian: custodian.scrub())
    return bool(len(slots["a"]))


def _split(dim: int, name: str, newcomers: Sequence[Newcomer], entropy: Entropy) -> dict[Seat, Batch]:
    """Everything but the templates, as each custodian gets it; `parts` are empty."""
    for newcomer in newcomers:
        words = newcomer.words
        if words.shape != (dim,) or words.dtype != np.int16:
            raise WordsWrong(dim=dim)
    pseudonyms = [newcomer.pseudonym for newcomer in newcomers]
    named = handles(name, pseudonyms)
    joined = np.frombuffer(b"".join(pseudonyms), dtype="<u2").astype(np.uint16)
    parts = split(joined.reshape(-1, PSEUDONYM_BYTES // 2), entropy)
    expires = np.array([newcomer.expires_day for newcomer in newcomers], dtype=np.uint32)
    grounds = np.array([newcomer.grounds for newcomer in newcomers], dtype=np.uint8)
    nothing = np.empty((len(newcomers), 0), dtype=np.uint64)
    return {
        seat: Batch(named[seat], parts[seat].astype("<u2").view(np.uint8), nothing, expires, grounds) for seat in SEATS
    }


def _offer(
    three: Three,
    header: Header,
    entropy: Entropy,
    words: NDArray[np.int16],
    whole: dict[Seat, Batch],
    part: slice,
) -> None:
    """Have the three check some of the newcomers' templates, which they then hold under the header's attempt."""
    parts = split(words.astype(np.int64).view(np.uint64), entropy)
    sides = {}
    for seat in SEATS:
        all_of_them = whole[seat]
        batch = Batch(
            all_of_them.handles[part],
            all_of_them.pseudonyms[part],
            parts[seat],
            all_of_them.expires[part],
            all_of_them.grounds[part],
        )
        sides[seat] = three.custodians[seat].offer(header.gallery, batch, header)
    lockstep(sides)
