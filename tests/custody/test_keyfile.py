"""A person's key lies under a passphrase, for its owner's eyes only, or it is not used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from moiety.custody.trust.denials import (
    KeyFileClosed,
    KeyFileExists,
    KeyFileExposed,
    KeyFileUnreadable,
    KeyFileUnwritable,
    PassphraseShort,
)
from moiety.custody.trust.keyfile import PASSPHRASE_LEAST, make_key, open_key
from tests.forbidden import forbidden

WORDS = "Übel riecht 9 Quaresma"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ana.key"


def test_a_key_is_made_and_opened(path: Path) -> None:
    made = make_key(path, WORDS, os.urandom)
    opened = open_key(path, WORDS)
    assert opened.public == made.public
    Ed25519PublicKey.from_public_bytes(made.public).verify(opened.sign(b"this"), b"this")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_key_is_what_was_drawn(path: Path) -> None:
    drawn = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key().public_bytes_raw()
    assert make_key(path, WORDS, lambda count: b"s" * count).public == drawn


def test_the_file_is_nothing_without_the_passphrase(path: Path) -> None:
    make_key(path, WORDS, lambda count: b"s" * count)
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    for wrong in (WORDS[:-1], WORDS + " ", "", WORDS.lower()):
        with pytest.raises(KeyFileClosed):
            open_key(path, wrong)


def test_a_passphrase_is_the_same_from_every_keyboard(path: Path) -> None:
    made = make_key(path, WORDS, os.urandom)
    assert open_key(path, WORDS.replace("Ü", "U\u0308")).public == made.public


def test_a_passphrase_is_long(path: Path) -> None:
    with pytest.raises(PassphraseShort):
        make_key(path, "x" * (PASSPHRASE_LEAST - 1), os.urandom)
    assert not path.exists()
    make_key(path, "x" * PASSPHRASE_LEAST, os.urandom)


def test_no_key_is_written_over(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(KeyFileExists):
        make_key(path, WORDS, os.urandom)
    assert path.read_text() == "precious"


def test_a_folder_that_is_not_there(path: Path) -> None:
    with pytest.raises(KeyFileUnwritable):
        make_key(path / "there", WORDS, os.urandom)
    with pytest.raises(KeyFileUnreadable):
        open_key(path, WORDS)


def test_what_keeps_a_key_from_being_read_is_said(path: Path) -> None:
    with pytest.raises(KeyFileUnreadable, match="there is none at this path"):
        open_key(path, WORDS)
    make_key(path, WORDS, os.urandom)
    with pytest.raises(KeyFileUnreadable, match="there is none at this path"):
        open_key(path / "in it", WORDS)
    with forbidden(path), pytest.raises(KeyFileUnreadable, match="this user may not read it"):
        open_key(path, WORDS)
    with pytest.raises(KeyFileUnreadable, match="it is no file"):
        open_key(path.parent, WORDS)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_key_that_others_can_touch_is_not_used(path: Path, mode: int) -> None:
    make_key(path, WORDS, os.urandom)
    path.chmod(mode)
    with pytest.raises(KeyFileExposed):
        open_key(path, WORDS)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_not_used(path: Path) -> None:
    make_key(path, WORDS, os.urandom)
    os.chown(path, 12_345, -1)
    with pytest.raises(KeyFileExposed):
        open_key(path, WORDS)


def pem(private: Ed25519PrivateKey | X25519PrivateKey, *, sealed: bool) -> bytes:
    sealing = BestAvailableEncryption(WORDS.encode()) if sealed else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        pem(Ed25519PrivateKey.generate(), sealed=False),
        pem(X25519PrivateKey.generate(), sealed=True),
    ],
    ids=["empty", "text", "under no passphrase", "of another kind"],
)
def test_what_is_no_such_key_is_not_used(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyFileClosed):
        open_key(path, WORDS)


def test_what_is_no_small_file_is_not_read(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileUnreadable):
        open_key(path, WORDS)
    path.unlink()
    path.touch(0o600)
    path.write_bytes(bytes(20_000))
    with pytest.raises(KeyFileUnreadable):
        open_key(path, WORDS)
