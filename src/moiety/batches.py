"""Loops over batches of group elements, compiled: `sodium` tells them where the library's functions are.

The interpreter's lock is not held while they run. A loop in Python would ask for it back after each element, and wait
for it five milliseconds where anybody else is busy.
"""

from __future__ import annotations

from typing import Any, Final

import llvmlite.binding as llvm
import numba
from numba import njit

ELEMENT_BYTES: Final = 32
UNIFORM_BYTES: Final = 64

types: Any = numba.types  # what it holds carries no types

_OF_TWO: Final = types.int32(types.int64, types.int64, types.int64)
_OF_ONE: Final = types.int32(types.int64, types.int64)
_multiply: Final = types.ExternalFunction("crypto_scalarmult_ristretto255", _OF_TWO)
_add: Final = types.ExternalFunction("crypto_core_ristretto255_add", _OF_TWO)
_from_uniform: Final = types.ExternalFunction("crypto_core_ristretto255_from_hash", _OF_ONE)
_edwards: Final = types.ExternalFunction("crypto_scalarmult_ed25519_base", _OF_ONE)


def announce(name: str, address: int | None) -> None:
    """Say where a function of the library is, before anything else is called: compiled code is kept on disk, and knows
    it by its name."""
    llvm.add_symbol(name, address)


@njit(nogil=True, cache=True)
def multiply_each(out: int, scalars: int, step: int, elements: int, count: int) -> int:
    """Elements times scalars, from one address to another; the scalars lie `step` bytes apart, 0 for one of them.
    Gives how many went well, from the first on."""
    for place in range(count):
        at = place * ELEMENT_BYTES
        if _multiply(out + at, scalars + place * step, elements + at) != 0:
            return place
    return count


@njit(nogil=True, cache=True)
def add_each(out: int, ones: int, others: int, count: int) -> int:
    """The sums of elements, from one address to another. Gives how many went well, from the first on."""
    for place in range(count):
        at = place * ELEMENT_BYTES
        if _add(out + at, ones + at, others + at) != 0:
            return place
    return count


@njit(nogil=True, cache=True)
def from_uniform_each(out: int, uniform: int, count: int) -> int:
    """Elements from 64 bytes each, from one address to another. Gives how many went well, from the first on."""
    for place in range(count):
        if _from_uniform(out + place * ELEMENT_BYTES, uniform + place * UNIFORM_BYTES) != 0:
            return place
    return count


@njit(nogil=True, cache=True)
def edwards_each(out: int, secrets: int, count: int) -> int:
    """Points of edwards25519 from 32 secret bytes each, as Ed25519 writes points. Gives how many went well, from the
    first on."""
    for place in range(count):
        at = place * ELEMENT_BYTES
        if _edwards(out + at, secrets + at) != 0:
            return place
    return count
