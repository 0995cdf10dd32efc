"""One plain member leaves an archive, whole and bounded; nothing else of it ever touches the disk."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from moiety.face import content
from moiety.face.archive import member
from moiety.face.card_refusals import ArchiveUnreadable, FileWrongSize, MemberMissing

MODEL = bytes(range(256)) * 400


def wheel(path, name="p/model.onnx", body=MODEL, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("p/other.txt", b"other")
        archive.writestr(name, body)
    return path


def tarball(path, name="p/model.onnx", body=MODEL, **attributes):
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(body)
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        archive.addfile(info, io.BytesIO(body))
    return path


@pytest.fixture(params=[wheel, tarball], ids=["wheel", "tarball"])
def write(request):
    return request.param


def test_the_member_is_what_was_packed(write, tmp_path):
    with member(write(tmp_path / "archive"), "p/model.onnx") as file:
        assert file.read() == MODEL


def test_a_member_that_is_not_there_is_missed(write, tmp_path):
    with pytest.raises(MemberMissing), member(write(tmp_path / "archive"), "p/model.onn"):
        pytest.fail("there is no such member")


def test_a_name_that_climbs_is_no_name_of_a_member(write, tmp_path):
    """The archive's names are compared and never used: a climbing one writes nothing, wherever it points."""
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = write(inner / "archive", name="../model.onnx")
    with pytest.raises(MemberMissing), member(archive, "model.onnx"):
        pytest.fail("there is no such member")
    assert sorted(tmp_path.rglob("*")) == [inner, inner / "archive"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_a_folder_and_a_device_are_no_plain_file(tmp_path, kind):
    archive = tarball(tmp_path / "archive", body=b"", type=kind, linkname="/etc/passwd")
    with pytest.raises(MemberMissing), member(archive, "p/model.onnx"):
        pytest.fail("that is no plain file")


def test_a_wheel_with_two_of_the_name_is_not_guessed_at(tmp_path):
    path = wheel(tmp_path / "archive")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("p/model.onnx", b"another")
    with pytest.raises(MemberMissing), member(path, "p/model.onnx"):
        pytest.fail("which of the two?")


def test_a_damaged_archive_is_refused_when_it_is_read(write, tmp_path):
    whole = write(tmp_path / "archive").read_bytes()
    for number, damaged in enumerate([whole[: len(whole) // 2], whole[:10], b"", b"no archive at all" * 100]):
        path = tmp_path / f"damaged-{number}"
        path.write_bytes(damaged)
        with pytest.raises(ArchiveUnreadable), member(path, "p/model.onnx") as file:
            file.read()


def test_a_flipped_byte_in_a_wheel_is_refused_when_it_is_read(tmp_path):
    path = wheel(tmp_path / "archive", compression=zipfile.ZIP_STORED)
    flipped = bytearray(path.read_bytes())
    flipped[flipped.index(MODEL[:64]) + 1_000] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(ArchiveUnreadable), member(path, "p/model.onnx") as file:
        file.read()


def test_a_bomb_is_read_no_further_than_the_size_that_is_expected(write, tmp_path):
    bomb = write(tmp_path / "archive", body=b"\0" * (256 << 20))
    assert bomb.stat().st_size < 1 << 20
    target = tmp_path / "kept" / "model.onnx"
    with pytest.raises(FileWrongSize), member(bomb, "p/model.onnx") as file:
        content.keep(file, 1_000, "0" * 64, target)
    assert not target.parent.exists()
