"""Requests for approval, as commands write, show and carry them: `--request FILE` and `--approved FILE`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, TypedDict

import typer

from moiety.cli.files import beginning
from moiety.cli.outcome import Outcome
from moiety.errors import Refused

if TYPE_CHECKING:
    from moiety.custody.trust.requests import Request

RequestTo = Annotated[
    Path | None,
    typer.Option("--request", metavar="FILE", help="Do nothing but write to FILE what two people have to sign first."),
]
ApprovedBy = Annotated[
    Path | None,
    typer.Option("--approved", metavar="FILE", help="The file of --request, once two people have signed it."),
]

WORDS = {
    "policy": "adopt this purpose, or change it",
    "export": "take data about people out",
    "bulk": "enrol many people at once",
    "early_erasure": "erase people before their time",
    "replace": "put another template in the place of somebody's",
}
"""What an operation means, for whoever is to sign it."""


class RequestOrApproved(Refused):
    code: ClassVar[str] = "request_or_approved"
    advice: ClassVar[str] = "--request writes what is to be signed, and --approved carries what was: give one of them"


class RequestExists(Refused):
    code: ClassVar[str] = "request_exists"
    advice: ClassVar[str] = "the request file exists, and may carry signatures: name another file"


class RequestUnwritable(Refused):
    code: ClassVar[str] = "request_unwritable"
    advice: ClassVar[str] = "the request file cannot be written: check its folder, its disk and who may write there"


class RequestContradicts(Refused):
    code: ClassVar[str] = "request_contradicts"
    advice: ClassVar[str] = (
        "what is to be signed is not what it says it is: its document is no purpose of this name, or custodians would "
        "keep other terms than it says, or it is of several people; sign nothing, and ask who made it"
    )


class Requested(TypedDict):
    """What a command answers with `--request FILE`; `people` is how many it touches at most, 0 for a purpose, and
    `digest` what is signed."""

    operation: str
    purpose: str
    people: int
    digest: str


def carried(request: Path | None, approved: Path | None) -> bytes | None:
    """The file of `--approved`, if there is one. Raises `RequestOrApproved`, `DocumentUnreadable`."""
    from moiety.custody.trust.requests import REQUEST_LIMIT

    if request is not None and approved is not None:
        raise RequestOrApproved
    return None if approved is None else beginning(approved, REQUEST_LIMIT + 1)


def written(path: Path, content: bytes) -> Outcome[Requested]:
    """Write a new request, whole or not at all, and say what it is. Raises `RequestExists`, `RequestUnwritable`."""
    from moiety.custody.trust.requests import read_request

    asked = read_request(content)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    except FileExistsError:
        raise RequestExists from None
    except OSError:
        raise RequestUnwritable from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise RequestUnwritable from None
    answer: Requested = {
        "operation": asked.operation,
        "purpose": asked.purpose,
        "people": asked.people,
        "digest": asked.digest,
    }
    people = f", at most {asked.people} people" if asked.people else ""
    return Outcome(
        answer,
        [
            f"asked for: {asked.operation}, {asked.purpose}{people}; nothing else was done",
            f"digest     {_grouped(asked.digest)}",
            "two people sign the file (moiety operator sign) within a day, then --approved carries it",
        ],
    )


def told(asked: Request) -> list[str]:
    """What is asked for, in words. Raises `RequestContradicts` for what nobody ought to sign."""
    made = datetime.fromtimestamp(asked.at, UTC)
    return [
        "You are asked to approve:",
        f"  operation  {asked.operation}: {WORDS.get(asked.operation, 'see the documentation of this operation')}",
        f"  purpose    {asked.purpose}",
        *([f"  people     at most {asked.people}"] if asked.people else []),
        *_parts(asked),
        f"  digest     {_grouped(asked.digest)}",
        f"  asked      {made:%Y-%m-%d %H:%M} UTC, signed by {asked.signers()} so far",
    ]


def _parts(asked: Request) -> Iterator[str]:
    from moiety.custody.store.kinds import keys_of
    from moiety.custody.trust.policy import BULK, EARLY, POLICY
    from moiety.sharing.seat import SEATS

    parts = asked.matter().parts
    if asked.operation == POLICY:
        if asked.people:
            raise RequestContradicts
        yield from _papers(asked.purpose, parts)
    elif asked.operation == EARLY:
        if asked.people != 1 or len(parts) not in (len(SEATS), 2 * len(SEATS)):
            raise RequestContradicts
        yield from (f"  person     {part.hex()}" for part in parts)
    elif asked.operation == BULK and parts:
        if parts != (keys_of(asked.purpose).encode(),):
            raise RequestContradicts
        yield "  of these   records: identity numbers and all else that the purpose keeps"


def _papers(name: str, parts: tuple[bytes, ...]) -> Iterator[str]:
    """A document, and what custodians would keep of it, which is what they decide by."""
    from moiety.identity import purpose, terms
    from moiety.matching.policy import Terms

    try:
        kept, document = parts
        held, said = Terms.from_json(kept), purpose.read(document)
    except (ValueError, KeyError, TypeError, RecursionError, Refused):
        raise RequestContradicts from None
    if held.to_json() != kept or said.name != name or not terms.fit(held, said):
        raise RequestContradicts
    yield f"  model      {held.model}, {held.dim} words a face, measured (by chance of a false match, of a miss, at):"
    yield from (f"    {rate.fmr:g}  {rate.fnmr:g}  {rate.threshold}" for rate in held.rates)
    yield f"  targets    fmr {held.fmr:g}, fpir {held.fpir:g}"
    signed = f"{', '.join(held.four_eyes)}; bulk above {held.bulk_above}" if held.four_eyes else "nothing"
    yield f"  four eyes  {signed}"
    yield "  document"
    yield from (f"    | {_plain(line)}" for line in document.decode().splitlines())


def _plain(line: str) -> str:
    """A line without letters that a terminal obeys."""
    return "".join(letter if letter.isprintable() or letter == "\t" else f"\\u{ord(letter):04x}" for letter in line)


def _grouped(digest: str) -> str:
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))
