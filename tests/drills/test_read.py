"""Whatever form a secret takes in a file, the reader finds it; and it finds nobody who is not there."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import pytest

from moiety.drills import canaries, read
from moiety.drills.algebra import encode
from moiety.drills.haystack import Haystack
from moiety.drills.people import invent, quantised
from moiety.drills.standin import photograph, pixels, portrait

RNG = np.random.default_rng(1)
PEOPLE = invent(12, 192, RNG)
STRANGERS = invent(12, 192, RNG)
NOISE = RNG.bytes(200_000)
NAME, NUMBER, VECTOR = PEOPLE.names[3], PEOPLE.numbers[3], PEOPLE.enrolled[3]
PICTURE = photograph(portrait(VECTOR, RNG), NAME)


def hidden(secret: bytes, at: int = 99_991) -> Haystack:
    return Haystack([NOISE[:at], secret, NOISE[at:]])


def torn(secret: bytes) -> Haystack:
    """As a database tears a blob over its pages."""
    middle = len(secret) // 2
    return Haystack([NOISE[:5_000], secret[:middle], NOISE[5_000:9_000], secret[middle:], NOISE[9_000:]])


FORMS_OF_A_NAME = {
    "utf-8": NAME.encode(),
    "utf-16": NAME.encode("utf-16-le"),
    "upper case": NAME.upper().encode(),
    "a folder": NAME.replace(" ", "_").lower().encode(),
    "hexadecimal": NAME.encode().hex().encode(),
    "base 64": base64.b64encode(b"\x01" + NAME.encode() + b"rest"),
    "md5": hashlib.md5(NAME.encode(), usedforsecurity=False).digest(),
    "sha256 in hexadecimal": hashlib.sha256(NAME.encode()).hexdigest().encode(),
}
FORMS_OF_A_VECTOR = {
    "float32": VECTOR.tobytes(),
    "float32, the other byte order": VECTOR.astype(">f4").tobytes(),
    "float64": VECTOR.astype("<f8").tobytes(),
    "float16": VECTOR.astype("<f2").tobytes(),
    "int8": quantised(VECTOR).astype(np.int8).tobytes(),
    "int16": quantised(VECTOR).tobytes(),
    "int16, the other byte order": quantised(VECTOR).astype(">i2").tobytes(),
    "not split": encode(quantised(VECTOR)).astype("<u2").tobytes(),
    "text": ",".join(f"{value:.6f}" for value in VECTOR).encode(),
}


@pytest.mark.parametrize("form", FORMS_OF_A_NAME)
def test_a_name_is_found_in_any_form(form):
    assert hidden(FORMS_OF_A_NAME[form]).holds(canaries.text(NAME)).any()


@pytest.mark.parametrize("form", FORMS_OF_A_VECTOR)
def test_a_vector_is_found_in_any_form_whole_or_torn(form):
    secret = FORMS_OF_A_VECTOR[form]
    assert hidden(secret).holds(canaries.vector(VECTOR)).any()
    assert torn(secret).holds(canaries.vector(VECTOR)).any()
    assert hidden(secret[64:]).holds(canaries.vector(VECTOR)).any() or form == "text"


@pytest.mark.parametrize("form", ["file", "rgb", "bgr", "planes"])
def test_a_photograph_is_found_by_file_and_by_pixels(form):
    shown = pixels(PICTURE)
    forms = {"file": PICTURE, "rgb": shown.tobytes(), "bgr": shown[..., ::-1].tobytes()}
    forms["planes"] = shown.transpose(2, 0, 1).tobytes()
    assert torn(forms[form]).holds(canaries.picture(PICTURE, shown)).any()


def test_sixteen_bytes_are_found_as_they_are_and_in_base_64():
    secret = RNG.bytes(16)
    for form in (secret, secret[::-1], secret.hex().encode(), base64.b64encode(b"ab" + secret)):
        assert hidden(form).holds(canaries.raw(secret)).any()


def test_nobody_is_found_in_noise():
    found = read.found(Haystack([NOISE]), [canaries.text(name) for name in PEOPLE.names])
    assert not found.any()
    assert not Haystack([NOISE]).holds([one for vector in PEOPLE.enrolled for one in canaries.vector(vector)]).any()


def test_a_search_counts_people_and_not_needles():
    wanted, decoys = ([canaries.text(name) for name in people.names] for people in (PEOPLE, STRANGERS))
    trial = read.search(hidden(NAME.encode()), wanted, decoys, np.random.default_rng(2))
    assert trial.success == pytest.approx(1 / 12)
    assert trial.chance == 0
    assert trial.p_value < 1e-6


def test_what_people_and_strangers_have_in_common_gives_nobody_away():
    head = b"\x89PNG, as all of them begin"
    wanted, decoys = ([[head, name.encode()] for name in people.names] for people in (PEOPLE, STRANGERS))
    nobody = read.search(hidden(head), wanted, decoys, np.random.default_rng(3))
    assert (nobody.success, nobody.chance, nobody.p_value) == (0, 0, 1)
    one = read.search(hidden(head + NAME.encode()), wanted, decoys, np.random.default_rng(3))
    assert (one.success, one.chance) == (pytest.approx(1 / 12), 0)


def test_words_in_a_haystack_end_where_the_file_ends():
    assert Haystack([b"only these bytes"]).holds([b"se bytes", b"e bytes!"]).tolist() == [True, False]
