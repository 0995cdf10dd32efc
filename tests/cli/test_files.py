"""Files of the operator: folders of people, and the map that may be the only list of their pseudonyms."""

from __future__ import annotations

import csv
import os
import resource
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from moiety.cli.files import (
    PICTURES_LIMIT,
    DocumentUnreadable,
    FolderEmpty,
    FolderUnreadable,
    MapExists,
    MapUnfinished,
    MapUnwritable,
    MapWriter,
    beginning,
    map_file,
    people,
)
from tests.forbidden import forbidden


def test_a_sub_folder_or_a_loose_file_is_a_person(tmp_path: Path) -> None:
    for name in ("bert/2.jpg", "bert/1.jpg", "bert/.hidden", ".git/x", "zoe/1.png", "anna.jpg", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "bert" / "deeper").mkdir()
    assert people(tmp_path) == [
        ("anna.jpg", [tmp_path / "anna.jpg"]),
        ("bert", [tmp_path / "bert" / "1.jpg", tmp_path / "bert" / "2.jpg"]),
        ("zoe", [tmp_path / "zoe" / "1.png"]),
    ]


def test_a_person_without_pictures_is_still_counted(tmp_path: Path) -> None:
    (tmp_path / "nobody").mkdir()
    assert people(tmp_path) == [("nobody", [])]


def test_what_keeps_a_document_from_being_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    for absent in (file, tmp_path / "nowhere" / "keys.json"):
        with pytest.raises(DocumentUnreadable, match="there is none at this path"):
            beginning(absent, 9)
    file.write_text("something")
    with forbidden(file), pytest.raises(DocumentUnreadable, match="this user may not read it"):
        beginning(file, 9)
    with pytest.raises(DocumentUnreadable, match="it is no file"):
        beginning(tmp_path, 9)
    assert beginning(file, 4) == b"some"


def test_pictures_of_a_person_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    for number in range(PICTURES_LIMIT + 9):
        (tmp_path / "anna" / f"{number:03}.jpg").touch()
    assert len(people(tmp_path)[0][1]) == PICTURES_LIMIT + 1


def test_folders_that_will_not_do(tmp_path: Path) -> None:
    with pytest.raises(FolderEmpty):
        people(tmp_path)
    with pytest.raises(FolderUnreadable):
        people(tmp_path / "absent")


def test_a_file_is_read_to_its_limit_and_no_further(tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_bytes(b"12345")
    assert beginning(file, 9) == b"12345"
    assert beginning(file, 4) == b"1234"
    with pytest.raises(DocumentUnreadable):
        beginning(tmp_path / "absent", 5)
    with pytest.raises(DocumentUnreadable):
        beginning(tmp_path, 5)


def test_a_pipe_or_a_device_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(DocumentUnreadable):
            beginning(path, 5)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file))


def test_the_map_appears_whole_and_for_the_operator_only(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    awkward = os.fsdecode(b'an"na,\xff\nx')
    previous = os.umask(0)
    try:
        with map_file(path) as writer:
            writer.add(awkward, "door-1")
            assert not path.exists()
    finally:
        os.umask(previous)
    assert rows(path) == [["folder", "pseudonym"], [awkward, "door-1"]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def write_and_be_cut_off(path: Path) -> None:
    """One row, and then Ctrl-C."""
    with map_file(path) as writer:
        writer.add("anna", "door-1")
        raise KeyboardInterrupt


def test_a_run_that_is_cut_off_leaves_what_it_had(tmp_path: Path) -> None:
    path, unfinished = tmp_path / "map.csv", tmp_path / "map.csv.unfinished"
    with pytest.raises(KeyboardInterrupt):
        write_and_be_cut_off(path)
    assert not path.exists()
    assert rows(unfinished)[1:] == [["anna", "door-1"]]
    with pytest.raises(MapUnfinished), map_file(path):
        pass
    assert rows(unfinished)[1:] == [["anna", "door-1"]]


def test_a_row_is_on_the_disk_as_soon_as_it_is_added(tmp_path: Path) -> None:
    with map_file(tmp_path / "map.csv") as writer:
        writer.add("anna", "door-1")
        assert rows(tmp_path / "map.csv.unfinished")[1:] == [["anna", "door-1"]]


def test_a_full_disk_is_noticed_at_the_row(tmp_path: Path) -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(MapUnwritable):
        MapWriter(full.fileno(), tmp_path / "map.csv.unfinished")


def refuse(path: Path) -> None:
    """One row of somebody who is not enrolled after all."""
    with map_file(path) as writer:
        writer.add("anna", "door-1")
        writer.discard()
        raise MapUnwritable


def test_a_list_of_nobody_is_taken_away(tmp_path: Path) -> None:
    with pytest.raises(MapUnwritable):
        refuse(tmp_path / "map.csv")
    assert list(tmp_path.iterdir()) == []


def test_half_a_row_is_no_row(tmp_path: Path) -> None:
    with map_file(tmp_path / "map.csv") as writer:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len("folder,pseudonym\n") + 4, hard))
        try:
            with pytest.raises(MapUnwritable):
                writer.add("anna", "door-1")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (tmp_path / "map.csv.unfinished").read_text() == "folder,pseudonym\nanna"


def test_a_map_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_text("precious")
    with pytest.raises(MapExists), map_file(path):
        pass
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_map_that_appears_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    with ExitStack() as run:
        run.enter_context(map_file(path)).add("anna", "door-1")
        path.write_text("precious")
        with pytest.raises(MapExists):
            run.close()
    assert path.read_text() == "precious"
    assert rows(tmp_path / "map.csv.unfinished")[1:] == [["anna", "door-1"]]


def test_a_map_does_not_follow_a_link_that_somebody_laid(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "map.csv.unfinished").symlink_to(target)
    with pytest.raises(MapUnfinished), map_file(tmp_path / "map.csv"):
        pass
    assert not target.exists()


def test_a_map_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(MapUnwritable), map_file(tmp_path / "absent" / "map.csv"):
        pass
