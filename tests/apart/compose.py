"""Reading the compose file without a YAML library: the small part of YAML that it is written in, and nothing else.

Maps by indentation, lists of one line each, flow lists and maps of plain or double-quoted words. Anything beyond that,
a key that comes twice among it, is a `ValueError`.
"""

from __future__ import annotations

import json
import re
from typing import Any

_KEY = re.compile(r"([A-Za-z_][\w-]*):(?: +(.*))?")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\[\]{}"][^,\[\]{}"]*')


def read(text: str) -> dict[str, Any]:
    """The file's map."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found, rest = _block(lines, 0)
    if rest or not isinstance(found, dict):
        raise ValueError("the file is not one map")
    return found


def _block(lines: list[str], indent: int) -> tuple[Any, list[str]]:
    if lines[0].startswith(" " * indent + "- "):
        items = []
        while lines and lines[0].startswith(" " * indent + "- "):
            items.append(_value(lines.pop(0)[indent + 2 :]))
        return items, lines
    found: dict[str, Any] = {}
    while lines and _indent(lines[0]) == indent:
        matched = _KEY.fullmatch(lines.pop(0)[indent:])
        if matched is None or matched[1] in found:
            raise ValueError("a line is no key, or one that was there before")
        if matched[2]:
            found[matched[1]] = _value(matched[2])
        elif lines and _indent(lines[0]) > indent:
            found[matched[1]], lines = _block(lines, _indent(lines[0]))
        else:
            found[matched[1]] = None
    if lines and _indent(lines[0]) > indent:
        raise ValueError("a line is indented and belongs to nothing")
    return found, lines


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _value(text: str) -> Any:
    text = text.strip()
    if text.startswith("["):
        return [_plain(word) for word in _words(text, "[", "]")]
    if text.startswith("{"):
        pairs = [word.partition(": ") for word in _words(text, "{", "}")]
        return {key: _plain(value) for key, _, value in pairs}
    return _plain(text)


def _words(text: str, opening: str, closing: str) -> list[str]:
    inside = text.removeprefix(opening).removesuffix(closing)
    words = _WORD.findall(inside)
    if opening + ", ".join(words) + closing != text:
        raise ValueError("a list or map is not of plain words")
    return words


def _plain(word: str) -> Any:
    if word.startswith('"'):
        return json.loads(word)
    if word[:1] in tuple("&*!|>'%@`") or " #" in word:
        raise ValueError("a word is not plain")
    return {"true": True, "false": False}.get(word, int(word) if word.isdigit() else word)
