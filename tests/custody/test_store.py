"""How a custodian's database is opened: a commit outlives a power cut, and what is deleted is overwritten."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from moiety.custody.store.keyring import Keyring
from moiety.custody.store.sql import FILE, Store, unobserved
from moiety.custody.store.token import FileToken


@pytest.mark.parametrize("made", ["created", "opened"])
@pytest.mark.parametrize(
    ("pragma", "wanted"),
    [
        ("synchronous", 2),  # FULL
        ("journal_mode", "wal"),
        ("secure_delete", 1),  # ON, not FAST: whatever it costs
        ("foreign_keys", 1),
        ("temp_store", 2),  # MEMORY
        ("trusted_schema", 0),
        ("page_size", 16_384),
        ("wal_autocheckpoint", 8_192),
    ],
)
def test_every_connection_is_set_alike(tmp_path: Path, made: str, pragma: str, wanted: int | str) -> None:
    keys = Keyring(FileToken(tmp_path / "roots", os.urandom), "a", os.urandom)
    with closing(Store.create(tmp_path / "custodian-a", "a", bytes(16), keys)) as store:
        if made == "created":
            with store.writing("test") as one, store.reading() as other:
                found = [some.exec_driver_sql(f"PRAGMA {pragma}").scalar() for some in (one, other)]
                assert one.connection.dbapi_connection is not other.connection.dbapi_connection
            assert found == [wanted] * 2
    if made == "opened":
        with (
            closing(Store.open(tmp_path / "custodian-a", "a", keys, unobserved)) as again,
            again.reading() as connection,
        ):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == wanted
    assert (tmp_path / "custodian-a" / FILE).is_file()
