"""Everything by which a secret may be recognised in a file: its readings as bytes. Pure.

A needle is at least eight bytes, and of a long secret every sixteenth byte starts one, so that a secret torn apart by
database pages is still found. Windows with few different bytes are left out: they would say nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.algebra import encode
from moiety.drills.people import quantised

WINDOW: Final = 16
SHORTEST: Final = 8
"""A chance hit of eight given bytes in a file of 2^24 random ones has probability 2^-40."""
_DIFFERENT_BYTES: Final = 6
_DIFFERENT_AT_FIRST: Final = 4
_HEAD: Final = 128
_TAIL: Final = 32
"""Of a picture file: what all files of one kind begin and end with."""
_HASHES: Final = ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s", "sha3_256")
_FLOATS: Final = ("<f8", ">f8", "<f4", ">f4", "<f2", ">f2")
_WHOLE: Final = ("<i4", ">i4", "<i2", ">i2")
_PICTURE_WINDOWS: Final = 400


def text(secret: str) -> list[bytes]:
    """A name, number or printed pseudonym: encodings, cases, joiners, hexadecimal, base 64 and unsalted hashes."""
    spellings = {secret, secret.lower(), secret.upper()}
    spellings |= {one.split(" ")[-1] for one in spellings}
    spellings |= {one.replace(" ", joiner) for one in spellings for joiner in ("", "_", "-")}
    spellings |= {one.replace("-", joiner) for one in spellings for joiner in ("", "_", " ")}
    needles = set()
    for one in spellings:
        plain = one.encode()
        needles |= {plain, one.encode("utf-16-le"), one.encode("utf-16-be"), *_hashes(plain)}
        needles |= {plain.hex().encode(), *_base64(plain)}
    return _long_enough(needles)


def raw(secret: bytes) -> list[bytes]:
    """Sixteen bytes or so as they are, reversed, in hexadecimal, in base 64 and hashed."""
    shown = secret.hex()
    return _long_enough(
        {secret, secret[::-1], shown.encode(), shown.upper().encode(), *_base64(secret), *_hashes(secret)}
    )


def vector(secret: NDArray[np.float32]) -> list[bytes]:
    """A face vector (d,) as floats, as whole numbers at the usual scales, in ring words, and as printed text."""
    rounded = quantised(secret)
    forms = [secret.astype(kind).tobytes() for kind in _FLOATS]
    forms += [
        (secret / np.abs(secret).max() * 127).round().astype(np.int8).tobytes(),
        rounded.astype(np.int8).tobytes(),
    ]
    forms += [(rounded + 128).astype(np.uint8).tobytes()]
    for numbers in (rounded, np.rint(secret * 32767).astype(np.int32), encode(rounded).view(np.int16)):
        forms += [numbers.astype(kind).tobytes() for kind in _WHOLE]
    printed = (f"{value:.{places}f}" for places in (4, 6, 8) for value in secret[:6])
    texts = {joiner.join(four).encode() for four in zip(*[printed] * 3, strict=False) for joiner in (",", ", ", " ")}
    return [window for form in forms for window in windows(form)] + _long_enough(texts)


def picture(encoded: bytes, pixels: NDArray[np.uint8]) -> list[bytes]:
    """A picture: windows of its file, and of its pixels (h, w, 3) in either channel order, planes and rows."""
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    forms = [
        encoded[_HEAD:-_TAIL],
        pixels.tobytes(),
        np.ascontiguousarray(pixels[..., ::-1]).tobytes(),
        planes.tobytes(),
    ]
    grey = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    forms.append(grey.round().astype(np.uint8).tobytes())
    found: list[bytes] = []
    for form in forms:
        pieces = list(windows(form))
        found += pieces[:: max(1, len(pieces) // _PICTURE_WINDOWS)]
    return found


def windows(form: bytes) -> Iterable[bytes]:
    """Every sixteen bytes of a secret, one after the other, that are not mostly one byte."""
    for start in range(0, len(form) - WINDOW + 1, WINDOW):
        window = form[start : start + WINDOW]
        if len(set(window)) >= _DIFFERENT_BYTES and len(set(window[:SHORTEST])) >= _DIFFERENT_AT_FIRST:
            yield window


def _hashes(plain: bytes) -> list[bytes]:
    digests = [hashlib.new(name, plain, usedforsecurity=False).digest()[:WINDOW] for name in _HASHES]
    return digests + [digest.hex().encode() for digest in digests]


def _base64(plain: bytes) -> list[bytes]:
    """The characters that depend on the secret alone, at each of the three places it can have in a longer text."""
    needles = []
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + plain).rstrip(b"=")
        needles.append(encoded[-(-shift * 8 // 6) : (shift + len(plain)) * 8 // 6])
    return needles


def _long_enough(needles: Iterable[bytes]) -> list[bytes]:
    return [needle for needle in needles if len(needle) >= SHORTEST]
