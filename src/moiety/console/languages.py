"""What the pages say, in each language: one file each in `words`, found by its name.

A file has tables of sentences. `[said]` translates sentences that the software itself words in English; whatever is not
in it, or has a code without a row in `[errors]`, is said in English, and marked as that for screen readers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from moiety.errors import MoietyError

FIRST: Final = "en"
"""What is said to whoever asks for none that there is; the software's own sentences are in it."""

SAID: Final = "said"
_ACCEPTED_LIMIT: Final = 400


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, and in which language they are."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Language:
    """One language: `tag` is BCP 47's, `name` as its speakers write it."""

    tag: str
    name: str
    words: Mapping[str, Mapping[str, str]] = field(repr=False)

    def __call__(self, key: str, **numbers: object) -> str:
        """What stands under `table.key`, with these filled in. Raises KeyError."""
        table, _, name = key.partition(".")
        return self.words[table][name].format(**numbers)

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        table, _, name = key.partition(".")
        return name in self.words.get(table, {})

    def said(self, text: str) -> Sentence:
        """A sentence of the software's, in this language where it is known in it."""
        known = self.words.get(SAID, {}).get(text)
        return Sentence(text, FIRST) if known is None else Sentence(known, self.tag)

    def refusal(self, error: MoietyError) -> Sentence:
        """A refusal in words, by its code."""
        known = self.words["errors"].get(error.code)
        return Sentence(error.text, FIRST) if known is None else Sentence(known.format(**error.numbers), self.tag)


def shipped() -> dict[str, Language]:
    """Every language of the package, by its tag; English first."""
    folder = files("moiety.console") / "words"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda file: (file.name != f"{FIRST}.toml", file.name)):
        if file.name.endswith(".toml"):
            words = tomllib.loads(file.read_text(encoding="utf-8"))
            tag = file.name.removesuffix(".toml")
            found[tag] = Language(tag, words.pop("name"), words)
    return found


def accepted(header: str, known: Sequence[str]) -> str:
    """Which of the known languages an Accept-Language header (RFC 9110, 12.5.4) likes best: by its first subtag."""
    liked: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:_ACCEPTED_LIMIT].split(",")):
        tag, _, weight = part.partition(";q=")
        first = tag.strip().partition("-")[0].lower()
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if first in known and quality > 0:
            liked.append((-quality, place, first))
    return min(liked)[2] if liked else FIRST
