"""Enrol and erase at all three custodians, as the gateway drives them; the caller holds the lock alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.behalf import carried
from moiety.custody.gateway.entries import Newcomer
from moiety.custody.gateway.three import Headers, Noted, Three, unheard
from moiety.custody.refusals import TooMany, WordsWrong
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import is_keys, open_words
from moiety.custody.store.noise import Entropy
from moiety.custody.store.page import PSEUDONYM_BYTES
from moiety.custody.verbs import OFFERED_TOGETHER, Batch, Verbs
from moiety.errors import Unavailable
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split

MOST_NEWCOMERS: Final = 1 << 17
"""Newcomers in one all-or-nothing batch: bounds memory (400 MB at 192 words) and what an interruption undoes."""

_OFFERS_AT_ONCE: Final = 2

_WORD: Final = np.dtype(np.int16)


@dataclass(frozen=True, slots=True)
class Instead:
    """The row that one newcomer is written anew from, by the pseudonym that its handles are made of, and which of its
    secrets are carried over."""

    pseudonym: bytes
    secrets: Sequence[str]


def enrol(
    three: Three,
    headers: Headers,
    entropy: Entropy,
    name: str,
    newcomers: Sequence[Newcomer],
    instead: Instead | None = None,
    *,
    noted: Noted = unheard,
) -> None:
    """All of them or none. What it returns from is durable at all three; see the table in `slots`. Custodians write
    them, and write that down, within `noted`.

    Whoever calls it recovers after an error. Raises `WordsWrong`, `TooMany`, `AlreadyEnrolled`, `MalformedTemplate`.
    """
    if len(newcomers) > MOST_NEWCOMERS:
        raise TooMany(limit=MOST_NEWCOMERS)
    if not newcomers:
        return
    dim = headers.dim(name)
    begun: list[bytes] = []

    def offer(some: Sequence[Newcomer]) -> bytes:
        batches = _split(dim, name, some, entropy)
        header = headers.make("enrol", name, rows=len(some))
        begun.append(header.attempt)
        three.play(lambda custodian: custodian.offer(name, batches[custodian.seat], header))
        return header.attempt

    try:
        # One thread prepares an offer while another's is checked.
        with ThreadPoolExecutor(_OFFERS_AT_ONCE) as threads:
            starts = range(0, len(newcomers), OFFERED_TOGETHER)
            attempts = list(threads.map(carried(offer), [newcomers[at : at + OFFERED_TOGETHER] for at in starts]))
        if instead is not None:
            _carry(three, name, attempts[0], instead)
        preparing = headers.make("prepare", name, rows=len(newcomers))
        with noted(preparing):
            slots = three.work(lambda custodian: custodian.prepare(name, preparing, attempts))
    finally:
        three.each(lambda custodian: custodian.forget(begun))
    if any(not np.array_equal(slots[seat], slots["a"]) for seat in SEATS):
        raise Disagreement
    # The log would tell in which order pages were written. It is cut before anybody is told of success.
    three.each(lambda custodian: custodian.scrub())
    activating = headers.make("activate", name, rows=len(newcomers), steps=1)
    three.work(lambda custodian: custodian.activate(name, activating, slots[custodian.seat]))
    # The file still shows the newcomers PENDING and the log shows them ACTIVE: together they would tell who came last.
    # They are enrolled already, so a store that is busy or full here fails nothing; the next scrub makes up for it.
    with suppress(Unavailable):
        three.each(lambda custodian: custodian.scrub("scrub states"))


def _carry(three: Three, name: str, attempt: bytes, instead: Instead) -> None:
    known = handles(name, [instead.pseudonym])
    three.each(
        lambda custodian: custodian.records.carry(name, attempt, known[custodian.seat].tobytes(), instead.secrets)
    )


def erase(three: Three, headers: Headers, rows: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Erase whoever has these pseudonyms, each in its gallery: which of them there were. Nothing is left of any of them
    when this returns: not of who was erased before in a way that was interrupted either."""
    gone: list[tuple[str, bytes]] = []
    try:
        for name, pseudonym in rows:
            known = handles(name, [pseudonym])
            if _located(three, name, known):
                erasing = headers.make("erase", name, rows=1, steps=sum(name == other for other, _ in gone))
                three.work(partial(_erase_at, name, erasing, known))
                gone.append((name, pseudonym))
    finally:  # once for all of them: of what erasing one takes, it is a good part
        three.each(lambda custodian: custodian.scrub())
    return gone


def _erase_at(name: str, erasing: Header, known: Mapping[Seat, NDArray[np.uint8]], custodian: Verbs) -> Rounds[None]:
    return custodian.erase(name, erasing, known[custodian.seat].tobytes())


def restrict(three: Three, headers: Headers, name: str, pseudonym: bytes, on: bool) -> bool:
    """Keep somebody and answer nobody about them, or answer again; whether there was anybody."""
    known = handles(name, [pseudonym])
    there = _located(three, name, known)
    if there:
        header = headers.make("restrict", name, rows=1)
        three.work(lambda custodian: custodian.records.restrict(name, header, known[custodian.seat].tobytes(), on))
    return there


def _located(three: Three, name: str, known: Mapping[Seat, NDArray[np.uint8]]) -> bool:
    """Whether somebody has these handles."""
    slots = three.some(SEATS, lambda custodian: custodian.locate(name, known[custodian.seat].tobytes()), small=True)
    if any(not np.array_equal(slots[seat], slots["a"]) for seat in SEATS):
        raise Disagreement
    return bool(len(slots["a"]))


def _parts(name: str, words: NDArray[np.int16], entropy: Entropy) -> dict[Seat, NDArray[np.uint64]]:
    """Shares of rows (n, dim): in wide words where they are measured first; what a kind does not share goes to all."""
    if not is_keys(name):
        return split(words.astype(np.int64).view(np.uint64), entropy)
    end = words.shape[1] - open_words(name)
    shared = split(np.ascontiguousarray(words[:, :end]).view(np.uint16), entropy)
    alike = words[:, end:].view(np.uint16)
    return {seat: np.concatenate([some, alike], axis=1).astype(np.uint64) for seat, some in shared.items()}


def _split(dim: int, name: str, newcomers: Sequence[Newcomer], entropy: Entropy) -> dict[Seat, Batch]:
    """What each custodian is offered of these newcomers."""
    words = [newcomer.words for newcomer in newcomers]
    if {some.shape for some in words} != {(dim,)} or {some.dtype for some in words} != {_WORD}:
        raise WordsWrong(dim=dim)
    parts = _parts(name, np.concatenate(words).reshape(-1, dim), entropy)
    known = [newcomer.pseudonym for newcomer in newcomers]
    named = handles(name, known)
    joined = np.frombuffer(b"".join(known), dtype="<u2").astype(np.uint16)
    pseudonyms = split(joined.reshape(-1, PSEUDONYM_BYTES // 2), entropy)
    expires = np.array([newcomer.expires_day for newcomer in newcomers], dtype=np.uint32)
    grounds = np.array([newcomer.grounds for newcomer in newcomers], dtype=np.uint8)
    return {
        seat: Batch(
            named[seat], pseudonyms[seat].astype("<u2").view(np.uint8), parts[seat], expires.copy(), grounds.copy()
        )
        for seat in SEATS
    }
