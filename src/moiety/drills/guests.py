"""Made-up guests: what a register holds of people, with numbers whose check digits are right. Pure.

All were born in one county in one year, which a thief is taken to know of each: so few numbers are left that every one
of them can be tried. Nobody has these numbers, as far as chance allows: dates and sequences are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

COUNTY: Final = "440305"
YEAR: Final = 1987
_SEQUENCES: Final = 1_000
_CHECK: Final = "10X98765432"
_WEIGHTS: Final = tuple(2 ** (17 - place) % 11 for place in range(17))
"""ISO 7064 MOD 11-2, as GB 11643-1999 uses it."""

_TEXT_CLASSES: Final = (64, 256, 1_024, 4_096)
_PHOTO_CLASSES: Final = (2**16, 2**18, 2**20, 2**22)
"""Lengths that the published format fills values up to: a sealed length tells which of them, and may."""

_GIVEN: Final = ("Ansa", "Baptiste", "Chidi", "Dagny", "Eskil", "Fenna", "Goran", "Hye-jin", "Ines", "Jorun")
_FAMILY: Final = ("Achterberg", "Bhattacharya", "Czerwinski", "Dimitrova", "Etxeberria", "Fitzgibbon", "Hakobyan")
_FRAME: Final = bytes.fromhex("ffc0000b08 0213 019d 01011100")
"""A JPEG's, of 413 by 531 grey pixels: the same for all, so random bytes stand around it, and no sixteen bytes of one
photograph are those of another."""
_LETTERS: Final = np.array(list("abcdefghijklmnopqrstuvwxyz"))
_PICTURED: Final = 4
_LARGE: Final = 16
_FAR: Final = 8
"""One guest in so many has a photograph, one in so many a large one, one in so many a long address."""


@dataclass(frozen=True, slots=True)
class Guest:
    """One person; `photograph` is the bytes of a file, empty where there is none."""

    number: str
    name: str
    sex: str
    born: str
    address: str
    employer: str
    photograph: bytes

    def values(self, *, pictured: bool) -> dict[str, str | bytes]:
        """As a register is given it, with the photograph or without."""
        return {
            "national_id": self.number,
            "name": self.name,
            "sex": self.sex,
            "nationality": "CN",
            "birth_date": self.born,
            "address": self.address,
            "employer": self.employer,
            "photo": self.photograph if pictured else b"",
        }

    def lengths(self) -> tuple[int, int, int, int]:
        """Bytes of what is kept together: document, contact, birth and photograph."""
        texts = (self.number + self.name + "CN", self.address + self.employer, self.sex + self.born)
        document, contact, birth = (len(text.encode()) for text in texts)
        return document, contact, birth, len(self.photograph)

    def classes(self) -> tuple[int, int]:
        """What the lengths of sealed fields may tell: of the address, and of the photograph. All else is short."""
        far = int(np.searchsorted(_TEXT_CLASSES, len(self.address.encode()), "right"))
        large = int(np.searchsorted(_PHOTO_CLASSES, len(self.photograph), "right"))
        return far, large if self.photograph else -1


def invite(count: int, rng: np.random.Generator) -> list[Guest]:
    """So many guests. No two share a number or a name."""
    drawn = rng.choice(len(numbers()), count, replace=False).tolist()
    return [_guest(numbers()[at], rng) for at in drawn]


def conceded(guests: Sequence[Guest]) -> NDArray[np.int64]:
    """What lengths may tell of each, as the number of a group (n,)."""
    return np.unique([guest.classes() for guest in guests], axis=0, return_inverse=True)[1].reshape(-1)


@cache
def numbers() -> tuple[str, ...]:
    """Every number of the county and the year, 365,000."""
    first = date(YEAR, 1, 1)
    days = [f"{COUNTY}{first + timedelta(days=day):%Y%m%d}" for day in range((date(YEAR + 1, 1, 1) - first).days)]
    sequences = [f"{sequence:03}" for sequence in range(_SEQUENCES)]
    # A check digit is a sum over places: what a day gives to it, and what a sequence gives.
    of_days, of_sequences = (
        [sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) for digits in some]
        for weights, some in ((_WEIGHTS[:-3], days), (_WEIGHTS[-3:], sequences))
    )
    return tuple(
        day + sequence + _CHECK[(one + other) % len(_CHECK)]
        for day, one in zip(days, of_days, strict=True)
        for sequence, other in zip(sequences, of_sequences, strict=True)
    )


def _guest(number: str, rng: np.random.Generator) -> Guest:
    name = f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}-{_word(int(rng.integers(4, 16)), rng)}"
    street = _word(int(rng.integers(6, 30)), rng)
    if rng.integers(_FAR) == 0:
        street = " ".join(_word(20, rng) for _ in range(int(rng.integers(3, 8))))
    return Guest(
        number=number,
        name=name,
        sex="MF"[int(number[16]) % 2 == 0],
        born=f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
        address=f"{rng.integers(1, 999)} {street} Lane",
        employer=f"{_word(int(rng.integers(5, 40)), rng)} & Co",
        photograph=_photograph(rng),
    )


def _photograph(rng: np.random.Generator) -> bytes:
    if rng.integers(_PICTURED):
        return b""
    large = rng.integers(_LARGE // _PICTURED) == 0
    length = rng.integers(2**16, 2**17) if large else rng.integers(9_000, 2**15)
    return b"\xff\xd8\xff\xe0\x00\x40" + rng.bytes(62) + _FRAME + rng.bytes(int(length))


def _word(letters: int, rng: np.random.Generator) -> str:
    return "".join(rng.choice(_LETTERS, letters)).capitalize()
