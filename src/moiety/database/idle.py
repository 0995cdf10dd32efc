"""Connections between two transactions: to make one, and to give it back, takes longer than a small transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from sqlalchemy import Connection, Engine

_KEPT: Final = 5
"""Connections of each sort, as many as SQLAlchemy keeps of an engine: threads that come together have one each."""


class Connections:
    """An engine's connections, those for reading and those for writing apart. Safe for threads."""

    def __init__(
        self,
        engine: Engine,
        begun: Callable[[Connection, bool], AbstractContextManager[object]],
        prepared: Callable[[Connection, bool], Connection],
    ) -> None:
        """`begun` is a transaction on one, committed at its end: whether for writing. `prepared` says once to each what
        it is for."""
        self._engine = engine
        self._begun = begun
        self._prepared = prepared
        self._idle: dict[bool, list[Connection]] = {False: [], True: []}
        self._open = True

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Connection]:
        """One transaction. A connection that something went wrong on is not used again."""
        idle = self._idle[writing]
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._prepared(self._engine.connect(), writing)
        good = False
        try:
            with self._begun(connection, writing):
                yield connection
            good = True
        finally:
            if good and self._open and len(idle) < _KEPT:
                idle.append(connection)
            else:
                if connection.invalidated:  # the server went away, and with it all the others
                    self._let_go()
                if not self._open:  # it would be given back to nobody, and stay
                    connection.invalidate()
                connection.close()

    def close(self) -> None:
        """Close all that nobody uses, and each other one when it is not used any more."""
        self._open = False
        self._let_go()
        self._engine.dispose()

    def _let_go(self) -> None:
        for idle in self._idle.values():
            while idle:
                try:
                    idle.pop().close()
                except IndexError:  # another thread was faster
                    return
