"""Root keys in a PKCS#11 token, which no root ever leaves: a smart card, a hardware module, or SoftHSM2 in tests.

Each epoch's root is an AES-256 object of the token: private, sensitive, not extractable, and neither wrapping nor
deriving. A data key is sealed inside the token by AES-GCM:

    version 1 | nonce 12 B | ciphertext 32 B | tag 16 B

The object's label says whose it is: `moiety OFFICE SEAT EPOCH`, the office in hexadecimal, so that one token may
serve several custodians of one operator. What becomes of a destroyed object is the token's promise, not ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import (
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)

from moiety.custody.refusals import RootMissing, RootWrong, TokenPinWrong, TokenShut
from moiety.custody.store.noise import Entropy
from moiety.sharing.seat import Seat

WRAP_VERSION = 1
_NONCE_BYTES: Final = 12
_TAG_BITS: Final = 128
_BITS: Final = 256

_PIN_WRONG: Final = (PinIncorrect, PinInvalid, PinLenRange, PinLocked, PinExpired)

_KEEPING: Final[dict[Any, Any]] = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.MODIFIABLE: False,
    Attribute.ENCRYPT: True,
    Attribute.DECRYPT: True,
    Attribute.WRAP: False,
    Attribute.UNWRAP: False,
    Attribute.SIGN: False,
    Attribute.VERIFY: False,
    Attribute.DERIVE: False,
}


class Pkcs11Token:
    """The roots of one custodian in a token. Safe for threads: one session, used by one at a time. Close it after use;
    where several are open in one process, the first one last, for it ends the process's login.

    Every method raises `TokenShut` where the token cannot be reached or refuses.
    """

    def __init__(self, library: Path, label: str, pin: str, office: bytes, seat: Seat, entropy: Entropy) -> None:
        """Open the token of this label through a PKCS#11 library. Raises `TokenShut`, and `TokenPinWrong`: a refusal
        that does not pass by itself, or whatever starts a custodian again would try until the token is closed."""
        self._whose = f"moiety {office.hex()} {seat} "
        self._entropy = entropy
        self._lock = Lock()
        with _errors():
            found = pkcs11.lib(str(library)).get_token(token_label=label)
            try:
                self._session = found.open(rw=True, user_pin=pin)
            except UserAlreadyLoggedIn:  # a login is the process's, not the session's
                self._session = found.open(rw=True)
            except _PIN_WRONG:
                raise TokenPinWrong from None

    def epochs(self) -> frozenset[int]:
        """The epochs whose root is here."""
        with self._lock, _errors():
            found = self._session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})
            labels = [str(key[Attribute.LABEL]) for key in found]
        numbers = (label.removeprefix(self._whose) for label in labels if label.startswith(self._whose))
        return frozenset(int(number) for number in numbers if number.isascii() and number.isdigit())

    def make(self, epoch: int) -> None:
        """Have the token draw a root that stays in it."""
        if epoch in self.epochs():
            raise ValueError("this epoch has a root already")
        with self._lock, _errors():
            self._session.generate_key(KeyType.AES, _BITS, label=self._label(epoch), store=True, template=_KEEPING)

    def wrap(self, epoch: int, key: bytes, bound: bytes) -> bytes:
        """Seal a 32-byte data key inside the token. Raises `RootMissing`."""
        nonce = self._entropy(_NONCE_BYTES)
        with self._lock, _errors():
            sealed = self._root(epoch).encrypt(key, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, bound))
        return bytes([WRAP_VERSION]) + nonce + bytes(sealed)

    def unwrap(self, epoch: int, wrapped: bytes, bound: bytes) -> bytes:
        """The data key again. Raises `RootMissing`, `RootWrong`."""
        nonce, sealed = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
        if wrapped[:1] != bytes([WRAP_VERSION]) or len(nonce) != _NONCE_BYTES:
            raise RootWrong
        with self._lock:
            with _errors():
                root = self._root(epoch)
            try:
                return bytes(root.decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, bound)))
            except PKCS11Error:  # a tag that is wrong surfaces as an error like any other
                raise RootWrong from None

    def destroy(self, epoch: int) -> None:
        """Have the token destroy a root; again does nothing."""
        with self._lock, _errors():
            for key in list(self._found(epoch)):
                key.destroy()

    def close(self) -> None:
        """End the session."""
        with self._lock, _errors():
            self._session.close()

    def _root(self, epoch: int) -> Any:
        for key in self._found(epoch):
            return key
        raise RootMissing

    def _found(self, epoch: int) -> Iterator[Any]:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: self._label(epoch)}
        yield from list(self._session.get_objects(wanted))

    def _label(self, epoch: int) -> str:
        return f"{self._whose}{epoch}"


def _gcm(nonce: bytes, bound: bytes) -> Any:
    return GCMParams(nonce, bound, _TAG_BITS)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (PKCS11Error, RuntimeError, OSError):  # a library that is none raises what the system says
        raise TokenShut from None
