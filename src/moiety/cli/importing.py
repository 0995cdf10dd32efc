"""`moiety import people`."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypedDict

import typer

from moiety.cli.files import OPERATOR_ONLY, DocumentUnreadable, beginning
from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.request import ApprovedBy, Requested, RequestTo, carried, written
from moiety.cli.sweeping import doubt
from moiety.errors import FileUnread, Refused

if TYPE_CHECKING:
    from moiety.identity.importing import Imported
    from moiety.vault.mapping import BadRow

app = typer.Typer(help="Bring people in from another system.", no_args_is_help=True)

JOURNAL: Final = ".import.json"
ASIDE: Final = ".aside.csv"


class ImportedAnswer(TypedDict):
    """What `import people` answers; `rows` were read: `added`, of people who were `there` already, or set `aside`, by
    reason's code. All but those added are listed in `aside_file`, by number. `sha256` is the file's, and
    `may_be_deleted` how many of its rows may now be deleted at the source: those added. `repeated` says that this very
    import was finished before: nothing was read again, and this is what it had answered. `warning` says what the clock
    has to do with how long people are kept, where it is not believed."""

    rows: int
    added: int
    there: int
    aside: dict[str, int]
    aside_file: str | None
    sha256: str
    may_be_deleted: int
    repeated: bool
    warning: str | None


class PeopleUnread(FileUnread):
    code: ClassVar[str] = "people_file_unread"
    advice: ClassVar[str] = (
        "the file of people cannot be read: {why}. FILE is the first argument, and ends in .csv, .jsonl, .ndjson, "
        ".parquet or .bson; to try things out, `moiety synth people --count 100 --out people.csv` makes one"
    )


class MappingUnread(FileUnread):
    code: ClassVar[str] = "mapping_file_unread"
    advice: ClassVar[str] = (
        "the mapping cannot be read: {why}. --mapping names a TOML file that says which column is which field; "
        "docs/importing.md has one to begin with"
    )


class PhotosUnread(FileUnread):
    code: ClassVar[str] = "photos_folder_unread"
    advice: ClassVar[str] = (
        "the folder of photographs cannot be read: {why}. --photos names the folder in which the files lie that rows "
        "name, themselves and not in folders below; without photographs leave it out. Nobody was brought in"
    )


class ImportUnwritable(Refused):
    code: ClassVar[str] = "import_unwritable"
    advice: ClassVar[str] = "how far the import has come cannot be written beside the file: see to its folder and disk"


class ImportOther(Refused):
    code: ClassVar[str] = "import_other"
    advice: ClassVar[str] = (
        "an import of this file was begun with another file of this name, or with another mapping, purpose, grounds, "
        "text, folder of photographs or office: finish that one, or move the file ending in .import.json away"
    )


class AsideLost(Refused):
    code: ClassVar[str] = "aside_lost"
    advice: ClassVar[str] = (
        "the .aside.csv in which this import has listed rows is not there any more, or is shorter than it was: put it "
        "back, or move the .import.json away, and everybody is read again and every row that does not fit listed"
    )


class ImportRunning(Refused):
    code: ClassVar[str] = "import_running"
    advice: ClassVar[str] = "this file is being imported at this moment: wait until that has ended"


@app.callback()
def _import() -> None:
    """Keeps `people` a command of its own: Typer would fold a group of one."""


@app.command()
def people(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines, Parquet, or a MongoDB dump (.bson).")],
    purpose: Annotated[str, typer.Option("--purpose", metavar="P", help="For which purpose.")],
    mapping: Annotated[Path, typer.Option("--mapping", metavar="FILE", help="Which column is which field (TOML).")],
    grounds: Annotated[str, typer.Option("--grounds", metavar="KEY", help="On which grounds, by their key.")],
    photos: Annotated[
        Path | None, typer.Option("--photos", metavar="DIR", help="The folder of photographs that rows name.")
    ] = None,
    text: Annotated[str, typer.Option("--text", metavar="V", help="The version of what people were told.")] = "1",
    people: Annotated[
        int, typer.Option("--people", metavar="N", min=1, help="With --request: so many people at most.")
    ] = 100_000,
    office: OfficeFolder = None,
    request: RequestTo = None,
    approved: ApprovedBy = None,
    as_json: AsJson = False,
) -> Outcome[ImportedAnswer] | Outcome[Requested]:
    """Bring people in from another system's file, some at a time. Exit status 1 where rows were set aside.

    How far it has come lies beside the file (.import.json): the same command goes on after an interruption,
    nobody comes twice, and once it is finished it answers the same again. Rows that do not fit, and those
    of people who were there already, are listed by number and reason (.aside.csv), never with what stood
    in them. Custodians apart want two officers to sign more than a hundred people a day.

    \b
    Examples:
      moiety import people guests.csv --purpose hotel --mapping guests.toml --grounds register
      moiety import people dump.bson --purpose hotel --mapping m.toml --grounds register --photos photos --json
      moiety import people guests.csv --purpose hotel --mapping m.toml --grounds register --request ticket.json
    """
    from moiety.identity.importing import run
    from moiety.vault.mapping import DOCUMENT_LIMIT, FieldMapping, taken
    from moiety.vault.readers import PhotoFolder, rows

    signed = carried(request, approved)
    with bar() as progress, opened(office, progress) as m:
        desk = m.purpose(purpose).people()
        if request is not None:
            return written(request, desk.request_bulk(people))
        plan = _mapping(mapping, DOCUMENT_LIMIT + 1)
        _require_photos(photos)
        fields = FieldMapping(plan, desk.schema())
        with _alone(file) as digest:
            where = None if photos is None else os.path.abspath(photos)
            keys = sorted(m.ledger_keys().items())  # they are the office's, wherever its folder lies
            journal = _Journal(file, _all(digest, plan, purpose, grounds, text, where, keys))
            end = journal.read()
            warning = None
            if not journal.repeated:
                warning = doubt(desk, purpose)  # before thousands are kept by that clock

                def done(imported: Imported, aside: list[BadRow]) -> None:
                    journal.write(imported, aside)
                    progress("importing people", imported.rows, imported.rows)

                with journal.begun(end):
                    folder = None if photos is None else PhotoFolder(photos)
                    records = taken(rows(file, fields, end.after), fields, folder)
                    end = run(desk, records, grounds=grounds, text=text, approved=signed, so_far=end, done=done)
                    journal.finish(end)
    aside = end.counts()
    listed = str(journal.aside) if end.rows > end.added else None
    answer: ImportedAnswer = {
        "rows": end.rows,
        "added": end.added,
        "there": end.there,
        "aside": dict(aside),
        "aside_file": listed,
        "sha256": digest,
        "may_be_deleted": end.added,
        "repeated": journal.repeated,
        "warning": warning,
    }
    again = f"finished before, and not read again: to read it again, move {journal.file.name} away"
    lines = [
        *([again] if journal.repeated else []),
        f"{end.rows} rows: {end.added} people added, {end.there} there already, {sum(aside.values())} set aside",
        *(f"  {code}: {count}" for code, count in aside.items()),
        f"of the file with SHA-256 {digest} may now be deleted at the source: {end.added} rows"
        + ("" if listed is None else f", all but those that {journal.aside.name} lists"),
    ]
    return Outcome(answer, lines, NO_MATCH if aside else DONE)


class _Journal:
    """How far one import has come, beside its file; and the rows of which nothing was kept.

    It stays when all is read, so that the same import answers the same again, and its list is not written over by one
    that finds everybody there. Nothing in it is anybody's: numbers of rows, counts, and until the end a random key.
    """

    def __init__(self, file: Path, what: str) -> None:
        self.file = file.with_name(file.name + JOURNAL)
        self.aside = file.with_name(file.name + ASIDE)
        self.repeated = False
        """Whether it had been finished before."""
        self._what = what
        self._length = 0

    def read(self) -> Imported:
        """Where to go on. Raises `ImportOther`, `AsideLost`, `ImportUnwritable`."""
        from moiety.identity.importing import KEY_BYTES, Imported

        try:
            said = json.loads(self.file.read_bytes()) if self.file.exists() else None
            if said is None or (said["finished"] is True and said["what"] != self._what):
                return Imported(key=os.urandom(KEY_BYTES))
            if said["what"] != self._what:
                raise ImportOther
            self.repeated = bool(said["finished"])
            self._length = int(said["length"])
            if self._length and not self.repeated:
                if not self.aside.is_file() or self.aside.stat().st_size < self._length:
                    raise AsideLost
                os.truncate(self.aside, self._length)  # what was listed and not written down is read again
            counts = Counter({str(code): int(count) for code, count in said["aside"].items()})
            key = bytes.fromhex(said["key"])
            return Imported(int(said["after"]), int(said["added"]), int(said["there"]), counts, key, resumed=True)
        except OSError:
            raise ImportUnwritable from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ImportOther from None

    @contextmanager
    def begun(self, imported: Imported) -> Iterator[None]:
        """Meanwhile the key is on the disk under which people come in: whoever is cut off knows them by it again.

        Nothing stays of an import that is refused before anybody could have come in. Raises `ImportUnwritable`.
        """
        fresh = not imported.resumed
        if fresh:
            self._keep(imported)
        try:
            yield
        except Refused:
            if fresh and not imported.after:
                self.file.unlink(missing_ok=True)
            raise

    def write(self, imported: Imported, aside: list[BadRow]) -> None:
        """One batch more. Raises `ImportUnwritable`."""
        try:
            self._set_aside(aside)
        except OSError:
            raise ImportUnwritable from None
        self._keep(imported)

    def finish(self, imported: Imported) -> None:
        """All of it was read, and nobody is known by the key any more. Raises `ImportUnwritable`."""
        try:
            if not self._length:
                self.aside.unlink(missing_ok=True)  # an earlier import's
        except OSError:
            raise ImportUnwritable from None
        self._keep(replace(imported, key=b""), finished=True)

    def _keep(self, imported: Imported, finished: bool = False) -> None:
        said = {
            "what": self._what,
            "finished": finished,
            "key": imported.key.hex(),
            "after": imported.after,
            "added": imported.added,
            "there": imported.there,
            "aside": imported.counts(),
            "length": self._length,
        }
        try:
            partial = self.file.with_name(self.file.name + ".new")
            _durably(partial, json.dumps(said).encode(), os.O_TRUNC)
            partial.rename(self.file)
            self._synced()
        except OSError:
            raise ImportUnwritable from None

    def _synced(self) -> None:
        """What files are called here is on the disk, and not only what is in them."""
        descriptor = os.open(self.file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _set_aside(self, rows: list[BadRow]) -> None:
        if not rows:
            return
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows((row.position, row.code, row.field) for row in rows)
        data = (b"" if self._length else _HEAD) + text.getvalue().encode()
        _durably(self.aside, data, os.O_APPEND if self._length else os.O_TRUNC)
        # Its name is on the disk with the journal's, which is written after it.
        self._length += len(data)


_HEAD: Final = b"row,reason,field\n"


def _durably(file: Path, data: bytes, how: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, OPERATOR_ONLY)
    with os.fdopen(descriptor, "wb") as opened_:
        opened_.write(data)
        opened_.flush()
        os.fsync(opened_.fileno())


@contextmanager
def _alone(file: Path) -> Iterator[str]:
    """Hold the file, so that nobody else imports it meanwhile; its SHA-256. The kernel lets go when a process dies.

    Raises `PeopleUnread`, `ImportRunning`, and `ImportUnwritable` where the disk holds no files for anybody.
    """
    try:
        opened_ = file.open("rb")
    except OSError as error:
        raise PeopleUnread(error=error.errno or 0) from None
    with opened_:
        try:
            fcntl.flock(opened_, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportRunning from None
        except OSError:
            raise ImportUnwritable from None
        try:
            digest = hashlib.file_digest(opened_, "sha256").hexdigest()
        except OSError as error:
            raise PeopleUnread(error=error.errno or 0) from None
        yield digest


def _mapping(file: Path, limit: int) -> bytes:
    """What a mapping says, as it stands. Raises `MappingUnread`."""
    try:
        return beginning(file, limit)
    except DocumentUnreadable as refused:
        raise MappingUnread(**refused.numbers) from None


def _require_photos(folder: Path | None) -> None:
    """Raises `PhotosUnread` where a folder is named and is none: every row would be set aside for its photograph."""
    if folder is None:
        return
    try:
        os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        raise PhotosUnread(error=error.errno or 0) from None


def _all(*parts: object) -> str:
    """A digest of everything that another outcome would follow from."""
    return hashlib.sha256(json.dumps(parts, default=bytes.hex).encode()).hexdigest()
