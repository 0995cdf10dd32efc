"""Commands about people's records: what they answer, what they end with, and that they repeat nothing."""

from __future__ import annotations

import base64
import errno
import io
import json
import os
import re
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import moiety
from moiety.cli.basis import Based, Given, WithdrawnAnswer
from moiety.cli.person import Added, Changed, ErasedAnswer, Found, Shown, Standing
from moiety.cli.sweeping import ClockAnswer, Swept
from moiety.identity.pseudonym import Pseudonym
from moiety.vault.schema import Schema
from moiety.vault.values import PHOTO_LIMIT
from tests.cli.test_commands import NAME, Shell, keys
from tests.stories.guests import GUEST, NUMBER, PHOTO, guest
from tests.stories.scene import DOOR, Photographs

TEXTS = {name: value for name, value in GUEST.items() if isinstance(value, str)}
NOBODY = str(Pseudonym("hotel", bytes(16)))
ELSEWHERE = str(Pseudonym("gate", bytes(16)))


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
def values(tmp_path: Path) -> Any:
    """Writes a file of values."""

    def write(given: Any) -> Path:
        file = tmp_path / "values.json"
        file.write_bytes(given if isinstance(given, bytes) else json.dumps(given).encode())
        return file

    return write


@pytest.fixture
def anna(shell: Shell, values: Any, tmp_path: Path) -> str:
    """Somebody of whom every field is known: the pseudonym."""
    (tmp_path / "photo").write_bytes(PHOTO)
    photo = ("--photo", tmp_path / "photo")
    status, answer = shell.json("person", "add", "hotel", "--from", values(TEXTS), *photo, "--grounds", "consent")
    keys(answer, Added)
    assert status == 0
    assert shell("check")[0] == 0
    return str(answer["pseudonym"])


def typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Somebody types this on stdin, or pipes it there."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_add_answers_with_a_pseudonym_and_the_last_day(shell: Shell, values: Any) -> None:
    add = ("person", "add", "hotel", "--from", values(guest(1)), "--grounds", "register")
    status, out = shell(*add)
    assert status == 0
    assert out.startswith("hotel-")
    assert out.count("\n") == 1
    assert shell.refused(*add) == (2, "already_kept")
    status, answer = shell.json(*add[:4], values(guest(2)), *add[5:], "--how", "spoken", "--text", "2031-05")
    keys(answer, Added)
    assert (status, len(answer["expires"])) == (0, 10)


def test_find_ends_with_1_where_there_is_nobody(
    shell: Shell, anna: str, values: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = ("person", "find", "hotel", "--from")
    typed(monkeypatch, json.dumps({"national_id": NUMBER.lower()}).encode())
    assert shell(*find, "-") == (0, f"{anna}\n")
    status, answer = shell.json(*find, values({"name": "wáng canary  LI", "birth_date": "1949-12-31"}))
    keys(answer, Found)
    assert (status, answer) == (0, {"pseudonyms": [anna]})
    for given in ({"national_id": guest(1)["national_id"]}, {"name": NAME, "birth_date": "1949-12-31"}):
        assert shell.json(*find, values(given)) == (1, {"pseudonyms": []})
    status, out = shell(*find, values({"national_id": guest(1)["national_id"]}))
    assert (status, out) == (1, "nobody is kept who has these\n")
    for wrong in ({"national_id": NAME}, {"national_id": None}):
        assert shell.refused(*find, values(wrong)) == (2, "identifier_invalid")
    for wrong in ({}, {"name": NAME}, {"national_id": NUMBER, "name": NAME}):
        assert shell.refused(*find, values(wrong)) == (2, "not_in_index")


def test_show_is_masked_and_reveal_is_not(shell: Shell, anna: str) -> None:
    status, answer = shell.json("person", "show", anna)
    keys(answer, Shown)
    assert status == 0
    assert (answer["pseudonym"], answer["state"]) == (anna, "active")
    assert (answer["fields"]["national_id"], answer["fields"]["name"]) == ("110105********002X", "W***")
    assert set(answer["fields"]) == set(GUEST) - {"sex", "birth_date", "photo"}
    assert set(shell.json("person", "show", anna, "--role", "officer")[1]["fields"]) == set(GUEST)
    status, out = shell("person", "show", anna.lower())
    assert status == 0
    assert out.splitlines()[:2] == ["state           active", "national_id     110105********002X"]
    assert "Canary" not in out

    reveal = ("person", "reveal", anna, "address", "national_id", "--reason", "parcel")
    status, answer = shell.json(*reveal)
    keys(answer, Shown)
    assert (status, answer["fields"]) == (0, {"address": GUEST["address"], "national_id": NUMBER})
    assert shell(*reveal)[1].splitlines() == [f"address         {GUEST['address']}", f"national_id     {NUMBER}"]
    assert shell.refused("person", "reveal", anna, "sex", "--reason", "parcel") == (2, "class_refused")
    assert shell.refused("person", "reveal", anna, "sex", "--reason", f"for {NAME}") == (2, "reason_unsaid")
    assert shell.refused("person", "reveal", anna, NAME, "--reason", "parcel") == (2, "field_unknown")
    assert shell.refused("person", "reveal", anna, "sex", "--reason", "a", "--role", "guest") == (2, "class_refused")
    assert shell("person", "reveal", anna, "sex")[0] == 2


def test_a_photograph_goes_into_a_file_of_its_own(shell: Shell, anna: str, values: Any, tmp_path: Path) -> None:
    reveal = ("person", "reveal", anna, "photo", "--reason", "inspection", "--role", "officer")
    status, answer = shell.json(*reveal)
    assert (status, base64.b64decode(answer["fields"]["photo"])) == (0, PHOTO)
    out = tmp_path / "out.jpg"
    assert shell(*reveal, "--photo-to", out) == (0, "photo           (a photograph: in its file)\n")
    assert out.read_bytes() == PHOTO
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert shell.refused(*reveal, "--photo-to", out) == (2, "file_unwritable")
    assert shell.refused(*reveal, "--photo-to", tmp_path / NAME / "out.jpg") == (2, "file_unwritable")
    new = tmp_path / f"{NAME}.jpg"
    new.write_bytes(PHOTO[:2_000])
    correct = ("person", "correct", anna, "--from", values({}), "--role", "officer", "--photo")
    assert shell.json(*correct, new)[1]["corrected"] == ["photo"]
    assert shell(*reveal, "--photo-to", tmp_path / "second.jpg")[0] == 0
    assert (tmp_path / "second.jpg").read_bytes() == PHOTO[:2_000]
    for wrong in (PHOTO.ljust(PHOTO_LIMIT + 1, b"a"), PHOTO[1:], b"no picture"):
        new.write_bytes(wrong)
        assert refused_where(shell, *correct, new) == ("value_invalid", "photo")
    assert shell.refused(*correct, tmp_path / "nothing.jpg") == (2, "document_unreadable")


def test_a_photograph_without_a_place_is_not_opened(shell: Shell, anna: str, tmp_path: Path) -> None:
    def openings() -> int:
        entries = shell.json("audit", "person", anna)[1]["entries"]
        return sum(one["details"].get("reason") == "inspection" for one in entries)

    reveal = ("person", "reveal", anna, "address", "photo", "--reason", "inspection", "--role", "officer")
    assert openings() == 0
    assert shell(*reveal) == (2, "")
    assert shell.said.endswith("[photo_nowhere]\n")
    assert "--photo-to" in shell.said
    (tmp_path / "there.jpg").write_bytes(b"another picture")
    assert shell.refused(*reveal, "--photo-to", tmp_path / "there.jpg") == (2, "file_unwritable")
    assert openings() == 0
    assert (tmp_path / "there.jpg").read_bytes() == b"another picture"
    assert shell(*reveal, "--photo-to", tmp_path / "new.jpg")[0] == 0
    assert openings() == 2  # one of each class
    unsaid = tmp_path / "unsaid.jpg"
    assert shell.refused(*reveal[:-1], "operator", "--photo-to", unsaid) == (2, "class_refused")
    assert not unsaid.exists()


def refused_where(shell: Shell, *words: str | Path) -> tuple[str, str]:
    """The code of a refusal, and which field it names."""
    status, answer = shell.json(*words)
    assert status == 2
    assert set(answer) == {"refused", "advice", "where"}
    assert shell(*words) == (2, "")
    assert shell.said.endswith(f"moiety: {answer['advice']}: {answer['where']} [{answer['refused']}]\n")
    return str(answer["refused"]), str(answer["where"])


def test_values_that_will_not_do_are_named_by_their_field_and_not_quoted(shell: Shell, values: Any) -> None:
    add = ("person", "add", "hotel", "--grounds", "register", "--from")
    for field, wrong in {
        "national_id": NAME,
        "birth_date": NAME,
        "sex": NAME,
        "nationality": NAME,
        "document_dates": NAME,
        "name": NAME * 100,
        "address": NAME + "\x07",
    }.items():
        assert refused_where(shell, *add, values(TEXTS | {field: wrong})) == ("value_invalid", field)
    assert shell.refused(*add, values(TEXTS | {NAME: "1"})) == (2, "field_unknown")
    assert f"it keeps 10: {', '.join(Schema.default().fields)}, room [" in shell.said
    assert shell.refused(*add, values({"name": NAME})) == (2, "no_number")
    for wrong in (b"", b"{", b"[]", b"7", b'{"name": 7}', b'{"name": {}}', b'{"name": "\xff"}', b"[" * 5_000):
        assert shell.refused(*add, values(wrong)) == (2, "values_unreadable")
    assert shell.refused(*add, values({"address": "1 " * 40_000})) == (2, "values_unreadable")
    assert shell.refused(*add, shell.office / NAME) == (2, "document_unreadable")
    good = values(TEXTS)
    assert shell.refused(*add[:3], "--grounds", NAME, "--from", good) == (2, "grounds_unknown")
    assert shell.refused(*add, good, "--how", NAME) == (2, "basis_invalid")
    assert shell.refused(*add, good, "--text", f"what {NAME} was told") == (2, "basis_invalid")
    assert shell.json("person", "find", "hotel", "--from", values({"national_id": NUMBER}))[0] == 1


def test_correct_says_which_fields_were_written(
    shell: Shell, anna: str, values: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, json.dumps({"room": None, "address": "2 New Street"}).encode())
    assert shell("person", "correct", anna, "--from", "-") == (0, "written anew: address, room\n")
    status, answer = shell.json("person", "correct", anna, "--from", values({"address": "3 New Street"}))
    keys(answer, Changed)
    assert (status, answer) == (0, {"pseudonym": anna, "corrected": ["address"]})
    revealed = shell.json("person", "reveal", anna, "address", "room", "--reason", "parcel")[1]
    assert revealed["fields"] == {"address": "3 New Street", "room": ""}
    correct = ("person", "correct", anna, "--from")
    assert refused_where(shell, *correct, values({"document_dates": NAME})) == ("value_invalid", "document_dates")
    assert shell.refused(*correct, values({"national_id": guest(1)["national_id"]})) == (2, "number_fixed")
    assert shell.refused(*correct, values({})) == (2, "field_unknown")
    assert shell.refused(*correct, values({"sex": "M"})) == (2, "class_refused")


def test_restrict_lift_and_withdraw(shell: Shell, anna: str, values: Any) -> None:
    reveal = ("person", "reveal", anna, "address", "--reason", "parcel")
    status, answer = shell.json("person", "restrict", anna.lower())
    keys(answer, Standing)
    assert (status, answer) == (0, {"pseudonym": anna, "restricted": True})
    assert shell.refused(*reveal) == (2, "nobody_there")
    assert shell("person", "lift", anna) == (0, "not restricted any more\n")
    assert shell(*reveal)[0] == 0
    status, answer = shell.json("person", "withdraw", anna)
    keys(answer, WithdrawnAnswer)
    assert (status, answer["erased"], answer["destroyed"], answer["grounds"]) == (0, True, False, [])
    assert answer["at"].endswith("+00:00")
    assert answer["again"] == ["moiety person add hotel --from FILE --grounds consent"]
    assert shell.refused("person", "restore", anna) == (2, "grounds_missing")
    assert shell.refused("person", "consent", anna, "--grounds", "consent") == (2, "move_refused")
    assert shell.refused(*reveal) == (2, "nobody_there")
    assert shell.refused("person", "withdraw", anna) == (2, "nothing_to_withdraw")
    assert shell.refused("person", "restrict", anna) == (2, "move_refused")
    status, answer = shell.json("person", "sweep", "hotel")
    keys(answer, Swept)
    assert (status, answer) == (0, {"destroyed": 0, "receipts": 0, "warning": None})
    assert shell("person", "sweep", "hotel") == (0, "0 people whose time was over\n")


def test_grounds_are_shown_given_and_taken_back(shell: Shell, anna: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    status, answer = shell.json("person", "basis", anna)
    keys(answer, Based)
    keys(answer["basis"][0], Given)
    first = {
        "grounds": "consent", "article_6": "6(1)(a)", "article_9": "9(2)(a)", "text": "1", "given": today,
        "how": "office", "withdrawn": None, "withdrawn_how": None, "stands": True,
    }  # fmt: skip
    assert (status, answer) == (0, {"pseudonym": anna, "basis": [first]})
    more = ("--grounds", "register", "--text", "2031-05", "--how", "electronic")
    status, answer = shell.json("person", "consent", anna, *more)
    second = first | {
        "grounds": "register", "article_6": "6(1)(c)", "article_9": "", "text": "2031-05", "how": "electronic"
    }  # fmt: skip
    assert (status, answer["basis"]) == (0, [first, second])
    status, answer = shell.json("person", "withdraw", anna, "--grounds", "consent", "--how", "spoken")
    keys(answer, WithdrawnAnswer)
    consents = f"moiety person consent {anna} --grounds consent"
    again = [consents, f"moiety enrol hotel PICTURE --grounds consent --person {anna}"]
    kept = {"erased": False, "destroyed": False, "at": None, "salt": None, "grounds": ["register"], "again": again}
    assert (status, answer) == (0, kept)
    ended = first | {"withdrawn": today, "withdrawn_how": "spoken", "stands": False}
    assert shell.json("person", "basis", anna)[1]["basis"] == [ended, second]
    assert shell("person", "basis", anna) == (
        0,
        f"consent         6(1)(a) 9(2)(a) text 1, given {today} (office); withdrawn {today} (spoken)\n"
        f"register        6(1)(c)         text 2031-05, given {today} (electronic); holds\n",
    )
    assert shell(*consents.split()[1:])[1].splitlines()[2].endswith("; holds")
    assert "; given anew" in shell("person", "consent", anna, "--grounds", "consent", "--text", "2")[1]
    said = "kept on register\nto give it again, and enrol a face where there was one:\n"
    assert shell("person", "withdraw", anna) == (0, said + "".join(f"  {command}\n" for command in again))
    assert shell.refused("person", "withdraw", anna) == (2, "nothing_to_withdraw")
    assert shell.refused("person", "withdraw", anna, "--grounds", NAME) == (2, "grounds_unknown")
    for how in (NAME, "imported"):
        assert shell.refused("person", "withdraw", anna, "--how", how) == (2, "basis_invalid")
    assert "paper, electronic, spoken or office" in shell.said
    assert "were taken back" in " ".join(shell("person", "withdraw", "--help")[1].split())
    assert shell.refused("person", "consent", anna, "--grounds", NAME) == (2, "grounds_unknown")
    for wrong in (("--how", NAME), ("--how", "imported"), ("--text", f"what {NAME} was told")):
        assert shell.refused("person", "consent", anna, "--grounds", "consent", *wrong) == (2, "basis_invalid")
    entries = shell.json("audit", "person", anna)[1]["entries"]
    told = [(one["details"]["grounds"], one["what"]) for one in entries if "grounds" in one["details"]]
    assert sorted(told) == sorted([
        ("consent", "enrolment"), ("register", "consent"), ("consent", "withdrawal"), ("consent", "consent"),
        ("consent", "consent"), ("consent", "withdrawal"),
    ])  # fmt: skip
    assert shell("audit", "verify")[0] == 0


@pytest.mark.parametrize(("days", "where"), [(60, "46 days ahead"), (-3, "3 days behind")])
def test_a_clock_that_is_not_believed_is_said_until_somebody_confirms_it(
    days: int, where: str, shell: Shell, anna: str, values: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell("person", "clock", "hotel")[0] == 0
    assert moiety.open.__kwdefaults__ is not None
    monkeypatch.setitem(moiety.open.__kwdefaults__, "clock", lambda: datetime.now(UTC) + timedelta(days=days))
    for words in (("sweep", "hotel"), ("add", "hotel", "--from", values(guest(1)), "--grounds", "register")):
        status, answer = shell.json("person", *words)
        assert status == 0
        assert where in answer["warning"]
        assert answer["warning"] in shell.said
        assert "--confirm" in answer["warning"]
    today = datetime.now(UTC).date()
    assert answer["expires"] == (today + timedelta(days=365 + max(days, 0))).isoformat()
    status, answer = shell.json("person", "clock", "hotel")
    keys(answer, ClockAnswer)
    assert (status, answer["days_off"]) == (1, int(where.split()[0]) * (1 if days > 0 else -1))
    status, out = shell("person", "clock", "hotel")
    assert (status, out.splitlines()[2]) == (1, answer["warning"])
    status, answer = shell.json("person", "clock", "hotel", "--confirm")
    assert (status, answer["days_off"], answer["warning"]) == (0, 0, None)
    assert answer["clock"] == answer["believed"]
    assert shell.json("person", "sweep", "hotel") == (0, {"destroyed": 0, "receipts": 0, "warning": None})
    assert "days" not in shell.said


@pytest.mark.parametrize("how", ["erase", "sweep"])
def test_nobody_is_destroyed_where_there_is_no_room_for_the_receipt(
    how: str, shell: Shell, anna: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was destroyed and handed the receipt is never handed another."""
    kept = tmp_path / "receipts"
    kept.mkdir(0o700)
    asked: tuple[str | Path, ...] = ("person", "erase", anna, "--now", "--receipt", kept / "erased.json")
    if how == "sweep":
        assert shell("person", "erase", anna)[0] == 0
        assert moiety.open.__kwdefaults__ is not None
        later = datetime.now(UTC) + timedelta(hours=72, minutes=1)
        monkeypatch.setitem(moiety.open.__kwdefaults__, "clock", lambda: later)
        asked = ("person", "sweep", "hotel", "--receipts", kept)
    pwrite = os.pwrite

    def full(descriptor: int, content: bytes, at: int) -> int:
        if len(content) > 1_000:
            raise OSError(errno.ENOSPC, "no space")
        return pwrite(descriptor, content, at)

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        assert shell.refused(*asked) == (2, "file_unwritable")
    assert list(kept.iterdir()) == []
    status, answer = shell.json(*asked)
    assert (status, len(list(kept.glob("*.json")))) == (0, 1)
    assert answer["destroyed"] == 1  # of one person, or True


def test_a_sweep_writes_receipts_that_name_nobody(
    shell: Shell, anna: str, values: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bert = shell.json("person", "add", "hotel", "--from", values(guest(1)), "--grounds", "register")[1]["pseudonym"]
    for who in (anna, bert):
        assert shell("person", "erase", who)[0] == 0
    kept = tmp_path / "receipts"
    sweep = ("person", "sweep", "hotel", "--receipts")
    assert shell(*sweep, kept) == (0, "0 people whose time was over\nreceipts written: 0\n")
    assert (list(kept.iterdir()), stat.S_IMODE(kept.stat().st_mode)) == ([], 0o700)
    assert moiety.open.__kwdefaults__ is not None
    later = datetime.now(UTC) + timedelta(hours=72, minutes=1)
    monkeypatch.setitem(moiety.open.__kwdefaults__, "clock", lambda: later)
    kept.chmod(0o750)
    assert shell.refused(*sweep, kept) == (2, "folder_open")
    assert shell.refused(*sweep, tmp_path / NAME / "receipts") == (2, "file_unwritable")
    assert shell.refused(*sweep, tmp_path / "values.json")[1] in {"file_unwritable", "folder_open"}
    kept.chmod(0o700)
    status, answer = shell.json(*sweep, kept)
    keys(answer, Swept)
    assert (status, answer) == (0, {"destroyed": 2, "receipts": 2, "warning": None})
    files = sorted(kept.iterdir())
    assert len({file.stem for file in files}) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}\.(json|salt)", file.name) for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    for file in files:
        assert b"hotel" not in file.read_bytes()
    (tmp_path / "keys.json").write_text(json.dumps(shell.json("audit", "keys")[1]))
    about = []
    for file in kept.glob("*.json"):
        salt = file.with_suffix(".salt").read_text().strip()
        asked = [
            shell("audit", "receipt", file, "--keys", tmp_path / "keys.json", "--person", who, "--salt", salt)[0]
            for who in (anna, bert)
        ]
        about.append(asked)
    assert sorted(about) == [[0, 2], [2, 0]]


def test_erase_in_three_days_or_now(shell: Shell, anna: str, tmp_path: Path, values: Any) -> None:
    status, answer = shell.json("person", "erase", anna)
    keys(answer, ErasedAnswer)
    assert (status, answer["erased"], answer["destroyed"]) == (0, True, False)
    assert shell("person", "erase", anna)[1].splitlines() == [
        f"answers nobody any more; destroyed from {answer['at']} on",
        f"until then: moiety person restore {anna}",
    ]
    for wanted in (("national_id",), ("name", "birth_date")):
        find = ("person", "find", "hotel", "--from", values({name: TEXTS[name] for name in wanted}))
        assert shell.json(*find) == (1, {"pseudonyms": []})
        assert shell("person", "restore", anna)[0] == 0
        assert shell.json(*find) == (0, {"pseudonyms": [anna]})
        assert shell("person", "erase", anna)[0] == 0
    assert shell.refused("person", "erase", anna, "--request", tmp_path / "r.json") == (2, "nobody_signs")
    status, answer = shell.json("person", "erase", anna, "--now")
    assert (status, answer["erased"], answer["destroyed"]) == (0, True, True)
    assert shell.refused("person", "show", anna) == (2, "nobody_kept")
    assert shell("person", "erase", anna, "--now") == (1, "nobody is enrolled by this pseudonym\n")
    assert shell("check")[0] == 0


@pytest.mark.parametrize(
    "words", ["show", "reveal", "correct", "restrict", "lift", "withdraw", "restore", "basis", "consent"]
)
def test_of_nobody_nothing_is_done(words: str, shell: Shell, values: Any) -> None:
    more: dict[str, tuple[str | Path, ...]] = {
        "reveal": ("address", "--reason", "parcel"),
        "correct": ("--from", values({"address": "2 New Street"})),
        "consent": ("--grounds", "consent"),
    }
    assert shell.refused("person", words, NOBODY, *more.get(words, ())) == (2, "nobody_kept")
    assert shell.refused("person", words, NAME, *more.get(words, ())) == (2, "pseudonym_unreadable")
    assert shell.refused("person", words, ELSEWHERE, *more.get(words, ())) == (2, "purpose_unknown")
    assert shell.refused("person", words, NOBODY, *more.get(words, ()), "--office", "nowhere")[0] == 3


def test_a_purpose_without_records_keeps_none(shell: Shell, values: Any, tmp_path: Path) -> None:
    (tmp_path / "door.toml").write_text(DOOR)
    assert shell("purpose", "add", tmp_path / "door.toml")[0] == 0
    given = ("--from", values(TEXTS))
    assert shell.refused("person", "add", "door", *given, "--grounds", "consent") == (2, "no_records")
    assert shell.refused("person", "find", "door", *given) == (2, "no_records")
    assert shell.refused("person", "sweep", "door") == (2, "no_records")


def test_status_counts_records_beside_faces(shell: Shell, anna: str, values: Any, tmp_path: Path) -> None:
    (tmp_path / "door.toml").write_text(DOOR)
    assert shell("purpose", "add", tmp_path / "door.toml")[0] == 0
    bert = shell.json("person", "add", "hotel", "--from", values(guest(1)), "--grounds", "register")[1]["pseudonym"]

    def records() -> dict[str, int | None]:
        return {row["purpose"]: row["records"] for row in shell.json("status")[1]["purposes"]}

    assert records() == {"door": None, "hotel": 2}
    assert shell("person", "restrict", anna)[0] == 0
    assert records()["hotel"] == 2
    assert shell("person", "erase", bert)[0] == 0
    assert records()["hotel"] == 1
    lines = shell("status")[1].splitlines()
    assert lines[0].startswith("door: 0 enrolled in ")
    assert lines[1].startswith("hotel: 1 records, 0 enrolled in ")


def test_a_face_is_enrolled_beside_a_record(shell: Shell, anna: str, photographs: Photographs, tmp_path: Path) -> None:
    enrol = ("enrol", "hotel", photographs.anna[0], "--grounds", "consent", "--person")
    status, answer = shell.json(*enrol, anna)
    assert (status, answer["pseudonym"]) == (0, anna)
    assert shell("verify", "hotel", photographs.anna[1], "--claimed", anna)[0] == 0
    assert shell.refused(*enrol, anna) == (2, "already_enrolled")
    many = ("enrol", "hotel", "--folders", tmp_path, "--map", tmp_path / "map", "--grounds", "consent")
    assert shell.refused(*many, "--person", anna) == (2, "enrol_one_or_many")
    assert shell("person", "restrict", anna)[0] == 0
    assert shell.refused(*enrol, anna) == (2, "person_missing")
    assert shell("verify", "hotel", photographs.anna[1], "--claimed", anna)[0] == 1
    assert shell("person", "erase", anna, "--now")[0] == 0
    assert shell.refused(*enrol, anna) == (2, "nobody_kept")
    assert shell.json("status")[1]["purposes"][0]["people"] == 0


def test_no_face_is_enrolled_where_the_law_asks_for_a_register_alone(
    shell: Shell, anna: str, values: Any, photographs: Photographs
) -> None:
    add = ("person", "add", "hotel", "--from", values(guest(1)), "--grounds", "register")
    bert = shell.json(*add)[1]["pseudonym"]
    enrol = ("enrol", "hotel", photographs.anna[0], "--grounds")
    for words in ((*enrol, "consent", "--person", bert), (*enrol, "register", "--person", anna), (*enrol, "register")):
        assert shell.refused(*words) == (2, "face_grounds_missing")
    assert shell.json("status")[1]["purposes"][0]["people"] == 0
