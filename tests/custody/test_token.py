"""Root keys in files: read by their owner alone, whole or not there, and gone when they are destroyed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from moiety.custody import refusals
from moiety.custody.store.token import FileToken

KEY, BOUND = bytes(range(32)), b"whose it is"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "roots"


@pytest.fixture
def token(folder: Path) -> FileToken:
    token = FileToken(folder, os.urandom)
    token.make(7)
    return token


def test_what_is_wrapped_is_unwrapped_by_the_same_root_for_the_same_owner(token: FileToken) -> None:
    token.make(8)
    wrapped = token.wrap(7, KEY, BOUND)
    assert KEY not in wrapped
    assert token.unwrap(7, wrapped, BOUND) == KEY
    altered = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for epoch, some, bound in ((8, wrapped, BOUND), (7, wrapped, b"somebody"), (7, altered, BOUND), (7, b"", BOUND)):
        with pytest.raises(refusals.RootWrong):
            token.unwrap(epoch, some, bound)


def test_two_roots_have_nothing_in_common_and_two_wraps_neither(token: FileToken, folder: Path) -> None:
    token.make(8)
    one, other = ((folder / f"epoch-{epoch}.key").read_bytes() for epoch in (7, 8))
    assert len(one) == len(other) == 32
    assert one != other
    assert token.wrap(7, KEY, BOUND) != token.wrap(7, KEY, BOUND)


def test_the_folder_and_every_file_are_the_owners_alone(token: FileToken, folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["epoch-7.key"]
    assert stat.S_IMODE((folder / "epoch-7.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_root_that_others_may_reach_is_refused(token: FileToken, folder: Path, mode: int) -> None:
    wrapped = token.wrap(7, KEY, BOUND)
    (folder / "epoch-7.key").chmod(mode)
    for use in (lambda: token.wrap(7, KEY, BOUND), lambda: token.unwrap(7, wrapped, BOUND)):
        with pytest.raises(refusals.RootExposed):
            use()
    (folder / "epoch-7.key").chmod(0o600)
    assert token.unwrap(7, wrapped, BOUND) == KEY


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_folder_that_others_may_enter_is_refused(token: FileToken, folder: Path, mode: int) -> None:
    wrapped = token.wrap(7, KEY, BOUND)
    folder.chmod(mode)
    for use in (token.epochs, lambda: token.make(8), lambda: token.unwrap(7, wrapped, BOUND)):
        with pytest.raises(refusals.RootExposed):
            use()


def test_what_belongs_to_another_user_is_refused(
    token: FileToken, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns a file reads it, and lets others read it, whenever they like."""
    wrapped = token.wrap(7, KEY, BOUND)
    somebody_else = os.geteuid() + 1
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: somebody_else)
        for use in (token.epochs, lambda: token.wrap(7, KEY, BOUND), lambda: token.unwrap(7, wrapped, BOUND)):
            with pytest.raises(refusals.RootExposed):
                use()
    if os.geteuid() == 0:  # a file alone, which only root can give away
        os.chown(folder / "epoch-7.key", somebody_else, -1)
        with pytest.raises(refusals.RootExposed):
            token.unwrap(7, wrapped, BOUND)
        os.chown(folder / "epoch-7.key", 0, -1)
    assert token.unwrap(7, wrapped, BOUND) == KEY


def test_a_root_behind_a_link_is_not_followed(token: FileToken, folder: Path, tmp_path: Path) -> None:
    (folder / "epoch-7.key").rename(tmp_path / "elsewhere")
    (folder / "epoch-7.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(refusals.RootMissing):
        token.wrap(7, KEY, BOUND)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_root_of_another_length_is_none(token: FileToken, folder: Path, length: int) -> None:
    (folder / "epoch-7.key").write_bytes(bytes(length))
    with pytest.raises(refusals.RootWrong):
        token.wrap(7, KEY, BOUND)


def test_a_root_that_is_not_there_is_missing(tmp_path: Path, token: FileToken) -> None:
    with pytest.raises(refusals.RootMissing):
        token.wrap(8, KEY, BOUND)
    with pytest.raises(refusals.RootMissing):
        FileToken(tmp_path / "nowhere", os.urandom).wrap(7, KEY, BOUND)
    assert FileToken(tmp_path / "nowhere", os.urandom).epochs() == frozenset()


def test_a_root_is_never_replaced(token: FileToken) -> None:
    wrapped = token.wrap(7, KEY, BOUND)
    with pytest.raises(ValueError, match="root already"):
        token.make(7)
    assert token.unwrap(7, wrapped, BOUND) == KEY


def test_what_a_kill_left_of_a_root_is_no_root(token: FileToken, folder: Path) -> None:
    (folder / "epoch-8.new").write_bytes(b"half")
    assert token.epochs() == {7, 8}, "or nobody would remove it"
    with pytest.raises(refusals.RootMissing):
        token.wrap(8, KEY, BOUND)
    token.make(8)
    assert sorted(path.name for path in folder.iterdir()) == ["epoch-7.key", "epoch-8.key"]
    (folder / "epoch-9.new").write_bytes(bytes(32))
    token.destroy(9)
    assert sorted(path.name for path in folder.iterdir()) == ["epoch-7.key", "epoch-8.key"]


def test_a_destroyed_root_was_overwritten_before_it_was_removed(token: FileToken, folder: Path) -> None:
    """A second name of the file, which a removal would leave as it was, holds nothing any more."""
    token.make(8)
    os.link(folder / "epoch-7.key", folder / "another name")
    wrapped = token.wrap(7, KEY, BOUND)
    token.destroy(7)
    token.destroy(7)
    assert token.epochs() == {8}
    assert (folder / "another name").read_bytes() == bytes(32)
    with pytest.raises(refusals.RootMissing):
        token.unwrap(7, wrapped, BOUND)


def test_what_is_made_or_destroyed_is_on_the_disk_before_it_is_said(
    token: FileToken, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content before name, name before anything that is sealed under it; zeros before the name is gone."""
    synced: list[tuple[int, list[str], bytes]] = []
    really = os.fsync

    def watched(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        names = sorted(path.name for path in folder.iterdir())
        content = b"".join(path.read_bytes() for path in folder.iterdir() if path.stat().st_ino == inode)
        synced.append((inode, names, content))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    token.make(8)
    root = folder / "epoch-8.key"
    made, key = root.stat().st_ino, root.read_bytes()
    before, after = ["epoch-7.key", "epoch-8.new"], ["epoch-7.key", "epoch-8.key"]
    folders = [folder.stat().st_ino, folder.parent.stat().st_ino]
    assert synced == [(made, before, key), *((inode, after, b"") for inode in folders)]
    synced.clear()
    token.destroy(8)
    assert synced == [(made, after, bytes(32)), (folders[0], ["epoch-7.key"], b"")]
