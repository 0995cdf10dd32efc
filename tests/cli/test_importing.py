"""`moiety import people` and `moiety synth people`: who comes in, who is listed, and what an interruption leaves."""

from __future__ import annotations

import base64
import csv
import fcntl
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import bson
import pyarrow
import pytest
from pyarrow import parquet

import moiety
from moiety import cli
from moiety.cli import importing as command
from moiety.cli import progress
from moiety.cli.importing import ImportedAnswer
from moiety.cli.synth import Made
from moiety.identity import importing
from moiety.identity.arriving import Arriving
from moiety.identity.people import People
from moiety.identity.refusals import AlreadyKept, PurposeUnknown
from moiety.vault import readers
from moiety.vault.mapping import FieldMapping
from moiety.vault.refusals import PhotoMissing, ValueInvalid, ValueMissing
from moiety.vault.schema import Schema
from moiety.vault.sql import RecordStore
from moiety.vault.synth import people as made_up
from tests.cli.test_commands import NAME, Shell, keys
from tests.custody.doomed import FORK
from tests.house.source import ROOT
from tests.stories.guests import NUMBER, PHOTO

FIELDS = [name for name in Schema.default().fields if name != "photo"]
MAPPING = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in FIELDS)
PEOPLE = list(made_up(11, 30))
FORMS = ["csv", "jsonl", "parquet", "bson"]


@pytest.fixture
def shell(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """An office with the purpose `hotel`."""
    monkeypatch.setenv("MOIETY_OFFICE", str(tmp_path / "office"))
    monkeypatch.setenv("MOIETY_DATA", str(data))
    made = Shell(tmp_path / "office", capfd)
    assert made("init", made.office, "--example", "hotel")[0] == 0
    assert made("purpose", "add", made.office / "purpose.toml")[0] == 0
    return made


@pytest.fixture
def words(tmp_path: Path) -> Callable[..., tuple[str | Path, ...]]:
    """The words of an import of a file under a mapping."""

    def said(file: Path, mapping: str = MAPPING, *more: str | Path) -> tuple[str | Path, ...]:
        (tmp_path / "m.toml").write_text(mapping)
        given = ("--purpose", "hotel", "--mapping", tmp_path / "m.toml", "--grounds", "register")
        return ("import", "people", file, *given, *more)

    return said


def written(folder: Path, form: str, people: list[dict[str, Any]]) -> Path:
    """A file of another system with these people."""
    file = folder / f"people.{form}"
    if form == "csv":
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(people[0]))
        writer.writeheader()
        writer.writerows(people)
        file.write_bytes(out.getvalue().encode())
    elif form == "jsonl":
        file.write_text("".join(json.dumps(one) + "\n" for one in people))
    elif form == "bson":
        file.write_bytes(b"".join(bson.encode(one) for one in people))
    else:
        parquet.write_table(pyarrow.Table.from_pylist(people), file)
    return file


def numbers(shell: Shell, people: list[dict[str, str]], folder: Path) -> list[str]:
    """The pseudonyms of those of these people who are found by their numbers."""
    found = []
    for one in people:
        (folder / "number.json").write_text(json.dumps({"national_id": one["national_id"]}))
        status, answer = shell.json("person", "find", "hotel", "--from", folder / "number.json")
        assert status == 1 - len(answer["pseudonyms"])
        found += answer["pseudonyms"]
    return found


def beside(file: Path) -> set[str]:
    """What an import has left beside its file, by the ending of its name."""
    return {path.name.removeprefix(file.name) for path in file.parent.glob(file.name + "?*")}


@pytest.mark.parametrize("form", FORMS)
def test_people_come_in_from_every_format_with_their_photographs(
    form: str, shell: Shell, words: Any, tmp_path: Path
) -> None:
    # A text, a file of a folder, and bytes: what each format has.
    how = {"csv": "file", "jsonl": "base64"}.get(form, "bytes")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(PHOTO)
    pictured = {"file": "1.jpg", "base64": base64.b64encode(PHOTO).decode(), "bytes": PHOTO}[how]
    people: list[dict[str, Any]] = [one | {"image": None} for one in PEOPLE]
    people[1]["image"] = pictured
    file = written(tmp_path, form, people)
    mapping = f'{MAPPING}[fields.photo]\ncolumn = "image"\nphoto = "{how}"\n'
    status, answer = shell.json(*words(file, mapping, "--photos", tmp_path / "photos"))
    keys(answer, ImportedAnswer)
    assert status == 0
    assert {key: answer[key] for key in ("rows", "added", "there", "aside", "aside_file", "may_be_deleted")} == {
        "rows": 30, "added": 30, "there": 0, "aside": {}, "aside_file": None, "may_be_deleted": 30,
    }  # fmt: skip
    assert len(answer["sha256"]) == 64
    assert beside(file) == {".import.json"}
    someone, other = numbers(shell, PEOPLE[1:3], tmp_path)
    reveal = ("person", "reveal", someone, *FIELDS, "photo", "--reason", "inspection", "--role", "officer")
    fields = shell.json(*reveal)[1]["fields"]
    assert base64.b64decode(fields.pop("photo")) == PHOTO
    assert fields == PEOPLE[1]
    status, answer = shell.json("person", "reveal", other, "photo", "--reason", "inspection", "--role", "officer")
    assert (status, answer["fields"]) == (0, {"photo": ""})
    assert shell.json("check")[1]["findings"] == []
    assert shell("audit", "verify")[0] == 0


def test_a_clock_that_is_not_believed_is_said_before_anybody_comes_in(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept by that clock. Of 40 days two weeks are believed at once."""
    assert shell("person", "clock", "hotel")[0] == 0
    assert moiety.open.__kwdefaults__ is not None
    monkeypatch.setitem(moiety.open.__kwdefaults__, "clock", lambda: datetime.now(UTC) + timedelta(days=40))
    file = written(tmp_path, "csv", PEOPLE[:3])
    said: list[str] = []

    def arriving(*given: Any, **more: Any) -> Any:
        said.append(shell.streams.readouterr().err)
        return whole(*given, **more)

    whole = People.arriving
    monkeypatch.setattr(People, "arriving", arriving)
    status, answer = shell.json(*words(file))
    assert (status, answer["added"]) == (0, 3)
    assert "26 days ahead" in answer["warning"]
    assert [answer["warning"] in before for before in said] == [True]
    assert shell.json(*words(file))[1]["warning"] is None  # nobody came in
    assert shell("person", "clock", "hotel", "--confirm")[0] == 0
    assert shell.json(*words(written(tmp_path, "jsonl", PEOPLE[3:5])))[1]["warning"] is None


def test_rows_that_do_not_fit_are_listed_by_line_and_reason_and_none_is_lost(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "TOGETHER", 3)
    good = [",".join(one[name] for name in FIELDS) for one in PEOPLE[:5]]
    place = {name: at for at, name in enumerate(FIELDS)}

    def spoilt(row: str, field: str, value: str) -> str:
        values = row.split(",")
        values[place[field]] = value
        return ",".join(values)

    lines = [
        ",".join(FIELDS),
        good[0],
        spoilt(good[1], "national_id", NAME),
        f"{NAME},{NAME}",
        spoilt(good[1], "birth_date", "1983-02-30"),
        "",
        good[2],
        spoilt(good[3], "national_id", ""),
        f'"{NAME}',
        good[0],
        good[4],
    ]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(lines) + "\n")
    status, answer = shell.json(*words(file))
    listed = file.with_name("people.csv.aside.csv")
    assert status == 1
    assert listed.read_text().splitlines() == [
        "row,reason,field",
        "3,value_invalid,national_id",
        "4,row_misshapen,",
        "5,value_invalid,birth_date",
        "8,value_missing,national_id",
        "9,row_unreadable,",
        "10,already_kept,",
    ]
    assert listed.stat().st_mode & 0o777 == 0o600
    assert answer["rows"] == answer["added"] + answer["there"] + sum(answer["aside"].values()) == 9
    assert (answer["added"], answer["there"], answer["may_be_deleted"]) == (3, 1, 3)
    assert answer["aside"] == {"row_misshapen": 1, "row_unreadable": 1, "value_invalid": 2, "value_missing": 1}
    assert answer["aside_file"] == str(listed)
    assert len(numbers(shell, PEOPLE[:5], tmp_path)) == 3
    before = listed.stat()
    status, out = shell(*words(file))
    assert status == 1
    assert out.splitlines()[:3] == [
        "finished before, and not read again: to read it again, move people.csv.import.json away",
        "9 rows: 3 people added, 1 there already, 5 set aside",
        "  row_misshapen: 1",
    ]
    assert out.endswith("deleted at the source: 3 rows, all but those that people.csv.aside.csv lists\n")
    assert listed.stat() == before
    assert shell.json(*words(file)) == (1, answer | {"repeated": True})
    (tmp_path / "people.csv.import.json").unlink()
    status, out = shell(*words(file))
    assert (status, out.splitlines()[0]) == (1, "9 rows: 0 people added, 4 there already, 5 set aside")
    assert out.endswith("deleted at the source: 0 rows, all but those that people.csv.aside.csv lists\n")
    assert len(listed.read_text().splitlines()) == 10
    assert beside(file) == {".aside.csv", ".import.json"}


def test_whoever_came_with_many_is_told_since_when_and_how_and_proves_it_by_the_ledgers(
    shell: Shell, words: Any, tmp_path: Path
) -> None:
    """No ledger has an entry of each: one is over them all, and each is proven under it (docs/decisions/0017)."""
    assert shell.json(*words(written(tmp_path, "csv", PEOPLE), MAPPING, "--text", "2031-05"))[0] == 0
    [who] = numbers(shell, PEOPLE[:1], tmp_path)
    today = datetime.now(UTC).date().isoformat()
    status, told = shell.json("audit", "person", who)
    enrolled, *asked = told["entries"]
    assert (status, {one["what"] for one in asked}) == (0, {"opening"})  # by which this was asked
    assert enrolled["what"] == "enrolment"
    assert enrolled["details"] == {
        "purpose": "hotel", "ground": "g0", "grounds": "register", "faces": "0", "among": str(len(PEOPLE)),
    }  # fmt: skip
    assert enrolled["ledgers"] == ["gateway", "a", "b", "c"]
    [given] = told["grounds"]
    said = {name: given[name] for name in ("given", "how", "grounds", "article_6", "text", "stands")}
    assert said == {
        "given": today,
        "how": "imported",
        "grounds": "register",
        "article_6": "6(1)(c)",
        "text": "2031-05",
        "stands": True,
    }
    first = shell("audit", "person", who)[1].partition("\n")[0]
    assert first.endswith(f"text 2031-05, given {today} (imported); holds")
    counted = [one for one in shell.json("audit", "list")[1]["entries"] if one["what"] == "enrolments"]
    assert [one["ledgers"] for one in counted] == [["gateway", "a", "b", "c"]]
    [whole] = [one["details"] for one in counted]
    assert len(base64.b64decode(whole.pop("people"))) == 32
    assert whole == {"purpose": "hotel", "count": str(len(PEOPLE))}
    # And anybody checks it, by a file and the keys.
    keys, file = tmp_path / "keys.json", tmp_path / "proof.json"
    keys.write_text(json.dumps(shell.json("audit", "keys")[1]))
    assert shell("audit", "prove", "--to", file, "--operation", enrolled["operation"], "--person", who)[0] == 0
    status, checked = shell.json("audit", "check-proof", file, "--keys", keys)
    assert (status, [one["person"]["details"] for one in checked["ledgers"]]) == (
        0,
        [{"purpose": "hotel", "ground": "g0", "faces": "0"}] * 4,
    )
    said = shell("audit", "check-proof", file, "--keys", keys)[1]
    assert "and of one of these people to: enrolment by office, purpose hotel, ground g0, faces 0" in said


def test_the_same_import_twice_brings_nobody_twice(shell: Shell, words: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "jsonl", PEOPLE)
    status, first = shell.json(*words(file))
    assert (status, first["added"], first["repeated"]) == (0, 30, False)
    assert shell.json(*words(file)) == (0, first | {"repeated": True})
    # Another import, of other grounds: it finds everybody there, and says so.
    status, answer = shell.json(*instead(words(file), "--grounds", "consent"))
    assert (status, answer["rows"], answer["added"], answer["there"], answer["may_be_deleted"]) == (0, 30, 0, 30, 0)
    reasons = [line.split(",")[1] for line in Path(answer["aside_file"]).read_text().splitlines()[1:]]
    assert reasons == ["already_kept"] * 30
    file.write_text("")  # another import of this name: the list of the one before is no list of this one
    assert shell.json(*words(file))[1]["rows"] == 0
    assert beside(file) == {".import.json"}


def test_one_file_is_imported_once_at_a_time(shell: Shell, words: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "jsonl", PEOPLE)
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert shell.refused(*words(file)) == (2, "import_running")
        assert beside(file) == set()
    assert shell.json(*words(file))[1]["added"] == 30


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whoever_is_twice_in_a_file_counts_once_also_after_an_interruption(
    after: bool, shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second row of somebody is no row of theirs, in one batch and over two; and a row of somebody whom the desk
    kept meanwhile is none either, though its batch was cut off."""
    monkeypatch.setattr(importing, "TOGETHER", 4)
    rows = [*PEOPLE[:3], PEOPLE[0], PEOPLE[3], PEOPLE[4], PEOPLE[3], PEOPLE[1], PEOPLE[6]]
    file = written(tmp_path, "jsonl", rows)
    whole = Arriving.settled
    times = 0

    def cut_off(self: Arriving, *given: Any, **more: Any) -> Any:
        nonlocal times
        times += 1
        if times == 2 and not after:
            raise PurposeUnknown  # as a full disk would end it
        answer = whole(self, *given, **more)
        if times == 2:
            raise PurposeUnknown  # when all of the batch is there
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Arriving, "settled", cut_off)
        assert shell.json(*words(file))[1]["refused"] == "purpose_unknown"
    journal = json.loads((tmp_path / "people.jsonl.import.json").read_text())
    assert (journal["after"], journal["added"], journal["finished"], len(journal["key"])) == (4, 3, False, 64)
    (tmp_path / "desk.json").write_text(json.dumps(PEOPLE[4]))
    desk = ("person", "add", "hotel", "--from", tmp_path / "desk.json", "--grounds", "register")
    assert shell(*desk)[0] == (2 if after else 0)
    there = (4, 7, 8) if after else (4, 6, 7, 8)
    status, answer = shell.json(*words(file))
    assert (status, answer["rows"], answer["added"], answer["there"]) == (0, 9, 9 - len(there), len(there))
    listed = Path(answer["aside_file"]).read_text().splitlines()[1:]
    assert listed == [f"{row},already_kept," for row in there]
    assert json.loads((tmp_path / "people.jsonl.import.json").read_text())["key"] == ""


def instead(words: tuple[str | Path, ...], word: str, value: str | Path) -> tuple[str | Path, ...]:
    """The same words with another value behind one of them, or with one more."""
    if word not in words:
        return (*words, word, value)
    at = words.index(word) + 1
    return (*words[:at], value, *words[at + 1 :])


@pytest.mark.parametrize("form", ["csv", "jsonl", "bson"])
def test_an_empty_file_brings_nobody(form: str, shell: Shell, words: Any, tmp_path: Path) -> None:
    file = tmp_path / f"people.{form}"
    for content in ("", ",".join(FIELDS) + "\n") if form == "csv" else ("",):
        file.write_text(content)
        status, answer = shell.json(*words(file))
        assert (status, answer["rows"], answer["aside_file"]) == (0, 0, None)
        assert beside(file) == {".import.json"}


def test_what_is_not_there_is_named_with_what_to_do(shell: Shell, words: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "csv", PEOPLE)
    good = words(file)
    for asked, said in (
        (
            (*good[:2], tmp_path / "none.csv", *good[3:]),
            ("the file of people cannot be read: there is none", "FILE is"),
        ),
        (
            instead(good, "--mapping", tmp_path / "none"),
            ("the mapping cannot be read: there is none", "--mapping names"),
        ),
        ((*good, "--photos", tmp_path / "none"), ("the folder of photographs cannot be read", "--photos names")),
    ):
        status, _ = shell(*asked)
        assert status == 2
        assert all(part in shell.said for part in said), shell.said
    assert beside(file) == set()


def test_what_cannot_be_imported_leaves_nothing(shell: Shell, words: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "csv", PEOPLE)
    good = words(file)
    other = written(tmp_path, "jsonl", PEOPLE).rename(tmp_path / "people.txt")

    assert shell.refused(*instead(good, "--purpose", "gate")) == (2, "purpose_unknown")
    assert shell.refused(*instead(good, "--grounds", NAME)) == (2, "grounds_unknown")
    assert shell.refused(*instead(good, "--mapping", tmp_path / NAME)) == (2, "mapping_file_unread")
    assert shell.refused(*good[:2], tmp_path / f"{NAME}.csv", *good[3:]) == (2, "people_file_unread")
    for folder in (tmp_path / NAME, file):
        assert shell.refused(*good, "--photos", folder) == (2, "photos_folder_unread")
    assert shell.refused(*good[:2], other, *good[3:]) == (2, "source_unknown")
    assert shell.refused(*words(file, MAPPING.replace('"name"', f'"{NAME}"'))) == (2, "column_missing")
    assert shell.refused(*words(file, f"[fields.{NAME}]\n")) == (2, "mapping_invalid")
    assert shell.refused(*words(file, "[fields")) == (2, "mapping_unreadable")
    assert shell.refused(*words(file, MAPPING, "--request", tmp_path / "r.json")) == (2, "nobody_signs")
    (tmp_path / "signed.json").write_text("{}")
    assert shell.refused(*words(file, MAPPING, "--approved", tmp_path / "signed.json")) == (2, "nobody_signs")
    assert shell(*words(file)[:4])[0] == 2
    assert beside(file) == beside(other) == set()
    assert not (tmp_path / "r.json").exists()
    assert numbers(shell, PEOPLE[:2], tmp_path) == []


def test_people_come_in_by_the_number_that_the_purpose_names(shell: Shell, words: Any, tmp_path: Path) -> None:
    text = (shell.office / "purpose.toml").read_text()
    other = text.replace('scheme = "national_id"', 'scheme = "social_security"').replace('"CN"', '"US"')
    (tmp_path / "other.toml").write_text(other)
    assert shell("purpose", "add", tmp_path / "other.toml")[0] == 0
    rows = [{"ssn": "536-90-4399", "name": "Anna"}, {"ssn": "536-90-4398", "name": "Bert"}, {"ssn": "", "name": NAME}]
    file = written(tmp_path, "jsonl", [*rows, {"ssn": "078-05-1120"}])
    mapping = '[fields.social_security]\ncolumn = "ssn"\n[fields.name]\ncolumn = "name"\n'
    assert shell.refused(*words(file, 'pseudonym = "social_security"\n' + mapping)) == (2, "mapping_invalid")
    assert shell.refused(*words(file, '[fields.name]\ncolumn = "name"\n')) == (2, "mapping_invalid")
    status, answer = shell.json(*words(file, mapping))
    assert (status, answer["added"], answer["aside"]) == (1, 2, {"value_invalid": 1, "value_missing": 1})
    for number, count in (("536904399", 1), ("536904398", 1), ("536904397", 0)):
        (tmp_path / "number.json").write_text(json.dumps({"social_security": number}))
        status, found = shell.json("person", "find", "hotel", "--from", tmp_path / "number.json")
        assert (status, len(found["pseudonyms"])) == (1 - count, count)
    (tmp_path / "number.json").write_text(json.dumps({"national_id": NUMBER}))
    assert shell.refused("person", "find", "hotel", "--from", tmp_path / "number.json") == (2, "not_in_index")


def test_a_file_that_breaks_off_brings_everybody_before(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "TOGETHER", 4)
    file = written(tmp_path, "bson", [*PEOPLE[:9], {"national_id": NAME}, PEOPLE[9]])
    file.write_bytes(file.read_bytes()[:-1])
    assert shell.refused(*words(file)) == (2, "source_broken")
    assert len(numbers(shell, PEOPLE, tmp_path)) == 9
    assert beside(file) == {".import.json", ".aside.csv"}
    said = (tmp_path / "people.bson.import.json").read_text()
    assert {key: json.loads(said)[key] for key in ("after", "added", "there", "aside")} == {
        "after": 10, "added": 9, "there": 0, "aside": {"value_invalid": 1},
    }  # fmt: skip
    assert (tmp_path / "people.bson.aside.csv").read_text() == "row,reason,field\n10,value_invalid,national_id\n"
    assert NAME not in said
    assert not any(value in said for one in PEOPLE for value in one.values() if len(value) > 3)


def test_what_was_begun_is_finished_or_moved_away(shell: Shell, words: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "bson", PEOPLE)
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert shell.refused(*words(file)) == (2, "source_broken")
    journal = tmp_path / "people.bson.import.json"
    begun = journal.read_bytes()
    file.write_bytes(content)
    assert shell.refused(*words(file)) == (2, "import_other")
    file.write_bytes(content[:-1])
    assert shell.refused(*words(file, MAPPING + "\n")) == (2, "import_other")
    hotel = (shell.office / "purpose.toml").read_text()
    (tmp_path / "inn.toml").write_text(hotel.replace('name = "hotel"', 'name = "inn"'))
    assert shell("purpose", "add", tmp_path / "inn.toml")[0] == 0
    assert shell.refused(*instead(words(file), "--purpose", "inn")) == (2, "import_other")
    assert shell.refused(*instead(words(file), "--grounds", "consent")) == (2, "import_other")
    assert shell.refused(*instead(words(file), "--text", "2")) == (2, "import_other")
    assert shell.refused(*instead(words(file), "--photos", tmp_path)) == (2, "import_other")
    assert shell("init", tmp_path / "second", "--example", "hotel")[0] == 0
    second = ("--office", tmp_path / "second")
    assert shell("purpose", "add", tmp_path / "second" / "purpose.toml", *second)[0] == 0
    assert shell.refused(*words(file), *second) == (2, "import_other")
    for wrong in (b"", b"{}", b"[]", b"7", begun[:-2], begun.replace(b'"after": 29', b'"after": "x"')):
        journal.write_bytes(wrong)
        assert shell.refused(*words(file)) == (2, "import_other"), wrong
    journal.write_bytes(begun)
    assert shell.refused(*words(file)) == (2, "source_broken")
    journal.unlink()
    file.write_bytes(content)
    answer = shell.json(*words(file))[1]
    assert (answer["added"], answer["there"]) == (1, 29)


def test_where_the_folder_cannot_be_written_what_came_in_stays(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "TOGETHER", 10)
    file = written(tmp_path, "jsonl", [*PEOPLE[:9], {"national_id": NAME}, *PEOPLE[9:]])
    (tmp_path / "people.jsonl.import.json.new").mkdir()
    assert shell.refused(*words(file)) == (2, "import_unwritable")
    (tmp_path / "people.jsonl.import.json.new").rmdir()
    assert numbers(shell, PEOPLE[:1], tmp_path) == []
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "people.jsonl.aside.csv").symlink_to(tmp_path / "elsewhere")
    assert shell.refused(*words(file)) == (2, "import_unwritable")
    assert (tmp_path / "elsewhere").read_text() == "precious"
    (tmp_path / "people.jsonl.aside.csv").unlink()
    status, answer = shell.json(*words(file))
    assert (status, answer["rows"], answer["added"], answer["there"]) == (1, 31, 30, 0)
    assert len(numbers(shell, PEOPLE, tmp_path)) == 30


def begun(shell: Shell, words: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """An import that ended after its first batch, of which it listed one row; what it was asked with."""
    file = written(folder, "jsonl", [{"national_id": NAME}, *PEOPLE])
    monkeypatch.setattr(importing, "TOGETHER", 10)
    settled, batches = Arriving.settled, []

    def once(self: Arriving, *given: Any) -> Any:
        batches.append(self)
        if len(batches) > 1:
            raise PurposeUnknown
        return settled(self, *given)

    with monkeypatch.context() as broken:
        broken.setattr(Arriving, "settled", once)
        assert shell.refused(*words(file)) == (2, "purpose_unknown")
    return tuple(words(file))


def test_a_list_that_is_gone_is_not_gone_on_with(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a row would be in no list, and nobody would know which."""
    asked = begun(shell, words, tmp_path, monkeypatch)
    listed = tmp_path / "people.jsonl.aside.csv"
    said = listed.read_bytes()
    for left in (None, said[:-3]):
        listed.unlink()
        if left is not None:
            listed.write_bytes(left)
        assert shell.refused(*asked) == (2, "aside_lost")
        assert (listed.read_bytes() if listed.exists() else None) == left
        listed.write_bytes(said)
    status, answer = shell.json(*asked)
    assert (status, answer["added"], answer["aside"]) == (1, 30, {"value_invalid": 1})
    assert listed.read_bytes() == said


def test_how_far_it_has_come_is_on_the_disk_by_its_name(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was renamed and not synced is called as before once the power is back."""
    here, renamed, synced = os.stat(tmp_path).st_ino, [], []
    rename, fsync = Path.rename, os.fsync

    def heard(self: Path, target: Path) -> Path:
        if str(target).endswith(command.JOURNAL):
            renamed.append(len(synced))
        return rename(self, target)

    def through(descriptor: int) -> None:
        fsync(descriptor)
        if os.fstat(descriptor).st_ino == here:
            synced.append(len(renamed))

    monkeypatch.setattr(Path, "rename", heard)
    monkeypatch.setattr(os, "fsync", through)
    assert shell.json(*words(written(tmp_path, "csv", PEOPLE)))[1]["added"] == 30
    assert len(renamed) == 3
    assert synced == [1, 2, 3]


# Whoever is killed.

POINTS = {
    "named": (People, "named"),
    "put": (RecordStore, "put_many"),
    "kept": ("Embedded", "keep"),
    "settled": (RecordStore, "settle_many"),
    "listed": (command._Journal, "_set_aside"),
    "written": (command._Journal, "write"),
    "finished": (command._Journal, "finish"),
}
"""What an import does with a batch, in this order."""


def killed(point: str, after: bool, times: int, words: list[str], around: dict[str, str]) -> None:
    """An import in a process of its own that is killed before or after what it does for the n-th time."""
    from moiety.custody.gateway.embedded import Embedded

    os.environ.update(around)  # the server that forks has those of the first test
    owner, name = POINTS[point]
    owner = Embedded if isinstance(owner, str) else owner
    whole = getattr(owner, name)
    done = 0

    def fatal(*given: Any, **more: Any) -> Any:
        nonlocal done
        done += 1
        if done == times and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = whole(*given, **more)
        if done == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, fatal)
    importing.TOGETHER = 7  # type: ignore[misc]
    cli.run(words)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", list(POINTS))
def test_whoever_is_killed_goes_on_without_a_duplicate_and_nobody_is_lost(
    point: str, after: bool, shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"national_id": NAME}
    rows: list[dict[str, Any]] = [*PEOPLE[:2], wrong, *PEOPLE[2:9], wrong, *PEOPLE[9:20], {"name": NAME}, *PEOPLE[20:]]
    file = written(tmp_path, "jsonl", rows)
    given = [str(word) for word in words(file)]
    around = {name: os.environ[name] for name in ("MOIETY_OFFICE", "MOIETY_DATA")}
    doomed = FORK.Process(target=killed, args=(point, after, 1 if point == "finished" else 2, given, around))
    doomed.start()
    doomed.join(60)
    assert doomed.exitcode == -signal.SIGKILL
    monkeypatch.setattr(importing, "TOGETHER", 7)
    status, answer = shell.json(*given)
    # Whoever is met again, because a batch was settled and not written down, is one of those who were brought in.
    assert (status, answer["rows"], answer["added"], answer["there"]) == (1, 33, 30, 0)
    assert answer["aside"] == {"value_invalid": 2, "value_missing": 1}
    assert answer["repeated"] == ((point, after) == ("finished", True))
    assert Path(answer["aside_file"]).read_text().splitlines()[1:] == [
        "3,value_invalid,national_id",
        "11,value_invalid,national_id",
        "23,value_missing,national_id",
    ]
    assert len(set(numbers(shell, PEOPLE, tmp_path))) == 30
    assert shell.json("person", "sweep", "hotel")[1]["destroyed"] == 0
    assert shell.json("check")[1]["findings"] == []
    assert shell("audit", "verify")[0] == 0
    assert beside(file) == {".aside.csv", ".import.json"}


def test_many_and_large_rows_are_taken_some_at_a_time(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    named = People.named

    def heard(self: People, people: Any, **more: Any) -> Any:
        sizes.append(len(people))
        return named(self, people, **more)

    monkeypatch.setattr(People, "named", heard)
    monkeypatch.setattr(importing, "TOGETHER", 4)
    assert shell.json(*words(written(tmp_path, "csv", PEOPLE[:10])))[1]["added"] == 10
    assert sizes == [4, 4, 2]
    sizes.clear()
    monkeypatch.setattr(importing, "BYTES_TOGETHER", 260)
    assert shell.json(*words(written(tmp_path, "jsonl", PEOPLE[10:20])))[1]["added"] == 10
    assert sizes == [2] * 5


def test_how_far_it_has_come_is_told_on_stderr_alone(
    shell: Shell, words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(importing, "TOGETHER", 7)
    status, answer = shell.json(*words(written(tmp_path, "csv", PEOPLE)))
    assert (status, answer["added"]) == (0, 30)
    assert "importing people" in shell.said
    assert "30/30" in shell.said
    assert not any(value in shell.said for one in PEOPLE for value in one.values() if len(value) > 3)


def test_the_page_on_imports_says_what_there_is() -> None:
    page = (ROOT / "docs" / "importing.md").read_text()
    [example] = [
        block for block in re.findall(r"(?:^    .*\n|^\n)+", page, re.MULTILINE) if "[fields.national_id]" in block
    ]
    read = FieldMapping(textwrap.dedent(example).encode(), Schema.default())
    assert read.columns == {"cardNo", "person.born", "issued", "until", "image"}
    reasons = {readers.UNREADABLE, readers.TOO_LONG, readers.MISSHAPEN, AlreadyKept.code}
    reasons |= {ValueMissing.code, ValueInvalid.code, PhotoMissing.code}

    def listed(title: str) -> list[str]:
        section = page.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
        return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)

    assert set(listed("Rows that are not brought in")) == reasons
    assert sorted(listed("How a field is written")) == sorted(Schema.default().fields)
    assert {f".{form}" for form in re.findall(r"`\.(\w+)`", page)} >= set(readers.FORMATS)


# Made up.


def test_where_there_is_no_room_for_people_nothing_is_left(tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    words = [sys.executable, "-m", "moiety", "synth", "people", "--count", "2000", "--out", out]
    no_room = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (1 << 14, 1 << 14))
    done = subprocess.run(words, preexec_fn=no_room, capture_output=True, text=True)
    assert (done.returncode, out.exists()) == (2, False)
    assert "[file_unwritable]" in done.stderr
    out.write_text("mine")
    assert subprocess.run(words, capture_output=True).returncode == 2
    assert out.read_text() == "mine"


def test_people_are_made_up_alike_from_one_seed(shell: Shell, tmp_path: Path) -> None:
    synth = ("synth", "people", "--count", "20", "--out")
    status, answer = shell.json(*synth, tmp_path / "a.jsonl")
    keys(answer, Made)
    assert (status, answer) == (0, {"people": 20, "seed": 1})
    assert shell(*synth, tmp_path / "a.csv") == (0, "20 people whom there are not\n")
    assert shell.json(*synth, tmp_path / "b.jsonl", "--seed", "7")[1]["seed"] == 7
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert lines == list(made_up(1, 20))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == lines
    assert not {one["national_id"] for one in lines} & {
        json.loads(line)["national_id"] for line in (tmp_path / "b.jsonl").read_text().splitlines()
    }
    assert NUMBER not in (tmp_path / "a.csv").read_text()


def test_nothing_is_written_over_by_people_made_up(shell: Shell, tmp_path: Path) -> None:
    precious = tmp_path / f"{NAME}.csv"
    precious.write_text("precious")
    assert shell.refused("synth", "people", "--count", "2", "--out", precious) == (2, "file_unwritable")
    assert precious.read_text() == "precious"
    for wrong in (tmp_path / NAME / "a.csv", tmp_path / "a.xlsx", tmp_path / NAME):
        code = "file_unwritable" if wrong.suffix == ".csv" else "ending_unknown"
        assert shell.refused("synth", "people", "--count", "2", "--out", wrong) == (2, code)
    assert shell("synth", "people", "--count", "-1", "--out", tmp_path / "a.csv")[0] == 2
    assert shell.json("synth", "people", "--count", "0", "--out", tmp_path / "none.csv")[1]["people"] == 0
    assert (tmp_path / "none.csv").read_text() == ",".join(FIELDS) + "\n"
