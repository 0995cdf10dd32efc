"""The private key of a person in a PKCS#11 token, which signs and never lets it out (EdDSA, PKCS#11 3.0)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import (
    MultipleObjectsReturned,
    MultipleTokensReturned,
    NoSuchKey,
    NoSuchToken,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
)

from moiety.custody.trust.denials import CardClosed, CardFailed, CardKeyExists, CardKeyMissing, CardMissing
from moiety.custody.trust.signing import KEY_BYTES

ED25519: Final = bytes.fromhex("06032b6570")
"""The curve's object identifier, 1.3.101.112, in DER."""

_OCTET_STRING: Final = bytes((4, KEY_BYTES))


class KeyCard:
    """A signer in the token of this label, by the key of this label; the token is opened anew for each signature."""

    def __init__(self, library: str, token: str, pin: str, label: str) -> None:
        """Raises `CardMissing`, `CardClosed`, `CardKeyMissing`, `CardFailed`."""
        self._library, self._token, self._pin, self._label = library, token, pin, label
        with _session(library, token, pin) as session:
            self._public = _public(session, label)

    @property
    def public(self) -> bytes:
        return self._public

    def sign(self, message: bytes) -> bytes:
        """The signature of this message, 64 bytes; with the errors of the constructor."""
        with _session(self._library, self._token, self._pin) as session:
            key = _only(session, ObjectClass.PRIVATE_KEY, self._label)
            signature: bytes = key.sign(message, mechanism=Mechanism.EDDSA)
        return signature


def make_card_key(library: str, token: str, pin: str, label: str) -> KeyCard:
    """Make a key in a token, that can neither be read nor taken out.

    Raises `CardMissing`, `CardClosed`, `CardKeyExists`, `CardFailed`.
    """
    with _session(library, token, pin, rw=True) as session:
        if list(session.get_objects({Attribute.LABEL: label})):
            raise CardKeyExists
        curve = session.create_domain_parameters(KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: ED25519}, local=True)
        private = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        curve.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=label, private_template=private
        )
    return KeyCard(library, token, pin, label)


@contextmanager
def _session(library: str, token: str, pin: str, *, rw: bool = False) -> Iterator[pkcs11.Session]:
    try:
        loaded = pkcs11.lib(library)
    except PKCS11Error:  # whatever the system says of a library that is none
        raise CardMissing from None
    try:
        with loaded.get_token(token_label=token).open(rw=rw, user_pin=pin) as session:
            yield session
    except (NoSuchToken, MultipleTokensReturned):
        raise CardMissing from None
    except (PinIncorrect, PinInvalid, PinLenRange, PinLocked):
        raise CardClosed from None
    except (NoSuchKey, MultipleObjectsReturned):
        raise CardKeyMissing from None
    except PKCS11Error:
        raise CardFailed from None


def _only(session: pkcs11.Session, kind: ObjectClass, label: str) -> Any:
    """Which kind of key it is, and so what it can do, the library's types do not tell."""
    return session.get_key(object_class=kind, key_type=KeyType.EC_EDWARDS, label=label)


def _public(session: pkcs11.Session, label: str) -> bytes:
    """The public key; tokens give the point as it is, or in DER."""
    point: bytes = _only(session, ObjectClass.PUBLIC_KEY, label)[Attribute.EC_POINT]
    point = point.removeprefix(_OCTET_STRING) if len(point) > KEY_BYTES else point
    if len(point) != KEY_BYTES:
        raise CardKeyMissing
    return point
