"""What a custodian checks of a header against its own copies before it takes part in an attempt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from moiety.custody.refusals import HeaderRefused
from moiety.custody.store.stored import Current
from moiety.custody.verbs import MOST_PROBES, SECONDS_A_DAY
from moiety.matching.bits import ROWS_PER_WORD
from moiety.matching.header import ATTEMPT_BYTES, CIRCUITS, FAR_PASS_WORDS, NEAR_PASS_WORDS, Header

CLOCKS_APART_S = 5
"""How far a header's instant may lie from a custodian's own clock: the mask depends on it."""

MOST_SMALL_PASSES = 1 << 10
"""Passes of fewer words than are ever needed, each with rounds of its own: whoever wants to change something waits."""


def check_header(
    header: Header,
    current: Current,
    rows: int,
    threshold: int,
    clock: Callable[[], datetime],
    *,
    extra: int = 0,
    least: int = 0,
) -> None:
    """Raises `HeaderRefused` unless gallery, version, epoch, size, threshold and instant are this custodian's own.

    How rows are compared is for who asks to choose, among what there is and within what memory allows.

    `threshold` and `rows` are what this custodian derived itself; `extra` is how many words a row has beside its
    template's in this operation, and `least` how many probes it has at least.
    """
    own = (
        current.row.name,
        current.row.version,
        current.epoch,
        rows,
        current.terms.dim + extra,
        threshold,
        ATTEMPT_BYTES,
    )
    theirs = (
        header.gallery,
        header.version,
        header.epoch,
        header.rows,
        header.dim,
        header.threshold,
        len(header.attempt),
    )
    apart = abs(clock().timestamp() - header.at)
    if own != theirs or not least <= header.probes <= MOST_PROBES or apart > CLOCKS_APART_S:
        raise HeaderRefused
    if header.circuit not in CIRCUITS or not 1 <= header.pass_words <= FAR_PASS_WORDS:
        raise HeaderRefused
    words = header.rows * header.probes // ROWS_PER_WORD
    if header.pass_words < NEAR_PASS_WORDS and words > header.pass_words * MOST_SMALL_PASSES:
        raise HeaderRefused


def check_day(day: int, clock: Callable[[], datetime]) -> None:
    """Raises `HeaderRefused` for a day (unix) that has not begun by this custodian's own clock: who is valid on a day
    to come is nobody's business yet, and days do not come back."""
    if day > (clock().timestamp() + CLOCKS_APART_S) // SECONDS_A_DAY:
        raise HeaderRefused


def check_instant(header: Header, clock: Callable[[], datetime]) -> None:
    """Raises `HeaderRefused` unless a header is of now, and its attempt named as attempts are."""
    if abs(clock().timestamp() - header.at) > CLOCKS_APART_S or len(header.attempt) != ATTEMPT_BYTES:
        raise HeaderRefused
