"""Those who append at the same time, and the one commit that they share.

Whoever comes while a commit is under way waits in the queue; the first of those who wait commits for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from moiety.errors import MoietyError
from moiety.ledger import sql
from moiety.ledger.operation import Line
from moiety.ledger.refusals import OperationDiffers
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State

APPEND_MAX: Final = 10_000
"""Entries of one commit (7 MB where all are sealed): it holds the database for less than a second."""


class Ticket:
    """What one appender brought, and what became of it: `positions` or an `error`, once it is `done`."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = leaves
        self.positions: list[int] = []
        self.error: MoietyError | None = None
        self.done = False


class Queue:
    """Those who wait, in the order in which they came. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Ticket] = []

    def put(self, ticket: Ticket) -> None:
        """One more."""
        with self._lock:
            self._waiting.append(ticket)

    def take(self) -> list[Ticket]:
        """The first, and as many after it as fit into one commit."""
        with self._lock:
            count, total = 0, 0
            for ticket in self._waiting:
                total += len(ticket.leaves)
                if count and total > APPEND_MAX:
                    break
                count += 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch


def write(connection: Connection, state: State, batch: list[Ticket]) -> State:
    """Write down, within a transaction, what each brought: what the log is then.

    Whoever brought something that cannot be right is told, and holds up nobody.
    """
    known = sql.known(connection, [leaf.line.operation for ticket in batch for leaf in ticket.leaves])
    fresh: list[Leaf] = []
    for ticket in batch:
        try:
            ticket.positions, added = _placed(ticket.leaves, known, state.size + len(fresh))
        except OperationDiffers as error:
            ticket.error = error
        else:
            known |= {leaf.line.operation: (state.size + at, leaf.line) for at, leaf in enumerate(added, len(fresh))}
            fresh += added
    if fresh:
        start = state.size
        state, kept = state.after((leaf.commitment, leaf.line) for leaf in fresh)
        sql.add(connection, start, fresh, kept)
        sql.put_state(connection, state)
    return state


def _placed(leaves: Sequence[Leaf], known: dict[bytes, tuple[int, Line]], end: int) -> tuple[list[int], list[Leaf]]:
    """Where each leaf is or goes, and those that are new. Raises `OperationDiffers`."""
    positions: list[int] = []
    added: dict[bytes, tuple[int, Leaf]] = {}
    for leaf in leaves:
        operation = leaf.line.operation
        if operation in known:
            position, line = known[operation]
        else:
            position, first = added.setdefault(operation, (end + len(added), leaf))
            line = first.line
        if line != leaf.line:
            raise OperationDiffers
        positions.append(position)
    return positions, [leaf for _, leaf in added.values()]
