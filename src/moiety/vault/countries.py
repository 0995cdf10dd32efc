"""Which kinds of numbers are read, country by country, and by which module of python-stdnum each is checked. Pure.

Numbers that name one person each are here. Where a company's number of the same name has another form (Italy's eleven
digits, Iceland's shifted days), `ONLY` keeps it out. A country whose numbers python-stdnum does not know is missing
rather than checked by a rule of ours. What it does know of people and is missing all the same would be a second
number or a second writing of who has one already, or two people's: the tests name each with its reason. Chinese
residents' numbers are read in `resident`, which says why.
"""

from __future__ import annotations

from typing import Final

MODULES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("national_id", "AR"): ("ar.dni",),
    # Who is in no Belgian register has the other one, whose months are shifted.
    ("national_id", "BE"): ("be.nn", "be.bis"),
    ("national_id", "BG"): ("bg.egn",),
    ("national_id", "CL"): ("cl.rut",),
    # A citizen's has ten digits, a foreign resident's eleven or twelve.
    ("national_id", "CR"): ("cr.cpf", "cr.cr"),
    ("national_id", "CU"): ("cu.ni",),
    ("national_id", "CZ"): ("cz.rc",),
    ("national_id", "DK"): ("dk.cpr",),
    ("national_id", "DO"): ("do.cedula",),
    ("national_id", "EC"): ("ec.ci",),
    ("national_id", "EE"): ("ee.ik",),
    # A resident without Spanish nationality has the other one; no number is valid as both.
    ("national_id", "ES"): ("es.dni", "es.nie"),
    ("national_id", "FI"): ("fi.hetu",),
    ("national_id", "HR"): ("hr.oib",),
    ("national_id", "ID"): ("id.nik",),
    ("national_id", "IL"): ("il.idnr",),
    ("national_id", "IN"): ("in_.aadhaar",),
    ("national_id", "IS"): ("is_.kennitala",),
    ("national_id", "JP"): ("jp.in_",),
    ("national_id", "KR"): ("kr.rrn",),
    ("national_id", "LT"): ("lt.asmens",),
    ("national_id", "MU"): ("mu.nid",),
    ("national_id", "MX"): ("mx.curp",),
    ("national_id", "MY"): ("my.nric",),
    ("national_id", "NL"): ("nl.bsn",),
    ("national_id", "NO"): ("no.fodselsnummer",),
    ("national_id", "PK"): ("pk.cnic",),
    ("national_id", "PL"): ("pl.pesel",),
    ("national_id", "PT"): ("pt.cc",),
    ("national_id", "RO"): ("ro.cnp",),
    ("national_id", "SE"): ("se.personnummer",),
    ("national_id", "SI"): ("si.emso",),
    ("national_id", "SK"): ("sk.rc",),
    ("national_id", "TH"): ("th.pin",),
    ("national_id", "TR"): ("tr.tckimlik",),
    ("national_id", "ZA"): ("za.idnr",),
    ("social_security", "AT"): ("at.vnr",),
    ("social_security", "CA"): ("ca.sin",),
    ("social_security", "CH"): ("ch.ssn",),
    ("social_security", "FR"): ("fr.nir",),
    ("social_security", "GR"): ("gr.amka",),
    ("social_security", "IE"): ("ie.pps",),
    ("social_security", "US"): ("us.ssn",),
    ("tax", "BR"): ("br.cpf",),
    ("tax", "DE"): ("de.idnr",),
    ("tax", "FR"): ("fr.nif",),
    ("tax", "IT"): ("it.codicefiscale",),
    ("tax", "RU"): ("ru.inn",),
    ("tax", "UA"): ("ua.rntrc",),
    ("tax", "US"): ("us.itin",),
}
"""Kind and country (ISO 3166-1 alpha-2) -> modules under `stdnum`, tried in this order."""

ONLY: Final[dict[tuple[str, str], str]] = {
    # With a zero in front or without is one number.
    ("national_id", "AR"): r"[1-9][0-9]{6,7}",
    # Ten digits are a company's.
    ("tax", "RU"): r"[0-9]{12}",
    # Eleven digits are a company's VAT number.
    ("tax", "IT"): r"[A-Z0-9]{16}",
    # A company's first two digits are a day plus forty.
    ("national_id", "IS"): r"[0-3][0-9]{9}",
    # The pattern of python-stdnum takes any number of digits in front.
    ("national_id", "PT"): r"[0-9]{9}[0-9A-Z]{2}[0-9]",
    # With ten digits, the sign before the last four changes when its owner turns a hundred: one number, two writings.
    ("national_id", "SE"): r"(?:1[89]|2[0-9])[0-9]{10}",
}
"""What a number must look like whole, besides what python-stdnum asks, before it is handed over."""

SIGNIFICANT: Final[dict[tuple[str, str], str]] = {
    # The sign is the century of birth: without it, two people's numbers are one.
    ("national_id", "FI"): "+-",
}
"""Signs that are part of a number; everywhere else they only group its digits."""
