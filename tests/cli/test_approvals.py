"""Two people's signatures, from their own machines to three custodians, over the command line."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from moiety.cli.enrol import EnrolledMany
from moiety.cli.operator import RequestSignedAnswer
from moiety.cli.person import ErasedAnswer
from moiety.cli.purpose import Added
from moiety.cli.request import Requested
from moiety.custody.gateway import trial
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.trust.requests import read_request
from moiety.identity import importing
from moiety.identity.examples import DOOR, HOTEL
from moiety.sharing.seat import SEATS
from tests.apart.scene import Site
from tests.cli.test_commands import NAME, Shell, keys
from tests.custody import scene
from tests.stories.scene import Photographs

WORDS = "correct horse battery staple"
EYES = DOOR + '\n[four_eyes]\noperations = ["bulk", "early_erasure"]\nbulk_above = 1\n'


class Now(scene.Clock):
    """The clock on the wall, which commands go by; a custodian that was started is waited for."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    def pass_(self, **time_: float) -> None:
        time.sleep(sum(time_.values()))


@pytest.fixture
def shell(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """A deployment whose gateway has its caller's key and no other."""
    site = Site.make(tmp_path / "deployment", Now())
    deployment = site.folder / DEPLOYMENT
    deployment.write_text(deployment.read_text().split("\n[[officers]]")[0])
    site.gateway().close()
    monkeypatch.setenv("MOIETY_OFFICE", str(site.folder))
    monkeypatch.setenv("MOIETY_DATA", str(data))
    yield Shell(site.folder, capfd)
    site.close()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "purpose.toml"
    file.write_text(EYES)
    return file


@pytest.fixture
def staff(tmp_path: Path, photographs: Photographs) -> Path:
    """Three people by loose files."""
    folder = tmp_path / "staff"
    folder.mkdir()
    for number, picture in enumerate((photographs.anna[0], photographs.bert, photographs.stranger), 1):
        (folder / f"{number}-{NAME}").write_bytes(picture.read_bytes())
    return folder


def person(shell: Shell, name: str, role: str) -> list[str | Path]:
    """Add somebody to every roster; the words that sign with their key."""
    folder = shell.office.parent
    words = folder / f"{name}.words"
    words.touch(0o600)
    words.write_text(WORDS)
    own = ["--key", folder / f"{name}.key", "--passphrase-file", words]
    rosters = [trial.home(shell.office, seat) / trial.OPERATORS for seat in SEATS]
    every = [word for roster in rosters for word in ("--roster", roster)]
    assert shell("operator", "add", name, "--role", role, *own, *every)[0] == 0
    return own


def test_from_two_officers_to_three_custodians(
    shell: Shell, document: Path, staff: Path, tmp_path: Path, photographs: Photographs
) -> None:
    olga, otto = (person(shell, name, "officer") for name in ("olga", "otto"))
    ben = person(shell, "ben", "operator")

    # A purpose.
    request = tmp_path / "request.json"
    add = ("purpose", "add", document)
    assert shell.refused(*add) == (2, "approval_refused")
    status, answer = shell.json(*add, "--request", request)
    keys(answer, Requested)
    asked = read_request(request.read_bytes())
    assert (status, answer) == (
        0,
        {"operation": "policy", "purpose": "door", "people": 0, "digest": asked.matter().digest.hex()},
    )
    assert shell.json("status")[1]["purposes"] == []
    assert shell.refused(*add, "--request", request) == (2, "request_exists")
    assert shell.refused(*add, "--request", tmp_path / "no" / "where") == (2, "request_unwritable")
    assert shell.refused(*add, "--request", request, "--approved", request) == (2, "request_or_approved")
    for key in (olga, otto):
        assert shell.refused(*add, "--approved", request) == (2, "approval_refused")
        status, answer = shell.json("operator", "sign", request, *key)
        keys(answer, RequestSignedAnswer)
        assert "| retention_days = 365" in shell.said
        assert "targets    fmr 0.0001, fpir 0.01" in shell.said
        assert "four eyes  bulk, early_erasure; bulk above 1" in shell.said
    document.write_text(EYES.replace("365", "366"))
    assert shell.refused(*add, "--approved", request) == (2, "request_other")
    document.write_text(EYES)
    status, answer = shell.json(*add, "--approved", request)
    keys(answer, Added)
    assert status == 0
    assert shell.refused(*add, "--approved", request) == (2, "approval_refused")

    # A folder of people, which is one enrolment.
    request = tmp_path / "bulk.json"
    many = ("enrol", "door", "--folders", staff, "--grounds", "consent")
    map_to = ("--map", tmp_path / "map.csv")
    assert shell.refused(*many, *map_to) == (2, "approval_refused")
    status, answer = shell.json(*many, "--request", request)
    assert (status, answer["operation"], answer["people"]) == (0, "bulk", 3)
    assert shell.json("operator", "sign", request, *olga)[0] == 0
    assert shell.json("operator", "sign", request, *ben)[0] == 0
    (staff / "4").write_bytes(photographs.anna[1].read_bytes())
    assert shell.refused(*many, *map_to, "--approved", request) == (2, "request_exceeded")
    (staff / "4").unlink()
    assert not list(tmp_path.glob("map.csv*"))
    status, answer = shell.json(*many, *map_to, "--approved", request)
    keys(answer, EnrolledMany)
    assert (status, answer["enrolled"]) == (0, 3)
    with map_to[1].open(newline="") as file:
        written = {row["folder"]: row["pseudonym"] for row in csv.DictReader(file)}
    assert list(written) == [f"{number}-{NAME}" for number in (1, 2, 3)]
    other = ("--map", tmp_path / "other.csv")
    assert shell.refused(*many, *other, "--approved", request) == (2, "approval_refused")  # used up, say custodians
    assert not list(tmp_path.glob("other.csv*"))
    assert shell.json("status")[1]["purposes"][0]["people"] == 3
    who = written[f"1-{NAME}"]
    assert shell("verify", "door", photographs.anna[2], "--claimed", who)[0] == 0

    # One person, whom the request does not name.
    request = tmp_path / "erasure.json"
    erase = ("person", "erase", who)
    assert shell.refused(*erase) == (2, "approval_refused")
    status, answer = shell.json(*erase, "--request", request)
    assert (status, answer["operation"], answer["people"]) == (0, "early_erasure", 1)
    assert not {word for word in (who, NAME, *who.split("-")[1:]) if word in request.read_text()}
    for key in (ben, otto):
        assert shell.json("operator", "sign", request, *key)[0] == 0
        assert shell.said.count("  person     ") == 3
    assert shell.refused("person", "erase", written[f"2-{NAME}"], "--approved", request) == (2, "request_other")
    status, answer = shell.json(*erase, "--approved", request)
    keys(answer, ErasedAnswer)
    assert (status, answer) == (0, {"erased": True, "destroyed": True, "at": None, "salt": None})
    assert shell("verify", "door", photographs.anna[2], "--claimed", who)[0] == 1


def test_people_of_another_system_come_under_a_ticket_that_two_officers_signed(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "TOGETHER", 50)
    olga, otto = (person(shell, name, "officer") for name in ("olga", "otto"))
    (tmp_path / "purpose.toml").write_text(HOTEL)
    adopt = ("purpose", "add", tmp_path / "purpose.toml")
    purpose, ticket, file = (tmp_path / name for name in ("purpose.json", "ticket.json", "people.csv"))
    assert shell(*adopt, "--request", purpose)[0] == 0
    for key in (olga, otto):
        assert shell("operator", "sign", purpose, *key)[0] == 0
    assert shell(*adopt, "--approved", purpose)[0] == 0
    assert shell("synth", "people", "--count", "120", "--out", file)[0] == 0
    names = file.read_text().splitlines()[0].split(",")
    (tmp_path / "m.toml").write_text("".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in names))
    bring = ("import", "people", file, "--purpose", "hotel", "--mapping", tmp_path / "m.toml", "--grounds", "register")
    status, answer = shell.json(*bring, "--people", "120", "--request", ticket)
    keys(answer, Requested)
    assert (status, answer["operation"], answer["people"]) == (0, "bulk", 120)
    assert shell.refused(*bring, "--request", ticket) == (2, "request_exists")
    assert shell.refused(*bring, "--approved", ticket) == (2, "approval_refused")
    for key in (olga, otto):
        assert shell.json("operator", "sign", ticket, *key)[0] == 0
        assert "  people     at most 120\n" in shell.said
        assert "  of these   records: identity numbers and all else that the purpose keeps\n" in shell.said
    # Without it, as many as a desk keeps in a day come in; and with it, those who are left.
    assert shell.refused(*bring) == (2, "approval_refused")
    status, answer = shell.json(*bring, "--approved", ticket)
    assert (status, answer["rows"], answer["added"]) == (0, 120, 120)
    assert shell.json(*bring) == (0, answer | {"repeated": True})
    assert shell("audit", "verify")[0] == 0
    assert shell("check")[0] == 0


def test_an_office_on_one_disk_takes_no_signatures(
    shell: Shell, document: Path, staff: Path, tmp_path: Path, photographs: Photographs
) -> None:
    request = tmp_path / "request.json"
    add = ("purpose", "add", document)
    assert shell("purpose", "add", document, "--request", request)[0] == 0
    alone = ("--office", tmp_path / "alone")
    assert shell("init", tmp_path / "alone")[0] == 0
    assert shell.refused(*add, *alone, "--request", tmp_path / "other.json") == (2, "nobody_signs")
    assert shell.refused(*add, *alone, "--approved", request) == (2, "nobody_signs")
    assert shell(*add, *alone)[0] == 0
    many = ("enrol", "door", "--folders", staff, "--grounds", "consent", *alone)
    map_to = ("--map", tmp_path / "map.csv")
    assert shell.refused(*many, "--request", tmp_path / "other.json") == (2, "nobody_signs")
    assert shell.refused(*many, *map_to, "--approved", request) == (2, "nobody_signs")
    assert not list(tmp_path.glob("map.csv*"))
    status, answer = shell.json(*many, *map_to)
    assert (status, answer["enrolled"]) == (0, 3)
    with map_to[1].open(newline="") as file:
        who = next(csv.DictReader(file))["pseudonym"]
    assert shell.refused("person", "erase", who, *alone, "--request", tmp_path / "other.json") == (2, "nobody_signs")
    assert shell.refused("person", "erase", who, *alone, "--approved", request) == (2, "nobody_signs")
    assert shell("person", "erase", who, *alone)[0] == 0
    assert not (tmp_path / "other.json").exists()
    one = ("enrol", "door", photographs.anna[0], "--grounds", "consent", *alone)
    for flag in ("--request", "--approved"):
        assert shell.refused(*one, flag, request) == (2, "enrol_one_or_many")
