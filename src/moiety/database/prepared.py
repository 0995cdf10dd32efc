"""Statements that are asked for all the time: made once for each kind of database, and given to its driver as text.

Of a transaction of a few small statements, SQLAlchemy's own way to the driver and back is most of the time. What goes
in and comes out is what the driver takes and gives: whole numbers, text, bytes and None, no types of SQLAlchemy's that
would have to be translated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.sql.compiler import SQLCompiler

Given = Mapping[str, Any]
"""Values by the names of a statement's parameters."""


class Prepared:
    """One statement of SQLAlchemy's, whose parameters all have names and none a list for its value. Safe for threads.

    Errors are the driver's, as of a transaction's beginning and end.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._made: dict[str, tuple[str, Sequence[str] | None, dict[str, Any]]] = {}

    def all(self, connection: Connection, given: Given) -> list[tuple[Any, ...]]:
        """Every row."""
        text, values = self._bound(connection, given)
        found: list[tuple[Any, ...]] = _driver(connection).execute(text, values).fetchall()
        return found

    def first(self, connection: Connection, given: Given) -> tuple[Any, ...] | None:
        """The first row, or None where there is none."""
        text, values = self._bound(connection, given)
        row: tuple[Any, ...] | None = _driver(connection).execute(text, values).fetchone()
        return row

    def run(self, connection: Connection, given: Given) -> int:
        """Change something: how many rows."""
        text, values = self._bound(connection, given)
        return int(_driver(connection).execute(text, values).rowcount)

    def run_each(self, connection: Connection, given: Sequence[Given]) -> None:
        """Change something once for each."""
        if given:
            text, order, fixed = self._for(connection)
            _driver(connection).cursor().executemany(text, [_ordered(order, {**fixed, **values}) for values in given])

    def run_rows(self, connection: Connection, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """As `run_each`, of values in the order of these names."""
        if rows:
            text, order, fixed = self._for(connection)
            if order is not None and not fixed and list(order) == list(names):
                _driver(connection).cursor().executemany(text, rows)
            else:
                self.run_each(connection, [dict(zip(names, row, strict=True)) for row in rows])

    def _bound(self, connection: Connection, given: Given) -> tuple[str, Any]:
        text, order, fixed = self._for(connection)
        return text, _ordered(order, {**fixed, **given})

    def _for(self, connection: Connection) -> tuple[str, Sequence[str] | None, dict[str, Any]]:
        name = connection.dialect.name
        if name not in self._made:
            made = self._statement.compile(dialect=connection.dialect)  # type: ignore[attr-defined]
            if not isinstance(made, SQLCompiler):
                raise TypeError("only what reads or changes rows is prepared")
            # What the statement itself holds: a limit, a state that is looked for.
            fixed = {key: value for key, value in made.params.items() if value is not None}
            self._made[name] = (made.string, made.positiontup, fixed)
        return self._made[name]


def _ordered(order: Sequence[str] | None, values: dict[str, Any]) -> Any:
    return values if order is None else tuple([values[name] for name in order])


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
