"""The demo's photographs come out of two packages, and nothing else does."""

from __future__ import annotations

import pytest

from moiety.face import photographs
from moiety.face.photographs import PHOTOGRAPHS, PhotographsNotInstalled
from moiety.face.picture import load


def test_they_come_from_their_packages(tmp_path):
    """Over the network, by pip."""
    with pytest.raises(PhotographsNotInstalled):
        photographs.path(tmp_path, "biden.jpg")
    told = []
    assert photographs.install(tmp_path, lambda *stage: told.append(stage)) == len(PHOTOGRAPHS)
    assert {stage for stage, _, _ in told} == {"face_recognition 1.3.0, 3.2 MB", "scikit-image 0.26.0, 13.7 MB"}
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == {
        f"photographs/{name}" for name in PHOTOGRAPHS
    }
    assert photographs.install(tmp_path) == 0
    for name in PHOTOGRAPHS:
        assert load(photographs.path(tmp_path, name)).shape[2] == 3


def test_they_show_three_people_one_of_them_in_three_photographs_and_two_cuts():
    whole = [photograph.person for photograph in PHOTOGRAPHS.values() if not photograph.cut]
    assert sorted(map(whole.count, set(whole))) == [1, 1, 3]
    assert sum(photograph.cut for photograph in PHOTOGRAPHS.values()) == 2


def test_a_name_that_is_none_of_theirs(tmp_path):
    with pytest.raises(KeyError):
        photographs.path(tmp_path, "../../etc/passwd")
