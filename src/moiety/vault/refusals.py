"""What the vault refuses; each says what to do, and none quotes a number, a name or any other value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from moiety.errors import Refused


class IdentifierInvalid(Refused):
    code: ClassVar[str] = "identifier_invalid"
    advice: ClassVar[str] = (
        "this is no valid number of its kind: a character is wrong, missing or too many. Compare it with the document; "
        "where it is as there, the purpose names another kind or country than it is of. Of a passport or an identity "
        "card it takes all lines of the machine readable zone, and not the number alone"
    )


class SchemeUnknown(Refused):
    code: ClassVar[str] = "scheme_unknown"
    advice: ClassVar[str] = "numbers of this kind are not known for this country: {known} pairs of kind and country are"


class PersonUnnamed(Refused):
    code: ClassVar[str] = "person_unnamed"
    advice: ClassVar[str] = "a record belongs to a pseudonym of 16 to 32 bytes in a purpose of 1 to 31 letters"


class SchemaInvalid(Refused):
    code: ClassVar[str] = "schema_invalid"
    advice: ClassVar[str] = (
        "of {fields} fields, one is wrong or there are too many: each has a name of its own, a type, a class, "
        "and what its type needs"
    )


class FieldUnknown(Refused):
    """Names the fields that the purpose declares, never the one that was asked for."""

    code: ClassVar[str] = "field_unknown"
    advice: ClassVar[str] = "the purpose keeps no field of this name: it keeps {known}"

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(known)
        super().__init__(known=len(self.known))

    @property
    def text(self) -> str:
        """Says which there are."""
        return f"{super().text}: {', '.join(self.known)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.known,)


class ValuesNotFields(Refused):
    code: ClassVar[str] = "values_not_fields"
    advice: ClassVar[str] = (
        "give a person's values by the names of their fields, dict(name='Li Example', sex='F'); of several people, a "
        "list of those"
    )


class ValueInvalid(Refused):
    """Names the field in `where`, never the value."""

    code: ClassVar[str] = "value_invalid"
    advice: ClassVar[str] = "a value is not of its field's type, or is too long"


class ValueTooLong(Refused):
    code: ClassVar[str] = "value_too_long"
    advice: ClassVar[str] = "a value has at most {limit} bytes"


class SealBroken(Refused):
    code: ClassVar[str] = "seal_broken"
    advice: ClassVar[str] = (
        "this record does not open: it is another one's, was altered, or its key is gone. Ask again, and where it "
        "stays so put the newest copy of the record store back"
    )


class IndexTooFew(Refused):
    code: ClassVar[str] = "index_too_few"
    advice: ClassVar[str] = (
        "an index over these {fields} fields would show how often each value occurs: "
        "take name and birth date together, or an identifier"
    )


class ShelfClosed(Refused):
    code: ClassVar[str] = "shelf_closed"
    advice: ClassVar[str] = "this record store was closed with its office"


STATES: Final = ("on the way in", "active", "restricted", "being erased")
"""Of whom something is asked, by the number of `retention.State`."""


class MoveRefused(Refused):
    """`state` is the number of `retention.State`."""

    code: ClassVar[str] = "move_refused"
    advice: ClassVar[str] = (
        "this cannot be done with somebody who is {state}: a restriction ends by `moiety person lift`, and an erasure "
        "is taken back within its 72 hours by `moiety person restore`"
    )

    @property
    def text(self) -> str:
        """Says in a word what may be done with them."""
        return type(self).advice.format(state=STATES[self.numbers["state"]])


class BasisInvalid(Refused):
    code: ClassVar[str] = "basis_invalid"
    advice: ClassVar[str] = (
        "a legal basis names its articles as 6(1)(a) and 9(2)(a), the text's version, a day and how it was given or "
        "taken back: paper, electronic, spoken or office"
    )


class BasesFull(Refused):
    code: ClassVar[str] = "bases_full"
    advice: ClassVar[str] = (
        "{limit} grounds were written down for this person, and there is no room for more: what holds stays, and can "
        "be withdrawn"
    )


class GroundsMissing(Refused):
    code: ClassVar[str] = "grounds_missing"
    advice: ClassVar[str] = "nothing allows this person to be kept now: record a legal basis first"


class FaceGroundsMissing(Refused):
    code: ClassVar[str] = "face_grounds_missing"
    advice: ClassVar[str] = (
        "a face is special-category data: the grounds that it is enrolled on need an article_9, and where there is a "
        "record beside it they have to hold for it: `moiety person basis` shows them"
    )


class NothingToWithdraw(Refused):
    code: ClassVar[str] = "nothing_to_withdraw"
    advice: ClassVar[str] = (
        "this person has no such ground that holds and can be withdrawn or objected to: `moiety person basis` shows "
        "them, and whoever may end it otherwise erases the record"
    )


class PersonMissing(Refused):
    code: ClassVar[str] = "person_missing"
    advice: ClassVar[str] = (
        "nobody of this pseudonym is kept here, or what is kept may not be used now: `moiety person find` tells under "
        "which pseudonym somebody is kept, `moiety person lift` ends a restriction, and `moiety person restore` takes "
        "an erasure back within its 72 hours"
    )


class WriteStale(Refused):
    code: ClassVar[str] = "write_stale"
    advice: ClassVar[str] = (
        "this record was written {last} times since it was made, and write {given} is not the next: "
        "read it again, and correct what is there now"
    )


class RecordMisfit(Refused):
    code: ClassVar[str] = "record_misfit"
    advice: ClassVar[str] = (
        "what is to be stored, or lies there, is no sealed record of this form: nothing was written. Where it lies "
        "there, the record store was altered or is another version's: put its newest copy back, or go back to that "
        "version"
    )


class BatchTooLarge(Refused):
    code: ClassVar[str] = "batch_too_large"
    advice: ClassVar[str] = "{given} people at once are too many: give {limit} at most"


class MappingUnreadable(Refused):
    code: ClassVar[str] = "mapping_unreadable"
    advice: ClassVar[str] = "the mapping is not TOML in UTF-8, or is longer than 64 KiB"


class MappingInvalid(Refused):
    """Names the field in `where`, if it is one of the schema's."""

    code: ClassVar[str] = "mapping_invalid"
    advice: ClassVar[str] = (
        "the mapping says something that is not known or does not go together ({fields} fields looked at): "
        "each field has a column, columns or a constant, and what its type needs, and one of them is the number that "
        "the purpose knows people by"
    )


class ValueMissing(Refused):
    code: ClassVar[str] = "value_missing"
    advice: ClassVar[str] = "the number that people are known by is missing: fill it in where the row comes from"


class PhotoMissing(Refused):
    code: ClassVar[str] = "photo_missing"
    advice: ClassVar[str] = "there is no photograph of this name in the folder: put it there, or name the right folder"


class SourceUnknown(Refused):
    code: ClassVar[str] = "source_unknown"
    advice: ClassVar[str] = (
        "give a file whose name ends in .csv, .jsonl, .ndjson, .parquet or .bson: that says what it is"
    )


class SourceUnreadable(Refused):
    code: ClassVar[str] = "source_unreadable"
    advice: ClassVar[str] = "the file cannot be read: check its path and who may read it"


class SourceBroken(Refused):
    code: ClassVar[str] = "source_broken"
    advice: ClassVar[str] = (
        "the file is broken behind row {row}, and everybody before is there: get it whole and import it under another "
        "name; nobody comes twice"
    )


class ColumnUnbounded(Refused):
    code: ClassVar[str] = "column_unbounded"
    advice: ClassVar[str] = (
        "behind row {row}, columns that the mapping reads are lists, or unpack to more than is read at once: where "
        "nobody meant harm by it, have the file written anew in row groups of a hundred rows"
    )


class ColumnMissing(Refused):
    code: ClassVar[str] = "column_missing"
    advice: ClassVar[str] = (
        "{columns} columns that the mapping reads are not in the file: compare their names with its first row"
    )
