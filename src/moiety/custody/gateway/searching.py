"""Verify and identify at all three custodians, as the gateway drives them; the caller holds the lock with others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gateway.entries import Identified
from moiety.custody.gateway.three import Headers, Noted, Three
from moiety.custody.refusals import TooMany, WordsWrong
from moiety.custody.store.handles import handles
from moiety.custody.store.noise import Entropy
from moiety.custody.store.page import PSEUDONYM_BYTES
from moiety.custody.store.slots import SLOTS
from moiety.custody.verbs import MOST_PROBES
from moiety.matching.opening import opened
from moiety.matching.policy import OperatingPoint, claim_points, identify_point
from moiety.matching.refusals import UnequalParts
from moiety.sharing.seat import Seat
from moiety.sharing.split import combine, split
from moiety.stages import stage


def verify(
    three: Three,
    headers: Headers,
    entropy: Entropy,
    name: str,
    words: NDArray[np.int16],
    pseudonym: bytes,
    stricter: int,
    noted: Noted,
) -> bool:
    """Whether these words (dim,) match the person of this pseudonym, by the purpose's own point or so many stricter.
    Nobody and somebody else look the same. They answer, and write that down, within `noted`."""
    _check(headers.dim(name), words[None, :])
    probe = _shared(words[None, :], entropy)
    known = handles(name, [pseudonym])
    point = claim_points(headers.terms(name))[stricter]
    circuit, pass_words = three.circuit(SLOTS)
    header = headers.make(
        "verify", name, rows=SLOTS, threshold=point.threshold, probes=1, circuit=circuit, pass_words=pass_words
    )
    with noted(header):
        openings = three.play(
            lambda custodian: custodian.verify(name, header, probe[custodian.seat], known[custodian.seat].tobytes())
        )
    return len(opened(openings, 1)) > 0


@dataclass(frozen=True)
class Matched:
    """What a search opened: its attempt, and pairs of probe and slot that match, int64 (n, 2); and of how many people,
    at which operating point."""

    attempt: bytes
    pairs: NDArray[np.int64]
    rows: int
    point: OperatingPoint


def identify(
    three: Three,
    headers: Headers,
    entropy: Entropy,
    name: str,
    words: NDArray[np.int16],
    noted: Noted,
) -> Identified:
    """Whom each probe, words (B, dim), matches in the whole gallery; `noted` as in `verify`."""
    matched = search(three, headers, entropy, name, words, noted)
    found: list[list[bytes]] = [[] for _ in words]
    if len(matched.pairs):
        asked, slots = matched.pairs.T
        who, at = np.unique(slots, return_inverse=True)
        names = pseudonyms(three, name, matched.attempt, who)
        for one, place in zip(asked.tolist(), at.tolist(), strict=True):
            found[one].append(names[place])
    return Identified(found, matched.rows, matched.point)


def search(
    three: Three,
    headers: Headers,
    entropy: Entropy,
    name: str,
    words: NDArray[np.int16],
    noted: Noted,
) -> Matched:
    """Where each probe, words (B, dim), matches in the whole gallery; `noted` as in `verify`."""
    _check(headers.dim(name), words)
    rows = headers.alive(three, name)
    point = identify_point(headers.terms(name), rows)
    probe = _shared(words, entropy)
    slots = headers.gallery(name).pages * SLOTS
    circuit, pass_words = three.circuit(slots * len(words))
    header = headers.make(
        "identify",
        name,
        rows=slots,
        threshold=point.threshold,
        probes=len(words),
        circuit=circuit,
        pass_words=pass_words,
    )
    with noted(header):
        openings = three.play(lambda custodian: custodian.identify(name, header, probe[custodian.seat]))
    return Matched(header.attempt, opened(openings, len(words)), rows, point)


def identify_enrolled(three: Three, headers: Headers, name: str, pseudonym: bytes, noted: Noted) -> Identified:
    """Who else in the gallery whoever has this pseudonym matches; `noted` as in `verify`. Each custodian knows the
    person by a handle of its own, and has its part of the probe already. Raises `NobodyThere`."""
    rows = headers.alive(three, name)
    point = identify_point(headers.terms(name), rows)
    known = handles(name, [pseudonym])
    slots = headers.gallery(name).pages * SLOTS
    circuit, pass_words = three.circuit(slots)
    header = headers.make(
        "identify", name, rows=slots, threshold=point.threshold, probes=1, circuit=circuit, pass_words=pass_words
    )
    with noted(header):
        openings = three.play(lambda some: some.rows.identify(name, header, known[some.seat].tobytes()))
    pairs = opened(openings, 1)
    found = pseudonyms(three, name, header.attempt, pairs[:, 1]) if len(pairs) else []
    return Identified([found], rows, point)


def verify_enrolled(
    three: Three, headers: Headers, name: str, pseudonym: bytes, claimed: bytes, stricter: int, noted: Noted
) -> bool:
    """Whether whoever has this pseudonym matches whoever has the other; else as `verify`. Raises `NobodyThere` of the
    first."""
    first, second = handles(name, [pseudonym]), handles(name, [claimed])
    point = claim_points(headers.terms(name))[stricter]
    circuit, pass_words = three.circuit(SLOTS)
    header = headers.make(
        "verify", name, rows=SLOTS, threshold=point.threshold, probes=1, circuit=circuit, pass_words=pass_words
    )
    with noted(header):
        openings = three.play(
            lambda some: some.rows.verify(name, header, first[some.seat].tobytes(), second[some.seat].tobytes())
        )
    return len(opened(openings, 1)) > 0


def pseudonyms(three: Three, name: str, attempt: bytes, slots: NDArray[np.int64]) -> list[bytes]:
    """Who lies in these slots, ascending, after this search. Raises `AnswerUnknown` where they did not match in it,
    `HeaderRefused` where a change came between, and `UnequalParts` where the custodians' parts of a pseudonym do not
    fit."""
    released = three.each(lambda custodian: custodian.release(name, attempt, slots))
    parts = {seat: some.view("<u2").astype(np.uint16) for seat, some in released.items()}
    one = combine({"a": parts["a"], "b": parts["b"]})
    other = combine({"a": parts["a"], "c": parts["c"]})
    if not np.array_equal(one, other):
        raise UnequalParts
    whole = one.astype("<u2").tobytes()
    return [whole[at : at + PSEUDONYM_BYTES] for at in range(0, len(whole), PSEUDONYM_BYTES)]


def _check(dim: int, words: NDArray[np.int16]) -> None:
    if words.ndim != 2 or words.shape[1] != dim or words.dtype != np.int16 or not len(words):
        raise WordsWrong(dim=dim)
    if len(words) > MOST_PROBES:
        raise TooMany(limit=MOST_PROBES)


def _shared(words: NDArray[np.int16], entropy: Entropy) -> dict[Seat, NDArray[np.uint32]]:
    with stage("splitting"):
        return split(words.astype(np.int32).view(np.uint32), entropy)
