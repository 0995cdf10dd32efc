"""Machine readable zones of travel documents: TD1, TD2 and TD3 (ICAO Doc 9303, parts 3 to 6, eighth edition). Pure.

| size | lines | composite check digit over |
|---|---|---|
| TD1 (cards) | 3 x 30 | line 1, 6-30; line 2, 1-7, 9-15, 19-29 |
| TD2 | 2 x 36 | line 2, 1-10, 14-20, 22-35 |
| TD3 (passports) | 2 x 44 | line 2, 1-10, 14-20, 22-43 |

Read strictly: every check digit must be right, every position must hold what the standard allows there. A zone is
typed by people who look at a card, so spaces, line ends and small letters are let pass; nothing else is mended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from moiety.vault.refusals import IdentifierInvalid

_WEIGHTS: Final = (7, 3, 1)
_VALUES: Final = {letter: value for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
_NUMBER_FIELD: Final = 9
"""Characters of a document number that have a place of their own; a longer one goes on in the optional data."""


@dataclass(frozen=True, slots=True)
class Zone:
    """What a machine readable zone says. `repr()` shows its size alone.

    `birth` and `expiry` are (year of two digits, month, day); month and day of birth are 0 where they are unknown,
    and the year is -1 where that is. `sex` is "F", "M" or "" (unspecified).
    """

    size: str
    code: str = field(repr=False)
    state: str = field(repr=False)
    number: str = field(repr=False)
    nationality: str = field(repr=False)
    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    birth: tuple[int, int, int] = field(repr=False)
    expiry: tuple[int, int, int] = field(repr=False)
    sex: str = field(repr=False)
    optional: tuple[str, ...] = field(repr=False)


def check_digit(text: str) -> str:
    """The check digit over some characters: weights 7, 3, 1, modulo 10 (9303-3, 4.9)."""
    return str(sum(_VALUES[letter] * _WEIGHTS[place % 3] for place, letter in enumerate(text)) % 10)


def parse(text: str) -> Zone:
    """Read a zone; lines may be told apart by anything that is no character of a zone.

    Raises `IdentifierInvalid` for anything that the standard does not allow, whatever it is.
    """
    letters = re.sub(r"\s", "", text).upper()
    if re.fullmatch(r"[0-9A-Z<]*", letters) is None or not text.isascii():
        raise IdentifierInvalid
    match len(letters):
        case 90:
            return _td1(letters[:30], letters[30:60], letters[60:])
        case 72:
            return _two_lines("TD2", letters[:36], letters[36:])
        case 88:
            return _two_lines("TD3", letters[:44], letters[44:])
    raise IdentifierInvalid


def _td1(first: str, second: str, third: str) -> Zone:
    _require(second[29] == check_digit(first[5:30] + second[0:7] + second[8:15] + second[18:29]))
    number, rest = _number(first[5:14], first[14], first[15:30])
    return _zone("TD1", first[:5], number, second[:15], second[15:18], third, (rest, second[18:29]))


def _two_lines(size: str, first: str, second: str) -> Zone:
    _require(second[-1] == check_digit(second[0:10] + second[13:20] + second[21:-1]))
    optional = second[28:-1]
    if size == "TD3":
        # The personal number has a check digit of its own, which may be left out with the number.
        optional, digit = optional[:14], optional[14]
        _require(digit == check_digit(optional) or (digit == "<" and not optional.strip("<")))
        # A passport's number never goes on elsewhere (9303-4): its place is the optional data's.
        _require(second[9] == check_digit(second[:9]))
    number, rest = _number(second[:9], second[9], optional)
    return _zone(size, first[:5], number, second[13:28], second[10:13], first[5:], (rest,))


def _zone(
    size: str, head: str, number: str, dates: str, nationality: str, names: str, optional: tuple[str, ...]
) -> Zone:
    code, state = head[:2].rstrip("<"), head[2:5].rstrip("<")
    # V as the second letter is a visa's (9303-7).
    _require(code[:1].isalpha() and code[1:] != "V" and state.isalpha() and nationality.rstrip("<").isalpha())
    _require(dates[6] == check_digit(dates[:6]) and dates[14] == check_digit(dates[8:14]))
    _require(dates[7] in "FM<")
    surname, given = _names(names)
    return Zone(
        size=size,
        code=code,
        state=state,
        number=number,
        nationality=nationality.rstrip("<"),
        surname=surname,
        given_names=given,
        birth=_birth(dates[:6]),
        expiry=_expiry(dates[8:14]),
        sex=dates[7].rstrip("<"),
        optional=tuple(part.rstrip("<") for part in optional),
    )


def _number(own: str, digit: str, optional: str) -> tuple[str, str]:
    """The document number, and what is left of the optional data."""
    if digit != "<":
        _require(digit == check_digit(own))
        return _begun(own.rstrip("<")), optional
    # 9303-5, note j: too long for its field, so the check digit's place is empty, and the rest of the number and the
    # check digit begin the optional data, up to the first filler.
    tail, _, rest = optional.partition("<")
    _require(len(tail) >= 2 and len(own.rstrip("<")) == _NUMBER_FIELD)
    whole = own + tail[:-1]
    _require(tail[-1] == check_digit(whole))
    return _begun(whole), rest


def _begun(number: str) -> str:
    # A filler inside stands for a hyphen or a space and stays: without it, two numbers of a state could be one.
    _require(bool(number) and number[0] != "<")
    return number


def _names(field: str) -> tuple[str, str]:
    # One name alone, of somebody who has no other, has no separator behind it but filler.
    text = field.rstrip("<")
    _require(bool(text) and not text.startswith("<") and not re.search(r"[0-9]|<<<", text))
    surname, _, given = text.partition("<<")
    _require("<<" not in given)
    return surname.replace("<", " "), given.replace("<", " ")


def _birth(text: str) -> tuple[int, int, int]:
    """Fillers where a part is unknown; what is known must be a day that there can be."""
    _require(re.fullmatch(r"(?:[0-9]{2}|<<){3}", text) is not None)
    year, month, day = (-1 if part == "<<" else int(part) for part in (text[:2], text[2:4], text[4:]))
    month, day = max(month, 0), max(day, 0)
    # 2000 is a leap year, as any year is that is not known.
    _require(text[2:4] != "00" and text[4:] != "00")
    _require(_day(2000 + year if year >= 0 else 2000, month or 1, day or 1) is not None)
    return year, month, day


def _expiry(text: str) -> tuple[int, int, int]:
    _require(text.isdigit())
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    _require(_day(2000 + year, month, day) is not None)
    return year, month, day


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _require(right: bool) -> None:
    if not right:
        raise IdentifierInvalid
