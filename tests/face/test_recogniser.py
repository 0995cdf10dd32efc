"""Real photographs through the whole path: who is who, what is refused and why, and that nothing is given away."""

from __future__ import annotations

import csv
import io
import multiprocessing
import pickle
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFilter

from moiety.face import Probe, Recogniser, Template
from moiety.face.align import crop, similarity
from moiety.face.card_refusals import ModelNotInstalled, ModelNotRecognising, ModelUnknown, ModelUnusable
from moiety.face.embed import prepare
from moiety.face.installed import Installed
from moiety.face.photographs import PHOTOGRAPHS
from moiety.face.picture import load
from moiety.face.refusals import (
    FaceTooBlurred,
    FaceTooSmall,
    FaceTruncated,
    FaceWithoutContrast,
    NoFace,
    NoPictures,
    PicturesDisagree,
    SeveralFaces,
    TooManyPictures,
    TruncatedPicture,
)
from moiety.face.store import shipped_cards
from tests.face.shared import shared


@pytest.fixture(scope="module")
def probes(recogniser, photograph):
    return {name: recogniser.probe(photograph(name)).vector for name in PHOTOGRAPHS}


def test_everybody_matches_themselves_and_nobody_else(recogniser, probes):
    """At the strictest point that the card measured: false matches of one in a hundred thousand, or fewer."""
    strict = recogniser.card.rates[-1].cosine
    for one, vector in probes.items():
        for other, another in probes.items():
            assert (vector @ another > strict) == (PHOTOGRAPHS[one].person == PHOTOGRAPHS[other].person), (one, other)


def test_a_probe_is_a_unit_vector_that_shows_nothing_of_itself(recogniser, photograph):
    probe = recogniser.probe(photograph("biden.jpg"))
    assert isinstance(probe, Probe)
    assert probe.vector.shape == (192,)
    assert probe.vector.dtype == np.float32
    assert np.linalg.norm(probe.vector) == pytest.approx(1, abs=1e-6)
    assert repr(probe) == "Probe(model='mobilefacenet-192')"


def test_the_same_picture_gives_the_same_probe_in_every_form(recogniser, photograph):
    path = photograph("astronaut.png")
    vectors = [recogniser.probe(picture).vector for picture in (path, str(path), path.read_bytes(), load(path))]
    for vector in vectors[1:]:
        assert np.array_equal(vector, vectors[0])


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photograph_with_its_exif_is_the_same_person(recogniser, photograph, probes, orientation):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    with Image.open(photograph("astronaut.png")) as opened:
        opened.convert("RGB").transpose(undo[orientation]).save(file, "JPEG", quality=95, exif=exif.tobytes())
    assert recogniser.probe(file.getvalue()).vector @ probes["astronaut.png"] > 0.97


def test_several_pictures_make_one_template_nearer_to_a_further_one(recogniser, photograph, probes):
    enrolled = [photograph(name) for name in ("obama.jpg", "obama2.jpg")]
    template = recogniser.template(enrolled)
    assert isinstance(template, Template)
    assert np.linalg.norm(template.vector) == pytest.approx(1, abs=1e-6)
    mean = probes["obama.jpg"] + probes["obama2.jpg"]
    assert np.allclose(template.vector, mean / np.linalg.norm(mean), atol=1e-6)
    fresh = probes["obama3.jpg"]
    assert template.vector @ fresh > max(probes[name] @ fresh for name in ("obama.jpg", "obama2.jpg"))


def test_pictures_of_two_people_make_no_template(recogniser, photograph):
    theirs = ["obama.jpg", "obama2.jpg", "obama3.jpg"]
    for names, odd in (
        ([*theirs, "biden.jpg"], 4),
        (["biden.jpg", *theirs], 1),
        (["obama.jpg", "astronaut.png", "obama3.jpg"], 2),
    ):
        with pytest.raises(PicturesDisagree) as refused:
            recogniser.template([photograph(name) for name in names])
        assert refused.value.numbers == {"picture": odd}
    for names in (
        ["obama.jpg", "biden.jpg"],
        ["obama.jpg", "obama2.jpg", "biden.jpg", "biden.jpg"],
        ["obama.jpg"] * 3 + ["biden.jpg"] * 3,  # each agrees with the others on average
    ):
        with pytest.raises(PicturesDisagree):
            recogniser.template([photograph(name) for name in names])


def test_a_bad_picture_among_good_ones_refuses_the_template(recogniser, photograph):
    half = photograph("biden.jpg").read_bytes()[:100_000]
    with pytest.raises(TruncatedPicture):
        recogniser.template([photograph("biden.jpg"), half])


def test_how_many_pictures_a_template_takes(recogniser, photograph):
    with pytest.raises(NoPictures):
        recogniser.template([])
    with pytest.raises(TooManyPictures):
        recogniser.template([photograph("biden.jpg")] * 65)


def test_no_face(recogniser):
    noise = np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8)
    for picture in (noise, np.zeros((480, 640, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)):
        with pytest.raises(NoFace):
            recogniser.probe(picture)
        with pytest.raises(NoFace):
            recogniser.embed_nearest_centre(picture)
        assert recogniser.faces(picture) == []


def side_by_side(*pictures) -> np.ndarray:
    height = max(picture.shape[0] for picture in pictures)
    return np.hstack([np.pad(picture, ((0, height - picture.shape[0]), (0, 0), (0, 0))) for picture in pictures])


def test_several_faces(recogniser, photograph, probes):
    both = side_by_side(load(photograph("astronaut.png")), load(photograph("obama.jpg")))
    with pytest.raises(SeveralFaces) as refused:
        recogniser.probe(both)
    assert refused.value.numbers == {"faces": 2}
    assert len(recogniser.faces(both)) == 2
    with pytest.raises(SeveralFaces):
        recogniser.template([shared("data", "groups", "couple.jpg")])


def test_the_face_nearest_the_centre_is_the_one_that_is_measured(recogniser, photograph, probes):
    left, right = load(photograph("astronaut.png")), load(photograph("obama.jpg"))
    nothing = np.zeros((10, 1_500, 3), np.uint8)
    assert recogniser.embed_nearest_centre(side_by_side(nothing, left, right)) @ probes["obama.jpg"] < 0.4
    assert recogniser.embed_nearest_centre(side_by_side(nothing, left, right)) @ probes["astronaut.png"] > 0.9
    assert recogniser.embed_nearest_centre(side_by_side(left, right, nothing)) @ probes["obama.jpg"] > 0.9


def shrunk(path, factor: float) -> np.ndarray:
    with Image.open(path) as opened:
        rgb = opened.convert("RGB")
        return np.asarray(rgb.resize((round(rgb.width * factor), round(rgb.height * factor)), Image.Resampling.BOX))


def test_a_face_too_small(recogniser, photograph):
    assert recogniser.probe(shrunk(photograph("astronaut.png"), 0.5)).model == "mobilefacenet-192"
    with pytest.raises(FaceTooSmall) as refused:
        recogniser.probe(shrunk(photograph("astronaut.png"), 0.25))
    assert refused.value.numbers["pixels"] < refused.value.numbers["limit"] == 16


def test_a_face_too_blurred(recogniser, photograph):
    with Image.open(photograph("astronaut.png")) as opened:
        slightly, heavily = (
            np.asarray(opened.convert("RGB").filter(ImageFilter.GaussianBlur(radius))) for radius in (1, 4)
        )
    assert recogniser.probe(slightly).vector.shape == (192,)
    with pytest.raises(FaceTooBlurred):
        recogniser.probe(heavily)
    # Enlarging does not bring back what is not there.
    tiny = Image.fromarray(shrunk(photograph("astronaut.png"), 0.15))
    with pytest.raises(FaceTooBlurred):
        recogniser.probe(np.asarray(tiny.resize((1_000, 1_000), Image.Resampling.BICUBIC)))


def test_a_face_cut_off(recogniser, photograph):
    """A cut through the face is advice up to a limit (the packaged ones pass), and then a refusal."""
    (face,) = recogniser.faces(photograph("obama_partial_face.jpg"))
    assert [finding.measure for finding in face.quality.findings()] == ["outside"]
    pixels = load(photograph("obama.jpg"))
    (face,) = recogniser.faces(pixels)
    left, top, width, height = face.box
    for cut in (pixels[round(top + 0.5 * height) :], pixels[:, : round(left + 0.45 * width)]):
        with pytest.raises(FaceTruncated) as refused:
            recogniser.probe(cut)
        assert refused.value.numbers["percent"] > refused.value.numbers["limit"] == 40


def test_a_face_without_contrast(recogniser, photograph):
    pixels = load(photograph("obama.jpg")).astype(np.float32)
    with pytest.raises(FaceWithoutContrast) as refused:
        recogniser.probe((118 + pixels * 0.1).astype(np.uint8))
    assert refused.value.numbers["contrast"] < refused.value.numbers["limit"] == 6


def test_a_dark_picture_of_a_face_is_advised_against_and_still_the_person(recogniser, photograph, probes):
    dark = (load(photograph("obama.jpg")) * 0.25).astype(np.uint8)
    (face,) = recogniser.faces(dark)
    assert [finding.measure for finding in face.quality.findings()] == ["exposure"]
    assert recogniser.probe(dark).vector @ probes["obama.jpg"] > 0.9
    template = recogniser.template([dark])
    [advice] = template.advice
    assert advice.startswith("the face is dark (exposure ")
    assert repr(template) == f"Template(model='mobilefacenet-192', advice=({advice!r},))"
    assert recogniser.template([photograph("obama.jpg"), dark]).advice == (f"picture 2: {advice}",)
    assert recogniser.template([photograph("obama.jpg")]).advice == ()


def test_channels_are_fed_in_the_order_of_the_card(recogniser, photograph, probes):
    """Red for blue costs likeness: the golden cosines below are of RGB, and BGR misses them by far more than noise."""
    golden = {
        ("obama.jpg", "obama3.jpg"): 0.776,
        ("obama.jpg", "obama2.jpg"): 0.770,
        ("obama2.jpg", "obama3.jpg"): 0.809,
    }
    for (one, other), cosine in golden.items():
        assert probes[one] @ probes[other] == pytest.approx(cosine, abs=0.01)
    for name in ("obama.jpg", "obama3.jpg", "biden.jpg"):
        swapped = recogniser.probe(np.ascontiguousarray(load(photograph(name))[..., ::-1])).vector
        assert swapped @ probes[name] < 0.97


def test_an_input_is_what_the_card_says():
    face = np.zeros((112, 112, 3), np.uint8)
    face[..., 0], face[..., 1], face[..., 2] = 255, 0, 127
    card = shipped_cards()["mobilefacenet-192"].input
    batch = prepare([face], card)
    assert batch.shape == (1, 112, 112, 3)
    assert batch[0, 5, 5] == pytest.approx([127.5 / 128, -127.5 / 128, -0.5 / 128])
    other = card.model_copy(
        update={"channels": "bgr", "layout": "nchw", "mean": (1.0, 2.0, 3.0), "scale": (1.0, 2.0, 4.0)}
    )
    batch = prepare([face], other)
    assert batch.shape == (1, 3, 112, 112)
    assert batch.flags.c_contiguous
    assert batch[0, :, 5, 5] == pytest.approx([126, -1, 63])


def test_a_mirrored_face_has_the_same_vector(recogniser, photograph, probes):
    """A face and its mirror image fill the model's two slots and are averaged, so which is which does not matter."""
    pixels = load(photograph("biden.jpg"))
    (face,) = recogniser.faces(pixels)
    target = np.array(recogniser.card.alignment, np.float32)
    aligned = crop(pixels, similarity(face.points, target), (112, 112))
    one, other = recogniser._embedder.vectors([aligned, np.ascontiguousarray(aligned[:, ::-1])])
    assert one @ other > 0.9999
    assert one @ probes["biden.jpg"] > 0.9999


def test_models_that_do_not_recognise_or_are_not_there(data, tmp_path):
    for model, refusal in (("centerface", ModelNotRecognising), ("nobody", ModelUnknown)):
        with pytest.raises(refusal):
            Recogniser.open(model, data)
    with pytest.raises(ModelNotInstalled):
        Recogniser.open("mobilefacenet-192", tmp_path)


def test_each_model_is_loaded_once(data):
    models = Installed(data, threads=1)
    assert models.card("mobilefacenet-192").dim == 192
    assert models.recogniser("mobilefacenet-192") is models.recogniser("mobilefacenet-192")
    with pytest.raises(ModelNotInstalled):
        Installed(data / "nowhere").card("mobilefacenet-192")


def test_threads_take_turns(recogniser, photograph, probes):
    """Each gets its own face's vector: two at once in one network would mix their inputs."""
    names = ["astronaut.png", "biden.jpg"] * 40
    target = np.array(recogniser.card.alignment, np.float32)
    faces = {}
    for name in set(names):
        pixels = load(photograph(name))
        (face,) = recogniser.faces(pixels)
        faces[name] = crop(pixels, similarity(face.points, target), (112, 112))
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(lambda name: recogniser._vector(faces[name]), names))
        found = list(pool.map(lambda name: len(recogniser.faces(photograph(name))), names[:8]))
    assert all(vector @ probes[name] > 0.9999 for name, vector in zip(names, vectors, strict=True))
    assert set(found) == {1}


def probe_elsewhere(data, path):
    return Recogniser.open("mobilefacenet-192", data, threads=1).probe(path)


def test_processes_each_open_their_own(data, photograph, probes):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        tasks = {name: pool.submit(probe_elsewhere, data, photograph(name)) for name in ("biden.jpg", "astronaut.png")}
        for name, task in tasks.items():
            assert task.result().vector @ probes[name] > 0.9999
        refused = pool.submit(probe_elsewhere, data, b"no picture").exception()
    assert type(refused).__name__ == "NotAPicture"


def test_refusals_travel_between_processes():
    for refusal in (FaceTooSmall(pixels=3, limit=16), NoFace(), ModelUnusable()):
        copy = pickle.loads(pickle.dumps(refusal))  # noqa: S301 - written in the line itself
        assert type(copy) is type(refusal)
        assert (copy.numbers, str(copy)) == (refusal.numbers, str(refusal))


def test_labelled_pairs_are_decided_as_the_card_says(recogniser, lfw):
    """120 pairs of LFW at the loosest measured point. RGB fed as BGR, or points out of order, fail this."""
    with (lfw / "pairs.csv").open(newline="") as file:
        pairs = list(csv.DictReader(file))
    random.Random(5).shuffle(pairs)
    some = [pair for same in "01" for pair in [pair for pair in pairs if pair["same"] == same][:60]]
    rate = recogniser.card.rates[0]
    wrong = 0
    for pair in some:
        one, other = (
            recogniser.embed_nearest_centre(lfw / "images" / pair[column]) for column in ("image_a", "image_b")
        )
        wrong += (one @ other > rate.cosine) != (pair["same"] == "1")
    assert wrong <= 3  # one or two are expected of 120
