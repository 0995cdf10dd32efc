"""A real PKCS#11 token makes a key that never leaves it, and signs with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.custody.softhsm import ABSENT, IS_THERE, LIBRARY, PIN, SoftToken, soft_token

pytestmark = pytest.mark.skipif(not IS_THERE, reason=ABSENT)

ACT = """
import sys
from moiety.custody.trust.keycard import KeyCard, make_card_key
from moiety.errors import MoietyError
act, library, token, pin, label = sys.argv[1:]
try:
    card = (make_card_key if act == "make" else KeyCard)(library, token, pin, label)
    print(card.public.hex(), card.sign(b"this").hex())
except MoietyError as refusal:
    print(refusal.code)
"""

INSIDE = """
import sys
import pkcs11
from pkcs11 import Attribute, ObjectClass
library, token, pin = sys.argv[1:]
with pkcs11.lib(library).get_token(token_label=token).open(user_pin=pin) as session:
    for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
        print(key[Attribute.EXTRACTABLE], key[Attribute.SENSITIVE], key[Attribute.PRIVATE])
        try:
            key[Attribute.VALUE]
            print("out")
        except pkcs11.exceptions.AttributeSensitive:
            print("in")
"""


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    return soft_token(tmp_path_factory.mktemp("hsm"))


def does(token: SoftToken, act: str, label: str, *, name: str = "people", pin: str = PIN) -> list[str]:
    done = token.run(ACT, act, str(LIBRARY), name, pin, label)
    assert done.returncode == 0, done.stderr
    assert pin not in done.stdout + done.stderr
    return done.stdout.split()


def test_a_key_is_made_and_signs(token: SoftToken) -> None:
    public, signature = (bytes.fromhex(text) for text in does(token, "make", "ana"))
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"this")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(signature, b"that")
    assert does(token, "open", "ana") == [public.hex(), signature.hex()]
    assert does(token, "make", "ana") == ["card_key_exists"]


def test_the_key_stays_inside(token: SoftToken) -> None:
    does(token, "make", "ben")
    done = token.run(INSIDE, str(LIBRARY), "people", PIN)
    lines = done.stdout.split("\n")
    assert "in" in lines
    assert "out" not in lines
    assert "False True True" in lines


@pytest.mark.parametrize(
    ("label", "name", "pin", "code"),
    [
        ("nobody", "people", PIN, "card_key_missing"),
        ("ana", "nowhere", PIN, "card_missing"),
        ("ana", "people", "0000000000", "card_closed"),
    ],
)
def test_what_is_not_there_or_not_open(token: SoftToken, label: str, name: str, pin: str, code: str) -> None:
    assert does(token, "open", label, name=name, pin=pin) == [code]


@pytest.mark.parametrize("content", [None, b"no library"])
def test_a_library_that_is_none(token: SoftToken, tmp_path: Path, content: bytes | None) -> None:
    """Whoever mistypes its path is told to look at that, and not at what the token can do."""
    if content is not None:
        (tmp_path / "some.so").write_bytes(content)
    for act in ("open", "make"):
        done = token.run(ACT, act, str(tmp_path / "some.so"), "people", PIN, "ana")
        assert done.stdout.split() == ["card_missing"]
