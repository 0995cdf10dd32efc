"""Numbers of Chinese residents (GB 11643-1999): region, birth date, sequence and a check digit of ISO 7064. Pure.

The check digit, the date and the table of regions are python-stdnum's. Its `validate` is not used, because it refuses
people who were born before their county had its code: numbers were first given out in the 1980s, to people of every
age, with the code that the county had then. A Shenzhen number of somebody born in 1950 is one.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from moiety.vault.refusals import IdentifierInvalid

_REGIONS_KEPT: Final = 8_192
"""More than there are regions in the table (6,928): each is looked for once."""

_NUMBER: Final = re.compile("[0-9]{17}[0-9X]")

_PERMITS: Final = frozenset({"810000", "820000", "830000"})
"""Residence permits for people from Hong Kong, Macau and Taiwan (2018): no county, and in no table of counties."""


def validate(number: str) -> str:
    """The 18 characters again, digits with a possible X at the end. Raises `IdentifierInvalid`."""
    from stdnum.cn import ric

    if _NUMBER.fullmatch(number) is None or number[-1] != ric.calc_check_digit(number):
        raise IdentifierInvalid
    if not _known(number[:6]):
        raise IdentifierInvalid
    born(number)
    return number


def born(number: str) -> date:
    """The birth date in such a number. Raises `IdentifierInvalid` where there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdentifierInvalid from None


@lru_cache(_REGIONS_KEPT)
def _known(region: str) -> bool:
    from stdnum import numdb

    return region in _PERMITS or any("county" in said for _, said in numdb.get("cn/loc").info(region))
