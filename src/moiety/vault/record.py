"""One person's values under a schema, checked and in their one form. Pure."""

from __future__ import annotations

from collections.abc import KeysView, Mapping

from moiety.vault.refusals import FieldUnknown, ValuesNotFields
from moiety.vault.schema import Group, Schema
from moiety.vault.values import Raw, canonical


class Record:
    """Checked values of one person, in bytes (`values`). `repr()` shows how many fields there are, for logs."""

    def __init__(self, schema: Schema, values: Mapping[str, Raw]) -> None:
        """Raises `FieldUnknown` for a name that the schema has not, `ValuesNotFields` and `ValueInvalid`."""
        if not names_of(values) <= schema.fields.keys():
            raise FieldUnknown(schema.fields)
        self.schema = schema
        self.plain = {name: canonical(field, values.get(name)) for name, field in schema.fields.items()}

    def __repr__(self) -> str:
        return f"Record({len(self.plain)} fields)"

    def of(self, group: Group) -> dict[str, bytes]:
        """What is sealed together: the values of one class by name, empty ones too.

        A photograph that there is not is left out: 64 KiB for nothing would be most of what a store holds, and how
        large a photograph is shows anyway. So a stored record shows whether it has one; of every other field it shows
        nothing.
        """
        return _of(self.schema, group, self.plain)


def names_of(values: Mapping[str, Raw]) -> KeysView[str]:
    """The fields that there are values of. Raises `ValuesNotFields` for values without names."""
    if not isinstance(values, Mapping):
        raise ValuesNotFields
    return values.keys()


def corrected(
    schema: Schema, group: Group, opened: Mapping[str, bytes], changes: Mapping[str, Raw]
) -> dict[str, bytes]:
    """The values of one class, opened before, with some of them changed: what is sealed anew.

    A field that the schema has and the class had not yet is there, empty or changed; one that the schema has no more is
    not. Raises `FieldUnknown` for a
    change in another class or in none, and `ValueInvalid`.
    """
    fields = {field.name: field for field in schema.of(group)}
    if not changes.keys() <= fields.keys():
        raise FieldUnknown(fields)
    changed = {name: canonical(fields[name], raw) for name, raw in changes.items()}
    return _of(schema, group, {**opened, **changed})


def _of(schema: Schema, group: Group, plain: Mapping[str, bytes]) -> dict[str, bytes]:
    values = {name: plain.get(name, b"") for name in schema.names(group)}
    # A photograph is the only field of its class.
    return {} if group is Group.PHOTO and not any(values.values()) else values
