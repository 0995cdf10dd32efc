"""Every sentence is there in every language, and every sentence that a page asks for is there."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string
from importlib.resources import files

import pytest

import moiety
from moiety.console.languages import FIRST, SAID, Language, accepted, shipped
from moiety.console.people import WAYS
from moiety.custody.trust.limits import Unit
from moiety.errors import MoietyError
from moiety.face.refusals import FaceTooSmall
from moiety.gateway.callers.roles import Role
from moiety.identity.examples import EXAMPLES
from moiety.identity.refusals import PurposeModelFixed
from moiety.vault.retention import State
from moiety.vault.schema import Schema
from tests.gateway.scene import Site
from tests.gateway.visitor import Visitor
from tests.house.source import sources

LANGUAGES = shipped()
OTHERS = [language for tag, language in LANGUAGES.items() if tag != FIRST]


def keys(language: Language) -> set[str]:
    return {f"{table}.{name}" for table, names in language.words.items() if table != SAID for name in names}


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_there_are_two_and_english_comes_first() -> None:
    assert next(iter(LANGUAGES)) == FIRST
    assert {"en", "zh"} <= set(LANGUAGES)


@pytest.mark.parametrize("other", OTHERS, ids=lambda language: language.tag)
def test_each_language_has_every_sentence_with_its_blanks(other: Language) -> None:
    english = LANGUAGES[FIRST]
    assert keys(other) == keys(english)
    for key in keys(english):
        table, _, name = key.partition(".")
        assert blanks(other.words[table][name]) == blanks(english.words[table][name]), key
        assert other.words[table][name].strip(), key


def test_every_sentence_of_a_page_is_there_and_every_sentence_is_on_a_page() -> None:
    english, asked = LANGUAGES[FIRST], set()
    for template in (files("moiety.console") / "templates").iterdir():
        asked |= set(re.findall(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""", template.read_text()))
    asked |= {f"overview.{state}" for state in ("up", "down", "unknown")} | {f"new_purpose.{one}" for one in EXAMPLES}
    asked |= {f"states.{state.name.lower()}" for state in State if state is not State.PENDING}
    asked |= {f"budgets.{unit.value}" for unit in Unit}
    asked |= {f"ways.{one}" for one in WAYS}
    assert len(asked) > 100
    assert asked <= keys(english)
    looked_up = {"fields", "did", "details", "errors"}  # by a name that is not the page's own
    assert {key for key in keys(english) if key.partition(".")[0] not in looked_up} == asked


def test_fields_of_a_record_have_names() -> None:
    assert {f"fields.{name}" for name in Schema.default().fields} <= keys(LANGUAGES[FIRST])


def test_every_code_with_words_is_one_that_is_refused() -> None:
    for module in pkgutil.walk_packages(moiety.__path__, "moiety."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    known: dict[str, type[MoietyError]] = {}
    left = list(MoietyError.__subclasses__())
    while left:
        kind = left.pop()
        known.setdefault(kind.code, kind)
        left += kind.__subclasses__()
    for language in LANGUAGES.values():
        for code, sentence in language.words["errors"].items():
            assert code in known, code
            assert blanks(sentence) <= blanks(known[code].advice), code


@pytest.mark.parametrize("other", OTHERS, ids=lambda language: language.tag)
def test_what_is_translated_of_the_software_is_what_it_says(other: Language) -> None:
    said = other.words[SAID]
    assert len(said) > 10
    whole = " ".join(source.text for source in sources())
    whole = re.sub(r'"\s*\n\s*f?"', "", whole)  # a sentence over two lines
    for sentence in said:
        assert f'"{sentence}"' in whole, sentence
    reasons = set(re.findall(r'"((?:the|a|part of the) [^"]*face[^"]*)"', _quality())) - set(said)
    assert all("told apart" in reason or "too much" in reason or "contrast" in reason for reason in reasons), reasons


def _quality() -> str:
    return next(source.text for source in sources() if source.path == "face/quality.py")


def test_a_refusal_without_words_of_its_own_is_said_in_english() -> None:
    chinese = LANGUAGES["zh"]
    small = chinese.refusal(FaceTooSmall(pixels=9, limit=16))
    assert (small.language, "9" in small.text) == ("zh", True)
    fixed = chinese.refusal(PurposeModelFixed())
    assert (fixed.language, fixed.text) == ("en", PurposeModelFixed.advice)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,zh;q=0.2", "zh"),
        ("fr", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=nonsense,,;;,*", "en"),
        ("x" * 100_000 + ",zh", "en"),
    ],
)
def test_the_browser_is_asked_first(header: str, wanted: str) -> None:
    assert accepted(header, list(LANGUAGES)) == wanted


def test_a_language_is_chosen_and_stays(gateway: Site) -> None:
    key = gateway.key("reader", *(role for role in Role if role is not Role.SUBJECT))
    with Visitor(gateway.url, **{"Accept-Language": "zh-CN"}) as some:
        assert '<html lang="zh">' in some.get("/sign-in").text
        some.sign_in(key)
        answer = some.post("/language", {"language": "en", "back": "/purposes/door"})
        assert answer.headers["location"] == "/purposes/door"
        assert '<html lang="en">' in some.get("/purposes/door").text
        for elsewhere in ("//evil.example", "/\\evil.example", "https://evil.example/", "/x?y=//z", "javascript:0"):
            answer = some.post("/language", {"language": "zh", "back": elsewhere})
            assert answer.headers["location"] == "/", elsewhere
        assert some.post("/language", {"language": "../en", "back": "/"}).status_code == 404


def test_every_page_is_in_every_language(gateway: Site) -> None:
    key = gateway.key("polyglot", Role.OPERATOR, Role.OFFICER)
    for tag, language in LANGUAGES.items():
        with Visitor(gateway.url, **{"Accept-Language": tag}) as some:
            some.sign_in(key)
            for path in ("", "new-purpose", *(f"purposes/hotel{one}" for one in ("", "/people", "/verify", "/find"))):
                page = some.get(f"/{path}").text
                assert f'<html lang="{tag}">' in page
                assert language("frame.foot") in page
