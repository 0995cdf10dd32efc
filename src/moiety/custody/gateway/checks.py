"""The gallery check and mending over all three custodians; the caller holds the lock alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from moiety.custody.gateway import naming
from moiety.custody.gateway.entries import Finding
from moiety.custody.gateway.three import Headers, Three
from moiety.custody.refusals import GalleryDamaged, MendingNeedsSeat, TwoDamaged
from moiety.custody.store.handles import handles
from moiety.custody.store.noise import Entropy
from moiety.custody.store.page import HANDLE_BYTES, PSEUDONYM_BYTES, portions
from moiety.custody.store.slots import SLOTS, living
from moiety.custody.unopened import KeyLost
from moiety.custody.verbs import DIGEST_BYTES, PSEUDONYM_WORDS, SECONDS_A_DAY, Progress, Survey
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import combine


def due(now: int, last: int) -> bool:
    """Whether a gallery is due for its check, daily as docs/protocol asks: on another day than the last good one."""
    return now // SECONDS_A_DAY != last // SECONDS_A_DAY


def check(three: Three, headers: Headers, name: str, progress: Progress) -> list[Finding]:
    """Read a gallery again at all three and check it. What a custodian finds closes it there, whoever asked; not so a
    part of the key for pseudonyms that is not there or does not fit: faces are searched without it."""
    surveys = three.each(lambda custodian: custodian.survey(name, progress))
    findings = [Finding(name, seat, page) for seat in SEATS for page in surveys[seat].damaged]
    header = headers.make("integrity", name, rows=surveys["a"].people, extra=PSEUDONYM_WORDS)
    good = three.play(lambda custodian: custodian.integrity(name, header, progress))
    if not findings and not all(good.values()):
        findings = [Finding(name, None, None)]
    keyless = _keyless(surveys) if headers.keeps_records(name) else []
    return findings + [Finding(name, seat, None, key=True) for seat in keyless]


def _keyless(surveys: Mapping[Seat, Survey]) -> list[Seat]:
    """Who says something else of its part of a key than most do; nobody where nobody has made one."""
    told = [survey.key for survey in surveys.values()]
    known = max((key for key in told if len(key) == DIGEST_BYTES), key=told.count, default=b"")
    return [seat for seat in SEATS if surveys[seat].key != known]


def mend(three: Three, headers: Headers, entropy: Entropy, name: str, seat: Seat | None, progress: Progress) -> int:
    """Recover damaged pages from the other two custodians, or all pages of `seat`, and its part of the key where one
    custodian has lost it or has a wrong one; how many were mended, a part of a key counting as one.

    The gallery opens again if it passes its check. Raises `TwoDamaged`, `MendingNeedsSeat`, `GalleryDamaged`.
    """
    surveys = three.each(lambda custodian: custodian.survey(name, progress))
    damaged = {lost: survey.damaged for lost, survey in surveys.items()}
    if seat is not None:
        damaged[seat] = list(range(headers.gallery(name).pages))
    pages = [page for some in damaged.values() for page in some]
    if len(set(pages)) < len(pages):
        raise TwoDamaged(pages=len(pages) - len(set(pages)))
    keyless = naming.without_key(three, entropy, name) if headers.keeps_records(name) else set()
    if len(keyless) > 1:
        raise KeyLost
    for lost in keyless:
        # With help for no page at all: what the two hold of the key goes along.
        _mend(three, name, lost, [])
    for lost in SEATS:
        for numbers in portions(np.array(damaged[lost], dtype=np.int64)):
            _mend(three, name, lost, numbers)
            progress(f"mending {name}", numbers[-1] + 1, headers.gallery(name).pages)
    if check(three, headers, name, progress):
        raise GalleryDamaged if pages else MendingNeedsSeat
    return len(pages) + len(keyless)


def _mend(three: Three, name: str, lost: Seat, numbers: list[int]) -> None:
    helpers = [seat for seat in SEATS if seat != lost]
    nonces = {seat: three.custodians[seat].helping() for seat in helpers}
    one, other = (three.custodians[seat].assist(name, lost, numbers, nonces) for seat in helpers)
    # A handle needs the pseudonym, which no custodian knows: it is put together here, for these pages only.
    parts = {
        seat: three.custodians[seat].pseudonym_parts(name, numbers).reshape(-1, PSEUDONYM_BYTES) for seat in helpers
    }
    words = combine({seat: some.view("<u2").astype(np.uint16) for seat, some in parts.items()})
    active = np.flatnonzero(living(one.states.reshape(-1)))
    names = [row.tobytes() for row in words.astype("<u2")[active]]
    made = np.zeros((len(numbers) * SLOTS, HANDLE_BYTES), dtype=np.uint8)
    made[active] = handles(name, names)[lost]
    three.custodians[lost].mend(name, numbers, one, other, made.reshape(len(numbers), SLOTS, HANDLE_BYTES))
