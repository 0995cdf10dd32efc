"""A purpose: what the law calls one, as a document that an officer writes and the custodians keep.

The document is TOML (`purpose.toml`). Everything that decides about a person follows from it: who answers for
it, on which legal grounds people are enrolled, how long they stay, and how often a stranger may be taken for
one of them. A field that is not declared here is refused, so that a misspelt limit is never silently absent.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from moiety.identity.refusals import PurposeInvalid, PurposeTooLong, PurposeUnreadable
from moiety.vault.framing import PURPOSE_PATTERN
from moiety.vault.identifier import NATIONAL_ID, is_known
from moiety.vault.index import require_many
from moiety.vault.refusals import IndexTooFew, SchemaInvalid
from moiety.vault.schema import FIELDS_LIMIT, Schema

DOCUMENT_LIMIT: Final = 65_536
"""Bytes of a document: some pages of text. It is kept whole by each custodian."""

RETENTION_LIMIT_DAYS: Final = 3_650
"""Ten years, the life of a passport: who must be known for longer can be asked again."""

GROUNDS_LIMIT: Final = 250
"""A row names its grounds in one byte."""

TARGET_LIMIT: Final = 0.1
"""One stranger in ten: beyond it an answer says nothing about a person."""

BULK_LIMIT: Final = 1_000_000
"""More people than one enrolment takes."""

NOT_YET: Final = ("export", "replace")
"""Operations that a purpose may have signed for, and that no custodian of this version does: it knows no such request,
whoever signs it."""

Name = TypeVar("Name", bound=str)
_STRICT: Final = ConfigDict(extra="forbid", frozen=True, strict=True)
_Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
_Open = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
_Target = Annotated[float, Field(gt=0, le=TARGET_LIMIT)]
Class = Literal["birth", "contact", "document", "photo"]
_Key = Annotated[str, StringConstraints(pattern=rf"^{PURPOSE_PATTERN}$")]


def _each_once(names: tuple[Name, ...]) -> tuple[Name, ...]:
    if len(set(names)) < len(names):
        raise ValueError("twice")
    return names


class Grounds(BaseModel):
    """Why the law allows it: recognising people by their faces needs both articles of the GDPR, and a record the first
    alone. `article_9` is empty where the document has none: no face is enrolled on such grounds."""

    model_config = _STRICT

    article_6: str = Field(pattern=r"^6\(1\)\([a-f]\)$", description='"6(1)(a)" to "6(1)(f)", GDPR Article 6')
    article_9: str = Field(
        default="",
        pattern=r"^9\(2\)\([a-j]\)$",
        description='"9(2)(a)" to "9(2)(j)", GDPR Article 9; left out where no face is enrolled',
    )
    notice: _Sentence = Field(description="what people are told, in at most 2,000 characters")


class Targets(BaseModel):
    """How often a stranger may be taken for somebody: chances, not scores."""

    model_config = _STRICT

    fmr: _Target = Field(description="false match rate of one comparison, above 0 and at most 0.1")
    fpir: _Target = Field(description="chance that a stranger finds anybody at all, above 0 and at most 0.1")


class FourEyes(BaseModel):
    """What two people have to sign before a custodian does it. A change of policy needs two officers without this."""

    model_config = _STRICT

    operations: Annotated[
        tuple[Literal["export", "bulk", "early_erasure", "replace", "policy"], ...],
        Field(strict=False, min_length=1),
        AfterValidator(_each_once),
    ] = Field(description='each once, of "export", "bulk", "early_erasure", "replace" and "policy"')
    bulk_above: int = Field(
        default=100,
        ge=1,
        le=BULK_LIMIT,
        description="more people than this in one day are bulk: 1 to 1000000",
    )


def _classes_once(reveal: dict[str, tuple[Class, ...]]) -> dict[str, tuple[Class, ...]]:
    return {role: _each_once(classes) for role, classes in reveal.items()}


class Records(BaseModel):
    """What is kept of people beside their faces, and who may have it opened."""

    model_config = _STRICT

    reveal: Annotated[
        dict[Literal["officer", "operator"], Annotated[tuple[Class, ...], Field(strict=False)]],
        AfterValidator(_classes_once),
    ] = Field(
        default_factory=dict,
        description='a table [records.reveal]: of "operator" and "officer" which classes they may have opened, each '
        'once, of "document", "contact", "birth" and "photo"',
    )
    scheme: Literal["national_id", "social_security", "tax", "payment_card", "passport", "identity_card"] = Field(
        default="national_id",
        description='by which number people are known: "national_id", "social_security", "tax", "payment_card", '
        '"passport" or "identity_card"',
    )
    country: str = Field(
        default="",
        validate_default=True,
        description="whose numbers of this scheme these are: two capitals of a country whose are known, three letters "
        "of a passport or an identity card, nothing of a payment card",
    )
    index: Annotated[tuple[str, ...], Field(strict=False, max_length=2)] = Field(
        default=(),
        description='["name", "birth_date"] or one field that is an identifier, where people are looked up by it',
    )
    fields: Annotated[tuple[dict[str, Any], ...], Field(strict=False, max_length=FIELDS_LIMIT)] = Field(
        default=(),
        description="tables [[records.fields]], each with a name, a type, a class and what its type needs",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_china(cls, given: Any) -> Any:
        """National identity numbers are China's where no country is named; of others nobody guesses whose."""
        if isinstance(given, dict) and given.get("scheme", NATIONAL_ID) == NATIONAL_ID:
            return {"country": "CN"} | given
        return given

    @field_validator("country")
    @classmethod
    def _known(cls, country: str, info: ValidationInfo) -> str:
        # A scheme that is none was refused before.
        if "scheme" in info.data and not is_known(info.data["scheme"], country):
            raise ValueError("country")
        return country

    def kept(self) -> Schema:
        """The fields that are kept. Raises ValueError where the document's do not go together."""
        return self._schema

    @cached_property
    def _schema(self) -> Schema:  # asked for at every look-up
        try:
            return Schema.default(self.scheme, self.country).extended(self.fields)
        except SchemaInvalid:
            raise ValueError("fields") from None

    @model_validator(mode="after")
    def _whole(self) -> Records:
        fields = self.kept().fields
        if self.index:
            if not set(self.index) <= set(fields):
                raise ValueError("index")
            try:
                require_many([field for name, field in fields.items() if name in self.index])
            except IndexTooFew:
                raise ValueError("index") from None
        return self


class Told(BaseModel):
    """What people are told beside the rest (GDPR, Articles 13 and 14), and only the controller can say. What is left
    out stays open in the notice and in the register."""

    model_config = _STRICT

    contact: _Open = Field(default="", description="how the controller is reached")
    officer: _Open = Field(default="", description="how the data protection officer is reached, or that there is none")
    interests: _Open = Field(default="", description="which interests are served, on grounds of Article 6(1)(f)")
    source: _Open = Field(default="", description="where the data come from")
    recipients: _Open = Field(default="", description="who receives the data")
    transfers: _Open = Field(default="", description="whether they leave the Union, and on which safeguards")
    must: _Open = Field(default="", description="whether people have to give them, and what follows if they do not")
    decisions: _Open = Field(default="", description="whether anything is decided by machines alone")
    authority: _Open = Field(default="", description="with which supervisory authority people may complain")


class Purpose(BaseModel):
    """A valid purpose document."""

    model_config = _STRICT

    name: str = Field(
        pattern=rf"^{PURPOSE_PATTERN}$",
        description="a lower-case letter, then lower-case letters, digits and inner hyphens, 31 at most",
    )
    controller: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = Field(
        description="who answers for it, in at most 200 characters"
    )
    description: _Sentence = Field(description="what it is for, in at most 2,000 characters")
    retention_days: int = Field(ge=1, le=RETENTION_LIMIT_DAYS, description="whole days from 1 to 3650")
    model: str = Field(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$",
        description="the name of a model card, as `moiety models list` shows it",
    )
    targets: Targets = Field(description="a table [targets] with fmr and fpir")
    grounds: dict[_Key, Grounds] = Field(
        min_length=1,
        max_length=GROUNDS_LIMIT,
        description="one table [grounds.KEY] or more, KEY in lower-case letters, digits and hyphens",
    )
    four_eyes: FourEyes | None = Field(
        default=None, description="a table [four_eyes] with operations and, where 100 does not do, bulk_above"
    )

    records: Records | None = Field(
        default=None,
        description="a table [records] where people's data are kept: fields that go together, an index over "
        "name and birth date or over an identifier, and none over few values",
    )

    told: Told | None = Field(
        default=None, description="a table [told] of what only the controller can tell people, in sentences"
    )

    @property
    def signs_bulk(self) -> bool:
        """Whether two people sign an enrolment of many."""
        return self.four_eyes is not None and "bulk" in self.four_eyes.operations


def not_yet(purpose: Purpose) -> list[str]:
    """The operations that a purpose has two people sign and that this version does not have, ascending."""
    named = purpose.four_eyes.operations if purpose.four_eyes else ()
    return [name for name in NOT_YET if name in named]


def read(document: bytes) -> Purpose:
    """The purpose in a document; raises `PurposeTooLong`, `PurposeUnreadable` or `PurposeInvalid`, and TypeError
    for what is not bytes."""
    if not isinstance(document, bytes):
        raise TypeError("a purpose document is bytes, as its file holds them")
    if len(document) > DOCUMENT_LIMIT:
        raise PurposeTooLong(limit=DOCUMENT_LIMIT)
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PurposeUnreadable(line=document[: error.start].count(b"\n") + 1) from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PurposeUnreadable(line=_line_of(error, text)) from None
    except (RecursionError, ValueError):  # arrays in arrays, or digits, beyond what the parser bears
        raise PurposeUnreadable(line=_line_too_much(text)) from None
    try:
        return Purpose.model_validate(tables)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        found = (_fault(item["type"], item["loc"], text) for item in details)
        raise PurposeInvalid(list(dict.fromkeys(found))) from None  # a list may break one rule several times


def _line_of(error: tomllib.TOMLDecodeError, text: str) -> int:
    """The line that the parser complained about, which it tells in words only."""
    found = re.search(r"\(at line (\d+)", str(error))
    return int(found[1]) if found else text.count("\n") + 1


def _line_too_much(text: str) -> int:
    """The line at which the parser gives up without saying where: the end of the shortest beginning that it does
    not bear, since it reads from the front."""
    lines = text.split("\n")
    return 1 + bisect_left(range(1, len(lines)), True, key=lambda count: _is_too_much("\n".join(lines[:count])))


def _is_too_much(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    except (RecursionError, ValueError):
        return True
    return False


_RULES: Final[dict[tuple[str, ...], str | None]] = {
    **{(name,): field.description for name, field in Purpose.model_fields.items()},
    **{("targets", name): field.description for name, field in Targets.model_fields.items()},
    **{("four_eyes", name): field.description for name, field in FourEyes.model_fields.items()},
    **{("grounds", "KEY", name): field.description for name, field in Grounds.model_fields.items()},
    **{("records", name): field.description for name, field in Records.model_fields.items()},
    **{("told", name): field.description for name, field in Told.model_fields.items()},
    ("grounds", "KEY"): Purpose.model_fields["grounds"].description,
}


def _fault(kind: str, location: tuple[int | str, ...], text: str) -> str:
    """One fault in words: only declared names and line numbers, never what the document said."""
    if kind == "extra_forbidden":
        return f"line {_line_of_key(str(location[-1]), text)}: no such field is known"
    steps = [str(step) for step in location]
    if steps[0] == "grounds" and len(steps) > 1:
        steps[1:] = ["KEY", *(step for step in steps[2:] if step != "[key]")]
    if steps[0] in ("four_eyes", "records"):
        steps = steps[:2]  # which of the operations or roles it was is no declared name
    rule = _RULES[tuple(steps)]
    name = ".".join(steps)
    return f"{name} is missing ({rule})" if kind == "missing" else f"{name}: {rule}"


def _line_of_key(key: str, text: str) -> int:
    """Line on which a key or a table of this name begins, or the last one where none is found."""
    start = re.compile(rf'\s*(?:\[[^\]]*?)?["\']?{re.escape(key)}["\']?\s*[\].=]')
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines, 1) if start.match(line)), len(lines))
