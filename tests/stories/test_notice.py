"""What people are told of a purpose follows from its document; what only the controller can say stays open."""

from __future__ import annotations

import string
from typing import Any

import pytest

from moiety.identity.examples import DOOR, HOTEL
from moiety.identity.notice import LanguageUnknown, activity, notice
from moiety.identity.notice_words import ENGLISH, LANGUAGES
from moiety.identity.purpose import Told, read
from moiety.identity.refusals import PurposeInvalid

TOLD: dict[str, str] = {name: f"<{name}>" for name in Told.model_fields}
ARTICLES = ["6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)"]


def purpose(article: str = "6(1)(a)", article_9: str = "9(2)(a)", told: dict[str, str] | None = None) -> Any:
    grounds = f'article_6 = "{article}"\n' + (f'article_9 = "{article_9}"\n' if article_9 else "")
    said = "".join(f'{name} = "{text}"\n' for name, text in (told or {}).items())
    return read(
        f"""
name = "gate"
controller = "Somebody Ltd"
description = "Opens the gate."
retention_days = 41
model = "mobilefacenet-192"
[targets]
fmr = 0.001
fpir = 0.01
[grounds.only]
{grounds}notice = "There is a key too."
[told]
{said}""".encode()
    )


def holes(text: str) -> list[str | None]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_says_all_of_it(language: str) -> None:
    words = LANGUAGES[language]
    said = {name for name in ENGLISH if not name.startswith("field ")}
    assert {name for name in words if not name.startswith("field ")} == said
    assert {name: holes(words[name]) for name in said} == {name: holes(ENGLISH[name]) for name in said}
    if language != "en":  # of the nine fields that are kept by default, each has a name in it
        fields = read(HOTEL.encode()).records
        assert fields is not None
        assert {f"field {name}" for name in fields.kept().fields} - {"field room"} <= set(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_document_says_is_in_the_text_and_nothing_is_open(language: str) -> None:
    told = notice(purpose("6(1)(f)", told=TOLD), language)
    assert told.open == ()
    for text in ("Somebody Ltd", "Opens the gate.", "There is a key too.", "41", "gate", *TOLD.values()):
        assert text in told.text
    assert LANGUAGES[language]["open"].format(controller="Somebody Ltd") not in told.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_it_does_not_say_is_left_open_and_named_in_the_order_of_the_text(language: str) -> None:
    left = LANGUAGES[language]["open"].format(controller="Somebody Ltd")
    told = notice(purpose("6(1)(f)"), language)
    assert sorted(told.open) == sorted(TOLD)
    assert told.text.count(left) == len(TOLD)
    for name in TOLD:
        one = notice(purpose("6(1)(f)", told={name: "said"}), language)
        assert set(told.open) - set(one.open) == {name}
        assert one.text.count(left) == len(TOLD) - 1
    every = notice(purpose("6(1)(f)", told=TOLD), language).text
    assert sorted(told.open, key=lambda name: every.index(TOLD[name])) == list(told.open)


@pytest.mark.parametrize("article", ARTICLES)
def test_a_right_is_told_where_the_ground_gives_it(article: str) -> None:
    text = notice(purpose(article, told=TOLD), "en").text
    assert (ENGLISH["withdraw"] in text) == (article == "6(1)(a)")
    assert (ENGLISH["take along"] in text) == (article in ("6(1)(a)", "6(1)(b)"))
    assert (ENGLISH["object"] in text) == (article in ("6(1)(e)", "6(1)(f)"))
    assert (TOLD["interests"] in text) == (article == "6(1)(f)")
    assert ENGLISH["ask"] in text
    assert f"Article 6(1)({article[-2]})" in text


def test_of_a_purpose_without_faces_nothing_is_said_of_faces() -> None:
    assert ENGLISH["face"] in notice(purpose(), "en").text
    assert ENGLISH["face"] not in notice(purpose(article_9=""), "en").text
    assert "Article 9" not in notice(purpose(article_9=""), "en").text
    assert activity(purpose(article_9="")).data == ()
    assert activity(read(HOTEL.encode())).data[:3] == ("face", "national_id", "document_dates")


def test_the_register_says_what_article_30_asks_and_names_what_is_open() -> None:
    row = activity(purpose(told=TOLD))
    assert (row.purpose, row.controller, row.description) == ("gate", "Somebody Ltd", "Opens the gate.")
    assert (row.contact, row.officer, row.recipients, row.transfers) == (
        "<contact>", "<officer>", "<recipients>", "<transfers>",
    )  # fmt: skip
    assert (row.articles, row.erased_after_days, row.open) == (("6(1)(a)", "9(2)(a)"), 41, ())
    assert activity(purpose()).open == ("contact", "officer", "recipients", "transfers")


@pytest.mark.parametrize("language", ["", "fr", "EN", "../en"])
def test_another_language_is_refused(language: str) -> None:
    with pytest.raises(LanguageUnknown):
        notice(purpose(), language)


def test_the_examples_say_what_they_can_and_leave_the_rest_open() -> None:
    for example in (DOOR, HOTEL):
        told = notice(read(example.encode()), "en")
        assert "contact" not in told.open
        assert "authority" not in told.open
        assert "recipients" in told.open


def test_what_nobody_knows_is_refused_by_its_name() -> None:
    with pytest.raises(PurposeInvalid) as raised:
        purpose(told={"telephone": "1"})
    assert "no such field" in raised.value.text
    with pytest.raises(PurposeInvalid) as raised:
        purpose(told={"contact": "a" * 2_001})
    assert "told.contact" in raised.value.text
    assert "aaa" not in raised.value.text
