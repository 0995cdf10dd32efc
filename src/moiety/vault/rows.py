"""The record store's statements: each made once, and what goes in and comes out of it. `sql` holds the transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, Row, bindparam, case, delete, func, insert, select, update

from moiety.database.prepared import Prepared
from moiety.vault.refusals import RecordMisfit
from moiety.vault.retention import MOVES, Move, Reading, State, Stay
from moiety.vault.schema import Group
from moiety.vault.seal import Blob
from moiety.vault.stored import Stored
from moiety.vault.tables import BASES, KEPT, LEAVING, PEOPLE, PHOTOS, RECORDS

_IN_ONE: Final = 1_000
"""Values of one IN: SQLite allows 32,766, and a statement is made anew for each number of them."""


class Stage(IntEnum):
    """Where a handle without a record stands."""

    GONE = 0
    """What it is of was written anew."""
    COMING = 1
    """Somebody is being written anew under it."""
    WAITING = 2
    """As `GONE`, and the custodians let time pass before they destroy it."""
    FACE = 3
    """No handle but a pseudonym: of somebody who took back what allowed a face, and whose face is to be destroyed."""


_TEXTS: Final = (Group.DOCUMENT, Group.CONTACT, Group.BIRTH)
_CLOCK: Final = "clock"
_AHEAD: Final = "ahead"


_ID: Final[BindParameter[int]] = bindparam("row")
_HERE: Final = PEOPLE.c.purpose == bindparam("purpose")
_ONE: Final = Prepared(select(PEOPLE).where(_HERE, PEOPLE.c.person == bindparam("person")))
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
_ERASING: Final = PEOPLE.c.state == int(State.ERASING)
_DUE: Final = (
    select(PEOPLE)
    .where(
        PEOPLE.c.due <= bindparam("later"),
        PEOPLE.c.due <= case((_ERASING, bindparam("clock")), else_=bindparam("minute")),
    )
    .order_by(PEOPLE.c.due)
    .limit(bindparam("limit"))
)
_DUE_HERE: Final = _DUE.where(_HERE)
_LATE: Final = _ERASING & (PEOPLE.c.due > bindparam("latest"))
_ANY_LATE: Final = select(PEOPLE.c.id).where(_LATE).limit(1)
_HASTEN: Final = update(PEOPLE).where(_LATE).values(due=bindparam("latest"))
_COUNT: Final = select(PEOPLE.c.state, func.count()).where(_HERE).group_by(PEOPLE.c.state)
_ANSWERED: Final = Prepared(
    select(func.count()).where(_HERE, PEOPLE.c.state == int(State.ACTIVE), PEOPLE.c.expires >= bindparam("day"))
)
_ON_THE_WAY: Final = Prepared(select(func.count()).where(_HERE, PEOPLE.c.state == int(State.PENDING)))
# What waits is opened for nobody, and a face has no keys of a record.
_WITHOUT: Final = Prepared(
    select(func.count())
    .select_from(LEAVING)
    .where(
        LEAVING.c.purpose == bindparam("purpose"),
        (LEAVING.c.stage == int(Stage.GONE)) | (LEAVING.c.stage == int(Stage.COMING)),
    )
)
_LAST: Final = select(func.max(PEOPLE.c.id))

_TEXT: Final = {
    groups: Prepared(select(*(RECORDS.c[group.value] for group in groups)).where(RECORDS.c.id == _ID))
    for groups in [tuple(group for place, group in enumerate(_TEXTS) if mask >> place & 1) for mask in range(1, 8)]
}
_PHOTO: Final = Prepared(select(PHOTOS.c.photo).where(PHOTOS.c.id == _ID))
_BASES: Final = Prepared(select(BASES.c.entry).where(BASES.c.id == _ID).order_by(BASES.c.serial))

_PUTS: Final = {
    table.name: ([column.name for column in table.columns], Prepared(insert(table)))
    for table in (PEOPLE, RECORDS, PHOTOS, BASES)
}
_PUT_PHOTO: Final = insert(PHOTOS)
_PUT_BASIS: Final = insert(BASES)
_DELETE: Final = [Prepared(delete(table).where(table.c.id == _ID)) for table in (PEOPLE, RECORDS, PHOTOS, BASES)]
_DELETE_PHOTO: Final = delete(PHOTOS).where(PHOTOS.c.id == _ID)
_SETTLE: Final = (
    update(PEOPLE).where(PEOPLE.c.id.in_(bindparam("rows", expanding=True))).values(state=int(MOVES[Move.SETTLE][1]))
)
_STAY: Final = update(PEOPLE).where(PEOPLE.c.id == _ID).values(state=bindparam("to"), due=bindparam("at"))
_REWRITTEN: Final = (
    update(PEOPLE)
    .where(PEOPLE.c.id == _ID)
    .values(number=bindparam("write"), handle=bindparam("to"), entry=bindparam("index"))
)
_LOOKED_UP: Final = select(PEOPLE).where(_HERE, PEOPLE.c.entry == bindparam("index")).limit(bindparam("limit"))

_LEAVE: Final = insert(LEAVING)
_LEFT: Final = delete(LEAVING).where(LEAVING.c.handle == bindparam("gone"))
_COME: Final = _LEFT.where(LEAVING.c.stage == int(Stage.COMING))
_STAGE: Final = update(LEAVING).where(LEAVING.c.handle == bindparam("whose"), LEAVING.c.stage == bindparam("before"))
_STAGED: Final = _STAGE.values(stage=bindparam("to"))
_FACE: Final = LEAVING.c.stage == int(Stage.FACE)
_OF: Final = LEAVING.c.person.in_(bindparam("people", expanding=True))
_LEAVING: Final = select(LEAVING).where(LEAVING.c.purpose == bindparam("purpose"), ~_FACE).limit(bindparam("limit"))
_LEAVING_OF: Final = _LEAVING.where(_OF)
_FACES: Final = (
    select(LEAVING.c.person).where(LEAVING.c.purpose == bindparam("purpose"), _FACE).limit(bindparam("limit"))
)
_FACES_OF: Final = _FACES.where(_OF)

_TIMES: Final = Prepared(select(KEPT.c.name, KEPT.c.value).where((KEPT.c.name == _CLOCK) | (KEPT.c.name == _AHEAD)))
_FORGET_TIME: Final = delete(KEPT).where(KEPT.c.name == bindparam("which"))
_KEEP_TIME: Final = insert(KEPT)


def found(connection: Connection, purpose: str, people: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    """Rows of people by their pseudonyms."""
    there = {}
    for start in range(0, len(people), _IN_ONE):
        some = {"purpose": purpose, "people": people[start : start + _IN_ONE]}
        there.update({bytes(row.person): row for row in connection.execute(_SOME, some)})
    return there


class Line(NamedTuple):
    """A row of people, as its table has it."""

    id: int
    purpose: str
    person: bytes
    handle: bytes
    state: int
    number: int
    expires: int
    entry: bytes | None
    due: int


def one(connection: Connection, purpose: str, person: bytes) -> Line | None:
    """The row of somebody."""
    row = _ONE.first(connection, {"purpose": purpose, "person": person})
    return None if row is None else Line(*row)


def stay(row: Line | Row[Any]) -> Stay:
    """How long a row says that somebody stays."""
    state = State(row.state)
    return Stay(state, row.expires, row.due if state is State.ERASING else 0)


def person(row: Line | Row[Any], blobs: Mapping[Group, Blob]) -> Stored:
    """Somebody as their row has them."""
    entry = None if row.entry is None else bytes(row.entry)
    return Stored(bytes(row.person), bytes(row.handle), stay(row), row.number, blobs, entry)


def blobs(connection: Connection, row: int, wanted: set[Group]) -> dict[Group, Blob]:
    """Classes of one person. A photograph that there is not, is not in the answer. Raises `RecordMisfit` where the
    record is not there, of somebody who is."""
    found: dict[Group, Blob] = {}
    groups = tuple(group for group in _TEXTS if group in wanted)
    if groups:
        if (texts := _TEXT[groups].first(connection, {"row": row})) is None:
            raise RecordMisfit
        found.update({group: Blob(blob) for group, blob in zip(groups, texts, strict=True)})
    if Group.PHOTO in wanted and (photo := _PHOTO.first(connection, {"row": row})) is not None:
        found[Group.PHOTO] = Blob(photo[0])
    return found


def add(connection: Connection, purpose: str, people: Sequence[Stored]) -> None:
    """Write new people as pending, in this order. Whoever calls holds the store: the next row's number is theirs."""
    if not people:
        return
    first = (connection.scalar(_LAST) or 0) + 1
    numbered = list(enumerate(people, first))
    pending, dues = int(State.PENDING), {one.stay: Stay(State.PENDING, one.stay.expires).due for one in people}
    _put(
        connection,
        PEOPLE.name,
        [
            (row, purpose, one.person, one.handle, pending, one.number, one.stay.expires, one.entry, dues[one.stay])
            for row, one in numbered
        ],
    )
    _put(connection, RECORDS.name, [(row, *(one.blobs.get(group, b"") for group in _TEXTS)) for row, one in numbered])
    _put(connection, PHOTOS.name, [(row, one.blobs[Group.PHOTO]) for row, one in numbered if Group.PHOTO in one.blobs])
    _put(
        connection,
        BASES.name,
        [(row, serial, entry) for row, one in numbered for serial, entry in enumerate(one.bases)],
    )


def _put(connection: Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows, each a value for every column in their order."""
    names, statement = _PUTS[table]
    statement.run_rows(connection, names, rows)


def settle(connection: Connection, rows: Sequence[int]) -> None:
    """Make rows active."""
    for start in range(0, len(rows), _IN_ONE):
        connection.execute(_SETTLE, {"rows": rows[start : start + _IN_ONE]})


def remove(connection: Connection, rows: Sequence[int]) -> None:
    """Delete rows from every table."""
    if rows:
        for statement in _DELETE:
            statement.run_each(connection, [{"row": row} for row in rows])


def rewrite(
    connection: Connection,
    row: int,
    number: int,
    blobs: Mapping[Group, Blob],
    handle: bytes,
    entry: bytes | None,
    without_photo: bool,
) -> None:
    """Put other classes in place of those there are, and another handle and index entry."""
    connection.execute(_REWRITTEN, {"row": row, "write": number, "to": handle, "index": entry})
    texts = {group.value: blobs[group] for group in _TEXTS if group in blobs}
    if texts:
        connection.execute(update(RECORDS).where(RECORDS.c.id == row).values(texts))
    if without_photo or Group.PHOTO in blobs:
        connection.execute(_DELETE_PHOTO, {"row": row})
    if Group.PHOTO in blobs:
        connection.execute(_PUT_PHOTO, {"id": row, "photo": blobs[Group.PHOTO]})


def leave(connection: Connection, rows: Iterable[Line | Row[Any]]) -> None:
    """Remember the handles of these rows: what they are of is not here any more, and still at the custodians."""
    values = [
        {"purpose": row.purpose, "person": row.person, "handle": row.handle, "stage": int(Stage.GONE)} for row in rows
    ]
    if values:
        connection.execute(_LEAVE, values)


def expect(connection: Connection, purpose: str, person: bytes, handle: bytes) -> None:
    """Remember a handle under which somebody is about to be written anew."""
    connection.execute(_LEAVE, {"purpose": purpose, "person": person, "handle": handle, "stage": int(Stage.COMING)})


def come(connection: Connection, handle: bytes) -> bool:
    """Forget an expected handle; whether it was still expected."""
    return connection.execute(_COME, {"gone": handle}).rowcount == 1


def leaving(connection: Connection, purpose: str, people: Sequence[bytes], limit: int) -> dict[bytes, Stage]:
    """Handles without a record, of these people or of all."""
    given = {"purpose": purpose, "limit": limit}
    statement = _LEAVING
    if people:
        statement, given = _LEAVING_OF, given | {"people": people}
    return {bytes(row.handle): Stage(row.stage) for row in connection.execute(statement, given)}


def face_leaves(connection: Connection, purpose: str, person: bytes) -> None:
    """Remember that somebody's face is to be destroyed."""
    left(connection, [person])
    values = {"purpose": purpose, "person": person, "handle": person, "stage": int(Stage.FACE)}
    connection.execute(_LEAVE, values)


def faces_leaving(connection: Connection, purpose: str, people: Sequence[bytes], limit: int) -> list[bytes]:
    """Whose face is to be destroyed, of these people or of all."""
    given = {"purpose": purpose, "limit": limit}
    found = connection.scalars(_FACES_OF, given | {"people": people}) if people else connection.scalars(_FACES, given)
    return [bytes(person) for person in found]


def stage(connection: Connection, handle: bytes, before: Stage, after: Stage) -> bool:
    """Move a handle on; whether it stood there."""
    values = {"whose": handle, "before": int(before), "to": int(after)}
    return connection.execute(_STAGED, values).rowcount == 1


def left(connection: Connection, handles: Sequence[bytes]) -> None:
    """Forget handles."""
    if handles:
        connection.execute(_LEFT, [{"gone": handle} for handle in handles])


def looked_up(connection: Connection, purpose: str, entry: bytes, limit: int) -> list[Stored]:
    """People with this entry of the index."""
    return _people(connection.execute(_LOOKED_UP, {"purpose": purpose, "index": entry, "limit": limit}))


def stays(connection: Connection, row: int, stay: Stay) -> None:
    """Write a state and when it ends."""
    connection.execute(_STAY, {"row": row, "to": int(stay.state), "at": stay.due})


def page(connection: Connection, purpose: str, after: bytes, limit: int) -> list[Stored]:
    """People from behind a pseudonym on."""
    return _people(connection.execute(_PAGE, {"purpose": purpose, "after": after, "limit": limit}))


def pending(connection: Connection, purpose: str, limit: int) -> list[Stored]:
    """People who were put and not settled."""
    return _people(connection.execute(_PENDING, {"purpose": purpose, "limit": limit}))


def due(connection: Connection, purpose: str | None, now: Reading, limit: int) -> list[tuple[str, Stored]]:
    """Who is to be destroyed by now, with the purpose: of one purpose, or of all."""
    given = {"clock": now.clock, "minute": now.minute, "later": max(now.clock, now.minute), "limit": limit}
    found = (
        connection.execute(_DUE, given)
        if purpose is None
        else connection.execute(_DUE_HERE, given | {"purpose": purpose})
    )
    return [(row.purpose, person(row, {})) for row in found]


def late(connection: Connection, latest: int) -> bool:
    """Whether somebody who is erasing is to be destroyed later than at this minute."""
    return connection.scalar(_ANY_LATE, {"latest": latest}) is not None


def hasten(connection: Connection, latest: int) -> None:
    """Destroy those at this minute."""
    connection.execute(_HASTEN, {"latest": latest})


def count(connection: Connection, purpose: str) -> dict[State, int]:
    """How many there are in each state."""
    counted = {State(state): number for state, number in connection.execute(_COUNT, {"purpose": purpose})}
    return dict.fromkeys(State, 0) | counted


def answered(connection: Connection, purpose: str, day: int) -> tuple[int, int]:
    """How many people are answered about on a day; and how many versions besides may have keys: of who is on the way,
    and of what was written anew."""
    here = {"purpose": purpose}
    [(active,)] = _ANSWERED.all(connection, here | {"day": day})
    [(coming,)], [(left,)] = _ON_THE_WAY.all(connection, here), _WITHOUT.all(connection, here)
    return active, coming + left


def bases(connection: Connection, row: int) -> list[bytes]:
    """Somebody's entries of legal basis, in their order."""
    return [entry for (entry,) in _BASES.all(connection, {"row": row})]


def add_basis(connection: Connection, row: int, serial: int, entry: bytes) -> None:
    """Write one more of them."""
    connection.execute(_PUT_BASIS, {"id": row, "serial": serial, "entry": entry})


def seen(connection: Connection) -> tuple[int | None, int | None]:
    """The highest minute that was believed, and what a clock too far ahead said: see `retention.Reading`. Raises
    `RecordMisfit` for what is no minute."""
    found = dict(_TIMES.all(connection, {}))
    if any(len(value) != 9 or value[0] != 1 for value in found.values()):
        raise RecordMisfit
    times = {name: int.from_bytes(value[1:], "little") for name, value in found.items()}
    return times.get(_CLOCK), times.get(_AHEAD)


def keep_seen(connection: Connection, reading: Reading) -> None:
    """Keep what the next reading needs: version 1 | minute u64 (little-endian), each."""
    for name, minute in ((_CLOCK, reading.seen), (_AHEAD, reading.shown)):
        connection.execute(_FORGET_TIME, {"which": name})
        if minute is not None:
            connection.execute(_KEEP_TIME, {"name": name, "value": b"\x01" + minute.to_bytes(8, "little")})


def _people(found: Iterable[Row[Any]]) -> list[Stored]:
    return [person(row, {}) for row in found]
