"""`moiety operator add | sign | list`: the people whom custodians take requests and approvals from."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, TypedDict

import typer

from moiety.cli.delivery import remark
from moiety.cli.files import beginning
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.passphrase import PassphraseFile
from moiety.cli.request import RequestUnwritable, told
from moiety.cli.signer import Key, Token, TokenLabel, held, made
from moiety.errors import Refused

if TYPE_CHECKING:
    from moiety.custody.trust.roster import Person

app = typer.Typer(help="Add people who may ask or approve, sign a request, or list them.", no_args_is_help=True)


class RoleName(StrEnum):
    """Officers answer for purposes and sign them; operators do the daily work."""

    officer = "officer"
    operator = "operator"


class OperatorWrong(Refused):
    code: ClassVar[str] = "operator_wrong"
    advice: ClassVar[str] = (
        "names of people and purposes are lower-case letters, digits and inner hyphens, 31 at most; operations "
        "lower-case letters and inner underscores; and an officer is for every purpose"
    )


OPERATIONS = (
    "identify",
    "verify",
    "enrol",
    "erase",
    "find",
    "reveal",
    "restrict",
    "correct",
    "audit",
    "refresh",
    "check",
    "mend",
    "policy",
    "export",
    "bulk",
    "early_erasure",
    "replace",
)
"""What a person can be entrusted with: to ask for it, or to be one of the two who approve it."""


class OperationUnknown(Refused):
    code: ClassVar[str] = "operation_unknown"
    advice: ClassVar[str] = f"there is no such operation: there are {', '.join(OPERATIONS)}"


class OperatorKnown(Refused):
    code: ClassVar[str] = "operator_known"
    advice: ClassVar[str] = "a roster has somebody of this name already"


class RosterUnwritable(Refused):
    code: ClassVar[str] = "roster_unwritable"
    advice: ClassVar[str] = "a folder of operators cannot be written: check its path, its disk and who may write there"


class OperatorRow(TypedDict):
    """One person; `key` is the public key in base64, and null stands for every purpose or operation."""

    name: str
    role: str
    key: str
    purposes: list[str] | None
    operations: list[str] | None


class OperatorAdded(TypedDict):
    """What `operator add` answers: the person, the text for a roster, and how many rosters it was written into."""

    operator: OperatorRow
    entry: str
    rosters: int


class RequestSignedAnswer(TypedDict):
    """What `operator sign` answers; `people` is how many it touches at most."""

    operation: str
    purpose: str
    people: int
    digest: str
    signatures: int


class OperatorsAnswer(TypedDict):
    """What `operator list` answers."""

    operators: list[OperatorRow]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and inner hyphens.")],
    role: Annotated[RoleName, typer.Option("--role", help="Officers sign purposes; operators do the daily work.")],
    key: Key,
    roster: Annotated[
        list[Path] | None,
        typer.Option("--roster", metavar="DIR", help="A folder of operators to write NAME.toml into. Repeatable."),
    ] = None,
    purpose: Annotated[
        list[str] | None,
        typer.Option("--purpose", metavar="PURPOSE", help="Only for this purpose (operators). Repeatable."),
    ] = None,
    operation: Annotated[
        list[str] | None,
        typer.Option(
            "--operation",
            metavar="OPERATION",
            help=f"Only this operation (operators): {', '.join(OPERATIONS)}. Repeatable.",
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    token: Token = None,
    token_label: TokenLabel = None,
    as_json: AsJson = False,
) -> Outcome[OperatorAdded]:
    """Make a key for a person, and the file by which custodians know it.

    The private key stays in its file or token. Without --roster the text to copy into the
    operators folder of each custodian's host is printed. All of it is done, or nothing; only a
    key that was made in a token stays there.

    \b
    Examples:
      moiety operator add ana-lima --role operator --key ana.key --purpose door
      moiety operator add olga --role officer --key olga.key --roster a/operators --roster b/operators
      moiety operator add ben --role operator --key ben --token libsofthsm2.so --token-label people
    """
    from moiety.custody.trust.operators import read_people
    from moiety.custody.trust.roster import Person, Role, entry_text, parse

    folders, limits = list(roster or []), (_set(purpose), _set(operation))
    # A key that is no key yet: everything that can be refused is, before one is made.
    _require(Person(name, Role(role.value), _ANY_KEY, *limits))
    if not set(operation or ()) <= set(OPERATIONS):
        raise OperationUnknown
    if any(name == known.name for folder in folders for known in read_people(folder)):
        raise OperatorKnown
    signer = made(key, token, token_label, passphrase_file)
    with ExitStack() as undo:
        if token is None:
            undo.callback(_away, Path(key).unlink)
        person = Person(name, Role(role.value), signer.public, *limits)
        text = entry_text(person)
        for folder in folders:
            _write(folder / f"{name}.toml", text, undo)
        undo.pop_all()
    written = parse(text.encode())
    answer: OperatorAdded = {"operator": _row(written or person), "entry": text, "rosters": len(folders)}
    if folders:
        return Outcome(answer, [f"{name}: {role.value}, written into {len(folders)} rosters"])
    return Outcome(answer, [f"# {name}.toml, for the operators folder of each custodian's host", *text.splitlines()])


@app.command()
def sign(
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="A request file (JSON).")],
    key: Key,
    passphrase_file: PassphraseFile = None,
    token: Token = None,
    token_label: TokenLabel = None,
    as_json: AsJson = False,
) -> Outcome[RequestSignedAnswer]:
    """Show what a request asks for, and add a signature to it.

    What is asked for is shown first, of a purpose the whole document and what custodians would
    keep of it; whoever does not want it ends the command instead of giving the passphrase.

    \b
    Examples:
      moiety operator sign request.json --key olga.key
      moiety operator sign request.json --key ben --token libsofthsm2.so --token-label people --json
    """
    from moiety.custody.trust.policy import NEEDED
    from moiety.custody.trust.requests import REQUEST_LIMIT, read_request

    asked = read_request(beginning(request, REQUEST_LIMIT + 1))
    asked.require_current(int(time.time()))
    remark("".join(f"{line}\n" for line in told(asked)))
    signed = asked.signed_by(held(key, token, token_label, passphrase_file))
    _replace(request, signed.to_bytes())
    answer: RequestSignedAnswer = {
        "operation": signed.operation,
        "purpose": signed.purpose,
        "people": signed.people,
        "digest": signed.digest,
        "signatures": len(signed.signatures),
    }
    return Outcome(answer, [f"signed, by {signed.signers()} of the {NEEDED} people that it takes"])


@app.command("list")
def list_operators(
    roster: Annotated[Path, typer.Option("--roster", metavar="DIR", help="The operators folder of a custodian.")],
    as_json: AsJson = False,
) -> Outcome[OperatorsAnswer]:
    """Who may ask a custodian, and for what, as the custodian reads it.

    \b
    Examples:
      moiety operator list --roster a/operators
      moiety operator list --roster a/operators --json
    """
    from moiety.custody.trust.operators import read_people

    rows = [_row(person) for person in read_people(roster)]
    return Outcome({"operators": rows}, [_line(row) for row in rows] or ["nobody yet"])


_ANY_KEY = b"\2" + bytes(31)


def _set(names: list[str] | None) -> frozenset[str] | None:
    return frozenset(names) if names else None


def _require(person: Person) -> None:
    """Raises `OperatorWrong` for somebody whom no custodian would read."""
    from moiety.custody.trust.roster import entry_text, parse

    if any('"' in word or "\\" in word for word in (person.name, *(person.purposes or ()), *(person.operations or ()))):
        raise OperatorWrong
    if parse(entry_text(person).encode("utf-8", "replace")) != person:
        raise OperatorWrong


def _row(person: Person) -> OperatorRow:
    return {
        "name": person.name,
        "role": person.role.value,
        "key": base64.b64encode(person.key).decode(),
        "purposes": None if person.purposes is None else sorted(person.purposes),
        "operations": None if person.operations is None else sorted(person.operations),
    }


def _line(row: OperatorRow) -> str:
    if row["role"] == RoleName.officer.value:
        return f"{row['name']}: officer, {row['key']}"
    operations = "every operation" if row["operations"] is None else ", ".join(row["operations"])
    purposes = "every purpose" if row["purposes"] is None else ", ".join(row["purposes"])
    return f"{row['name']}: operator, {operations} for {purposes}, {row['key']}"


def _write(path: Path, text: str, undo: ExitStack) -> None:
    """A new file that appears whole; `undo` takes it away."""
    draft = path.with_suffix(".new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o644)
        os.link(draft, path)  # which, unlike a rename, never takes the place of another file
        undo.callback(_away, path.unlink)
    except FileExistsError:
        raise OperatorKnown from None
    except OSError:
        raise RosterUnwritable from None
    finally:
        _away(draft.unlink)


def _replace(path: Path, content: bytes) -> None:
    """The old file, or the new one whole."""
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        _away(draft.unlink)
        raise RequestUnwritable from None


def _away(remove: Callable[[], None]) -> None:
    with suppress(OSError):  # what failed before is what has to be said
        remove()
