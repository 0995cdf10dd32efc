"""Machine readable zones: the specimens of ICAO Doc 9303 are read, and what differs from the standard is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.vault import mrz
from moiety.vault.refusals import IdentifierInvalid

# ICAO Doc 9303, eighth edition: part 4 (appendix A), part 5 and part 6 (appendix B); part 11, appendix D.2.
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<" + "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<" + "D231458907UTO7408122F1204159<<<<<<<6"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<" + "7408122F1204159UTO<<<<<<<<<<<6" + "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
LONG_TD1 = "I<UTOD23145890<7349<<<<<<<<<<<" + "3407127M9507122UTO<<<<<<<<<<<2" + "STEVENSON<<PETER<JOHN<<<<<<<<<"
LONG_TD2 = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<" + "D23145890<UTO3407127M95071227349<<<8"
ALL = (TD3, TD2, TD1, LONG_TD1, LONG_TD2)
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"


@pytest.mark.parametrize(("size", "text"), [("TD3", TD3), ("TD2", TD2), ("TD1", TD1)])
def test_the_specimen_of_each_size_is_read(size: str, text: str) -> None:
    zone = mrz.parse(text)
    assert (zone.size, zone.code, zone.state, zone.nationality) == (size, text[0], "UTO", "UTO")
    assert (zone.surname, zone.given_names, zone.sex) == ("ERIKSSON", "ANNA MARIA", "F")
    assert (zone.birth, zone.expiry) == ((74, 8, 12), (12, 4, 15))
    assert zone.number == ("L898902C3" if size == "TD3" else "D23145890")
    assert zone.optional == {"TD3": ("ZE184226B",), "TD2": ("",), "TD1": ("", "")}[size]


@pytest.mark.parametrize("text", [LONG_TD1, LONG_TD2])
def test_a_number_too_long_for_its_place_goes_on_in_the_optional_data(text: str) -> None:
    zone = mrz.parse(text)
    assert (zone.number, zone.surname, zone.sex, zone.birth) == ("D23145890734", "STEVENSON", "M", (34, 7, 12))
    assert set(zone.optional) == {""}


def test_lines_ends_spaces_and_small_letters_are_let_pass() -> None:
    assert mrz.parse(f"{TD3[:44]}\r\n {TD3[44:].lower()} ") == mrz.parse(TD3)


def digits(text: str) -> list[int]:
    """Where the check digits stand."""
    return {88: [53, 63, 71, 86, 87], 72: [45, 55, 63, 71], 90: [14, 36, 44, 59]}[len(text)]


@pytest.mark.parametrize("text", [TD3, TD2, TD1])
def test_every_check_digit_counts_also_where_the_composite_one_is_right(text: str) -> None:
    for place in digits(text):
        for other in set("0123456789<") - {text[place]}:
            changed = text[:place] + other + text[place + 1 :]
            for wrong in (changed, _composed(changed)) if place != digits(text)[-1] and text != TD1 else (changed,):
                with pytest.raises(IdentifierInvalid):
                    mrz.parse(wrong)
    if text == TD1:
        for place in (14, 36, 44):
            for other in set("0123456789") - {text[place]}:
                with pytest.raises(IdentifierInvalid):
                    mrz.parse(_composed(text[:place] + other + text[place + 1 :]))


@pytest.mark.parametrize("text", [LONG_TD1, LONG_TD2])
def test_the_check_digit_of_a_long_number_counts(text: str) -> None:
    place = text.index("7349") + 3
    for other in set("0123456789") - {"9"}:
        with pytest.raises(IdentifierInvalid):
            mrz.parse(_composed(text[:place] + other + text[place + 1 :]))


def _composed(text: str) -> str:
    """With the composite check digit put right."""
    if len(text) == 90:
        first, second, third = text[:30], text[30:60], text[60:]
        digit = mrz.check_digit(first[5:] + second[:7] + second[8:15] + second[18:29])
        return first + second[:29] + digit + third
    half = len(text) // 2
    first, second = text[:half], text[half:]
    return first + second[:-1] + mrz.check_digit(second[:10] + second[13:20] + second[21:-1])


def _dated(text: str, birth: str, expiry: str = "120415") -> str:
    """A TD3 zone with other dates and right check digits."""
    second = text[44:]
    changed = second[:13] + birth + mrz.check_digit(birth) + second[20] + expiry + mrz.check_digit(expiry)
    return _composed(text[:44] + changed + second[28:])


def test_unknown_parts_of_a_birth_date_stay_unknown() -> None:
    assert mrz.parse(_dated(TD3, "74<<<<")).birth == (74, 0, 0)
    assert mrz.parse(_dated(TD3, "<<<<<<")).birth == (-1, 0, 0)
    assert mrz.parse(_dated(TD3, "<<0229")).birth == (-1, 2, 29)
    assert mrz.parse(_dated(TD3, "7408<<")).birth == (74, 8, 0)


@pytest.mark.parametrize("birth", ["740230", "741312", "740800", "740012", "7408<1", "010229", "<<0230"])
def test_a_day_that_there_is_not_is_refused(birth: str) -> None:
    with pytest.raises(IdentifierInvalid):
        mrz.parse(_dated(TD3, birth))


@pytest.mark.parametrize("expiry", ["120431", "12<<<<", "121301", "120400"])
def test_a_document_expires_on_a_day(expiry: str) -> None:
    with pytest.raises(IdentifierInvalid):
        mrz.parse(_dated(TD3, "740812", expiry))


@pytest.mark.parametrize(
    ("place", "other"),
    [(0, "1"), (1, "V"), (2, "1"), (5, "<"), (6, "1"), (54, "1"), (64, "X"), (64, "1")],
)
def test_each_place_holds_what_the_standard_allows_there(place: int, other: str) -> None:
    with pytest.raises(IdentifierInvalid):
        mrz.parse(_composed(TD3[:place] + other + TD3[place + 1 :]))


@pytest.mark.parametrize("names", ["<" * 39, "A<<<B", "A<<B<<C"])
def test_names_are_two_and_told_apart_once(names: str) -> None:
    with pytest.raises(IdentifierInvalid):
        mrz.parse(TD3[:5] + names.ljust(39, "<") + TD3[44:])


def test_one_name_alone_is_a_surname() -> None:
    zone = mrz.parse(TD3[:5] + "ARKFREITH".ljust(39, "<") + TD3[44:])
    assert (zone.surname, zone.given_names) == ("ARKFREITH", "")


def test_an_unspecified_sex_and_an_absent_personal_number_are_allowed() -> None:
    second = TD3[44:]
    for digit in "0<":
        changed = TD3[:44] + second[:20] + "<" + second[21:28] + "<" * 14 + digit + "0"
        zone = mrz.parse(_composed(changed))
        assert (zone.sex, zone.optional) == ("", ("",))


def test_a_filler_inside_a_number_keeps_two_numbers_apart() -> None:
    def numbered(number: str) -> str:
        return _composed(TD3[:44] + number + mrz.check_digit(number) + TD3[54:])

    assert mrz.parse(numbered("AB<12<<<<")).number == "AB<12"
    assert mrz.parse(numbered("AB12<<<<<")).number == "AB12"
    for number in ("<B12<<<<<", "<" * 9):
        with pytest.raises(IdentifierInvalid):
            mrz.parse(numbered(number))


def test_a_long_number_fills_its_own_place_first() -> None:
    own, tail = "D2314589<", "734"
    text = LONG_TD1[:5] + own + "<" + tail + mrz.check_digit(own + tail) + LONG_TD1[19:]
    with pytest.raises(IdentifierInvalid):
        mrz.parse(_composed(text))
    with pytest.raises(IdentifierInvalid):
        mrz.parse(_composed(LONG_TD1[:15] + mrz.check_digit(LONG_TD1[5:14]) + "<" * 14 + LONG_TD1[30:]))


def test_a_number_of_ten_characters_is_one_too_long_for_its_place() -> None:
    number = "D231458901"
    text = LONG_TD1[:5] + number[:9] + "<" + number[9:] + mrz.check_digit(number) + "<" * 13 + LONG_TD1[30:]
    assert mrz.parse(_composed(text)).number == number


def test_a_passport_s_number_does_not_go_on_elsewhere() -> None:
    number = "L898902C312"
    optional = (number[9:] + mrz.check_digit(number)).ljust(14, "<")
    second = number[:9] + "<" + TD3[54:72] + optional + mrz.check_digit(optional) + "0"
    with pytest.raises(IdentifierInvalid):
        mrz.parse(_composed(TD3[:44] + second))


@pytest.mark.parametrize(
    "text", ["", "P", TD3[:-1], TD3 + "<", TD3.replace("<", "*"), TD3[:-1] + "\u0660", "\u017f" + TD3[1:]]
)
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(IdentifierInvalid):
        mrz.parse(text)


@given(st.sampled_from(ALL), st.integers(0, 89), st.sampled_from(LETTERS))
def test_any_change_is_refused_or_leaves_a_zone_that_is_right(text: str, place: int, other: str) -> None:
    place %= len(text)
    changed = text[:place] + other + text[place + 1 :]
    try:
        mrz.parse(changed)
    except IdentifierInvalid:
        return
    assert _composed(changed) == changed


def test_a_zone_shows_its_size_and_nothing_else() -> None:
    assert repr(mrz.parse(TD3)) == "Zone(size='TD3')"
