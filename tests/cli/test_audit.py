"""`moiety audit` and receipts of erasures: what they answer, what they end with, and that they repeat nothing."""

from __future__ import annotations

import json
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moiety import cli
from moiety.cli.audit import Acknowledged, Checked, History, Keys, Line, Listed, Stated, Verified, _openings_once
from moiety.cli.basis import Given
from moiety.cli.person import ErasedAnswer
from moiety.cli.proving import ProofChecked, Proved
from moiety.custody import noting
from moiety.custody.chronicle import Chronicle
from moiety.custody.gateway.together import Together
from moiety.custody.refusals import CustodianDown
from moiety.custody.unopened import NothingDestroyed
from moiety.identity.pseudonym import Pseudonym
from moiety.ledger.operation import Party
from tests.cli.test_commands import NAME, Shell, keys
from tests.custody.ledgers import place, tamper
from tests.stories.guests import GUEST, guest

TEXTS = {name: value for name, value in GUEST.items() if isinstance(value, str)}
NOTHING = {"a": 0, "b": 0, "c": 0}
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
    assert {len(bytes.fromhex(key)) for key in [*answer["keys"].values(), answer["gateway"]]} == {32}
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
def test_verify_names_the_ledger_that_was_altered(shell: Shell, anna: str, log: str) -> None:
    """Also where the office does not open over it: what is looked for was found."""
    whose = "the gateway" if log == "gateway" else f"custodian {log}"
    for statement in (
        "UPDATE ledger_leaf SET said = zeroblob(32) WHERE position = 1",
        "DELETE FROM ledger_leaf WHERE position = 1",
    ):
        tamper(place(shell.office, log), statement)
        status, answer = shell.json("audit", "verify")
        keys(answer, Verified)
        said = f"ledger {log} is not what its head signed, at position 1 or after it"
        assert (status, answer["agree"], answer["difference"]) == (1, False, said)
        assert (answer["ledger"], answer["position"]) == (log, 1)
        assert shell("audit", "verify") == (1, f"{said}\n")
    assert shell.refused("person", "show", anna) == (2, "ledger_tampered")  # nothing is done over it
    assert f"the ledger of {whose} was altered" in shell.json("person", "show", anna)[1]["advice"]
    shutil.rmtree(place(shell.office, log))
    status, answer = shell.json("audit", "verify")
    assert (status, answer["refused"]) == (2, "ledger_lost")
    assert f"the ledger of {whose} is not there" in answer["advice"]


@pytest.mark.parametrize("log", ["gateway", "b"])
def test_verify_names_the_ledger_that_was_put_back(shell: Shell, anna: str, log: str, tmp_path: Path) -> None:
    shutil.copytree(place(shell.office, log), tmp_path / "old")
    assert shell("person", "reveal", anna, "address", "--reason", "parcel")[0] == 0
    assert shell("audit", "verify")[0] == 0
    shutil.rmtree(place(shell.office, log))
    shutil.move(tmp_path / "old", place(shell.office, log))
    status, answer = shell.json("audit", "verify")
    assert (status, answer["agree"], answer["ledger"], answer["position"]) == (1, False, log, None)
    whose = "the gateway" if log == "gateway" else f"custodian {log}"
    assert answer["difference"].startswith(f"the ledger of {whose} is not what it was when it was looked at before")


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
    assert (status, answer) == (0, {"acknowledged": 0, "custodians": NOTHING, "agree": True, "difference": None})
    # And the person is told of it.
    told = shell.json("audit", "person", anna)[1]["entries"]
    assert [one["ledgers"] for one in told if one["details"].get("reason") == "theft"] == [["a"], ["b"]]
    assert "reason theft, role operator  (written down by custodians a, b)\n" in shell("audit", "person", anna)[1]


def test_what_a_custodian_lacks_is_acknowledged_and_said_in_every_audit_from_then_on(
    shell: Shell, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = noting.restricted

    def restricted(written: Chronicle, *given: Any) -> None:
        if written.party is Party.B:
            written.require_writable()
        else:
            honest(written, *given)

    with monkeypatch.context() as patch:
        patch.setattr(noting, "restricted", restricted)
        assert shell("person", "restrict", anna)[0] == 0
    status, answer = shell.json("audit", "verify")
    assert (status, answer["acknowledged"]) == (1, NOTHING)
    assert answer["difference"].startswith("ledger b lacks what ledger ")
    status, said = shell("audit", "acknowledge")
    assert status == 0
    assert "custodian b wrote down that it lacks 1\n" in said
    status, answer = shell.json("audit", "verify")
    keys(answer, Verified)
    assert (status, answer["agree"], answer["acknowledged"]) == (0, True, NOTHING | {"b": 1})
    assert "custodian b lacks 1, and has acknowledged it\n" in shell("audit", "verify")[1]
    [told] = [one for one in shell.json("audit", "list")[1]["entries"] if one["what"] == "acknowledgement"]
    assert (told["caller"], told["ledgers"]) == ("office", ["b"])
    assert (told["details"]["parties"], told["details"]["beside"]) == ("a, b, c", "a, c")
    entries = shell.json("audit", "person", anna)[1]["entries"]
    [restriction] = [one for one in entries if one["operation"] == told["details"]["operation"]]
    assert (restriction["what"], restriction["ledgers"]) == ("restriction", ["a", "c"])


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
    parcel = {"purpose": "hotel", "classes": "contact", "reason": "parcel", "role": "operator"}
    audited = {"purpose": "hotel", "classes": "access", "reason": "audited", "role": "operator"}
    everywhere = ["gateway", "a", "b", "c"]
    assert said[0][:3] == ("enrolment", "office", everywhere)
    assert said[1:3] == [("opening", "office", ["gateway", seat], parcel) for seat in "ab"]
    assert said[3:] == [("opening", "office", ["gateway", seat], audited) for seat in "ab"]  # this question too
    operations = [one["operation"] for one in answer["entries"]]
    assert len(set(operations)) == len(operations)
    assert {len(bytes.fromhex(one)) for one in operations} == {16}
    [given] = answer["grounds"]
    keys(given, Given)
    day = answer["entries"][0]["at"][:10]
    assert {name: given[name] for name in ("grounds", "article_6", "text", "given", "how", "withdrawn", "stands")} == {
        "grounds": "register",
        "article_6": "6(1)(c)",
        "text": "1",
        "given": day,
        "how": "office",
        "withdrawn": None,
        "stands": True,
    }
    status, out = shell("audit", "person", anna.lower())
    assert status == 0
    # Each opening is one line there, of both who wrote it down: the parcel, and two of these questions.
    assert len(out.splitlines()) == 1 + 1 + 3
    first = out.partition("\n")[0]
    assert first.startswith("register  ")
    assert first.endswith(f"text 1, given {day} (office); holds")
    said_of_it = "purpose hotel, classes contact, reason parcel, role operator"
    assert [line.partition("by office")[2].strip() for line in out.splitlines() if "parcel" in line] == [
        f"{said_of_it}  (written down by custodians a, b and the gateway)"
    ]
    assert out.splitlines()[1].endswith("(written down by custodians a, b, c and the gateway)")
    assert "Canary" not in out


def test_an_opening_is_one_line_of_both_and_two_in_a_minute_are_two() -> None:
    def one(*ledgers: str, **other: Any) -> Line:
        details = {"classes": "contact", "reason": "parcel"}
        at = "2031-05-06T07:08+00:00"
        return {"operation": "", "at": at, "what": "opening", "caller": "office", "ledgers": [*ledgers],
                "details": details, **other}  # type: ignore[typeddict-item]  # fmt: skip

    gateway = "gateway"
    asked = [one(gateway, "a"), one(gateway, "b"), one(gateway, "a"), one(gateway, "c")]
    assert _openings_once(asked) == [one(gateway, "a", "b"), one(gateway, "a", "c")]
    # What is not alike is no half of it: another time, reason or caller, or one that the gateway has not written down.
    apart = [
        one(gateway, "a"), one(gateway, "b", at="2031-05-06T07:09+00:00"), one(gateway, "b", details={}),
        one(gateway, "b", caller="desk"), one("b"), one(gateway, "b", what="correction"),
    ]  # fmt: skip
    assert _openings_once(apart) == apart


def test_when_somebody_is_due_is_told_as_a_time(shell: Shell, anna: str, tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    changes.write_text('{"address": "1 New Street"}')
    assert shell("person", "correct", anna, "--from", changes)[0] == 0  # which destroys the version of before
    entries = shell.json("audit", "person", anna)[1]["entries"]
    [details] = [one["details"] for one in entries if one["what"] == "erasure"]
    due = datetime.fromtimestamp(60 * int(details["due"]), UTC).isoformat(timespec="minutes")
    assert details["due_at"] == due
    [line] = [line for line in shell("audit", "person", anna)[1].splitlines() if "erasure" in line]
    assert f"reason written_anew, due {due}  (written down by custodians a, b, c)" in line
    assert details["due"] not in line


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


# What do they say to everybody?


def test_list_has_what_is_about_nobody_and_nothing_of_anybody(shell: Shell, anna: str) -> None:
    assert shell("person", "reveal", anna, "address", "--reason", "parcel")[0] == 0
    status, answer = shell.json("audit", "list")
    keys(answer, Listed)
    assert status == 0
    for one in answer["entries"]:
        keys(one, Line)
    adopted = [one["ledgers"] for one in answer["entries"] if one["details"].get("part") == "purpose"]
    assert sorted(adopted) == [["a"], ["b"], ["c"], ["gateway"]]  # each writes that down alone
    assert {one["what"] for one in answer["entries"]} == {"configuration", "key", "lookup"}
    assert "parcel" not in json.dumps(answer)
    assert answer["entries"] == sorted(answer["entries"], key=lambda one: one["at"])
    lines = shell("audit", "list")[1].splitlines()
    assert len(lines) == len(answer["entries"])
    assert shell("audit", "list", "--last", "1")[1] == "nothing is in the clear among these rows\n"
    assert shell("audit", "list", "--last", "0")[0] == 2


# Proofs.


def test_what_was_done_with_a_person_is_proven_without_an_office(
    shell: Shell, anna: str, known: Path, tmp_path: Path
) -> None:
    today, opened, unsaid = (tmp_path / f"{name}.json" for name in ("today", "opened", "unsaid"))
    status, answer = shell.json("audit", "prove", "--to", today)
    keys(answer, Proved)
    assert (status, answer["ledgers"]) == (0, ["gateway", "a", "b", "c"])
    assert stat.S_IMODE(today.stat().st_mode) == 0o600
    assert shell("person", "reveal", anna, "address", "--reason", "parcel")[0] == 0
    told = shell.json("audit", "person", anna)[1]["entries"]
    [one, _] = [some for some in told if some["details"].get("reason") == "parcel"]
    prove = ("audit", "prove", "--operation", one["operation"], "--since", today)
    assert shell(*prove, "--to", opened, "--person", anna) == (0, "written, of ledgers gateway, a\n")
    assert shell.json(*prove, "--to", unsaid)[1]["ledgers"] == ["gateway", "a"]
    shutil.rmtree(shell.office)
    check = ("audit", "check-proof", opened, "--keys", known, "--since", today)
    status, checked = shell.json(*check)
    keys(checked, ProofChecked)
    assert (status, checked["valid"]) == (0, True)
    assert [part["ledger"] for part in checked["ledgers"]] == ["gateway", "a"]
    for part in checked["ledgers"]:
        said = {name: one[name] for name in ("at", "what", "caller", "details")}
        assert part["entry"] == said
        assert part["since"]["size"] <= part["position"] < part["size"]
        assert part["at"].endswith("+00:00")
    out = shell(*check)[1]
    assert f"ledger a had {checked['ledgers'][1]['size']} entries at " in out
    assert "opening by office, purpose hotel, classes contact, reason parcel" in out
    # Without the person's key the same is proven of what is not said.
    status, blind = shell.json("audit", "check-proof", unsaid, "--keys", known)
    assert [(part["entry"], part["commitment"]) for part in blind["ledgers"]] == [
        (None, part["commitment"]) for part in checked["ledgers"]
    ]
    assert b"parcel".hex() not in unsaid.read_text()
    assert anna not in opened.read_text()

    def refused(given: Path, *options: object) -> tuple[int, str]:
        return shell.refused("audit", "check-proof", given, *options)

    bent, others = tmp_path / "bent.json", tmp_path / "others.json"
    bent.write_text(opened.read_text().replace(b"parcel".hex(), b"errand".hex()))
    assert bent.read_text() != opened.read_text()
    wrong = (2, "tree_proof_wrong")
    assert refused(bent, "--keys", known) == refused(today, "--keys", known, "--since", opened) == wrong
    keyring = json.loads(known.read_text())
    others.write_text(json.dumps({"keys": keyring["keys"]}))  # as it was said before the gateway's was
    assert refused(opened, "--keys", others) == wrong
    others.write_text(json.dumps({"keys": keyring["keys"], "gateway": keyring["keys"]["a"]}))
    assert refused(opened, "--keys", others) == wrong
    for content in ("", "[]", '{"keys": 7}', '{"keys": {"a": "x"}}', "[" * 4_096):
        others.write_text(content)
        assert refused(opened, "--keys", others) == (2, "keys_wrong")
    assert refused(tmp_path / NAME, "--keys", known) == (2, "document_unreadable")


def test_nothing_is_written_of_what_is_not_there(shell: Shell, anna: str, tmp_path: Path) -> None:
    file, taken = tmp_path / "proof.json", tmp_path / "taken.json"
    taken.write_text("mine")
    prove = ("audit", "prove", "--to")
    assert shell.refused(*prove, taken) == (2, "file_unwritable")
    assert taken.read_text() == "mine"
    for given in ("00" * 16, "ff" * 16):
        assert shell.refused(*prove, file, "--operation", given) == (2, "operation_unwritten")
        assert shell.refused(*prove, file, "--operation", given, "--person", anna) == (2, "operation_unwritten")
    for given in ("", "00", "x" * 32, NAME):
        assert shell.refused(*prove, file, "--operation", given) == (2, "operation_unreadable")
    assert shell.refused(*prove, file, "--person", anna) == (2, "operation_unreadable")
    assert shell.refused(*prove, file, "--since", taken) == (2, "tree_proof_wrong")
    assert shell.refused(*prove, file, "--since", tmp_path / NAME) == (2, "document_unreadable")
    # Of what is in the clear, no person is asked.
    [clear, *_] = shell.json("audit", "list")[1]["entries"]
    of = ("--operation", clear["operation"])
    assert shell.refused(*prove, file, *of, "--person", anna) == (2, "operation_unwritten")
    assert not file.exists()
    assert shell(*prove, file, *of)[0] == 0


def test_a_ledger_that_was_put_back_since_is_not_proven_to_have_grown(shell: Shell, anna: str, tmp_path: Path) -> None:
    shutil.copytree(place(shell.office, "b"), tmp_path / "old")
    assert shell("person", "restrict", anna)[0] == 0
    today = tmp_path / "today.json"
    assert shell("audit", "prove", "--to", today)[0] == 0
    shutil.rmtree(place(shell.office, "b"))
    shutil.move(tmp_path / "old", place(shell.office, "b"))
    prove = ("audit", "prove", "--to", tmp_path / "later.json", "--since", today)
    for _ in range(2):  # shorter than it was; then as long again, and another
        assert shell.refused(*prove) == (2, "ledger_changed")
        assert shell("person", "lift", anna)[0] == 0


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
        assert refused(keys=other) == (2, "keys_wrong")
    assert refused(salt="no digits") == (2, "salt_wrong")
    assert refused(file=tmp_path / NAME) == refused(keys=tmp_path) == (2, "document_unreadable")
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


def test_a_receipt_that_nobody_signed_in_time_is_had_by_asking_again(
    shell: Shell, anna: str, known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "erased.json"
    erase = ("person", "erase", anna, "--now", "--receipt", file)

    def down(*asked: object) -> None:
        raise CustodianDown(seat=1)

    with monkeypatch.context() as patch:
        patch.setattr(Together, "attest", down)
        assert shell.refused(*erase) == (3, "custodian_down")
    assert not file.exists()
    assert shell.refused("person", "show", anna) == (2, "nobody_kept")
    assert shell.json("person", "erase", anna)[0] == 1  # who asks for no receipt takes none
    status, answer = shell.json(*erase)
    assert (status, answer["destroyed"]) == (0, True)
    assert shell("audit", "receipt", file, "--keys", known, "--person", anna, "--salt", answer["salt"])[0] == 0
    assert shell.json("person", "erase", anna, "--receipt", tmp_path / "again.json")[0] == 1


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
