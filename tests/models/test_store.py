"""Models come from files and packages, are kept only when they are the ones of their cards, and are checked again."""

from __future__ import annotations

import hashlib
import os
import re

import pytest

from moiety.errors import MoietyError
from moiety.face.card_refusals import (
    CardDamaged,
    CardInvalid,
    CardNameTaken,
    CardUnknownFields,
    CardUnreadable,
    DataFolderUnwritable,
    FileRefused,
    FileWrongHash,
    FileWrongSize,
    InstallFromFileOnly,
    ModelDamaged,
    ModelNotInstalled,
    ModelUnknown,
)
from moiety.face.store import Checked, ModelStore, shipped_cards
from tests.models.cards import EMBEDDER, with_file

CONTENT = b"stands for a network: the store looks at bytes alone" * 100
OWN = with_file(EMBEDDER, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def store(tmp_path) -> ModelStore:
    return ModelStore(tmp_path / "data")


@pytest.fixture
def own(tmp_path):
    """Paths of a card and its file, with other words or other bytes if asked for."""

    def write(card: str = OWN, content: bytes = CONTENT):
        paths = tmp_path / "card.toml", tmp_path / "any name.bin"
        paths[0].write_text(card)
        paths[1].write_bytes(content)
        return paths

    return write


def kept(tmp_path) -> list[str]:
    data = tmp_path / "data"
    return sorted(path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file())


def test_a_card_of_ones_own_is_listed_and_its_file_kept(store, own, tmp_path):
    assert store.add(*own()).name == "of-my-own"
    assert kept(tmp_path) == ["models/of-my-own/card.toml", "models/of-my-own/network.onnx"]
    assert store.path("of-my-own").read_bytes() == CONTENT
    assert [one.card.name for one in store.list() if one.own and one.installed] == ["of-my-own"]
    assert ModelStore(tmp_path / "data").content(store.card("of-my-own")) == CONTENT


@pytest.mark.parametrize(
    ("card", "content", "refusal"),
    [
        (OWN, CONTENT[:-1], FileWrongSize),
        (OWN, CONTENT + b"!", FileWrongSize),
        (OWN, b"", FileWrongSize),
        (OWN, CONTENT[:-1] + b"!", FileWrongHash),
        (OWN + "colour = 'red'\n", CONTENT, CardUnknownFields),
        (OWN.replace('"of-my-own"', '"../of-my-own"'), CONTENT, CardInvalid),
        (OWN.replace('"of-my-own"', '"mobilefacenet-192"'), CONTENT, CardNameTaken),
    ],
    ids=["truncated", "longer", "empty", "hash", "unknown field", "climbing name", "shipped name"],
)
def test_what_is_refused_leaves_nothing(store, own, tmp_path, card, content, refusal):
    with pytest.raises(refusal):
        store.add(*own(card, content))
    assert kept(tmp_path) == []
    assert not (tmp_path / "data" / "models" / "of-my-own").exists()
    assert not any(one.own or one.installed for one in store.list())


def test_what_is_no_file_is_refused(store, own, tmp_path):
    card, file = own()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for nothing in (tmp_path / "absent", tmp_path, pipe):
        with pytest.raises(CardUnreadable):
            store.add(nothing, file)
        with pytest.raises(FileRefused):
            store.add(card, nothing)
    assert kept(tmp_path) == []


def test_a_name_keeps_its_model(store, own):
    store.add(*own())
    store.add(*own())  # the same again is no error
    other = with_file(EMBEDDER, 5, hashlib.sha256(b"other").hexdigest())
    with pytest.raises(CardNameTaken):
        store.add(*own(other, b"other"))
    assert store.path("of-my-own").read_bytes() == CONTENT


def test_check_finds_the_byte_that_changed(store, own):
    assert store.check() == []
    store.add(*own())
    assert store.check() == [Checked("of-my-own", "whole")]
    file = store.path("of-my-own")
    file.write_bytes(b"x" + CONTENT[1:])
    assert store.check() == [Checked("of-my-own", "damaged")]
    with pytest.raises(ModelDamaged):
        store.content(store.card("of-my-own"))
    file.write_bytes(CONTENT[:-1])
    assert store.check() == [Checked("of-my-own", "damaged")]
    with pytest.raises(ModelNotInstalled):
        store.path("of-my-own")
    assert store.add(*own()).name == "of-my-own"  # which mends it
    assert store.check() == [Checked("of-my-own", "whole")]


def test_an_install_that_fails_leaves_what_was_there(store, own, tmp_path):
    store.add(*own())
    damaged = b"x" + CONTENT[1:]
    store.path("of-my-own").write_bytes(damaged)
    (tmp_path / "wrong").write_bytes(b"y" + CONTENT[1:])
    with pytest.raises(FileWrongHash):
        store.install("of-my-own", file=tmp_path / "wrong")
    assert store.path("of-my-own").read_bytes() == damaged
    assert len(kept(tmp_path)) == 2


def test_installing_from_a_file(store, own, tmp_path):
    store.add(*own())
    store.path("of-my-own").unlink()
    with pytest.raises(InstallFromFileOnly):
        store.install("of-my-own")
    assert store.install("of-my-own", file=tmp_path / "any name.bin") is True
    assert store.install("of-my-own", file=tmp_path / "any name.bin") is False
    for other, refusal in ((b"x" + CONTENT[1:], FileWrongHash), (CONTENT[1:], FileWrongSize)):
        (tmp_path / "other").write_bytes(other)
        with pytest.raises(refusal):  # also where the model is here already
            store.install("of-my-own", file=tmp_path / "other")
    with pytest.raises(FileRefused):
        store.install("of-my-own", file=tmp_path / "absent")
    assert store.check() == [Checked("of-my-own", "whole")]
    wrong = tmp_path / "centerface.onnx"
    wrong.write_bytes(CONTENT)
    with pytest.raises(FileWrongSize):
        store.install("centerface", file=wrong)


def test_a_name_that_nobody_knows(store):
    for name in ("", "..", "../models", "of-my-own", "/", "a\0b"):
        for ask in (store.card, store.path, store.install):
            with pytest.raises(ModelUnknown):
                ask(name)


def test_a_model_that_is_not_installed(store):
    with pytest.raises(ModelNotInstalled):
        store.path("centerface")
    with pytest.raises(ModelNotInstalled):
        store.content(store.card("centerface"))


def test_a_folder_renamed_by_hand_is_not_another_model(store, own, tmp_path):
    store.add(*own())
    models = tmp_path / "data" / "models"
    (models / "of-my-own").rename(models / "of-somebody-else")
    with pytest.raises(ModelUnknown):
        store.card("of-somebody-else")
    with pytest.raises(ModelUnknown):
        store.card("of-my-own")


@pytest.fixture(params=["another field", "no TOML", "no file"])
def written_over(request, store, own, tmp_path):
    """A store whose one own card is damaged."""
    store.add(*own())
    card = tmp_path / "data" / "models" / "of-my-own" / "card.toml"
    if request.param == "no file":
        card.unlink()
        os.mkfifo(card)
    else:
        card.write_text(OWN + ("colour = 'red'\n" if request.param == "another field" else "junk"))
    return store


def test_a_card_that_was_written_over_is_refused_and_not_ignored(written_over, tmp_path):
    for ask in (written_over.card, written_over.path, written_over.install):
        with pytest.raises(CardDamaged):
            ask("of-my-own")
    with pytest.raises(ModelUnknown):
        written_over.card("of-somebody-else")
    assert written_over.check() == [Checked("of-my-own", "damaged")]
    assert written_over.damaged_cards() == ["of-my-own"]


def test_a_damaged_card_leaves_the_others_alone(written_over, own):
    other = OWN.replace('"of-my-own"', '"another-one"')
    written_over.add(*own(other))
    assert written_over.card("another-one").name == "another-one"
    assert [one.card.name for one in written_over.list() if one.own] == ["another-one"]
    assert [one.card.name for one in written_over.list() if not one.own] == sorted(shipped_cards())
    assert written_over.check() == [Checked("another-one", "whole"), Checked("of-my-own", "damaged")]


def test_a_damaged_card_is_mended_by_adding_the_same_model_and_by_no_other(written_over, own):
    with pytest.raises(CardNameTaken):
        written_over.add(*own(with_file(EMBEDDER, 5, hashlib.sha256(b"other").hexdigest()), b"other"))
    written_over.add(*own())
    assert written_over.check() == [Checked("of-my-own", "whole")]
    assert written_over.damaged_cards() == []


def test_a_damaged_card_counts_only_where_a_card_would(store, tmp_path):
    for folder in ("centerface", "No Name", ".incoming-1"):
        path = tmp_path / "data" / "models" / folder / "card.toml"
        path.parent.mkdir(parents=True)
        path.write_text("junk")
    assert store.damaged_cards() == []
    assert store.card("centerface").kind == "detector"


def test_a_data_folder_that_cannot_be_written(own, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(DataFolderUnwritable):
        ModelStore(tmp_path / "data").add(*own())


def test_a_refusal_quotes_no_path(store, own, tmp_path):
    card, file = own(OWN.replace('"of-my-own"', '"Mustermann"'))
    for ask in (
        lambda: store.add(card, file),
        lambda: store.install("Mustermann"),
        lambda: store.add(tmp_path / "Mustermann", file),
        lambda: store.install("centerface", file=tmp_path / "Mustermann"),
    ):
        with pytest.raises(MoietyError) as refused:
            ask()
        assert not re.search(f"Mustermann|{re.escape(str(tmp_path))}", repr(refused.value) + str(refused.value))
