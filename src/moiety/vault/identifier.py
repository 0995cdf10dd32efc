"""A number that names one person: read, checked and brought into its one writing. Pure.

Kinds of numbers (schemes):

- `national_id`, `social_security`, `tax`: by country (`countries`, `resident`), checked by python-stdnum;
- `payment_card`: 12 to 19 digits with a Luhn check digit (ISO/IEC 7812-1), of no country;
- `passport`, `identity_card`: the machine readable zone (`mrz`), of the state that issued it, in three letters.

Two writings of one number (spaces, hyphens, full-width digits, small letters) are equal here; two numbers never are.
A few modules of python-stdnum ask the clock, to refuse numbers of people not yet born; no reading depends on it else.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from moiety.vault import countries, mrz, resident
from moiety.vault.framing import framed, purpose_bytes
from moiety.vault.refusals import IdentifierInvalid, SchemeUnknown

TEXT_LIMIT: Final = 256
"""Characters that are looked at: three lines of a machine readable zone are 90, spaced generously."""

NATIONAL_ID: Final = "national_id"
CARD: Final = "payment_card"
ZONES: Final = {"passport": "P", "identity_card": "ACI"}
"""Schemes that are read from a machine readable zone, and what its document code begins with (ICAO 9303-3)."""

_VERSION: Final = b"moiety identifier 1"
_GROUPING: Final = "-./,:·\t\r\n"
_DASHES: Final = {0x2212: "-"}
"""The minus sign is no dash to Unicode, and people type it as one."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One person's number in its one writing. `repr()` shows its kind and country alone, for logs."""

    scheme: str
    country: str
    number: str = field(repr=False)

    @classmethod
    def parse(cls, scheme: str, country: str, text: str) -> Identifier:
        """Read a number as people write it.

        `country`: ISO 3166-1 alpha-2 in capitals; "" for payment cards; for machine readable zones the three letters
        of the issuing state. Raises `SchemeUnknown` for a kind and country that are not known together, and
        `IdentifierInvalid` for a number that is not one.
        """
        if len(text) > TEXT_LIMIT:
            raise IdentifierInvalid
        if scheme in ZONES:
            return cls(scheme, country, _from_zone(scheme, country, text))
        if (scheme, country) not in _KNOWN:
            raise SchemeUnknown(known=len(known()))
        number = _plain(text, countries.SIGNIFICANT.get((scheme, country), ""))
        if scheme == CARD:
            return cls(scheme, country, _card(number))
        if (scheme, country) == (NATIONAL_ID, "CN"):
            return cls(scheme, country, resident.validate(number))
        return cls(scheme, country, _by_stdnum(scheme, country, number))

    def input_bytes(self, purpose: str) -> bytes:
        """What is evaluated to this person's pseudonym in a purpose (RFC 9497's private input).

        A version, the purpose, the scheme, the country and the number, each with its length. Raises `PersonUnnamed`
        for what is no purpose.
        """
        parts = (self.scheme, self.country, self.number)
        return framed(_VERSION, purpose_bytes(purpose), *(part.encode("ascii") for part in parts))


def known() -> list[tuple[str, str]]:
    """Every kind and country that is read, machine readable zones aside: those are of any state."""
    return [(CARD, ""), (NATIONAL_ID, "CN"), *countries.MODULES]


_KNOWN: Final = frozenset(known())


def is_known(scheme: str, country: str) -> bool:
    """Whether numbers of this kind and country can be read."""
    return (scheme, country) in _KNOWN or (scheme in ZONES and re.fullmatch(r"[A-Z]{1,3}", country) is not None)


def _plain(text: str, significant: str) -> str:
    """Capitals and digits, and the signs that mean something in this kind of number."""
    if text.isascii() and text.isalnum():
        return text.upper()  # as most are written, and nothing below would change it
    found = unicodedata.normalize("NFKC", text).translate(_DASHES)
    kept = []
    for letter in found:
        category = unicodedata.category(letter)
        sign = "-" if category == "Pd" else letter
        # Spaces and marks that are not seen come along when a number is copied.
        if category[0] == "Z" or category == "Cf" or (sign in _GROUPING and sign not in significant):
            continue
        kept.append(sign)
    number = "".join(kept)
    # Python takes digits of other scripts for digits too: what is left has one writing only in ASCII.
    if not number.isascii():
        raise IdentifierInvalid
    return number.upper()


def _card(number: str) -> str:
    from stdnum import luhn

    # No card begins with 0, and zeros alone satisfy Luhn.
    if re.fullmatch(r"[1-9][0-9]{11,18}", number) is None or not luhn.is_valid(number):
        raise IdentifierInvalid
    return number


def _by_stdnum(scheme: str, country: str, number: str) -> str:
    only = countries.ONLY.get((scheme, country))
    if only is not None and re.fullmatch(only, number) is None:
        raise IdentifierInvalid
    for name in countries.MODULES[scheme, country]:
        try:
            found: str = import_module(f"stdnum.{name}").validate(number)
        # Its own errors, and those of a number so odd that a check trips over it.
        except (ValueError, LookupError):
            continue
        # Sweden's comes back with a hyphen, which says nothing.
        found = _plain(found, countries.SIGNIFICANT.get((scheme, country), ""))
        if re.fullmatch(r"[0-9A-Z+-]{4,32}", found):
            return found
    raise IdentifierInvalid


def _from_zone(scheme: str, country: str, text: str) -> str:
    zone = mrz.parse(text)
    if zone.code[0] not in ZONES[scheme] or zone.state != country:
        raise IdentifierInvalid
    return zone.number
