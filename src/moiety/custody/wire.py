"""What a gateway and a custodian say to each other, as bytes: MessagePack with a version byte before it.

Every request is one structure of this module, known by its verb, and every field has a type and a bound: whatever
else arrives is refused before anything looks at it. Arrays travel as their type, shape and little-endian bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from moiety.custody.asks import Ask
from moiety.custody.audit_asks import (
    Attest,
    AuditAcknowledge,
    AuditAltered,
    AuditEntries,
    AuditHead,
    AuditProve,
    AuditRows,
)
from moiety.custody.messages import (
    Array,
    BatchMessage,
    BudgetMessage,
    Count,
    HeaderMessage,
    HelpMessage,
    Name,
    OpeningMessage,
    Papers,
    Seated,
    Sixteen,
    Small,
    StandingMessage,
    SurveyMessage,
    ThirtyTwo,
    encode,
    encode_plain,
    learn,
    read,
)
from moiety.custody.record_asks import AgreeKey, Carry, Evaluate, NoteGround, Restrict, Unlock
from moiety.custody.refusals import MessageRefused


class Stand(Ask, frozen=True):
    """`standing`."""

    ANSWER = StandingMessage


class RoundTrip(Ask, frozen=True):
    """`round_trip_s`: seconds to the farther neighbour and back."""

    ANSWER = float


class Versions(Ask, frozen=True):
    """The latest version of signed statements that this custodian reads (`signing.ON_BEHALF`). One that does not know
    the question reads the first."""

    ANSWER = int


class AddGallery(Ask, frozen=True):
    """`add_gallery`."""

    name: Name
    terms: Papers
    document: Papers


class ReplaceDocument(AddGallery, frozen=True):
    """`replace_document`."""

    header: HeaderMessage


class Hold(Ask, frozen=True):
    """The lease, held until the call ends."""

    ANSWER = Sixteen


class Budgets(Ask, frozen=True):
    """What is left to whoever asks."""

    ANSWER = Annotated[list[BudgetMessage], Meta(max_length=64)]


class Gallery(Ask, frozen=True):
    """What is asked about one gallery and nothing else."""

    name: Name


class Load(Gallery, frozen=True):
    """`load`."""


class Alive(Ask, frozen=True):
    """`alive`."""

    ANSWER = Count
    name: Name
    day: Small


class Pledge(Struct, frozen=True, forbid_unknown_fields=True):
    """Commitments to the shares of a, b and c, and what blinds that of who gets this: see `pledges`."""

    blind: ThirtyTwo
    commitments: Annotated[list[ThirtyTwo], Meta(min_length=3, max_length=3)]


class Pledging(Ask, frozen=True, kw_only=True):
    """What sends each custodian a share of something."""

    pledge: Pledge


class Offer(Pledging, frozen=True, omit_defaults=True):
    """`offer`; `approved` is how many people a bulk approval is for."""

    name: Name
    batch: BatchMessage
    header: HeaderMessage
    approved: Small = 0


Attempts = Annotated[list[Sixteen], Meta(max_length=1 << 12)]


class Prepare(Ask, frozen=True):
    """`prepare`; `approved` is how many people a bulk approval is for."""

    ANSWER = Array
    name: Name
    header: HeaderMessage
    attempts: Attempts
    approved: Small = 0


class Forget(Ask, frozen=True):
    """`forget`."""

    attempts: Attempts


class Activate(Ask, frozen=True):
    """`activate`."""

    name: Name
    header: HeaderMessage
    slots: Array


class Locate(Ask, frozen=True):
    """`locate`."""

    ANSWER = Array
    name: Name
    handle: Sixteen


class Erase(Ask, frozen=True):
    """`erase`; `hashed` are what an early erasure's approvals are for, see `asked.erasure_digest`: three of a face, and
    of each of seven versions of a record."""

    name: Name
    header: HeaderMessage
    handle: Sixteen
    hashed: Annotated[list[ThirtyTwo], Meta(max_length=24)] = field(default_factory=list)


class Scrub(Ask, frozen=True):
    """`scrub`."""

    step: Name


class Identify(Pledging, frozen=True):
    """`identify`."""

    ANSWER = OpeningMessage
    name: Name
    header: HeaderMessage
    probe: Array


class Verify(Pledging, frozen=True):
    """`verify`."""

    ANSWER = OpeningMessage
    name: Name
    header: HeaderMessage
    probe: Array
    handle: Sixteen


class IdentifyRow(Pledging, frozen=True):
    """`rows.identify`: `handle` is whose row is the probe."""

    ANSWER = OpeningMessage
    name: Name
    header: HeaderMessage
    handle: Sixteen


class VerifyRow(Pledging, frozen=True):
    """`rows.verify`: of whoever has `handle`, with whoever has `claim`."""

    ANSWER = OpeningMessage
    name: Name
    header: HeaderMessage
    handle: Sixteen
    claim: Sixteen


class Release(Ask, frozen=True):
    """`release`."""

    ANSWER = Array
    name: Name
    attempt: Sixteen
    slots: Array


class Agreement(Ask, frozen=True):
    """What the three do together about the whole office."""

    header: HeaderMessage


class Renew(Agreement, frozen=True):
    """`renew`."""


class Stage(Ask, frozen=True):
    """`stage`."""


class Switch(Agreement, frozen=True):
    """`switch`."""


class Reconcile(Agreement, frozen=True):
    """`reconcile`."""

    ANSWER = list[Name]


class Survey(Gallery, frozen=True):
    """`survey`."""

    ANSWER = SurveyMessage


class Integrity(Ask, frozen=True):
    """`integrity`."""

    ANSWER = bool
    name: Name
    header: HeaderMessage


class Helping(Ask, frozen=True):
    """`helping`."""

    ANSWER = ThirtyTwo


Numbers = Annotated[list[Small], Meta(max_length=1 << 10)]


class Assist(Ask, frozen=True):
    """`assist`."""

    ANSWER = HelpMessage
    name: Name
    lost: Seated
    numbers: Numbers
    nonces: dict[Seated, ThirtyTwo]


class PseudonymParts(Ask, frozen=True):
    """`pseudonym_parts`."""

    ANSWER = Array
    name: Name
    numbers: Numbers


class Mend(Ask, frozen=True):
    """`mend`."""

    name: Name
    numbers: Numbers
    one: HelpMessage
    other: HelpMessage
    handles: Array


Asked = (
    Stand | RoundTrip | Hold | AddGallery | ReplaceDocument | Load | Alive | Offer | Prepare | Forget | Activate
    | Locate | Erase | Scrub | Identify | Verify | Release | Renew | Stage | Switch | Reconcile | Survey | Integrity
    | Helping | Assist | PseudonymParts | Mend | Unlock | Restrict | NoteGround
    | AgreeKey | Evaluate | Carry | AuditHead | AuditRows | AuditEntries | Attest | AuditProve | AuditAltered
    | Budgets | IdentifyRow | VerifyRow | AuditAcknowledge | Versions
)  # fmt: skip


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What a gateway sends: the request itself, the lease under which it changes something, the signature of the person
    who asks for it and those of who approved it (`signing.Signed`)."""

    ask: Asked
    lease: Annotated[bytes, Meta(max_length=16)] = b""
    call: Annotated[bytes, Meta(max_length=512)] = b""
    approvals: Annotated[list[Annotated[bytes, Meta(max_length=512)]], Meta(max_length=16)] = []


class Refusal(Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="refusal"):
    """An error instead of an answer: its code and its whole numbers, see `errors`."""

    code: Annotated[str, Meta(max_length=64)]
    numbers: Annotated[dict[Name, int], Meta(max_length=8)]


class Progress(Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="progress"):
    """How far a long request is."""

    stage: Annotated[str, Meta(max_length=256)]
    done: Count
    total: Count


class Answer(Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="answer"):
    """The answer, still encoded: who asked knows its type."""

    value: msgspec.Raw


Said = Refusal | Progress | Answer

LONG = (Load, Offer, Survey, Integrity, Stage, Switch, Scrub, Prepare, Reconcile, AuditAltered)
"""What may take minutes over millions of rows, so that progress is worth telling and the deadline is another."""

SHORT_S = 60.0
"""What any one request but a long one may take: a search of 67 million rows takes ten seconds."""

LONG_S = 3_600.0
"""A refresh or check of 67 million rows."""

learn(list(vars().values()))

_requests = msgspec.msgpack.Decoder(Request)
_said: msgspec.msgpack.Decoder[Said] = msgspec.msgpack.Decoder(Said)


def request(asked: Asked, lease: bytes = b"", call: bytes = b"", approvals: Sequence[bytes] = ()) -> bytes:
    """A request as bytes."""
    return encode(Request(asked, lease, call, list(approvals)))


def read_request(data: bytes) -> Request:
    """A request from bytes; raises `MessageRefused` for anything else."""
    found: Request = read(data, _requests)
    return found


def answer(value: Any) -> bytes:
    """An answer as bytes."""
    return say(Answer(msgspec.Raw(encode_plain(value))))


def say(said: Said) -> bytes:
    """What a custodian says, as bytes."""
    return encode(said)


def read_said(data: bytes) -> Said:
    """What a custodian said; raises `MessageRefused`."""
    found: Said = read(data, _said)
    return found


def read_answer(answer: Answer, kind: Any) -> Any:
    """The value of an answer of this type; raises `MessageRefused`."""
    try:
        return msgspec.msgpack.decode(answer.value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MessageRefused from None
