"""Numbers that name one person: what is read, what is refused, and that one number has one writing."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import walk_packages

import pytest
import stdnum
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric
from stdnum.mu import nid

from moiety.vault import countries
from moiety.vault.identifier import TEXT_LIMIT, Identifier, known
from moiety.vault.refusals import IdentifierInvalid, PersonUnnamed, SchemeUnknown

FULL_WIDTH = {ord(letter): ord(letter) + 0xFEE0 for letter in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<"


def resident(region: str, day: str, sequence: str) -> str:
    """A Chinese resident's number with its check digit."""
    first = region + day + sequence
    return first + ric.calc_check_digit(first + "0")


RESIDENT = resident("110105", "19491231", "002")


def documented(module: str) -> str:
    """The number by which python-stdnum itself shows what is valid, a company's aside."""
    doc = import_module(f"stdnum.{module}").__doc__
    shown = re.findall(r">>> validate\('([^']+)'\)[^\n]*\n'", doc)
    return next(number for number in shown if number != "450401-3150")


EXAMPLES = {
    (scheme, country, module): documented(module)
    for (scheme, country), modules in sorted(countries.MODULES.items())
    for module in modules
    if module not in ("se.personnummer", "mu.nid")
} | {
    ("national_id", "CN", "cn.ric"): RESIDENT,
    ("payment_card", "", "luhn"): "4" + "0" * 14 + luhn.calc_check_digit("4" + "0" * 14),
    ("national_id", "SE", "se.personnummer"): "19900101001" + luhn.calc_check_digit("900101001"),
    ("national_id", "MU", "mu.nid"): "R010190012345" + nid.calc_check_digit("R010190012345"),
}

UNCHECKED = (
    "us.ssn",
    "us.itin",
    "dk.cpr",
    "my.nric",
    "id.nik",
    "pk.cnic",
    "ar.dni",
    "cr.cpf",
    "cr.cr",
    "cu.ni",
    "in_.pan",
)
"""These have no check digit, or none that is kept any more (Denmark, since 2007): python-stdnum knows their form, and
which parts there cannot be."""

LEFT_OUT = {
    "be.eid": "a card's number, which ends with the card",
    "be.ssn": "be.nn and be.bis under one name",
    "bg.pnf": "a citizen's number of the same ten digits may be somebody else's",
    "ca.bc_phn": "a health service's number of one province",
    "cn.ric": "read in `resident`",
    "fi.veronumero": "a builder's, beside the identity code",
    "gb.nhs": "a health service's number",
    "gb.upn": "a pupil's, which ends with school",
    "in_.pan": "no sign of it is checked, beside Aadhaar",
    "in_.epic": "a voter's, which changes with the place",
    "in_.vid": "an alias of Aadhaar, which its holder replaces at will",
    "mx.rfc": "written with its three last signs or without, beside the CURP",
    "nl.identiteitskaartnummer": "a document's, which ends with the document",
    "nl.onderwijsnummer": "a pupil's, where there is no BSN",
    "pe.cui": "written with its check sign or without",
    "us.atin": "of a child until it is adopted",
    "us.ptin": "of who prepares taxes for others",
    "us.tin": "other numbers under one name",
}
"""Modules that know numbers of people and are not read, and why not."""

NOT_OF_PEOPLE = """
    ad.nrt al.nipt ar.cbu ar.cuit at.businessid at.postleitzahl at.tin at.uid au.abn au.acn au.tfn az.voen be.iban
    be.ogm_vcs be.vat bg.vat br.cnpj by.unp ca.bn ch.esr ch.uid ch.vat cn.uscc co.nit cr.cpj cy.vat cz.bankaccount
    cz.dic de.handelsregisternummer de.leitweg de.stnr de.vat de.wkn dk.cvr do.ncf do.rnc dz.nif ec.ruc ee.kmkr
    ee.registrikood eg.tn es.cae es.ccc es.cif es.cups es.iban es.nif es.postal_code es.referenciacatastral fi.alv
    fi.associationid fi.ytunnus fo.vn fr.accise fr.rcs fr.siren fr.siret fr.tva gb.sedol gb.utr gb.vat gh.tin gn.nifp
    gr.vat gt.nit hu.anum id.npwp ie.vat il.hp in_.gstin is_.vsk it.aic it.iva jp.cn ke.pin kr.brn li.peid lt.pvm
    lu.tva lv.pvn ma.ice mc.tva md.idno me.iban me.pib mk.edb mt.vat mz.nuit nl.brin nl.btw nl.postcode no.iban
    no.kontonr no.mva no.orgnr nz.bankaccount nz.ird pe.ruc pl.nip pl.regon pt.nif py.ruc ro.cf ro.cui ro.onrc rs.pib
    ru.ogrn se.orgnr se.postnummer se.vat sg.uen si.ddv si.maticna sk.dph sm.coe sn.ninea sv.nit th.moa th.tin tn.mf
    tr.vkn tw.ubn ua.edrpou us.ein us.rtn uy.rut ve.rif vn.mst za.tin
"""
"""What python-stdnum knows of companies, accounts and places, and of whoever pays taxes, person or company alike."""


def test_every_number_of_people_that_python_stdnum_knows_is_read_or_left_out_for_a_reason() -> None:
    """A version of it that knows another one turns this red."""
    modules = {one.name.removeprefix("stdnum.") for one in walk_packages(stdnum.__path__, "stdnum.") if not one.ispkg}
    countries_ = {name for name in modules if "." in name and name.split(".")[0] not in ("eu", "iso7064")}
    read = {name for names in countries.MODULES.values() for name in names}
    assert not read & set(LEFT_OUT)
    assert not set(NOT_OF_PEOPLE.split()) & (read | set(LEFT_OUT))
    assert countries_ - read - set(NOT_OF_PEOPLE.split()) == set(LEFT_OUT)
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize(
    ("scheme", "country", "companys"),
    [("tax", "RU", "1234567894"), ("tax", "IT", "00743110157")],
)
def test_a_number_that_only_a_company_has_names_nobody(scheme: str, country: str, companys: str) -> None:
    with pytest.raises(IdentifierInvalid):
        Identifier.parse(scheme, country, companys)


def test_a_number_with_a_zero_in_front_is_no_second_one() -> None:
    assert Identifier.parse("national_id", "AR", "2012345").number == "2012345"
    with pytest.raises(IdentifierInvalid):
        Identifier.parse("national_id", "AR", "02012345")
    assert Identifier.parse("national_id", "IL", "3933742-3") == Identifier.parse("national_id", "IL", "039337423")


def test_more_than_twenty_five_countries_are_read() -> None:
    assert len({country for _, country in known() if country}) > 25
    assert {(scheme, country) for scheme, country, _ in EXAMPLES} == set(known())


@pytest.mark.parametrize("case", sorted(EXAMPLES), ids=" ".join)
def test_a_valid_number_is_read_in_every_writing(case: tuple[str, str, str]) -> None:
    scheme, country, _ = case
    text = EXAMPLES[case]
    plain = Identifier.parse(scheme, country, text)
    signs = countries.SIGNIFICANT.get((scheme, country), "")
    assert re.fullmatch(rf"[0-9A-Z{re.escape(signs)}]+", plain.number)
    for writing in (
        f"  {text}\n",
        text.lower(),
        text.translate(FULL_WIDTH),
        text.replace("-", "\N{EN DASH}"),
        text.replace("-", "\N{MINUS SIGN}"),
        "\N{ZERO WIDTH SPACE}" + text[:3] + "\N{NO-BREAK SPACE}" + text[3:],
        text if signs else "-".join(text),
        text if signs else ".".join(text),
        plain.number,
    ):
        assert Identifier.parse(scheme, country, writing) == plain


@pytest.mark.parametrize("case", sorted(EXAMPLES), ids=" ".join)
def test_most_mistakes_of_one_digit_are_noticed(case: tuple[str, str, str]) -> None:
    scheme, country, module = case
    number = Identifier.parse(scheme, country, EXAMPLES[case]).number
    tried = noticed = 0
    for place, letter in enumerate(number):
        for other in set("0123456789") - {letter}:
            if letter.isdigit():
                tried += 1
                try:
                    Identifier.parse(scheme, country, number[:place] + other + number[place + 1 :])
                except IdentifierInvalid:
                    noticed += 1
    if module in UNCHECKED:
        assert noticed
    else:
        assert noticed > tried * 0.85


@pytest.mark.parametrize("case", sorted(EXAMPLES), ids=" ".join)
@pytest.mark.parametrize("text", ["", " ", "0", "A", "-", "+", "٣" * 11, "9" * 40, "é", "\x00" * 12, "0" * 20])
def test_what_is_no_number_is_refused_without_quoting_it(case: tuple[str, str, str], text: str) -> None:
    with pytest.raises(IdentifierInvalid) as refused:
        Identifier.parse(case[0], case[1], text)
    assert refused.value.numbers == {}
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("case", sorted(EXAMPLES), ids=" ".join)
@given(text=st.text(max_size=40) | st.text("0123456789-+ABX<", max_size=40))
def test_any_text_is_read_or_refused_and_nothing_else(case: tuple[str, str, str], text: str) -> None:
    try:
        found = Identifier.parse(case[0], case[1], text)
    except IdentifierInvalid:
        return
    assert Identifier.parse(case[0], case[1], found.number) == found


def test_a_very_long_text_is_not_looked_at() -> None:
    assert Identifier.parse("national_id", "CN", RESIDENT + " " * (TEXT_LIMIT - 18)).number == RESIDENT
    with pytest.raises(IdentifierInvalid):
        Identifier.parse("national_id", "CN", RESIDENT + " " * (TEXT_LIMIT - 17))


def test_a_kind_and_country_that_are_not_known_together_are_refused() -> None:
    for scheme, country in (("national_id", "US"), ("national_id", "cn"), ("payment_card", "US"), ("shoe", "CN")):
        with pytest.raises(SchemeUnknown):
            Identifier.parse(scheme, country, RESIDENT)


def test_somebody_born_before_the_county_had_its_code_is_a_resident() -> None:
    number = resident("440305", "19500101", "003")
    assert not ric.is_valid(number)
    assert Identifier.parse("national_id", "CN", number).number == number


def test_permits_for_people_from_hong_kong_macau_and_taiwan_are_read() -> None:
    for region in ("810000", "820000", "830000"):
        number = resident(region, "19800229", "012")
        assert Identifier.parse("national_id", "CN", number).number == number


@pytest.mark.parametrize(
    "number",
    [
        resident("119999", "19491231", "002"),
        resident("000000", "19491231", "002"),
        resident("110105", "19490229", "002"),
        resident("110105", "00000101", "002"),
        RESIDENT[:-1],
        RESIDENT + "0",
        RESIDENT[:-1] + "0",
        "X" + RESIDENT[1:],
    ],
)
def test_a_resident_number_of_no_region_no_day_or_a_wrong_check_digit_is_refused(number: str) -> None:
    with pytest.raises(IdentifierInvalid):
        Identifier.parse("national_id", "CN", number)


def test_a_card_number_has_twelve_to_nineteen_digits_and_begins_with_none_that_is_zero() -> None:
    for first in ("4" + "0" * 10, "4" + "0" * 17):
        Identifier.parse("payment_card", "", first + luhn.calc_check_digit(first))
    for first in ("4" + "0" * 9, "4" + "0" * 18, "0" * 15, "04" + "0" * 13):
        with pytest.raises(IdentifierInvalid):
            Identifier.parse("payment_card", "", first + luhn.calc_check_digit(first))


def test_numbers_of_companies_are_nobody_s() -> None:
    from stdnum.it import codicefiscale

    assert codicefiscale.validate("00743110157")
    for scheme, country, text in (("tax", "IT", "00743110157"), ("national_id", "IS", "450401-3150")):
        with pytest.raises(IdentifierInvalid):
            Identifier.parse(scheme, country, text)


def test_a_portuguese_number_has_twelve_characters() -> None:
    assert Identifier.parse("national_id", "PT", "00000000 0 ZZ4").number == "000000000ZZ4"
    for text in ("0000000000ZZ4", "0ZZ4"):
        with pytest.raises(IdentifierInvalid):
            Identifier.parse("national_id", "PT", text)


def test_ten_digits_of_a_swedish_number_are_two_people_s_and_refused() -> None:
    for text in ("900101-0017", "900101+0017", "9001010017"):
        with pytest.raises(IdentifierInvalid):
            Identifier.parse("national_id", "SE", text)


def test_the_sign_in_a_finnish_number_is_part_of_it() -> None:
    older, younger = (Identifier.parse("national_id", "FI", f"131052{sign}308T") for sign in "-A")
    assert older.input_bytes("door") != younger.input_bytes("door")


def test_passports_and_cards_are_read_from_their_machine_readable_zone() -> None:
    assert Identifier.parse("passport", "UTO", PASSPORT).number == "L898902C3"
    assert Identifier.parse("identity_card", "UTO", CARD).number == "D23145890"
    for scheme, country, text in (
        ("passport", "UTO", CARD),
        ("identity_card", "UTO", PASSPORT),
        ("passport", "XXX", PASSPORT),
    ):
        with pytest.raises(IdentifierInvalid):
            Identifier.parse(scheme, country, text)


@pytest.mark.parametrize("fault", [ValueError, KeyError, IndexError])
def test_a_number_over_which_a_check_trips_is_refused(fault: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def trips(number: str) -> str:
        raise fault

    monkeypatch.setattr("stdnum.pl.pesel.validate", trips)
    with pytest.raises(IdentifierInvalid):
        Identifier.parse("national_id", "PL", "44051401359")


def test_what_a_check_gives_back_is_a_number_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in ("123", "1" * 33, "1234*", "123é"):
        monkeypatch.setattr("stdnum.pl.pesel.validate", lambda number, answer=answer: answer)
        with pytest.raises(IdentifierInvalid):
            Identifier.parse("national_id", "PL", "44051401359")


def test_a_letter_that_only_looks_like_one_of_ours_is_not_taken_for_it() -> None:
    from stdnum.it import codicefiscale

    first = "RSSMRI80A01H501"
    number = first + codicefiscale.calc_check_digit(first)
    assert Identifier.parse("tax", "IT", number.lower()).number == number
    with pytest.raises(IdentifierInvalid):
        Identifier.parse("tax", "IT", number.replace("I", "\N{LATIN SMALL LETTER DOTLESS I}"))


def test_what_is_evaluated_never_changes_its_form() -> None:
    said = Identifier.parse("national_id", "CN", RESIDENT).input_bytes("door")
    assert said == (
        b"\x13\x00moiety identifier 1\x04\x00door\x0b\x00national_id\x02\x00CN\x12\x00" + RESIDENT.encode("ascii")
    )


texts = st.text("0123456789AX-+", max_size=12)


@given(st.tuples(texts, texts, texts), st.tuples(texts, texts, texts))
def test_two_numbers_never_have_one_input(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    equal = Identifier(*one).input_bytes("door") == Identifier(*other).input_bytes("door")
    assert equal == (one == other)
    assert Identifier(*one).input_bytes("door") != Identifier(*one).input_bytes("gate")


@pytest.mark.parametrize("purpose", ["", "Door", "a" * 32, "door ", "dóor", "-a"])
def test_an_input_belongs_to_a_purpose(purpose: str) -> None:
    with pytest.raises(PersonUnnamed):
        Identifier.parse("national_id", "CN", RESIDENT).input_bytes(purpose)


def test_an_identifier_shows_its_kind_and_not_its_number() -> None:
    shown = repr(Identifier.parse("national_id", "CN", RESIDENT))
    assert shown == "Identifier(scheme='national_id', country='CN')"
