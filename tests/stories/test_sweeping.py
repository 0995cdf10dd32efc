"""What the whole suite is swept by finds what there is to find, in every store, and nothing in what tests bring."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from moiety.errors import Refused
from moiety.vault.record import Record
from moiety.vault.schema import Schema
from tests.postgres import Server
from tests.stories.guests import NUMBER, PHOTO
from tests.sweeping import Heard, holding, require_swept, stores

NAME = "Somebody whom no other test knows"


def database(file: Path, said: bytes) -> sqlite3.Connection:
    """With a write-ahead log, in which everything lies."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("CREATE TABLE kept (said BLOB)")
    connection.execute("INSERT INTO kept VALUES (?)", (said,))
    connection.commit()
    return connection


@pytest.mark.parametrize("form", ["plain", "lower", "utf-16-le", "hex", "hash"])
def test_a_value_that_a_record_was_made_of_is_found(
    heard: Heard, form: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Record(Schema.default(), {"national_id": NUMBER, "name": NAME})
    said = {
        "plain": NAME.encode(),
        "lower": NAME.lower().encode(),
        "utf-16-le": NAME.encode("utf-16-le"),
        "hex": NAME.encode().hex().encode(),
        "hash": hashlib.sha256(NAME.encode()).digest(),
    }[form]
    folder = tmp_path_factory.mktemp("leak")
    with closing(database(folder / "some", b"before" + said + b"after")):
        assert [file.name for file in holding(stores(folder), heard.of_test())] == ["some-wal"]
    assert [file.name for file in holding(stores(folder), heard.of_test())] == ["some"]
    with pytest.raises(pytest.fail.Exception, match=r"lies in .*some"):
        require_swept(stores(folder), heard.of_test())
    (folder / "some").unlink()  # or this test would fail for it, at the end of all


@pytest.fixture
def own() -> Iterator[Server]:
    """A server of this test's own: what is written there on purpose stays in its log, which other tests look at."""
    server = Server()
    yield server
    server.destroy()


def test_a_database_server_is_swept(heard: Heard, own: Server) -> None:
    postgres, database = own, own.database()
    postgres.ask(database, "CREATE TABLE kept (said bytea)")
    assert holding(postgres.written(), heard.of_test()) == []
    postgres.ask(database, f"INSERT INTO kept VALUES ('before{NUMBER}after')")  # noqa: S608
    [(file,)] = postgres.ask(database, "SELECT pg_relation_filepath('kept')")
    assert [str(found).endswith(str(file)) for found in holding(postgres.written(), heard.of_test())] == [True]
    postgres.ask(database, "DROP TABLE kept")


def test_what_is_refused_is_heard_of(heard: Heard) -> None:
    with pytest.raises(Refused):
        Record(Schema.default(), {"birth_date": "a birth date that is none"})
    assert b"a birth date that is none" in heard.of_test()


@pytest.mark.parametrize(
    "where", ["custodian-b/custodian.log", "office/custodian-a/ledger/seen", "people.csv.import.json"]
)
@pytest.mark.parametrize("said", [NUMBER.encode(), PHOTO[1_000:1_200], b"--" + NUMBER.encode().hex().encode()])
def test_logs_and_journals_are_swept_and_input_is_not(
    heard: Heard, where: str, said: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("leak")
    file = folder / where
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(99) + said)
    (folder / "people.csv").write_bytes(said)
    assert holding(stores(folder), heard.of_test()) == [file]
    file.write_bytes(bytes(99))
    assert holding(stores(folder), heard.of_test()) == []
