"""What others than its owner may reach is not opened: stores, ledgers, and the key that the gateway signs with."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from moiety.custody.gateway.embedded import Embedded
from moiety.custody.refusals import KeyWorldReadable
from moiety.database.refusals import DatabaseExposed
from moiety.errors import Refused
from moiety.vault.sql import RecordStore
from tests.custody.scene import DOCUMENT, DOOR, TERMS, opened

REACHED = [
    "custodian-a",
    "custodian-b/custodian.sqlite",
    "custodian-c/ledger",
    "custodian-a/ledger/ledger.sqlite",
    "ledger",
    "ledger/ledger",
    "ledger/ledger/ledger.sqlite",
    "ledger/signing.key",
    "records",
    "records/vault.sqlite",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An office that was used, made by a program that hides nothing."""
    before = os.umask(0)
    try:
        Embedded.create(tmp_path / "office", os.urandom)
        with closing(opened(tmp_path / "office")) as office:
            office.add_gallery(DOOR, TERMS, DOCUMENT)
        RecordStore.create(tmp_path / "office" / "records").close()
    finally:
        os.umask(before)
    return tmp_path / "office"


def both(folder: Path) -> None:
    """Open all that there is."""
    opened(folder).close()
    RecordStore.open(folder / "records").close()


@pytest.mark.parametrize("bit", [0o040, 0o020, 0o010, 0o004, 0o002, 0o001], ids=oct)
@pytest.mark.parametrize("name", REACHED)
def test_what_others_may_reach_is_not_opened(folder: Path, name: str, bit: int) -> None:
    both(folder)
    place = folder / name
    own = place.stat().st_mode
    place.chmod(own | bit)
    with pytest.raises(KeyWorldReadable if name.endswith(".key") else DatabaseExposed):
        both(folder)
    place.chmod(own)
    both(folder)


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("custodian-b/custodian.sqlite", lambda folder: opened(folder)),
        ("custodian-a/ledger/ledger.sqlite", lambda folder: opened(folder)),
        ("records/vault.sqlite", lambda folder: RecordStore.open(folder / "records")),
    ],
)
def test_nor_where_it_is_what_lies_beside_a_file(
    folder: Path, name: str, opening: Callable[[Path], object], ending: str
) -> None:
    beside = folder / f"{name}{ending}"
    beside.touch(mode=0o600)
    beside.chmod(0o640)
    with pytest.raises(DatabaseExposed):
        opening(folder)


def test_the_advice_says_what_to_do() -> None:
    for refused in (DatabaseExposed(), KeyWorldReadable()):
        assert isinstance(refused, Refused)
        assert "chmod 600" in refused.text
    assert "chmod 700" in DatabaseExposed().text
