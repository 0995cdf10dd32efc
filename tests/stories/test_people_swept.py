"""Nothing that is known of a person lies in the clear in any store or log."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from moiety.custody.gateway import trial
from moiety.custody.gateway.embedded import Embedded
from moiety.drills.canaries import SHORTEST
from moiety.errors import MoietyError
from moiety.face.installed import Installed
from moiety.identity.office import Office
from moiety.identity.ports import Custodians
from moiety.sharing.seat import SEATS
from moiety.vault.shelf import Shelf
from tests.apart.field import Field, now, patiently
from tests.postgres import Server
from tests.stories.guests import GUEST, NUMBER, PHOTO, guest, hotel, number

NEW = {"address": "2 Quince Court, Canary Wharf", "name": "Lǐ Canary Featherstonehaugh"}


def needles() -> set[bytes]:
    """Forms in which something of these people could show, in lower case: few, since every byte is looked at."""
    people = [GUEST, GUEST | NEW, guest(1)]
    values = {value.lower() for person in people for value in person.values() if isinstance(value, str)}
    words = {word for value in values | {"19491231"} for word in (value, *value.split()) if len(word) >= SHORTEST}
    found = {form for word in words for form in (word.encode(), word.encode("utf-16-le"), word.encode().hex().encode())}
    return found | {PHOTO[at : at + 32].lower() for at in (20, len(PHOTO) // 2, len(PHOTO) - 32)}


def swept(*places: Path) -> dict[str, list[bytes]]:
    """What is found in these files and folders."""
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file()]
    assert files
    found = {}
    for file in files:
        said = file.read_bytes().lower()
        found[str(file)] = [needle for needle in needles() if needle in said]
    return {name: some for name, some in found.items() if some}


def life(office: Office) -> None:
    """Everything that is done with a person, well and badly, up to an erasure that has not come to its end."""
    office.add_purpose(hotel("hotel", trusting=True))
    people = office.purpose("hotel").people()
    anna = people.person(people.add(GUEST, grounds="consent").pseudonym)
    people.add(guest(1), grounds="register")
    assert people.find(NUMBER.lower()) is not None
    assert people.find(number(2)) is None
    assert people.look_up({"name": str(GUEST["name"]), "birth_date": str(GUEST["birth_date"])})
    assert anna.show()["name"] == "W***"
    anna.reveal(GUEST, reason="inspection")
    for wrong in ({"birth_date": str(GUEST["address"])}, {"national_id": number(7)}, {str(GUEST["employer"]): "1"}):
        with pytest.raises(MoietyError) as refused:
            anna.correct(wrong)
        assert not [needle for needle in needles() if needle in f"{refused.value!r} {refused.value}".lower().encode()]
    anna.correct(NEW)
    anna.restrict()
    office.refresh()
    anna.lift()
    people.person(anna.pseudonym).withdraw()


def test_nothing_lies_in_the_files_of_an_office(tmp_path: Path, models: Installed) -> None:
    Embedded.create(tmp_path / "office", os.urandom)
    gateway = Embedded.open(tmp_path / "office", clock=now, entropy=os.urandom)
    with Office(gateway, models, Shelf(tmp_path / "records"), clock=now, entropy=os.urandom) as office:
        life(office)
        assert swept(tmp_path) == {}  # as somebody copies it who does not wait for its end
    assert swept(tmp_path) == {}
    (tmp_path / "more").write_bytes(b"--7 MARMALADE lane, Canary Wharf--")
    assert list(swept(tmp_path)) == [str(tmp_path / "more")]


def test_nothing_lies_in_a_database_server(tmp_path: Path, models: Installed, postgres: Server) -> None:
    """Its tables, its indexes and its log of what was written."""
    Embedded.create(tmp_path / "office", os.urandom)
    gateway = Embedded.open(tmp_path / "office", clock=now, entropy=os.urandom)
    url = str(postgres.socket_url(postgres.database()))
    with Office(gateway, models, Shelf(url), clock=now, entropy=os.urandom) as office:
        life(office)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert row is not None
    home = postgres.folder / "data"
    assert swept(home / "base" / str(row[0]), home / "pg_wal", postgres.folder / "log") == {}


def test_nothing_lies_with_custodians_apart_nor_in_their_logs(tmp_path: Path, models: Installed) -> None:
    field = Field.lay_out(tmp_path / "trial", forked=False)
    field.start()

    def reach() -> Custodians:
        return field.connect()

    try:
        with Office(patiently(reach), models, Shelf(tmp_path / "records"), clock=now, entropy=os.urandom) as office:
            life(office)
        for seat in SEATS:
            field.kill(seat, signal.SIGTERM)
    finally:
        field.close()
    assert all((trial.home(field.folder, seat) / "custodian.log").stat().st_size for seat in SEATS)
    assert swept(tmp_path) == {}
