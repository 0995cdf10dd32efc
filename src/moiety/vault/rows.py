"""The record store's statements: each made once, and what goes in and comes out of it. `sql` holds the transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, delete, func, insert, select, update

from moiety.vault.refusals import RecordMisfit
from moiety.vault.retention import State, Stay
from moiety.vault.schema import Group
from moiety.vault.seal import Blob
from moiety.vault.tables import BASES, KEPT, PEOPLE, PHOTOS, RECORDS

_IN_ONE: Final = 1_000
"""Values of one IN: SQLite allows 32,766, and a statement is made anew for each number of them."""

_TEXTS: Final = (Group.DOCUMENT, Group.CONTACT, Group.BIRTH)
_CLOCK: Final = "clock"


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the store has them. `person` is the pseudonym's 16 to 32 bytes, `handle` 16 bytes by which the
    custodians are asked; `number` is that of the last write. `blobs` holds the classes that were asked for.
    """

    person: bytes = field(repr=False)
    handle: bytes = field(repr=False)
    stay: Stay
    number: int = 0
    blobs: Mapping[Group, Blob] = field(default_factory=dict, repr=False)


_ID: Final[BindParameter[int]] = bindparam("row")
_HERE: Final = PEOPLE.c.purpose == bindparam("purpose")
_ONE: Final = select(PEOPLE).where(_HERE, PEOPLE.c.person == bindparam("person"))
_SOME: Final = select(PEOPLE).where(_HERE, PEOPLE.c.person.in_(bindparam("people", expanding=True)))
_PAGE: Final = (
    select(PEOPLE)
    .where(_HERE, PEOPLE.c.person > bindparam("after"))
    .order_by(PEOPLE.c.person)
    .limit(bindparam("limit"))
)
_PENDING: Final = (
    select(PEOPLE)
    .where(_HERE, PEOPLE.c.state == int(State.PENDING))
    .order_by(PEOPLE.c.person)
    .limit(bindparam("limit"))
)
_DUE: Final = select(PEOPLE).where(PEOPLE.c.due <= bindparam("minute")).order_by(PEOPLE.c.due).limit(bindparam("limit"))
_COUNT: Final = select(PEOPLE.c.state, func.count()).where(_HERE).group_by(PEOPLE.c.state)
_LAST: Final = select(func.max(PEOPLE.c.id))

_TEXT: Final[dict[frozenset[Group], Select[Any]]] = {
    frozenset(groups): select(*(RECORDS.c[group.value] for group in groups)).where(RECORDS.c.id == _ID)
    for groups in [[group for place, group in enumerate(_TEXTS) if mask >> place & 1] for mask in range(1, 8)]
}
_PHOTO: Final = select(PHOTOS.c.photo).where(PHOTOS.c.id == _ID)
_BASES: Final = select(BASES.c.entry).where(BASES.c.id == _ID).order_by(BASES.c.serial)

_PUT: Final = insert(PEOPLE)
_PUT_RECORD: Final = insert(RECORDS)
_PUT_PHOTO: Final = insert(PHOTOS)
_PUT_BASIS: Final = insert(BASES)
_DELETE: Final = [delete(table).where(table.c.id == _ID) for table in (PEOPLE, RECORDS, PHOTOS, BASES)]
_DELETE_PHOTO: Final = delete(PHOTOS).where(PHOTOS.c.id == _ID)
_SETTLE: Final = update(PEOPLE).where(PEOPLE.c.id == _ID).values(state=int(State.ACTIVE))
_STAY: Final = update(PEOPLE).where(PEOPLE.c.id == _ID).values(state=bindparam("to"), due=bindparam("at"))
_NUMBER: Final = update(PEOPLE).where(PEOPLE.c.id == _ID).values(number=bindparam("write"))

_SEEN: Final = select(KEPT.c.value).where(KEPT.c.name == _CLOCK)
_FIRST_SEEN: Final = insert(KEPT).values(name=_CLOCK)
_KEEP_SEEN: Final = update(KEPT).where(KEPT.c.name == _CLOCK).values(value=bindparam("to"))


def found(connection: Connection, purpose: str, people: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    """Rows of people by their pseudonyms."""
    there = {}
    for start in range(0, len(people), _IN_ONE):
        some = {"purpose": purpose, "people": people[start : start + _IN_ONE]}
        there.update({bytes(row.person): row for row in connection.execute(_SOME, some)})
    return there


def one(connection: Connection, purpose: str, person: bytes) -> Row[Any] | None:
    """The row of somebody."""
    return connection.execute(_ONE, {"purpose": purpose, "person": person}).one_or_none()


def stay(row: Row[Any]) -> Stay:
    """How long a row says that somebody stays."""
    state = State(row.state)
    return Stay(state, row.expires, row.due if state is State.ERASING else 0)


def person(row: Row[Any], blobs: Mapping[Group, Blob]) -> Person:
    """Somebody as their row has them."""
    return Person(bytes(row.person), bytes(row.handle), stay(row), row.number, blobs)


def blobs(connection: Connection, row: int, wanted: set[Group]) -> dict[Group, Blob]:
    """Classes of one person. A photograph that there is not, is not in the answer."""
    found: dict[Group, Blob] = {}
    if (statement := _TEXT.get(frozenset(wanted - {Group.PHOTO}))) is not None:
        texts = connection.execute(statement, {"row": row}).one()
        found.update({Group(name): Blob(bytes(blob)) for name, blob in texts._mapping.items()})
    if Group.PHOTO in wanted and (photo := connection.scalar(_PHOTO, {"row": row})) is not None:
        found[Group.PHOTO] = Blob(bytes(photo))
    return found


def add(connection: Connection, purpose: str, people: Sequence[Person]) -> None:
    """Write new people as pending, in this order. Whoever calls holds the store: the next row's number is theirs."""
    if not people:
        return
    first = (connection.scalar(_LAST) or 0) + 1
    numbered = list(enumerate(people, first))
    connection.execute(
        _PUT,
        [
            {
                "id": row,
                "purpose": purpose,
                "person": one.person,
                "handle": one.handle,
                "state": int(State.PENDING),
                "number": one.number,
                "expires": one.stay.expires,
                "due": Stay(State.PENDING, one.stay.expires).due,
            }
            for row, one in numbered
        ],
    )
    texts = [{"id": row} | {group.value: one.blobs.get(group, b"") for group in _TEXTS} for row, one in numbered]
    connection.execute(_PUT_RECORD, texts)
    photos = [{"id": row, "photo": one.blobs[Group.PHOTO]} for row, one in numbered if Group.PHOTO in one.blobs]
    if photos:
        connection.execute(_PUT_PHOTO, photos)


def settle(connection: Connection, rows: Sequence[int]) -> None:
    """Make rows active."""
    if rows:
        connection.execute(_SETTLE, [{"row": row} for row in rows])


def remove(connection: Connection, rows: Sequence[int]) -> None:
    """Delete rows from every table."""
    if rows:
        for statement in _DELETE:
            connection.execute(statement, [{"row": row} for row in rows])


def rewrite(connection: Connection, row: int, number: int, blobs: Mapping[Group, Blob]) -> None:
    """Put other classes in place of those there are."""
    connection.execute(_NUMBER, {"row": row, "write": number})
    texts = {group.value: blobs[group] for group in _TEXTS if group in blobs}
    if texts:
        connection.execute(update(RECORDS).where(RECORDS.c.id == row).values(texts))
    if Group.PHOTO in blobs:
        drop_photo(connection, row)
        connection.execute(_PUT_PHOTO, {"id": row, "photo": blobs[Group.PHOTO]})


def drop_photo(connection: Connection, row: int) -> None:
    """Delete somebody's photograph."""
    connection.execute(_DELETE_PHOTO, {"row": row})


def stays(connection: Connection, row: int, stay: Stay) -> None:
    """Write a state and when it ends."""
    connection.execute(_STAY, {"row": row, "to": int(stay.state), "at": stay.due})


def page(connection: Connection, purpose: str, after: bytes, limit: int) -> list[Person]:
    """People from behind a pseudonym on."""
    return _people(connection.execute(_PAGE, {"purpose": purpose, "after": after, "limit": limit}))


def pending(connection: Connection, purpose: str, limit: int) -> list[Person]:
    """People who were put and not settled."""
    return _people(connection.execute(_PENDING, {"purpose": purpose, "limit": limit}))


def due(connection: Connection, minute: int, limit: int) -> list[tuple[str, Person]]:
    """Who is to be destroyed by a minute, with the purpose."""
    return [(row.purpose, person(row, {})) for row in connection.execute(_DUE, {"minute": minute, "limit": limit})]


def count(connection: Connection, purpose: str) -> dict[State, int]:
    """How many there are in each state."""
    counted = {State(state): number for state, number in connection.execute(_COUNT, {"purpose": purpose})}
    return dict.fromkeys(State, 0) | counted


def bases(connection: Connection, row: int) -> list[bytes]:
    """Somebody's sealed entries of legal basis, in their order."""
    return [bytes(entry) for entry in connection.scalars(_BASES, {"row": row})]


def add_basis(connection: Connection, row: int, serial: int, entry: bytes) -> None:
    """Write one more of them."""
    connection.execute(_PUT_BASIS, {"id": row, "serial": serial, "entry": entry})


def seen(connection: Connection) -> int | None:
    """The highest minute that was kept. Raises `RecordMisfit` for what is none."""
    value = connection.scalar(_SEEN)
    if value is None:
        return None
    if len(value) != 9 or value[0] != 1:
        raise RecordMisfit
    return int.from_bytes(value[1:], "little")


def keep_seen(connection: Connection, minute: int, *, first: bool) -> None:
    """Keep another one: version 1 | minute u64 (little-endian)."""
    value = b"\x01" + minute.to_bytes(8, "little")
    if first:
        connection.execute(_FIRST_SEEN, {"value": value})
    else:
        connection.execute(_KEEP_SEEN, {"to": value})


def _people(found: Iterable[Row[Any]]) -> list[Person]:
    return [person(row, {}) for row in found]
