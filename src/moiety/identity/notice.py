"""What people are told of a purpose (GDPR, Articles 13 and 14), and the register of what is done (Article 30), from the
purpose's own document. Pure.

Nothing is made up: what the document does not say, and only the controller can, stays open, and is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from moiety.errors import Refused
from moiety.identity.notice_words import LANGUAGES, Words
from moiety.identity.purpose import Purpose, Told

CONSENT: Final = "6(1)(a)"
CONTRACT: Final = "6(1)(b)"
PUBLIC_TASK: Final = "6(1)(e)"
INTERESTS: Final = "6(1)(f)"

SECURITY: Final = (
    "faces split among three custodians, none of whom can compare alone",
    "fields sealed one by one under keys that exist in three parts",
    "openings by role and reason, checked and written down by two custodians",
    "four ledgers of all that is done, which nobody can switch off",
    "erasure at once, destruction within 72 hours, receipts that custodians sign",
)
"""Technical and organisational measures, of Article 30(1)(g): what this software does in every office."""

Field = Literal[
    "contact", "officer", "interests", "source", "recipients", "transfers", "must", "decisions", "authority"
]


class LanguageUnknown(Refused):
    code: ClassVar[str] = "language_unknown"
    advice: ClassVar[str] = "a notice is written in en, de or zh"


@dataclass(frozen=True, slots=True)
class Notice:
    """A text to post. `open` are the fields of the document's table [told] that are missing for it, in the order in
    which the text has them."""

    language: str
    text: str
    open: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """One row of the register, Article 30(1), (a) to (g): what is open, as in a notice."""

    purpose: str
    controller: str
    contact: str
    officer: str
    description: str
    articles: tuple[str, ...]
    people: str
    data: tuple[str, ...]
    recipients: str
    transfers: str
    erased_after_days: int
    security: tuple[str, ...]
    open: tuple[Field, ...]


def notice(purpose: Purpose, language: str) -> Notice:
    """The text to post for a purpose. Raises `LanguageUnknown`."""
    words = LANGUAGES.get(language)
    if words is None:
        raise LanguageUnknown
    text = _Text(purpose, words)
    articles = {grounds.article_6 for grounds in purpose.grounds.values()}
    text.say(words["title"].format(purpose=purpose.name))
    text.head("who", purpose.controller)
    text.told("contact", "contact")
    text.told("officer", "officer")
    text.head("what for", purpose.description)
    text.head("data", *_data(purpose, words))
    text.told("source", "source")
    text.head("grounds", *_grounds(purpose, words))
    if CONSENT in articles:
        text.say(words["withdraw"])
    if INTERESTS in articles:
        text.told("interests", "interests")
    for name in ("recipients", "transfers", "must", "decisions"):
        text.told(name, name)
    text.head("how long", words["retention"].format(purpose.retention_days))
    text.head("rights", words["ask"])
    if articles & {CONSENT, CONTRACT}:
        text.say(words["take along"])
    if articles & {PUBLIC_TASK, INTERESTS}:
        text.say(words["object"])
    text.told("complain", "authority")
    return Notice(language, "\n".join(text.lines) + "\n", tuple(text.open))


def activity(purpose: Purpose) -> Activity:
    """A purpose's row of the register."""
    said = purpose.told or Told()
    names: Sequence[Field] = ("contact", "officer", "recipients", "transfers")
    grounds = purpose.grounds.values()
    articles = [one for known in grounds for one in (known.article_6, known.article_9) if one]
    fields = purpose.records.kept().fields if purpose.records else ()
    return Activity(
        purpose=purpose.name,
        controller=purpose.controller,
        contact=said.contact,
        officer=said.officer,
        description=purpose.description,
        articles=tuple(dict.fromkeys(articles)),
        people="whoever is enrolled for this purpose, on one of its grounds",
        data=(*(["face"] if _recognises(purpose) else []), *fields),
        recipients=said.recipients,
        transfers=said.transfers,
        erased_after_days=purpose.retention_days,
        security=SECURITY,
        open=tuple(name for name in names if not getattr(said, name)),
    )


class _Text:
    """The lines of a notice, and what stays open in it."""

    def __init__(self, purpose: Purpose, words: Words) -> None:
        self.lines: list[str] = []
        self.open: list[Field] = []
        self._said = purpose.told or Told()
        self._words = words
        self._left = words["open"].format(controller=purpose.controller)

    def say(self, *lines: str) -> None:
        """A line each."""
        self.lines += lines

    def head(self, key: str, *lines: str) -> None:
        """A heading, and what stands under it."""
        self.lines += ["", self._words[key], *lines]

    def told(self, key: str, name: Field) -> None:
        """What the document tells people under this name, or that it is left open."""
        said: str = getattr(self._said, name)
        if not said:
            self.open.append(name)
        self.lines.append(self._words[key].format(said or self._left))


def _recognises(purpose: Purpose) -> bool:
    return any(grounds.article_9 for grounds in purpose.grounds.values())


def _data(purpose: Purpose, words: Words) -> list[str]:
    lines = [words["face"]] if _recognises(purpose) else []
    if purpose.records is not None:
        names = (words.get(f"field {name}", name.replace("_", " ")) for name in purpose.records.kept().fields)
        lines.append(words["fields"].format(words["and"].join(names)))
    return lines


def _grounds(purpose: Purpose, words: Words) -> list[str]:
    lines = []
    for grounds in purpose.grounds.values():
        articles = words["article 6"].format(_letter(grounds.article_6))
        if grounds.article_9:
            articles += words["article 9"].format(_letter(grounds.article_9))
        lines.append(words["ground"].format(articles, grounds.notice))
    return lines


def _letter(article: str) -> str:
    """The letter in "6(1)(a)"."""
    return article[-2]
