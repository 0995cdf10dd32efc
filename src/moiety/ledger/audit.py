"""The logs of one office held against each other, and the first difference between them. Pure.

Each log has leaves of its own; what they share is the line beside each leaf (`operation`). An operation is in the log
of every party that its line names, and says the same in each. Logs need not have the same order: operations that run
at the same time reach them as they come.

An operation that a log lacks is a hole where that log has enough of what came later. Where it has not, the log is
merely behind: the operation was on its way when the heads were signed, or it is the last and was kept from that log;
a later audit tells.

What a log lacks and says itself that it lacks (`operation.acknowledging`) is no hole: it is counted. A log that has
afterwards what it said that it lacks is a difference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import zip_longest
from typing import Final

from moiety.ledger.head import Head
from moiety.ledger.operation import Line, Party, acknowledging, is_acknowledging
from moiety.ledger.state import State

IN_FLIGHT: Final = 1_000
"""Operations that may be on their way to the logs at one time: one import writes as many at once."""


class What(Enum):
    """What is wrong."""

    ALTERED = "altered"
    """The rows of `log` are not what its head signed: at `position`, where that could be found out."""
    MISSING = "missing"
    """`log` lacks what `beside` has at `beside_position`."""
    OTHERWISE = "otherwise"
    """`log` has at `position` in other words what `beside` has at `beside_position`."""
    UNINVITED = "uninvited"
    """`log` has at `position` what is not for it to record."""
    DENIED = "denied"
    """`log` has at `position` what it acknowledged that it lacks."""


@dataclass(frozen=True)
class Difference:
    """Something that no interruption explains."""

    what: What
    log: Party
    position: int | None
    beside: Party | None = None
    beside_position: int | None = None

    def within(self, party: Party) -> list[int]:
        """The positions in one log that this is about: one or none."""
        both = ((self.log, self.position), (self.beside, self.beside_position))
        return [position for log, position in both if log == party and position is not None]


@dataclass(frozen=True)
class Shown:
    """What one log shows: a head whose signature was verified, and its rows (commitment and line) up to that size."""

    head: Head
    rows: Iterable[tuple[bytes, Line]]


@dataclass(frozen=True)
class Finding:
    """`first` is the first difference, None where the logs agree. `behind` says how many operations a log lacks that
    may be on their way to it; `operations` how many all of their logs have. `acknowledged` says how many a log lacks
    and has acknowledged that it does, of those logs that lack any; `lacking`, for each operation that is lacked
    otherwise, which logs lack it."""

    first: Difference | None
    behind: Mapping[Party, int]
    operations: int
    acknowledged: Mapping[Party, int] = field(default_factory=dict)
    lacking: Mapping[bytes, Party] = field(default_factory=dict, compare=False)


@dataclass
class _Open:
    """An operation that not all of its logs have shown yet."""

    line: Line
    positions: dict[Party, int]
    before: dict[Party, tuple[int, ...]]
    """For each log that has it: how many earlier rows of it were for each of the logs."""


def audited(logs: Mapping[Party, Shown], in_flight: int) -> Finding:
    """Hold up to four logs against each other. `in_flight`: operations that may be on their way; 0 where nobody works.

    Memory grows with what is open at one time, not with the logs. Lines about a log that is not shown are not missed.
    """
    walk = _Walk(tuple(logs))
    for rows in zip_longest(*(_numbered(party, shown.rows) for party, shown in logs.items())):
        for row in rows:
            if row is not None:
                walk.see(*row)
    for party, shown in logs.items():
        walk.compare(party, shown.head)
    return walk.finding(in_flight)


def _numbered(party: Party, rows: Iterable[tuple[bytes, Line]]) -> Iterator[tuple[Party, int, bytes, Line]]:
    for position, (commitment, line) in enumerate(rows):
        yield party, position, commitment, line


_TOGETHER: Final = 1_000
"""Rows of a log that are hashed at a time."""


class _Walk:
    """All logs at once, row by row."""

    def __init__(self, parties: Sequence[Party]) -> None:
        self._parties = parties
        self._open: dict[bytes, _Open] = {}
        self._complete = 0
        self._found: dict[tuple[What, Party, Party | None], Difference] = {}
        self._altered: dict[Party, int | None] = {}
        self._states = {party: State() for party in parties}
        self._waiting: dict[Party, list[tuple[bytes, Line]]] = {party: [] for party in parties}
        self._rows_for = {party: [0] * len(parties) for party in parties}
        self._acknowledged: dict[Party, set[bytes]] = {party: set() for party in parties}

    def see(self, party: Party, position: int, commitment: bytes, line: Line) -> None:
        """One row of one log."""
        self._waiting[party].append((commitment, line))
        if len(self._waiting[party]) == _TOGETHER:
            self._digest(party)
        if party not in line.parties:
            self._note(Difference(What.UNINVITED, party, position))
            return
        acknowledged = self._acknowledged[party]
        if is_acknowledging(line, party):
            acknowledged.add(line.operation)
        elif acknowledged and acknowledging(line, party) in acknowledged:
            self._note(Difference(What.DENIED, party, position))
        opened = self._open.setdefault(line.operation, _Open(line, {}, {}))
        if opened.line != line or party in opened.positions:
            beside, there = next(iter(opened.positions.items()))
            self._note(Difference(What.OTHERWISE, party, position, beside, there))
        opened.positions.setdefault(party, position)
        opened.before.setdefault(party, tuple(self._rows_for[party]))
        for at, other in enumerate(self._parties):
            self._rows_for[party][at] += other in line.parties
        if not self._lacking(opened):
            del self._open[line.operation]
            self._complete += 1

    def compare(self, party: Party, head: Head) -> None:
        """After the last row: whether a log's rows are what its head signed."""
        self._digest(party)
        state = self._states[party]
        if state.size != head.size:
            self._altered[party] = min(state.size, head.size)
        elif state.frontier.root() != head.root or state.lines != head.lines:
            self._altered[party] = None

    def finding(self, in_flight: int) -> Finding:
        """After the last log."""
        behind = dict.fromkeys(self._parties, 0)
        acknowledged: dict[Party, int] = {}
        lacking: dict[bytes, Party] = {}
        for at, log in enumerate(self._parties):
            lacked = [opened for opened in self._open.values() if log in self._lacking(opened)]
            said = self._acknowledged[log]
            missed = [opened for opened in lacked if acknowledging(opened.line, log) not in said]
            behind[log] = len(missed) - len(self._holes(at, missed, in_flight))
            if len(lacked) > len(missed):
                acknowledged[log] = len(lacked) - len(missed)
            for opened in missed:
                lacking[opened.line.operation] = lacking.get(opened.line.operation, Party(0)) | log
        return Finding(self._first(), behind, self._complete, acknowledged, lacking)

    def _holes(self, at: int, missed: list[_Open], in_flight: int) -> set[bytes]:
        """Those of the operations that a log lacks after which it has too many others of another log's."""
        holes: set[bytes] = set()
        for beside in self._parties:
            theirs = sorted(opened.positions[beside] for opened in missed if beside in opened.positions)
            for opened in missed:
                if beside not in opened.positions:
                    continue
                there = opened.positions[beside]
                later = self._rows_for[beside][at] - opened.before[beside][at] - 1
                if later - (len(theirs) - bisect_right(theirs, there)) >= in_flight:
                    holes.add(opened.line.operation)
                    self._note(Difference(What.MISSING, self._parties[at], None, beside, there))
        return holes

    def _lacking(self, opened: _Open) -> list[Party]:
        return [party for party in self._parties if party in opened.line.parties and party not in opened.positions]

    def _digest(self, party: Party) -> None:
        self._states[party], _ = self._states[party].after(self._waiting[party])
        self._waiting[party].clear()

    def _note(self, difference: Difference) -> None:
        """Keep the first of each sort: what a hostile log shows costs no memory."""
        sort = (difference.what, difference.log, difference.beside)
        if sort not in self._found or _place(difference) < _place(self._found[sort]):
            self._found[sort] = difference

    def _first(self) -> Difference | None:
        """A log that is not what it signed comes before what it says; then whatever comes first in a log."""
        for party, position in sorted(self._altered.items()):
            told = [] if position is None else [position]
            told += [at for difference in self._found.values() for at in difference.within(party)]
            return Difference(What.ALTERED, party, min(told, default=None))
        return min(self._found.values(), key=_place, default=None)


def _place(difference: Difference) -> tuple[int, int]:
    position = difference.position if difference.position is not None else difference.beside_position
    return position or 0, difference.log
