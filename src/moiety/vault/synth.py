"""Made-up people in the shape of those whom the leaked database held: valid numbers, plausible dates, and nobody real.

Seeded: the same seed gives the same people in every version, on every machine. No two of a seed share a number. A
number that is valid may by chance be somebody's, as any number that passes a check digit may; nothing else here is
anybody's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from math import gcd
from struct import Struct
from typing import Final

from moiety.vault.places import FEMALE, MALE, REGIONS, SECOND, STREETS, SURNAMES, TRADES

LEAKED: Final = date(2019, 2, 13)
"""The day on which the database was found open: nobody here is younger than its people could be, nor is any document
of theirs newer.
"""

_FIRST: Final = date(1940, 1, 1)
_DAYS: Final = (date(2018, 1, 1) - _FIRST).days
_SEQUENCES: Final = 999
PEOPLE_LIMIT: Final = len(REGIONS) * _DAYS * _SEQUENCES
"""How many there are numbers for: about a thousand million."""

_GROWN: Final = 16
"""Years: who is younger works nowhere, and has a card for the shortest time."""

_CARD_DAYS: Final = 5 * 365
"""The shortest time: nobody's card has expired."""

_WEIGHTS: Final = tuple(2 ** (17 - place) % 11 for place in range(17))
_CHECK: Final = "10X98765432"
_DRAWN: Final = Struct("<8I")
_BLOCK: Final = 1024
"""People whose randomness is hashed at once: one by one costs four times as much."""


def people(seed: int, count: int) -> Iterator[dict[str, str]]:
    """Values by the default schema's fields, without photographs. `seed`: below 2^64.

    Raises `ValueError` for more than `PEOPLE_LIMIT`.
    """
    if not 0 <= count <= PEOPLE_LIMIT:
        raise ValueError("there are not as many numbers")
    key = b"moiety synth 1" + seed.to_bytes(8, "little")
    # The numbers are walked through in steps that meet each of them once before any comes again.
    drawn = hashlib.shake_256(key).digest(16)
    step = int.from_bytes(drawn[:8], "little") % PEOPLE_LIMIT
    while gcd(step, PEOPLE_LIMIT) != 1:
        step += 1
    place = int.from_bytes(drawn[8:], "little") % PEOPLE_LIMIT
    for block in range(0, count, _BLOCK):
        number = min(_BLOCK, count - block)
        stream = hashlib.shake_256(key + block.to_bytes(8, "little")).digest(number * _DRAWN.size)
        for draws in _DRAWN.iter_unpack(stream):
            place = (place + step) % PEOPLE_LIMIT
            yield _person(place, draws)


def check_character(first: str) -> str:
    """The last character of a resident's number, over the first 17 (ISO 7064, MOD 11-2)."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True)) % 11]


def _person(place: int, draws: tuple[int, ...]) -> dict[str, str]:
    rest, sequence = divmod(place, _SEQUENCES)
    region, day = divmod(rest, _DAYS)
    code, county = REGIONS[region]
    birth = _FIRST + timedelta(day)
    sequence += 1
    first = f"{code}{birth:%Y%m%d}{sequence:03}"
    a, b, c, d, e, f, g, h = draws
    given = MALE if sequence % 2 else FEMALE
    return {
        "national_id": first + check_character(first),
        "document_dates": _document(birth, a),
        "name": SURNAMES[b % len(SURNAMES)] + given[c % len(given)] + SECOND[d % len(SECOND)],
        "sex": "M" if sequence % 2 else "F",
        "nationality": "CN",
        "birth_date": birth.isoformat(),
        "address": f"{county}{STREETS[e % len(STREETS)]}{f % 400 + 1}号{g % 30 + 1}室",
        "employer": f"{county}第{h % 9 + 1}{TRADES[h // 9 % len(TRADES)]}" if _works(birth) else "",
    }


def _works(birth: date) -> bool:
    return LEAKED.year - birth.year >= _GROWN


def _document(birth: date, drawn: int) -> str:
    """When the identity card was issued and until when it is valid: by age, as the law on them says (2003, Art. 5)."""
    issued = max(LEAKED - timedelta(drawn % _CARD_DAYS), birth)
    age = issued.year - birth.year
    if age > 45:
        return f"{issued}/.."
    years = 5 if age < _GROWN else 10 if age < 26 else 20
    # Nobody's card expires on a 29 February: those of that day do on the next.
    leap = (issued.month, issued.day) == (2, 29)
    expires = date(issued.year + years, 3, 1) if leap else issued.replace(year=issued.year + years)
    return f"{issued}/{expires}"
