"""What the stories refuse; each says what to do, and none quotes a name, a path or a pseudonym."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from moiety.errors import Refused


class PseudonymUnreadable(Refused):
    code: ClassVar[str] = "pseudonym_unreadable"
    advice: ClassVar[str] = (
        "this is not a pseudonym, or a character of it is wrong: "
        "copy it whole, with the purpose and all seven groups of four"
    )


class PseudonymOfAnotherPurpose(Refused):
    code: ClassVar[str] = "pseudonym_of_another_purpose"
    advice: ClassVar[str] = "this pseudonym belongs to another purpose: nobody is looked up across purposes"


class PurposeUnknown(Refused):
    code: ClassVar[str] = "purpose_unknown"
    advice: ClassVar[str] = (
        "the office has no such purpose: `moiety status` lists them and `moiety purpose add FILE` adds one"
    )


class OfficeClosed(Refused):
    code: ClassVar[str] = "office_closed"
    advice: ClassVar[str] = "this office was closed: `moiety.open(folder)` opens it again"


class SeatUnknown(Refused):
    code: ClassVar[str] = "seat_unknown"
    advice: ClassVar[str] = 'a custodian is named by its seat: "a", "b" or "c"'


class PurposeUnreadable(Refused):
    code: ClassVar[str] = "purpose_unreadable"
    advice: ClassVar[str] = (
        "the document is not TOML in UTF-8 (line {line}): `moiety init DIR --example door` writes one to start from"
    )


class PurposeTooLong(Refused):
    code: ClassVar[str] = "purpose_too_long"
    advice: ClassVar[str] = "a purpose document has at most {limit} bytes"


class PurposeInvalid(Refused):
    """Lists what is wrong in declared fields and line numbers, never what stood there."""

    code: ClassVar[str] = "purpose_invalid"
    advice: ClassVar[str] = "the purpose document has {faults} faults"

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(faults=len(faults))

    @property
    def text(self) -> str:
        return "the purpose document is refused: " + "; ".join(self.faults)


class PurposeModelFixed(Refused):
    code: ClassVar[str] = "purpose_model_fixed"
    advice: ClassVar[str] = (
        "a purpose keeps its model, because templates of two models cannot be compared: "
        "add a purpose of another name and enrol its people anew"
    )


class PurposeGroundsFixed(Refused):
    code: ClassVar[str] = "purpose_grounds_fixed"
    advice: ClassVar[str] = (
        "people are enrolled on the grounds of this purpose: keep them all, unchanged and in their order, "
        "and add new ones after them"
    )


class PurposeRecordsFixed(Refused):
    code: ClassVar[str] = "purpose_records_fixed"
    advice: ClassVar[str] = (
        "people's records are kept under this purpose: [records] and its index stay, and so does each field with its "
        "type, class, scheme and country, or they are not found, opened or destroyed any more; add fields, erase "
        "everybody first, or add a purpose of another name"
    )


class RateUnmeasured(Refused):
    code: ClassVar[str] = "rate_unmeasured"
    advice: ClassVar[str] = (
        "the model was measured down to one false match in {one_in} comparisons: "
        "set targets.fmr no lower, or choose a model whose card reaches it"
    )


class ModelUnrated(Refused):
    code: ClassVar[str] = "model_unrated"
    advice: ClassVar[str] = (
        "the card of this model has no measured error rates, so no threshold follows: "
        "`moiety models list` shows which recognise people"
    )


class GroundsUnknown(Refused):
    code: ClassVar[str] = "grounds_unknown"
    advice: ClassVar[str] = "the purpose has no such grounds: `moiety purpose show NAME` lists the {known} that it has"


class NoRecords(Refused):
    code: ClassVar[str] = "no_records"
    advice: ClassVar[str] = (
        "this purpose keeps no records of people: a table [records] in its document makes it keep some"
    )


class NoNumber(Refused):
    code: ClassVar[str] = "no_number"
    advice: ClassVar[str] = "a record needs the number of [records] scheme: the person's pseudonym is made of it"


class NumberNotText(Refused):
    code: ClassVar[str] = "number_not_text"
    advice: ClassVar[str] = (
        "an identity number is given as text, or as an Identifier: find('11010519491231002X'); look_up takes values of "
        "the purpose's index by their names"
    )


class NumberFixed(Refused):
    code: ClassVar[str] = "number_fixed"
    advice: ClassVar[str] = "another identity number is another person: erase this record and add one under that number"


class AlreadyKept(Refused):
    code: ClassVar[str] = "already_kept"
    advice: ClassVar[str] = (
        "somebody with this identity number is kept here, or was until an erasure whose 72 hours are not over: correct "
        "that record, or wait until it is gone"
    )


class NobodyKept(Refused):
    code: ClassVar[str] = "nobody_kept"
    advice: ClassVar[str] = (
        "nobody's record is kept under this pseudonym: `moiety person find` tells under which somebody is"
    )


class NotInIndex(Refused):
    code: ClassVar[str] = "not_in_index"
    advice: ClassVar[str] = (
        "the purpose has no index over these fields: it names {fields}, and people are looked up by all of them"
    )


class ReasonUnsaid(Refused):
    code: ClassVar[str] = "reason_unsaid"
    advice: ClassVar[str] = (
        "say why, in one word of lower-case letters, digits and underscores, 32 at most: it is written down"
    )


class PicturesNotAList(Refused):
    code: ClassVar[str] = "pictures_not_a_list"
    advice: ClassVar[str] = "give a list of pictures, also where there is one: enrol([picture], ...)"


class FieldsNotAList(Refused):
    code: ClassVar[str] = "fields_not_a_list"
    advice: ClassVar[str] = "give a list of names of fields, also where there is one: reveal(['address'], reason=...)"


class ClockWithoutZone(Refused):
    code: ClassVar[str] = "clock_without_zone"
    advice: ClassVar[str] = "the clock must return aware instants: datetime.now(UTC)"
