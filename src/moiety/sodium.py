"""The group ristretto255 (RFC 9496), computed by libsodium: the one module that knows the library. And beside it the
products of edwards25519's generator that X25519 takes (`x25519`).

Elements are their 32-byte canonical encodings, and the identity is not among them: nothing here takes it or gives
it. Scalars are whole numbers from 1 to ORDER - 1. Batches are encodings end to end, because an object for each of
two million elements would cost more than the arithmetic.

Every call lets go of the interpreter's lock for its whole length, a large batch's too, so a caller may spread batches
over threads or do something else beside one. The library works in constant time; Python's whole numbers, in which
scalars arrive, do not.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from traceback import walk_tb
from types import ModuleType, TracebackType
from typing import Any, ClassVar, Literal, NamedTuple, cast

from moiety.errors import Refused, Unavailable

ORDER = 2**252 + 27742317777372353535851937790883648493
"""How many elements there are, the identity among them: a prime."""

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
UNIFORM_BYTES = 64
"""What `from_uniform` takes: the output of a hash function of 512 bits."""

IDENTITY = bytes(ELEMENT_BYTES)

MULTIPLY = "crypto_scalarmult_ristretto255"
ADD = "crypto_core_ristretto255_add"
FROM_UNIFORM = "crypto_core_ristretto255_from_hash"
EDWARDS = "crypto_scalarmult_ed25519_base"
"""What the library calls the functions that compiled loops call."""

_MANY = 64
"""Elements from which on a batch goes through compiled loops: who asks about a few people does not load them."""


class CurveUnavailable(Unavailable):
    """The library did not load. It unpacks itself into the folder for temporary files first."""

    code: ClassVar[str] = "curve_unavailable"
    advice: ClassVar[str] = (
        "libsodium did not load: see that the folder for temporary files has 4 MiB of room and lets programs be run, "
        "or name another in TMPDIR"
    )


class NotAnElement(Refused):
    """Bytes that encode no element of the group, or the identity, which nobody has a reason to send."""

    code: ClassVar[str] = "not_an_element"
    advice: ClassVar[str] = "what was sent is not an element of the group; send it again as it was made"


def multiply(scalar: int, element: bytes) -> bytes:
    """`scalar` times an element; raises NotAnElement where the element is none."""
    return _multiplied(_little(scalar), 0, _one(element))


def multiply_base(scalar: int) -> bytes:
    """`scalar` times the generator of the group."""
    out = ctypes.create_string_buffer(ELEMENT_BYTES)
    _curve().multiply_base(ctypes.addressof(out), _little(scalar))
    return out.raw


def multiply_all(scalar: int, elements: bytes) -> bytes:
    """One scalar times every element of a batch (n * 32 bytes); raises NotAnElement where one is none."""
    return _multiplied(_little(scalar), 0, elements)


def multiply_each(scalars: Iterable[int], elements: bytes) -> bytes:
    """Each element of a batch (n * 32 bytes) times the scalar of its place, n scalars; raises NotAnElement."""
    factors = [_little(scalar) for scalar in scalars]
    _require_whole(elements)
    if len(factors) != len(elements) // ELEMENT_BYTES:
        raise ValueError("each element has its scalar")
    return _multiplied(b"".join(factors), SCALAR_BYTES, elements)


def add(one: bytes, other: bytes) -> bytes:
    """The sum of two elements; raises NotAnElement where one is none, or where they cancel."""
    return add_each(_one(one), _one(other))


def add_each(one: bytes, other: bytes) -> bytes:
    """The sums of two batches of one length, place by place; raises NotAnElement as `add` does."""
    if len(one) != len(other):
        raise NotAnElement()
    out = _room(one)
    # The library adds the identity without a word: a custodian that sends it would leave the other one's answer.
    if _has_identity(one) or _has_identity(other):
        raise NotAnElement()
    to, ones, others, count = ctypes.addressof(out), _address(one), _address(other), len(one) // ELEMENT_BYTES
    if count < _MANY:
        add = _curve().add
        done = not any(add(to + at, ones + at, others + at) for at in range(0, len(one), ELEMENT_BYTES))
    else:
        done = _compiled().add_each(to, ones, others, count) == count
    if not done or _has_identity(sums := out.raw):
        raise NotAnElement()
    return sums


def from_uniform(uniform: bytes) -> bytes:
    """The element derived from 64 uniform bytes (RFC 9496, 4.3.4); raises NotAnElement where it is the identity."""
    if len(uniform) != UNIFORM_BYTES:
        raise ValueError("an element is derived from 64 bytes")
    return from_uniform_all(uniform)


def from_uniform_all(uniform: bytes) -> bytes:
    """As `from_uniform`, of a batch: n * 64 bytes, and n * 32 of elements."""
    count, left = divmod(len(uniform), UNIFORM_BYTES)
    if left or not count:
        raise ValueError("each element is derived from 64 bytes")
    elements = _mapped("from_uniform", uniform, count)
    if _has_identity(elements):
        raise NotAnElement()
    return elements


def edwards_base_each(secrets: bytes) -> bytes:
    """For each 32 secret bytes of a batch (n * 32), clamped as RFC 7748 says, that multiple of the generator of
    edwards25519, as RFC 8032 writes points: n * 32 bytes. Raises ValueError for another length, and NotAnElement for a
    secret of zeros, which the library does not multiply by."""
    count, left = divmod(len(secrets), SCALAR_BYTES)
    if left or not count:
        raise ValueError("a secret is 32 bytes")
    return _mapped("edwards", secrets, count)


def is_element(element: bytes) -> bool:
    """Whether these bytes are the canonical encoding of an element other than the identity."""
    return len(element) == ELEMENT_BYTES and element != IDENTITY and bool(_curve().is_valid(element))


def _one(element: bytes) -> bytes:
    if len(element) != ELEMENT_BYTES:
        raise NotAnElement()
    return element


def _multiplied(scalars: bytes, step: int, elements: bytes) -> bytes:
    """Elements times scalars that lie `step` bytes apart; 0 for one scalar."""
    out, count = _room(elements), len(elements) // ELEMENT_BYTES
    if count == 1:
        if _curve().multiply(ctypes.addressof(out), scalars, elements):
            raise NotAnElement()
        return out.raw
    to, factors, others = ctypes.addressof(out), _address(scalars), _address(elements)
    if count < _MANY:
        multiply = _curve().multiply
        done = not any(
            multiply(to + place * ELEMENT_BYTES, factors + place * step, others + place * ELEMENT_BYTES)
            for place in range(count)
        )
    else:
        done = _compiled().multiply_each(to, factors, step, others, count) == count
    if not done:
        raise NotAnElement()
    return out.raw


def _mapped(name: Literal["from_uniform", "edwards"], given: bytes, count: int) -> bytes:
    """What a function of one operand gives for each of so many of one length. Raises NotAnElement."""
    out, step = ctypes.create_string_buffer(count * ELEMENT_BYTES), len(given) // count
    to, at = ctypes.addressof(out), _address(given)
    if count < _MANY:
        function = getattr(_curve(), name)
        done = not any(function(to + place * ELEMENT_BYTES, at + place * step) for place in range(count))
    else:
        done = getattr(_compiled(), f"{name}_each")(to, at, count) == count
    if not done:
        raise NotAnElement()
    return out.raw


def _has_identity(elements: bytes) -> bool:
    return any(elements[at : at + ELEMENT_BYTES] == IDENTITY for at in range(0, len(elements), ELEMENT_BYTES))


def _address(data: bytes) -> int:
    """Where these bytes lie, for as long as somebody holds them."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def _room(elements: bytes) -> ctypes.Array[ctypes.c_char]:
    _require_whole(elements)
    return ctypes.create_string_buffer(len(elements))


def _require_whole(elements: bytes) -> None:
    # The library reads 32 bytes from wherever it is sent, so lengths are looked at before anything else.
    if not elements or len(elements) % ELEMENT_BYTES:
        raise NotAnElement()


def _little(scalar: int) -> bytes:
    if not 0 < scalar < ORDER:
        raise ValueError("a scalar lies between 1 and the order of the group")
    return scalar.to_bytes(SCALAR_BYTES, "little")


class _Curve(NamedTuple):
    """The library's functions. Those that write take an address first, and then addresses or what lies there; all but
    `is_valid` give 0 where it went well."""

    multiply: Callable[[int, int | bytes, int | bytes], int]
    multiply_base: Callable[[int, bytes], int]
    add: Callable[[int, int, int], int]
    from_uniform: Callable[[int, int], int]
    edwards: Callable[[int, int], int]
    is_valid: Callable[[bytes], int]


@cache
def _curve() -> _Curve:
    try:
        import rbcl  # not before it is needed: this writes 3 MB into a temporary file

        library: ctypes.CDLL = rbcl._sodium
    except Exception as failure:  # a library that unpacks itself has many ways to fail, and none is the caller's
        _remove(_unpacked(failure.__traceback__))
        raise CurveUnavailable() from None
    # It is loaded now, and needs its file no more.
    _remove(library._name)

    def function(name: str, *takes: type) -> Callable[..., int]:
        # By index, and not by name, the library hands out a function that nobody else has typed differently.
        found = library[name]
        found.argtypes, found.restype = takes, ctypes.c_int
        return found

    out, read = ctypes.c_void_p, ctypes.c_char_p
    return _Curve(
        function(MULTIPLY, out, out, out),
        function("crypto_scalarmult_ristretto255_base", out, read),
        function(ADD, out, out, out),
        function(FROM_UNIFORM, out, out),
        function(EDWARDS, out, out),
        function("crypto_core_ristretto255_is_valid_point", read),
    )


@cache
def _compiled() -> ModuleType:
    from moiety import batches

    curve = _curve()
    looped = {MULTIPLY: curve.multiply, ADD: curve.add, FROM_UNIFORM: curve.from_uniform, EDWARDS: curve.edwards}
    for name, found in looped.items():
        batches.announce(name, ctypes.cast(cast(Any, found), ctypes.c_void_p).value)
    return batches


def _unpacked(traceback: TracebackType | None) -> str:
    """Where the library had unpacked itself when it failed, "" where it had not."""
    for frame, _ in walk_tb(traceback):
        if frame.f_globals.get("__name__") == "rbcl._sodium":
            return str(frame.f_globals.get("lib_path", ""))
    return ""


def _remove(path: str) -> None:
    if path:
        Path(path).unlink(missing_ok=True)
