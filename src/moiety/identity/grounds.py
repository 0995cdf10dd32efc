"""Legal grounds: each row carries the position of its grounds in the purpose document, in one byte.

And what else a row, or a record, was written under: a document that replaces another has to keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from moiety.identity.purpose import Purpose, Records
from moiety.identity.refusals import GroundsUnknown, PurposeGroundsFixed, PurposeModelFixed, PurposeRecordsFixed
from moiety.vault.refusals import FaceGroundsMissing
from moiety.vault.schema import Field


def position(purpose: Purpose, key: str) -> int:
    """Where the document names these grounds; raises `GroundsUnknown`."""
    keys = list(purpose.grounds)
    if key not in keys:
        raise GroundsUnknown(known=len(keys))
    return keys.index(key)


def position_of_face(purpose: Purpose, key: str) -> int:
    """As `position`, of grounds on which a face may be enrolled; raises `FaceGroundsMissing` for others."""
    found = position(purpose, key)
    if not purpose.grounds[key].article_9:
        raise FaceGroundsMissing
    return found


def require_successor(old: Purpose, new: Purpose, *, kept: Callable[[], bool]) -> None:
    """Refuse a new document under which an enrolled row or a kept record would mean something else.

    The name is the caller's to compare; the model stays, and so do the grounds in their order, because rows
    hold positions. While anybody's record is there (`kept`, which is asked only where it matters), what records
    are read and found by stays too: fields may be added. Everything else may change: retention only for those who
    are enrolled from now on.
    """
    if new.model != old.model:
        raise PurposeModelFixed
    if list(new.grounds.items())[: len(old.grounds)] != list(old.grounds.items()):
        raise PurposeGroundsFixed
    if old.records is not None and not _continued(old.records, new.records) and kept():
        raise PurposeRecordsFixed


def _continued(old: Records, new: Records | None) -> bool:
    """Whether whoever is kept under the old table is opened, found, looked up and destroyed under the new one."""
    if new is None:
        return False
    before, after = old.kept().fields, new.kept().fields
    fields = all(name in after and _form(after[name]) == _form(field) for name, field in before.items())
    return fields and old.scheme == new.scheme and _indexed(old, before) == _indexed(new, after)


def _form(field: Field) -> tuple[str, ...]:
    """What a value was checked, written and sealed as. Choices may change: one that was made is shown all the same."""
    return (field.kind, field.group, field.scheme, field.country)


def _indexed(records: Records, fields: Mapping[str, Field]) -> list[str]:
    """The index's fields in the order in which they are evaluated, which is the schema's."""
    return [name for name in fields if name in records.index]
