"""`moiety audit prove | check-proof`: what is in ledgers, shown to whoever has no office; see `moiety.ledger.proof`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypedDict

import typer

from moiety.cli.differences import ledgers_of
from moiety.cli.files import beginning
from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.values import reserved
from moiety.errors import Refused
from moiety.identity.pseudonym import Pseudonym

if TYPE_CHECKING:
    from moiety.ledger.entry import Entry
    from moiety.ledger.proof import Name, Proven

KEYS_LIMIT: Final = 4_096
"""Bytes of what `audit keys --json` says, at most."""

_ID_BYTES: Final = 16


class OperationUnreadable(Refused):
    code: ClassVar[str] = "operation_unreadable"
    advice: ClassVar[str] = (
        "an operation is named by 32 hexadecimal digits, as `moiety audit list --json` and `moiety audit person "
        "--json` have them; a person is named beside an operation"
    )


class KeysWrong(Refused):
    code: ClassVar[str] = "keys_wrong"
    advice: ClassVar[str] = (
        "this file is there, and is not what `moiety audit keys --json` says: have that said again into a new file, by "
        "somebody whom you believe"
    )


class Said(TypedDict):
    """What an entry says: in which minute (ISO 8601, UTC), what, by whom, and the rest."""

    at: str
    what: str
    caller: str
    details: dict[str, str]


class Earlier(TypedDict):
    """A head that a ledger grew from: how many entries it had in which minute."""

    size: int
    at: str


class Shown(TypedDict):
    """What is proven of one ledger: how many entries it has in which minute; the position and commitment of the entry
    that was asked for, and what that says where the file shows it, also of the one person of many whom it shows; and
    what the ledger grew from."""

    ledger: str
    size: int
    at: str
    position: int | None
    commitment: str | None
    entry: Said | None
    person: Said | None
    since: Earlier | None


class Proved(TypedDict):
    """What `audit prove` answers: which ledgers the file is about."""

    ledgers: list[str]


class ProofChecked(TypedDict):
    """What `audit check-proof` answers, by ledger; whatever is not proven is refused."""

    valid: bool
    ledgers: list[Shown]


def prove(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The new file that the proof is written to.")],
    operation: Annotated[
        str | None,
        typer.Option("--operation", metavar="HEX", help="Which operation, as `audit list` and `person` have it."),
    ] = None,
    about: Annotated[
        str | None,
        typer.Option("--person", metavar="PSEUDONYM", help="Whom it is about: opens their key, which is written down."),
    ] = None,
    since: Annotated[
        Path | None, typer.Option("--since", metavar="FILE", help="An earlier such file: prove that ledgers only grew.")
    ] = None,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Proved]:
    """Write a file that proves to anybody that something is in the ledgers: signed heads, and RFC 9162's proofs.

    Without an operation it has the heads alone: whoever keeps it can be shown later, with --since, that no ledger was
    cut or written anew since then. What is about a person it says only with --person.

    \b
    Examples:
      moiety audit prove --to today.json
      moiety audit prove --to later.json --since today.json
      moiety audit prove --to opened.json --operation "$OPERATION" --person "$WHO" --json
    """
    from moiety.ledger import proof

    try:
        which = bytes.fromhex(operation or "")
    except ValueError:
        raise OperationUnreadable from None
    if len(which) != (0 if operation is None else _ID_BYTES) or (about is not None and not which):
        raise OperationUnreadable
    earlier = None if since is None else beginning(since, proof.FILE_MAX + 1)
    pseudonym = None if about is None else Pseudonym.parse(about)
    with reserved(to) as write, bar() as progress, opened(office, progress) as m:
        if pseudonym is None:
            file = m.prove(which, since=earlier)
        else:
            file = m.purpose(pseudonym.purpose).person(pseudonym).prove(which, since=earlier)
        if write is not None:
            write(file)
    answer: Proved = {"ledgers": list(proof.heads(file))}
    return Outcome(answer, [f"written, of ledgers {', '.join(answer['ledgers'])}"])


def check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `audit prove` wrote.")],
    signed_by: Annotated[Path, typer.Option("--keys", metavar="FILE", help="What `audit keys --json` said.")],
    since: Annotated[
        Path | None, typer.Option("--since", metavar="FILE", help="An earlier such file, that you have kept yourself.")
    ] = None,
    as_json: AsJson = False,
) -> Outcome[ProofChecked]:
    """Does a file prove what it says? No office is needed for it. With --since, each ledger has to have grown from what
    it was in that file.

    \b
    Examples:
      moiety audit check-proof opened.json --keys keys.json
      moiety audit check-proof later.json --keys keys.json --since today.json --json
    """
    from moiety.ledger import proof

    earlier = None if since is None else beginning(since, proof.FILE_MAX + 1)
    found = proof.verify(beginning(file, proof.FILE_MAX + 1), keys_of(signed_by), earlier)
    shown = [_shown(one) for one in found]
    answer: ProofChecked = {"valid": True, "ledgers": shown}
    return Outcome(answer, [line for one in shown for line in _lines(one)])


def details_of(entry: Entry) -> tuple[str, str, str, dict[str, str]]:
    """In which minute (ISO 8601, UTC), what, by whom, and the rest of an entry in words: `due` is a number of minutes
    since 1970-01-01T00:00Z, and `due_at` the same in ISO 8601."""
    import msgspec

    from moiety.ledger.entry import Acknowledgement

    said = msgspec.to_builtins(entry, enc_hook=str)
    given = dict(zip(entry.__struct_fields__, said[1:], strict=True))
    at, caller = _at(given.pop("minute")), given.pop("caller")
    details = {name: _word(some) for name, some in given.items() if some is not None}
    if isinstance(entry, Acknowledgement):  # as operations and ledgers are named everywhere else
        details["operation"] = entry.operation.hex()
        details |= {name: _word(ledgers_of(given[name])) for name in ("parties", "beside")}
    return at, said[0], caller, details | ({"due_at": _at(given["due"])} if "due" in given else {})


def told(details: Mapping[str, str]) -> str:
    """The rest of an entry as people read it: when somebody is due as a time, and not as a number of minutes too."""
    shown = {name: some for name, some in details.items() if name != "due_at"}
    if "due_at" in details:
        shown["due"] = details["due_at"]
    return ", ".join(f"{name} {some}" for name, some in shown.items())


def keys_of(file: Path) -> dict[Name, bytes]:
    """What `audit keys --json` said. Raises `DocumentUnreadable`, and `KeysWrong` where it is something else."""
    from moiety.ledger import proof

    content = beginning(file, KEYS_LIMIT + 1)
    try:
        told = json.loads(content)
        said = {"gateway": told.get("gateway"), **told["keys"]}
        return {name: bytes.fromhex(said[name]) for name in proof.NAMES if said.get(name) is not None}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeysWrong from None


def _shown(one: Proven) -> Shown:
    return {
        "ledger": one.ledger,
        "size": one.head.size,
        "at": _at(one.head.minute),
        "position": one.position,
        "commitment": None if one.commitment is None else one.commitment.hex(),
        "entry": _said(one.entry),
        "person": _said(one.person),
        "since": None if one.since is None else {"size": one.since.size, "at": _at(one.since.minute)},
    }


def _said(entry: Entry | None) -> Said | None:
    if entry is None:
        return None
    at, what, caller, details = details_of(entry)
    return {"at": at, "what": what, "caller": caller, "details": details}


def _lines(one: Shown) -> list[str]:
    lines = [f"ledger {one['ledger']} had {one['size']} entries at {one['at']}"]
    if one["since"] is not None:
        lines.append(f"  it only grew since {one['since']['at']}, when it had {one['since']['size']}")
    if one["position"] is not None:
        lines.append(f"  at position {one['position']} it has the commitment {one['commitment']}")
    if (entry := one["entry"]) is not None:
        lines.append(f"  which is to: {entry['at']}  {entry['what']} by {entry['caller']}, {told(entry['details'])}")
    if (entry := one["person"]) is not None:
        lines.append(f"  and of one of these people to: {entry['what']} by {entry['caller']}, {told(entry['details'])}")
    return lines


def _at(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat(timespec="minutes")


def _word(some: object) -> str:
    return ", ".join(some) if isinstance(some, tuple | list) else str(some)
