"""A file is kept whole and durably or not at all, and a disk that refuses it is called by its name."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import subprocess
import sys
import zipfile

import pytest

from moiety.face import content
from moiety.face.card_refusals import DataFolderUnwritable

LIMIT = 1_000
"""Bytes that a file may have where the disk is full."""

KEEPS_A_MEMBER = """
import sys
from pathlib import Path
from moiety.errors import MoietyError
from moiety.face import content
from moiety.face.archive import member

archive, target, size, sha256 = sys.argv[1:]
try:
    with member(Path(archive), "model") as file:
        content.keep(file, int(size), sha256, Path(target))
except MoietyError as error:
    print(error.code)
"""


@pytest.mark.parametrize("size", [2 * LIMIT, 1 << 20], ids=["at the end", "on the way"])
def test_a_disk_that_is_full_is_not_a_damaged_package(tmp_path, size):
    """A short file is refused when the buffer is written out, a long one before."""
    model, archive, target = bytes(size), tmp_path / "package.whl", tmp_path / "data" / "model"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("model", model)
    words = [str(archive), str(target), str(size), hashlib.sha256(model).hexdigest()]
    done = subprocess.run(
        [sys.executable, "-c", KEEPS_A_MEMBER, *words],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("data_folder_unwritable\n", "")
    assert not target.parent.exists()


def test_a_folder_where_the_file_should_be_is_not_written_over(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    with pytest.raises(DataFolderUnwritable):
        content.keep_bytes(b"a model", target)
    assert list(tmp_path.rglob("*")) == [target]


def test_what_is_kept_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataFolderUnwritable):
        content.keep_bytes(b"a model", tmp_path / "data" / "model")
    assert list(tmp_path.rglob("*")) == []
