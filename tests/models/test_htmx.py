"""The console's htmx comes out of its package, as it must be or not at all."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from moiety.console import htmx
from moiety.face.card_refusals import FileWrongHash, FileWrongSize, MemberMissing
from moiety.face.fetch import Archive


def test_it_comes_from_its_package(tmp_path):
    """Over the network, by npm."""
    assert htmx.read(tmp_path) is None
    assert htmx.install(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [htmx.NAME]
    assert b"htmx" in (htmx.read(tmp_path) or b"")
    assert not htmx.install(tmp_path)


@pytest.mark.parametrize(
    ("name", "script", "refusal"),
    [
        ("package/dist/htmx.min.js", b"x" * htmx.BYTES, FileWrongHash),
        ("package/dist/htmx.min.js", b"x" * (htmx.BYTES + 1), FileWrongSize),
        ("package/other.js", b"x" * htmx.BYTES, MemberMissing),
    ],
)
def test_something_else_is_not_kept(tmp_path, monkeypatch, name, script, refusal):
    def other(archive: Archive, folder: Path, progress) -> Path:
        packed = folder / "package.tgz"
        with tarfile.open(packed, "w:gz") as tarball:
            member = tarfile.TarInfo(name)
            member.size = len(script)
            tarball.addfile(member, io.BytesIO(script))
        return packed

    monkeypatch.setattr(htmx, "fetch", other)
    with pytest.raises(refusal):
        htmx.install(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert htmx.read(tmp_path) is None
