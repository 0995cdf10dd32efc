"""`moiety person sweep | clock`: what a timer calls, and what somebody looks at when it complains."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypedDict

import typer

from moiety.cli.delivery import remark
from moiety.cli.options import OfficeFolder, PurposeName, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.values import FileUnwritable, reserved
from moiety.errors import Refused

if TYPE_CHECKING:
    from moiety.identity.people import People
    from moiety.identity.receipts import Receipt
    from moiety.vault.retention import Reading


OWNER_ONLY: Final = 0o700


class FolderOpen(Refused):
    code: ClassVar[str] = "folder_open"
    advice: ClassVar[str] = "others may look into this folder: name a new one, or let its owner alone in (mode 0700)"


class Swept(TypedDict):
    """What `person sweep` answers: how many people whose time was over are gone now, and how many receipts were written
    of that; `warning` says what the clock has to do with it, where it is not believed."""

    destroyed: int
    receipts: int
    warning: str | None


class ClockAnswer(TypedDict):
    """What `person clock` answers (ISO 8601, UTC): what the clock says, what is believed of it, and by how many days it
    is ahead of that, or behind where less than 0; `warning` says what that does."""

    clock: str
    believed: str
    days_off: int
    warning: str | None


def sweep(
    purpose: PurposeName,
    receipts: Annotated[
        Path | None,
        typer.Option(
            "--receipts",
            metavar="DIR",
            help="Write what custodians signed of each: a file NAME.json, and NAME.salt beside it.",
        ),
    ] = None,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Swept]:
    """Destroy whoever's time is over: erased 72 hours ago, or kept to the last day. For a timer, hourly.

    Whom custodians refuse keeps nobody else waiting; the first refusal is told at the end. The name of a receipt is
    random: `audit receipt` with its salt says whether it is about a pseudonym. Whoever has the salt and guesses the
    pseudonym learns that, so hand both over, and keep no copy.

    \b
    Examples:
      moiety person sweep hotel
      moiety person sweep hotel --receipts receipts
      moiety person sweep hotel --json
    """
    kept = Kept(receipts)
    with bar() as progress, opened(office, progress) as m:
        people = m.purpose(purpose).people()
        warning = doubt(people, purpose)
        gone = people.sweep(None if receipts is None else kept.receiving)
    answer: Swept = {"destroyed": gone, "receipts": kept.count, "warning": warning}
    lines = [f"{gone} {'person' if gone == 1 else 'people'} whose time was over"]
    lines += [f"receipts written: {kept.count}"] if receipts is not None else []
    return Outcome(answer, lines)


class Kept:
    """Receipts in a folder that is its owner's alone, under random names. Raises `FolderOpen`, `FileUnwritable`."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.count = 0
        if folder is None:
            return
        try:
            folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
            if stat.S_IMODE(folder.stat().st_mode) & ~OWNER_ONLY:
                raise FolderOpen
        except OSError:
            raise FileUnwritable from None

    @contextmanager
    def receiving(self, name: str) -> Iterator[Callable[[Receipt], None]]:
        """Two new files, and room for what they will say, before somebody is destroyed and not when all is gone."""
        from moiety.ledger.receipt import RECEIPT_MAX, SALT_BYTES

        beside = [None if self._folder is None else self._folder / f"{name}.{kind}" for kind in ("salt", "json")]
        with (
            reserved(beside[0], 2 * SALT_BYTES + 1) as write_salt,
            reserved(beside[1], RECEIPT_MAX) as write_file,
        ):

            def take(receipt: Receipt) -> None:
                if write_salt is not None and write_file is not None:
                    write_salt(f"{receipt.salt.hex()}\n".encode())
                    write_file(receipt.file)
                    self.count += 1

            yield take


def clock(
    purpose: PurposeName,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Believe the clock as it stands, for all purposes of the office.")
    ] = False,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[ClockAnswer]:
    """What does retention believe of this machine's clock? Exit status 1 if it is another day.

    A clock that has jumped ahead by more than two weeks is followed two weeks for each day that it goes on, so
    that one that was set wrong destroys nobody at once. Look at it: put it right, or confirm it after the office
    was closed for long. One that was set back is waited for, or confirmed.

    \b
    Examples:
      moiety person clock hotel
      moiety person clock hotel --confirm
      moiety person clock hotel --json
    """
    with bar() as progress, opened(office, progress) as m:
        people = m.purpose(purpose).people()
        reading = people.confirm_clock() if confirm else people.clock()
    answer: ClockAnswer = {
        "clock": _instant(reading.clock),
        "believed": _instant(reading.minute),
        "days_off": reading.days_off,
        "warning": _warning(reading, purpose),
    }
    lines = [f"the clock says  {answer['clock']}", f"believed        {answer['believed']}"]
    lines += [answer["warning"]] if answer["warning"] else []
    return Outcome(answer, lines, NO_MATCH if reading.days_off else DONE)


def doubt(people: People, purpose: str) -> str | None:
    """What the clock has to do with what was just done, said on stderr; None where it is believed."""
    warning = _warning(people.clock(), purpose)
    if warning is not None:
        remark(f"moiety: {warning}\n")
    return warning


def _warning(reading: Reading, purpose: str) -> str | None:
    days = abs(reading.days_off)
    if not days:
        return None
    confirm = f"`moiety person clock {purpose} --confirm` if it is right, put it right if it is not"
    if reading.days_off > 0:
        return (
            f"the clock is {days} days ahead of what is believed of it: retention follows it two weeks for each day, "
            f"and whoever is added is kept by the clock as it stands; {confirm}"
        )
    return (
        f"the clock is {days} days behind what it was before: retention waits for it, "
        f"and whoever is added is kept so much longer; {confirm}"
    )


def _instant(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).isoformat()
