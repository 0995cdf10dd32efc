"""A module of the package as the rules of the house see it: its name, its text and its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "moiety"


@dataclass(frozen=True)
class Source:
    """`name` is dotted (`moiety.custody.store.sql`); a folder's own module is called after the folder."""

    name: str
    text: str
    is_folder: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def folder(self) -> str:
        """The first name under `moiety`: a folder, or a module that lives at the top ("" for the package)."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    @property
    def path(self) -> str:
        """Where it lies under `src/moiety`."""
        inner = "/".join(self.name.split(".")[1:])
        if self.is_folder:
            return f"{inner}/__init__.py" if inner else "__init__.py"
        return f"{inner}.py"

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every dotted name imported anywhere in the module, lazily or for types only, and its line.

        `from a.b import c` gives `a.b.c`: whether `c` is a module or a thing in one makes no difference to a
        rule about prefixes.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node.lineno
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                for alias in node.names:
                    yield f"{origin}.{alias.name}", node.lineno
            elif _is_dynamic_import(node):
                yield node.args[0].value, node.lineno

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".")
        if not self.is_folder:
            package = package[:-1]
        package = package[: len(package) - (node.level - 1)]
        return ".".join([*package, *([node.module] if node.module else [])])

    def typing_lines(self) -> set[int]:
        """Lines that only a type checker reads (`if TYPE_CHECKING:`)."""
        found: set[int] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.If) and _chain(node.test)[-1:] == ["TYPE_CHECKING"]:
                found |= {inner.lineno for statement in node.body for inner in ast.walk(statement) if _has_line(inner)}
        return found

    def called_names(self) -> Iterator[tuple[str, int]]:
        """Plain names that are called, and the line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, node.lineno

    def dotted_uses(self) -> Iterator[tuple[str, int]]:
        """Every name or chain of attributes, written out through the module's imports, and its line.

        After `from datetime import datetime as dt`, the expression `dt.now` gives `datetime.datetime.now`.
        """
        known = self._aliases()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name):
                chain = _chain(node)
                if chain and chain[0] in known:
                    yield ".".join([known[chain[0]], *chain[1:]]), node.lineno

    def _aliases(self) -> dict[str, str]:
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    first = alias.name.split(".")[0]
                    found[alias.asname or first] = alias.name if alias.asname else first
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{origin}.{alias.name}"
        return found


def _has_line(node: ast.AST) -> bool:
    return hasattr(node, "lineno")


def _is_dynamic_import(node: ast.AST) -> bool:
    """`import_module("a.b")` with the name written out."""
    return (
        isinstance(node, ast.Call)
        and _chain(node.func)[-1:] in (["import_module"], ["__import__"])
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def _chain(node: ast.AST) -> list[str]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return []
    return [node.id, *reversed(names)]


@cache
def sources() -> list[Source]:
    """All modules of the package as they stand in the checkout."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        is_folder = parts[-1] == "__init__"
        if is_folder:
            parts.pop()
        found.append(Source(".".join(parts), path.read_text(encoding="utf-8"), is_folder))
    return found
