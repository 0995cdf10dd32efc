"""A person's name within one purpose: 128 random bits, printed so that people can read it out.

    door-7Q2M-K3PX-9V4T-8HAB-CD0E-FGJK-MMHS

The prefix is the purpose. Then come 28 characters of Crockford's base 32 (no I, L, O, U), in groups of four:
26 hold the 16 bytes and two zero bits, most significant first; the last two are a Reed-Solomon check over
GF(32) of those 26 and of the purpose. Any one or two wrong characters, and any two that changed places, are
noticed; of other mistakes, and of a body under another purpose's prefix, all but one in 1,024.

Reading is tolerant of case, spaces, missing or extra hyphens, O for 0, and I and L for 1; two strings that
differ otherwise never stand for one person.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Final

from moiety.identity.ports import Entropy
from moiety.identity.refusals import PseudonymUnreadable
from moiety.vault.framing import PURPOSE_PATTERN

BYTES: Final = 16
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TEXT_LIMIT: Final = 160
"""More characters than a purpose, 28 symbols and generous separators need; nothing longer is looked at."""

_PURPOSE: Final = re.compile(PURPOSE_PATTERN)
_DATA_SYMBOLS: Final = 26
_SYMBOLS: Final = _DATA_SYMBOLS + 2
_PADDING_BITS: Final = 5 * _DATA_SYMBOLS - 8 * BYTES
_VALUE: Final = {letter: value for value, letter in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_SEPARATORS: Final = "- \t\r\n"
_FIELD_POLYNOMIAL: Final = 0b100101  # x^5 + x^2 + 1, primitive: x has order 31


def _doubled(value: int) -> int:
    """Times x in GF(32)."""
    value <<= 1
    return value ^ _FIELD_POLYNOMIAL if value & 32 else value


def _weighted(symbols: list[int]) -> int:
    """Sum of symbol k times x^(k+1) in GF(32), by Horner from the far end."""
    return _doubled(reduce(lambda total, symbol: _doubled(total) ^ symbol, reversed(symbols), 0))


def _from_the_right(text: str) -> tuple[str, list[int]]:
    """What stands before the last 28 symbols, and their values; raises where there are not so many."""
    symbols: list[int] = []
    for place in range(len(text) - 1, -1, -1):
        letter = text[place].upper()
        if letter in _VALUE:
            symbols.append(_VALUE[letter])
            if len(symbols) == _SYMBOLS:
                return text[:place], symbols[::-1]
        elif letter not in _SEPARATORS:
            break
    raise PseudonymUnreadable


def _check(purpose: str, data: list[int]) -> list[int]:
    """The two check symbols: the plain and the weighted sum, both shifted by a hash of the purpose."""
    digest = hashlib.sha256(b"moiety pseudonym 1" + purpose.encode("ascii")).digest()
    return [reduce(xor, data) ^ digest[0] & 31, _weighted(data) ^ digest[1] & 31]


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """One person within one purpose. `str()` prints it; `repr()` shows the purpose alone, for logs."""

    purpose: str
    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if _PURPOSE.fullmatch(self.purpose) is None or len(self.value) != BYTES:
            raise PseudonymUnreadable

    @classmethod
    def fresh(cls, purpose: str, entropy: Entropy) -> Pseudonym:
        """A new one from 16 random bytes."""
        return cls(purpose, entropy(BYTES))

    @classmethod
    def parse(cls, text: str) -> Pseudonym:
        """Read a printed pseudonym. Raises `PseudonymUnreadable`, which does not quote it."""
        if len(text) > TEXT_LIMIT:
            raise PseudonymUnreadable
        prefix, symbols = _from_the_right(text)
        data, check = symbols[:_DATA_SYMBOLS], symbols[_DATA_SYMBOLS:]
        purpose = prefix.strip(_SEPARATORS).lower()
        separated = prefix.endswith(tuple(_SEPARATORS))
        if not separated or _PURPOSE.fullmatch(purpose) is None or check != _check(purpose, data):
            raise PseudonymUnreadable
        number = reduce(lambda total, symbol: total << 5 | symbol, data, 0)
        if number & (1 << _PADDING_BITS) - 1:
            raise PseudonymUnreadable
        return cls(purpose, (number >> _PADDING_BITS).to_bytes(BYTES, "big"))

    def __str__(self) -> str:
        number = int.from_bytes(self.value, "big") << _PADDING_BITS
        data = [number >> 5 * place & 31 for place in reversed(range(_DATA_SYMBOLS))]
        body = "".join(ALPHABET[symbol] for symbol in data + _check(self.purpose, data))
        return "-".join([self.purpose, *(body[start : start + 4] for start in range(0, _SYMBOLS, 4))])
