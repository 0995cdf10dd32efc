"""What a stolen copy of the callers' store says of what clients called their requests, and of a provider's people: a
name that can be guessed, such as an identity number, is not found by guessing."""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from moiety.gateway import rootkey
from moiety.gateway.callers.roles import Role
from moiety.gateway.callers.sql import Credentials
from moiety.gateway.callers.tables import KIND
from tests.gateway.scene import GUEST, document, site

USED = GUEST["national_id"]
GUESSES = [USED, "11010519491231002x", "110105194912310011", "110105194912310038"]
PATH = "/v1/purposes/hotel/people"
KEY_BYTES = 32


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Path]:
    """The folder of a gateway that was asked for one thing under an identity number."""
    folder = tmp_path / "office"
    with site(folder) as some:
        with some.client(some.key("founder", Role.OPERATOR, Role.OFFICER)) as client:
            assert client.post("/v1/purposes", json={"document": document("hotel")}).status_code == 201
        with some.client(some.key("desk", Role.OPERATOR)) as client:
            new = {"fields": GUEST, "grounds": "register"}
            assert client.post(PATH, json=new, headers={"Idempotency-Key": USED}).status_code == 201
        yield folder


def stolen(folder: Path, to: Path) -> Path:
    """A copy of the store, whether or not somebody uses it: its file and what lies in its log."""
    to.mkdir()
    for file in folder.glob(KIND.file + "*"):
        shutil.copy(file, to)
    return to


def hashes(copy: Path) -> set[bytes]:
    """Of requests, as the store has them."""
    with closing(sqlite3.connect(copy / KIND.file)) as connection:
        return {bytes(hashed) for (hashed,) in connection.execute("SELECT hashed FROM gateway_once")}


def hashed(key: bytes, guess: str) -> bytes:
    """As the gateway does it: who asks, for what, and as they call it."""
    names = [some.encode() for some in ("desk", "POST", PATH, guess)]
    return hmac.digest(key, b"".join(len(name).to_bytes(4) + name for name in names), hashlib.sha256)


def told(copy: Path, keys: set[bytes]) -> set[str]:
    """Which guesses are in the store, for whoever tries each of these keys."""
    kept = hashes(copy)
    assert len(kept) == 1
    return {guess for key in keys for guess in GUESSES if hashed(key, guess) in kept}


def test_no_32_bytes_of_a_stolen_store_tell_what_a_request_was_called(office: Path, tmp_path: Path) -> None:
    copy = stolen(office, tmp_path / "copy")
    content = b"".join(file.read_bytes() for file in sorted(copy.iterdir()))
    assert len(content) > 10_000
    tried = {content[at : at + KEY_BYTES] for at in range(len(content) - KEY_BYTES + 1)}
    assert told(copy, tried | {b"", bytes(KEY_BYTES)}) == set()
    # The attack is one that would succeed: with the file that lies elsewhere it does.
    root = (office / rootkey.FILE).read_bytes()[1:]
    assert told(copy, tried | {rootkey.derived(root, "requests")}) == {USED}


def credentials(folder: Path, root: bytes = bytes(KEY_BYTES)) -> Credentials:
    return Credentials.open(folder, lambda: root, lambda: 1_700_000_000, os.urandom)


def test_an_older_store_loses_its_key_and_what_was_hashed_under_it(tmp_path: Path) -> None:
    with closing(credentials(tmp_path)) as some:
        some.begin("desk", "POST", PATH, "before")
    older = os.urandom(KEY_BYTES)
    with closing(sqlite3.connect(tmp_path / KIND.file)) as connection, connection:
        connection.execute("INSERT INTO gateway_kept VALUES ('once', ?)", (older,))
    assert older in b"".join(file.read_bytes() for file in tmp_path.iterdir())

    with closing(credentials(tmp_path)) as some:
        assert some.begin("desk", "POST", PATH, USED).fresh
        left = b"".join(file.read_bytes() for file in stolen(tmp_path, tmp_path / "copy").iterdir())
        assert older not in left
        assert len(hashes(tmp_path / "copy")) == 1
    with closing(credentials(tmp_path)) as some:  # it is done once: what is hashed since stays
        assert not some.begin("desk", "POST", PATH, USED).fresh


def test_a_root_key_is_made_when_something_is_hashed_and_not_before(tmp_path: Path) -> None:
    def root() -> bytes:
        return rootkey.root_key(tmp_path, os.urandom)

    def again() -> Credentials:
        return Credentials.open(tmp_path, root, lambda: 1_700_000_000, os.urandom)

    file = tmp_path / rootkey.FILE
    with closing(again()) as some:
        some.set_up_token()
        some.listed()
        assert not file.exists()
        assert some.begin("desk", "POST", PATH, USED).fresh
        assert file.stat().st_mode & 0o777 == 0o600
    with closing(again()) as some:
        assert not some.begin("desk", "POST", PATH, USED).fresh


def test_whoever_a_provider_names_is_called_by_another_key_than_requests_are(tmp_path: Path) -> None:
    with closing(credentials(tmp_path)) as some, closing(credentials(tmp_path, b"\x01" * KEY_BYTES)) as other:
        named = some.called("https://provider", "li@example.org")
        assert (
            some.called("https://provider", "li@example.org")
            == named
            != other.called("https://provider", "li@example.org")
        )
        some.begin("https://provider", "li@example.org")
    with closing(sqlite3.connect(tmp_path / KIND.file)) as connection:
        [(kept,)] = connection.execute("SELECT hashed FROM gateway_once")
    assert not bytes(kept).hex().startswith(named)
