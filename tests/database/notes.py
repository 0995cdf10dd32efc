"""A kind of database to try things with: one table of notes."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert, select

from moiety.database import Database, Kind

TABLES = MetaData()
NOTE = Table(
    "notes_note",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("said", LargeBinary, nullable=False),
)
NOTES = Kind("notes", 1, TABLES)


def write(database: Database, number: int, said: bytes = b"something", step: str = "note") -> None:
    """One note, durable when this returns."""
    with database.writing(step) as connection:
        connection.execute(insert(NOTE).values(id=number, said=said))


def read(database: Database) -> list[int]:
    """The numbers of all notes."""
    with database.reading() as connection:
        return list(connection.scalars(select(NOTE.c.id).order_by(NOTE.c.id)))
