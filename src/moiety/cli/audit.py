"""`moiety audit verify | acknowledge | list | person | keys | receipt`; the others: `proving`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypedDict

import typer

from moiety.cli.basis import Given, given, given_line
from moiety.cli.differences import CUSTODIANS, LEDGERS, altered, difference, ledgers_of
from moiety.cli.files import beginning
from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.proving import KeysWrong, check_proof, details_of, keys_of, prove, told
from moiety.errors import Refused
from moiety.identity.pseudonym import Pseudonym

if TYPE_CHECKING:
    from moiety.custody.unopened import LedgerChanged, LedgerTampered
    from moiety.identity.ports import Noted

app = typer.Typer(help="Do the four ledgers agree, and what do they say of a person?", no_args_is_help=True)

_NOBODYS: Final[Mapping[str, str]] = {}


class SaltWrong(Refused):
    code: ClassVar[str] = "salt_wrong"
    advice: ClassVar[str] = (
        "a salt is 64 hexadecimal digits: `moiety person erase --receipt` said it, and `moiety person sweep "
        "--receipts` wrote it beside the receipt"
    )


class Verified(TypedDict):
    """What `audit verify` answers: whether the ledgers agree, how many operations all of their ledgers have, how many
    each is behind, and how many each custodian's lacks and has acknowledged that it does; and the first difference in
    words, or null; in which ledger it is, and before which of its positions nothing is wrong with it, null where that
    is not known."""

    agree: bool
    operations: int
    behind: dict[str, int]
    acknowledged: dict[str, int]
    difference: str | None
    ledger: str | None
    position: int | None


class Acknowledged(TypedDict):
    """What `audit acknowledge` answers: how many operations the gateway's ledger lacked, and each of the custodians';
    whether the ledgers agree now, and the first difference in words, or null."""

    acknowledged: int
    custodians: dict[str, int]
    agree: bool
    difference: str | None


class Line(TypedDict):
    """One operation: its id in hexadecimal digits, in which minute (ISO 8601, UTC), what, by whom, whose ledgers have
    it, and what the entry says. An opening is one operation of each custodian that gave its part; where somebody is
    `due`, in minutes since 1970-01-01T00:00Z, `due_at` says when (ISO 8601, UTC)."""

    operation: str
    at: str
    what: str
    caller: str
    ledgers: list[str]
    details: dict[str, str]


class History(TypedDict):
    """What `audit person` answers: since when and why the person is kept, as the record says, and what was done, as the
    ledgers say."""

    pseudonym: str
    grounds: list[Given]
    entries: list[Line]


class Listed(TypedDict):
    """What `audit list` answers."""

    entries: list[Line]


class Keys(TypedDict):
    """What `audit keys` answers: the Ed25519 public keys that custodians sign with, in hexadecimal digits, by seat, and
    that of the gateway's own ledger."""

    keys: dict[str, str]
    gateway: str


class Stated(TypedDict):
    """What one custodian signed: so many things destroyed, when, since which day nothing of them is in live stores, and
    by which day the refresh is due from which on nothing of them opens in backups."""

    custodian: str
    destroyed: dict[str, int]
    at: str
    live: str
    epoch_end: str


class Checked(TypedDict):
    """What `audit receipt` answers: what each custodian says that it destroyed, since when nothing of it is in live
    stores (`live`), and on which day the refresh is due that ends the backups (`epoch_end`): nobody signs that it was
    made."""

    valid: bool
    custodians: list[Stated]


@app.command()
def verify(
    in_flight: Annotated[
        int,
        typer.Option("--in-flight", metavar="N", min=0, help="So many operations may be under way."),
    ] = 0,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Verified]:
    """Do the four ledgers agree? Names the first difference, and ends with exit status 1 where there is one.

    Each ledger's head is signed and compared with its rows; each must begin with what it was when it was last found
    good; and what one says, all say whom it concerns.

    \b
    Examples:
      moiety audit verify
      moiety audit verify --office deployment --in-flight 16 --json
    """
    from moiety.custody.unopened import LedgerChanged, LedgerTampered

    try:
        with bar() as progress, opened(office, progress) as m:
            finding = m.audit(in_flight=in_flight)
    except (LedgerTampered, LedgerChanged) as error:  # an office with such a ledger does nothing, nor does it open
        return _unsound(error)
    behind = {LEDGERS[int(party)]: count for party, count in finding.behind.items()}
    known = {LEDGERS[int(party)]: count for party, count in finding.acknowledged.items()}
    first = finding.first
    said = None if first is None else difference(first)
    answer: Verified = {
        "agree": first is None,
        "operations": finding.operations,
        "behind": behind,
        "acknowledged": {seat: known.get(seat, 0) for seat in CUSTODIANS},
        "difference": said,
        "ledger": None if first is None else LEDGERS[int(first.log)],
        "position": None if first is None else first.position,
    }
    late = [f"ledger {name} lacks {count} that may be on their way" for name, count in behind.items() if count]
    lacked = [f"custodian {name} lacks {count}, and has acknowledged it" for name, count in known.items() if count]
    lines = [said or f"the ledgers agree on {finding.operations} operations", *late, *lacked]
    return Outcome(answer, lines, DONE if first is None else NO_MATCH)


def _unsound(error: LedgerTampered | LedgerChanged) -> Outcome[Verified]:
    """A ledger that is not what it was, whoever came upon it."""
    ledger, position = list(LEDGERS.values())[error.numbers["ledger"]], error.numbers.get("position")
    said = altered(ledger, position) if position is not None else error.text
    answer: Verified = {
        "agree": False,
        "operations": 0,
        "behind": dict.fromkeys(LEDGERS.values(), 0),
        "acknowledged": dict.fromkeys(CUSTODIANS, 0),
        "difference": said,
        "ledger": ledger,
        "position": position,
    }
    return Outcome(answer, [said], NO_MATCH)


@app.command()
def acknowledge(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Acknowledged]:
    """Write down in each ledger what it lacks of what custodians wrote, and verify again.

    A gateway or custodian that was killed, or whose disk was full, lacks what was being done then, and every audit says
    so until somebody acknowledges it. Look first who did that: a gateway that keeps silent on purpose leaves the same.
    What was said of a person is not written at the gateway: custodians have it. A custodian asks the other two what
    they have, and writes an entry of now: that it lacks this, which was not done there, and who acknowledged it. Of
    custodians apart an officer asks for that. Exit status 1 where the ledgers still differ.

    \b
    Examples:
      moiety audit acknowledge
      moiety audit acknowledge --office deployment --json
    """
    with bar() as progress, opened(office, progress) as m:
        counts = {LEDGERS[int(party)]: count for party, count in m.acknowledge_missing().items()}
        finding = m.audit()
    count, lacked = counts["gateway"], {seat: counts[seat] for seat in CUSTODIANS}
    said = None if finding.first is None else difference(finding.first)
    answer: Acknowledged = {
        "acknowledged": count,
        "custodians": lacked,
        "agree": finding.first is None,
        "difference": said,
    }
    lines = [f"{count} operations that the gateway's ledger lacked are written there"]
    lines += [f"custodian {seat} wrote down that it lacks {some}" for seat, some in lacked.items() if some]
    return Outcome(answer, [*lines, *([said] if said else [])], DONE if finding.first is None else NO_MATCH)


@app.command()
def person(
    who: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="About whom.")],
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[History]:
    """Who opened what of a person's, and all else that was done with them, from all four ledgers.

    Before it, since when and on which grounds they are kept, from the record itself. Whoever came with many, by an
    import, is among so many in one entry, which is over all of them.

    \b
    Examples:
      moiety audit person "$WHO"
      moiety audit person "$WHO" --json
    """
    pseudonym = Pseudonym.parse(who)
    with bar() as progress, opened(office, progress) as m:
        desk = m.purpose(pseudonym.purpose)
        kept = desk.person(pseudonym)
        found, basis = kept.history(), kept.basis()
    named = {f"g{place}": key for place, key in enumerate(desk.document.grounds)}  # custodians know the place alone
    grounds = [given(one) for one in basis]
    entries = [_line(noted, named) for noted in found]
    answer: History = {"pseudonym": str(pseudonym), "grounds": grounds, "entries": entries}
    return Outcome(answer, [*map(given_line, grounds), *_lines(entries)])


@app.command(name="list")
def list_(
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, max=100_000, help="Of the last N rows of each ledger.")
    ] = 1_000,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Listed]:
    """What the ledgers have in the clear: searches, counts, refusals, purposes, keys. Nothing of it is about anybody.

    \b
    Examples:
      moiety audit list
      moiety audit list --last 50 --json
    """
    with bar() as progress, opened(office, progress) as m:
        found = m.listed(last)
    entries = [_line(noted) for noted in found]
    answer: Listed = {"entries": entries}
    return Outcome(answer, _lines(entries) or ["nothing is in the clear among these rows"])


@app.command()
def keys(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Keys]:
    """The keys that custodians and the gateway's ledger sign with: give them to whoever is to check receipts and
    proofs, by another way than those.

    \b
    Examples:
      moiety audit keys --json > keys.json
    """
    with bar() as progress, opened(office, progress) as m:
        found = {seat: key.hex() for seat, key in sorted(m.ledger_keys().items())}
        gateway = m.gateway_key().hex()
    answer: Keys = {"keys": found, "gateway": gateway}
    lines = [f"{name:<9}{key}" for name, key in {**found, "gateway": gateway}.items()]
    return Outcome(answer, lines)


@app.command()
def receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A receipt, as `person erase --receipt` wrote it.")],
    signed_by: Annotated[Path, typer.Option("--keys", metavar="FILE", help="What `audit keys --json` said.")],
    about: Annotated[str, typer.Option("--person", metavar="PSEUDONYM", help="Whom it is about.")],
    salt: Annotated[str, typer.Option("--salt", metavar="HEX", help="The salt that came with it.")],
    as_json: AsJson = False,
) -> Outcome[Checked]:
    """Does a receipt show that three custodians destroyed what they had of a person? No office is needed for it.

    \b
    Examples:
      moiety audit receipt erased.json --keys keys.json --person "$WHO" --salt "$SALT"
      moiety audit receipt erased.json --keys keys.json --person "$WHO" --salt "$SALT" --json
    """
    from moiety.ledger import receipt as receipts
    from moiety.sharing.seat import SEATS

    try:
        salted = bytes.fromhex(salt)
    except ValueError:
        raise SaltWrong from None
    known = keys_of(signed_by)
    if not set(SEATS) <= set(known):
        raise KeysWrong
    found = {seat: known[seat] for seat in SEATS}
    checked = receipts.verify(beginning(file, receipts.RECEIPT_MAX + 1), found, str(Pseudonym.parse(about)), salted)
    custodians: list[Stated] = [
        {
            "custodian": one.statement.custodian,
            "destroyed": {thing.what: thing.count for thing in one.statement.destroyed},
            "at": one.statement.minute.isoformat(timespec="minutes"),
            "live": one.statement.live.isoformat(),
            "epoch_end": one.statement.epoch_end.isoformat(),
        }
        for one in checked.signed
    ]
    lines = [
        f"custodian {one['custodian']}: {_counted(one['destroyed'])} destroyed at {one['at']}; gone from live stores "
        f"since {one['live']}, from backups once the refresh that is due by {one['epoch_end']} is made"
        for one in custodians
    ]
    answer: Checked = {"valid": True, "custodians": custodians}
    return Outcome(answer, lines)


app.command()(prove)
app.command(name="check-proof")(check_proof)


def _counted(things: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in things.items())


def _line(noted: Noted, named: Mapping[str, str] = _NOBODYS) -> Line:
    """In the words of a purpose's document, whose grounds are `named` by their places."""
    at, what, caller, details = details_of(noted.entry)
    if details.get("ground") in named:
        details["grounds"] = named[details["ground"]]
    if noted.within is not None:
        details["among"] = str(noted.within.size)
    ledgers = ledgers_of(int(noted.parties))
    operation = noted.operation.hex()
    return {
        "operation": operation,
        "at": at,
        "what": what,
        "caller": caller,
        "ledgers": ledgers,
        "details": details,
    }


def _lines(entries: list[Line]) -> list[str]:
    return [
        f"{one['at']}  {one['what'] + ' ':<14}by {one['caller']:<18}{told(one['details'])}  "
        f"(written down by {_writers(one['ledgers'])})"
        for one in _openings_once(entries)
    ]


def _openings_once(entries: list[Line]) -> list[Line]:
    """An opening is an operation of each of the two custodians that give their parts: here it is one line of both. The
    same question asked twice in a minute stays two."""
    lines: list[Line] = []
    halves: dict[tuple[str, str, str, bool], list[int]] = {}
    for one in entries:
        if one["what"] != "opening":
            lines.append(one)
            continue
        known = (one["at"], one["caller"], told(one["details"]), "gateway" in one["ledgers"])
        waiting = halves.setdefault(known, [])
        at = next((at for at in waiting if lines[at]["ledgers"] != one["ledgers"]), None)
        if at is None:
            waiting.append(len(lines))
            lines.append(one)
        else:
            waiting.remove(at)
            both = {*one["ledgers"], *lines[at]["ledgers"]}
            lines[at] = {**lines[at], "ledgers": [name for name in LEDGERS.values() if name in both]}
    return lines


def _writers(ledgers: list[str]) -> str:
    """Whose ledgers these are."""
    seats = [name for name in ledgers if name != "gateway"]
    custodians = [f"custodian{'s' if len(seats) > 1 else ''} {', '.join(seats)}"] if seats else []
    return " and ".join([*custodians, *(["the gateway"] if "gateway" in ledgers else [])])
