"""`moiety audit` and receipts of erasures: what they answer, what they end with, and that they repeat nothing."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from moiety import cli
from moiety.cli.audit import Acknowledged, Checked, History, Keys, Line, Stated, Verified
from moiety.cli.person import ErasedAnswer
from moiety.custody.gateway.together import Together
from moiety.custody.unopened import NothingDestroyed
from moiety.identity.pseudonym import Pseudonym
from tests.cli.test_commands import NAME, Shell, keys
from tests.custody.ledgers import place, tamper
from tests.stories.guests import GUEST, guest

TEXTS = {name: value for name, value in GUEST.items() if isinstance(value, str)}
NOBODY = str(Pseudonym("hotel", bytes(16)))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An office with the purpose `hotel` and two guests, and the first one's pseudonym."""
    folder = tmp_path_factory.mktemp("untouched")
    office = folder / "office"
    assert cli.run(["init", str(office), "--example", "hotel"]) == 0
    assert cli.run(["purpose", "add", str(office / "purpose.toml"), "--office", str(office)]) == 0
    for at, given in enumerate((TEXTS, guest(1))):
        (folder / f"{at}.json").write_text(json.dumps(given))
        add = ["person", "add", "hotel", "--from", str(folder / f"{at}.json"), "--grounds", "register"]
        assert cli.run([*add, "--office", str(office)]) == 0
    from moiety import open as open_office

    with open_office(office) as m:
        found = m.purpose("hotel").people().find(TEXTS["national_id"])
        assert found is not None
        return office, str(found.pseudonym)


@pytest.fixture
def shell(
    untouched: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    """A copy of it."""
    shutil.copytree(untouched[0], tmp_path / "office")
    monkeypatch.setenv("MOIETY_OFFICE", str(tmp_path / "office"))
    return Shell(tmp_path / "office", capfd)


@pytest.fixture
def anna(untouched: tuple[Path, str]) -> str:
    return untouched[1]


@pytest.fixture
def known(shell: Shell, tmp_path: Path) -> Path:
    """The keys of the three, in a file."""
    status, answer = shell.json("audit", "keys")
    keys(answer, Keys)
    assert (status, sorted(answer["keys"])) == (0, ["a", "b", "c"])
    assert {len(bytes.fromhex(key)) for key in answer["keys"].values()} == {32}
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(answer))
    return file


# Do they agree?


def test_verify_ends_with_0_where_they_agree(shell: Shell) -> None:
    status, answer = shell.json("audit", "verify")
    keys(answer, Verified)
    assert (status, answer["agree"], answer["difference"]) == (0, True, None)
    assert answer["behind"] == {"gateway": 0, "a": 0, "b": 0, "c": 0}
    assert shell("audit", "verify") == (0, f"the ledgers agree on {answer['operations']} operations\n")
    assert shell("audit", "verify", "--in-flight", "16")[0] == 0
    assert shell("audit", "verify", "--in-flight", "-1")[0] == 2


@pytest.mark.parametrize("log", ["gateway", "a", "b", "c"])
def test_verify_names_the_ledger_that_was_altered(shell: Shell, log: str) -> None:
    number = ("gateway", "a", "b", "c").index(log)
    tamper(place(shell.office, log), "UPDATE ledger_leaf SET said = zeroblob(32) WHERE position = 1")
    status, answer = shell.json("audit", "verify")
    said = f"ledger {log} at position 1 is not what its head signed"
    assert (status, answer["agree"], answer["difference"]) == (1, False, said)
    assert shell("audit", "verify")[1] == f"{said}\n"
    tamper(place(shell.office, log), "DELETE FROM ledger_leaf WHERE position = 1")
    status, answer = shell.json("audit", "verify")
    assert (status, answer["refused"]) == (2, "ledger_tampered")
    assert f"ledger {number} " in answer["advice"]
    shutil.rmtree(place(shell.office, log))
    status, answer = shell.json("audit", "verify")
    assert (status, answer["refused"]) == (2, "ledger_lost")
    assert f"ledger {number} " in answer["advice"]


def test_verify_names_what_was_done_and_not_written(shell: Shell, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shell.json("audit", "verify")[1]["operations"]
    with monkeypatch.context() as patch:
        patch.setattr(Together, "unlock", _unwritten)  # the gateway writes nothing, and tells nobody
        assert shell("person", "reveal", anna, "address", "--reason", "theft")[0] == 0
    status, answer = shell.json("audit", "verify")
    at = answer["difference"].rsplit(" ", 1)[1]
    assert (status, answer["agree"]) == (1, False)
    assert answer["difference"] == f"ledger gateway lacks what ledger a has at {at}"
    assert at.isdigit()
    assert answer["operations"] == before
    status, answer = shell.json("audit", "verify", "--in-flight", "2")
    assert (status, answer["behind"]["gateway"]) == (0, 2)
    assert "ledger gateway lacks 2 that may be on their way\n" in shell("audit", "verify", "--in-flight", "2")[1]
    assert shell("audit", "acknowledge") == (0, "2 operations that the gateway's ledger lacked are written there\n")
    status, answer = shell.json("audit", "acknowledge")
    keys(answer, Acknowledged)
    assert (status, answer) == (0, {"acknowledged": 0, "agree": True, "difference": None})
    # And the person is told of it.
    told = shell.json("audit", "person", anna)[1]["entries"]
    assert [one["ledgers"] for one in told if one["details"].get("reason") == "theft"] == [["a"], ["b"]]


def _unwritten(self: Any, purpose: str, version: bytes, secrets: Any, *, role: str, reason: str) -> Any:
    from moiety.custody.gateway.opening import _opened
    from moiety.custody.store.handles import handles
    from moiety.custody.store.kinds import keys_of

    known = handles(keys_of(purpose), [version])
    told = {
        seat: self.three.custodians[seat].records.unlock(
            keys_of(purpose), known[seat].tobytes(), secrets, role, reason, bytes(16)
        )
        for seat in ("a", "b")
    }
    return _opened(told, secrets)


# What do they say of a person?


def test_person_lists_who_did_what(shell: Shell, anna: str) -> None:
    assert shell("person", "reveal", anna, "address", "--reason", "parcel")[0] == 0
    status, answer = shell.json("audit", "person", anna)
    keys(answer, History)
    assert (status, answer["pseudonym"]) == (0, anna)
    for one in answer["entries"]:
        keys(one, Line)
        assert one["at"].endswith("+00:00")
    said = [(one["what"], one["caller"], one["ledgers"], one["details"]) for one in answer["entries"]]
    parcel = {"purpose": "hotel", "classes": "contact", "reason": "parcel"}
    audited = {"purpose": "hotel", "classes": "access", "reason": "audited"}
    everywhere = ["gateway", "a", "b", "c"]
    assert said[0][:3] == ("enrolment", "office", everywhere)
    assert said[1:3] == [("opening", "office", ["gateway", seat], parcel) for seat in "ab"]
    assert said[3:] == [("opening", "office", ["gateway", seat], audited) for seat in "ab"]  # this question too
    status, out = shell("audit", "person", anna.lower())
    assert status == 0
    assert out.count("\n") == len(said) + 2
    assert "opening     by office            purpose hotel, classes contact, reason parcel  (ledgers gateway, a)" in out
    assert "Canary" not in out


@pytest.mark.parametrize("act", ["restrict", "erase"])
def test_person_is_told_while_nothing_else_of_theirs_opens(shell: Shell, anna: str, act: str) -> None:
    assert shell("person", act, anna)[0] == 0
    status, answer = shell.json("audit", "person", anna)
    assert status == 0
    assert {"enrolment", "restriction", "opening"} <= {one["what"] for one in answer["entries"]}
    assert shell.refused("person", "reveal", anna, "address", "--reason", "parcel") == (2, "nobody_there")
    assert shell.refused("person", "show", anna) == (2, "nobody_there")


def test_person_of_nobody_is_refused_and_repeats_nothing(shell: Shell, anna: str) -> None:
    assert shell.refused("audit", "person", NOBODY) == (2, "nobody_kept")
    assert shell.refused("audit", "person", NAME) == (2, "pseudonym_unreadable")
    assert shell.refused("audit", "verify", "--office", str(shell.office / "nowhere"))[0] == 3


# Receipts.


def test_a_receipt_is_checked_without_an_office(shell: Shell, anna: str, known: Path, tmp_path: Path) -> None:
    file = tmp_path / "erased.json"
    status, answer = shell.json("person", "erase", anna, "--now", "--receipt", file)
    keys(answer, ErasedAnswer)
    assert (status, answer["destroyed"]) == (0, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert anna not in file.read_text()
    shutil.rmtree(shell.office)
    check = ("audit", "receipt", file, "--keys", known, "--person", anna, "--salt", answer["salt"])
    status, checked = shell.json(*check)
    keys(checked, Checked)
    assert (status, checked["valid"]) == (0, True)
    assert [one["custodian"] for one in checked["custodians"]] == ["a", "b", "c"]
    for one in checked["custodians"]:
        keys(one, Stated)
        assert one["destroyed"] == {"keys": 1}
        assert one["live"] < one["epoch_end"]
    assert shell(*check)[1].startswith("custodian a: keys 1 destroyed at 2")

    def refused(**other: str | Path) -> tuple[int, str]:
        given: dict[str, str | Path] = {"file": file, "keys": known, "person": anna, "salt": answer["salt"]} | other
        options = [word for name in ("keys", "person", "salt") for word in (f"--{name}", given[name])]
        return shell.refused("audit", "receipt", given["file"], *options)

    bent = tmp_path / "bent.json"
    bent.write_bytes(file.read_bytes().replace(b'"count": 1', b'"count": 2'))
    other = tmp_path / "other.json"
    told = json.loads(known.read_text())["keys"]
    other.write_text(json.dumps({"keys": {"a": told["b"], "b": told["a"], "c": told["c"]}}))
    assert refused(file=bent) == refused(keys=other) == (2, "receipt_wrong")
    assert refused(person=NOBODY) == refused(salt="00" * 32) == refused(salt="00") == (2, "receipt_wrong")
    for content in ("", "{", "[]", "{}", '{"keys": 7}', '{"keys": {"a": "00"}}', '{"keys": {"a": 1, "b": 1, "c": 1}}'):
        other.write_text(content)
        assert refused(keys=other) == (2, "document_unreadable")
    assert refused(salt="no digits") == refused(file=tmp_path / NAME) == (2, "document_unreadable")
    assert refused(person=NAME) == (2, "pseudonym_unreadable")


def test_no_file_is_left_where_no_receipt_is(
    shell: Shell, anna: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "erased.json"
    erase = ("person", "erase", anna, "--now", "--receipt")
    taken = tmp_path / "taken.json"
    taken.write_text("mine")
    assert shell.refused(*erase, taken)[0] == 2
    assert taken.read_text() == "mine"
    assert shell.refused(*erase, tmp_path / "nowhere" / "erased.json")[0] == 2
    assert shell.json("person", "show", anna)[1]["state"] == "active"  # nothing was done yet

    def refuse(*asked: object) -> None:
        raise NothingDestroyed

    with monkeypatch.context() as patch:
        patch.setattr(Together, "attest", refuse)
        said = "destroyed at all three custodians\nno receipt: the keys were destroyed before\n"
        assert shell(*erase, file) == (0, said)
    assert not file.exists()
    assert shell.refused("person", "show", anna) == (2, "nobody_kept")


def test_an_erasure_that_waits_has_no_receipt_yet(shell: Shell, anna: str, tmp_path: Path) -> None:
    file = tmp_path / "erased.json"
    status, answer = shell.json("person", "erase", anna, "--receipt", file)
    assert (status, answer["destroyed"], answer["salt"]) == (0, False, None)
    assert not file.exists()
    status, answer = shell.json("person", "erase", anna, "--now", "--receipt", file)
    assert (status, answer["destroyed"], len(answer["salt"])) == (0, True, 64)
    assert file.exists()


def test_where_a_ledger_cannot_be_written_commands_end_with_3(
    shell: Shell, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moiety.database import sqlite

    monkeypatch.setattr(sqlite, "AT_ONCE", (*sqlite.AT_ONCE, "PRAGMA query_only=ON"))
    assert shell.refused("person", "reveal", anna, "address", "--reason", "parcel") == (3, "ledger_unwritable")
    assert shell.refused("audit", "verify") == (3, "ledger_unwritable")
    assert shell.refused("refresh") == (3, "ledger_unwritable")
