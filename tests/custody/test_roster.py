"""Who is in the folder of operators may ask; a folder that is not as it should be lets nobody in."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from moiety.custody.trust.denials import RosterAmbiguous, RosterMalformed, RosterUnreadable, RosterWritable
from moiety.custody.trust.operators import OperatorsFolder, read_people
from moiety.custody.trust.roster import FILE_LIMIT, MOST_PEOPLE, Person, Role, entry_text, parse
from moiety.errors import MoietyError
from tests.custody.signers import Signatory

ANA, BEN = (
    Signatory("ana", purposes=frozenset({"door"}), operations=frozenset({"verify", "identify"})),
    Signatory("ben"),
)
OLGA = Signatory("olga", Role.OFFICER)
CANARY = "Quaresma"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "operators"
    folder.mkdir(mode=0o700)
    write(folder, ANA)
    return folder


def write(folder: Path, who: Signatory, name: str | None = None) -> Path:
    path = folder / f"{name or who.name}.toml"
    path.write_text(entry_text(who.person))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("who", [ANA, BEN, OLGA])
def test_a_file_says_who_somebody_is(who: Signatory) -> None:
    assert parse(entry_text(who.person).encode()) == who.person


def test_people_are_found_by_their_keys(folder: Path) -> None:
    roster = OperatorsFolder(folder)
    assert roster.find(ANA.public) == ANA.person
    assert roster.find(BEN.public) is None


def test_the_folder_is_read_again_when_it_changes(folder: Path) -> None:
    roster = OperatorsFolder(folder)
    path = write(folder, BEN)
    assert roster.find(BEN.public) == BEN.person
    assert [person.name for person in roster.people()] == ["ana", "ben"]
    path.unlink()
    assert roster.find(BEN.public) is None


def test_a_file_of_the_same_length_and_time_is_read_again(folder: Path) -> None:
    roster = OperatorsFolder(folder)
    path = folder / "ana.toml"
    before = path.stat()
    eva = Signatory("eva", purposes=ANA.purposes, operations=ANA.operations)
    path.write_text(entry_text(eva.person))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert roster.find(eva.public) == eva.person
    assert roster.find(ANA.public) is None


def test_what_does_not_end_in_toml_is_left_alone(folder: Path) -> None:
    (folder / "ben.new").write_text(CANARY)
    assert len(read_people(folder)) == 1


KEY = base64.b64encode(BEN.public).decode()
GOOD = {"name": '"ben"', "role": '"operator"', "key": f'"{KEY}"'}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": None},
        {"role": None},
        {"key": None},
        {"name": f'"{CANARY}"'},
        {"name": '"ben\\n"'},
        {"name": "7"},
        {"role": f'"{CANARY}"'},
        {"role": "true"},
        {"key": '"' + KEY[:-2] + '="'},
        {"key": '"' + base64.urlsafe_b64encode(b"\xff" * 32).decode() + '"'},
        {"key": '"' + KEY[:-2] + chr(ord(KEY[-2]) + 1) + '="'},
        {"key": '"' + base64.b64encode(bytes(32)).decode() + '"'},
        {"key": '"' + base64.b64encode(bytes(31) + b"\x7f" * 1).decode()[:-4] + '===="'},
        {"purposes": "[]"},
        {"purposes": '"door"'},
        {"purposes": "[1]"},
        {"purposes": '[""]'},
        {"purposes": f'["{CANARY}"]'},
        {"operations": "[]"},
        {"operations": f'["{CANARY}"]'},
        {"operations": '["identify\\n"]'},
        {"operations": "[" + '"identify",' * 65 + "]"},
        {CANARY: "1"},
        {"role": '"officer"', "purposes": '["door"]'},
        {"role": '"officer"', "operations": '["identify"]'},
    ],
)
def test_a_malformed_file_lets_nobody_in_and_is_not_quoted(folder: Path, changed: dict[str, str | None]) -> None:
    def text(fields: dict[str, str | None]) -> str:
        return "".join(f"{name} = {value}\n" for name, value in fields.items() if value is not None)

    assert parse(text({**GOOD}).encode()) is not None
    roster = OperatorsFolder(folder)
    path = folder / f"{CANARY}.toml"
    path.write_text(text({**GOOD, **changed}))
    path.chmod(0o600)
    for _ in range(2):
        with pytest.raises(RosterMalformed) as refusal:
            roster.find(ANA.public)
        assert CANARY not in str(refusal.value)
        assert refusal.value.numbers == {"files": 1}
    path.unlink()
    assert roster.find(ANA.public) == ANA.person


@pytest.mark.parametrize("document", [b"\xff", b"name = ", b"a = " + b"[" * 5_000, b"#" * (FILE_LIMIT + 1)])
def test_what_is_no_toml_is_nobody(document: bytes) -> None:
    assert parse(document) is None


def test_a_file_is_bounded(folder: Path) -> None:
    text = entry_text(BEN.person).encode()
    assert parse(text + b"#" * (FILE_LIMIT - len(text))) == BEN.person
    assert parse(text + b"#" * (FILE_LIMIT + 1 - len(text))) is None


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda folder: folder.chmod(0o770), RosterWritable),
        (lambda folder: folder.chmod(0o702), RosterWritable),
        (lambda folder: (folder / "ana.toml").chmod(0o620), RosterWritable),
        (lambda folder: (folder / "ana.toml").chmod(0o602), RosterWritable),
        (lambda folder: write(folder, ANA, "twice"), RosterAmbiguous),
        (lambda folder: write(folder, Signatory("ana", seed=b"other"), "other"), RosterAmbiguous),
        (lambda folder: write(folder, Signatory("eva", seed=b"ana"), "eva"), RosterAmbiguous),
        (lambda folder: (folder / "link.toml").symlink_to(folder / "ana.toml"), RosterMalformed),
        (lambda folder: (folder / "folder.toml").mkdir(), RosterMalformed),
        (lambda folder: os.mkfifo(folder / "pipe.toml", 0o600), RosterMalformed),
        (lambda folder: folder.rename(folder.with_name("away")), RosterUnreadable),
    ],
    ids=[
        "folder of a group", "folder of all", "file of a group", "file of all", "same person", "same name", "same key",
        "link", "folder", "pipe", "gone",
    ],
)  # fmt: skip
def test_each_of_these_lets_nobody_in(
    folder: Path, spoil: Callable[[Path], object], refusal: type[MoietyError]
) -> None:
    roster = OperatorsFolder(folder)
    spoil(folder)
    with pytest.raises(refusal):
        roster.find(ANA.public)
    with pytest.raises(refusal):
        OperatorsFolder(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("what", ["", "ana.toml"])
def test_a_folder_or_file_of_another_user_lets_nobody_in(folder: Path, what: str) -> None:
    os.chown(folder / what, 12_345, -1)
    with pytest.raises(RosterWritable):
        read_people(folder)


def test_a_link_is_no_folder(folder: Path) -> None:
    link = folder.with_name("link")
    link.symlink_to(folder)
    with pytest.raises(RosterUnreadable):
        read_people(link)


def test_the_folder_is_bounded(folder: Path) -> None:
    for number in range(MOST_PEOPLE):
        (folder / f"{number}.toml").touch(mode=0o600)
    with pytest.raises(RosterMalformed) as refusal:
        read_people(folder)
    assert refusal.value.numbers == {"files": MOST_PEOPLE + 1}


def test_an_operator_asks_for_what_is_entrusted() -> None:
    ana, ben = ANA.person, BEN.person
    assert ana.may_call("verify", "door")
    assert not ana.may_call("verify", "office")
    assert not ana.may_call("erase", "door")
    assert ben.may_call("erase", "office")


def test_an_officer_decides_and_leaves_the_rest() -> None:
    olga = OLGA.person
    assert olga.may_call("policy", "door")
    assert not olga.may_call("identify", "door")
    assert olga.may_approve("early_erasure", "door", Role.OPERATOR)
    assert olga.may_approve("policy", "door", Role.OFFICER)


def test_an_operator_approves_within_the_same_bounds_and_never_as_an_officer() -> None:
    assert BEN.person.may_approve("replace", "door", Role.OPERATOR)
    assert not BEN.person.may_approve("policy", "door", Role.OFFICER)
    assert not ANA.person.may_approve("replace", "door", Role.OPERATOR)
    assert not Person("x", Role.OPERATOR, b"", frozenset({"a"})).may_approve("replace", "door", Role.OPERATOR)
