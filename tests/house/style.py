"""What a module of the package may not look like: each rule takes a source and yields what it found."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.house.source import Source

LINES_MAX = 400
"""The one big file is everyone's sore spot; most modules stay below half of this."""

EMPTY_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "core"})

MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:home|root|work|tmp|opt|usr|Users|mnt|var)/")

SCORE_NAMES = frozenset(
    {
        "score",
        "scores",
        "similarity",
        "similarities",
        "distance",
        "distances",
        "cosine",
        "cosines",
        "rank",
        "ranks",
        "confidence",
        "vector",
        "vectors",
        "embedding",
        "embeddings",
        "template",
        "templates",
    }
)


def name_findings(source: Source) -> Iterator[str]:
    """Names that say nothing of what is inside."""
    for part in source.name.split(".")[1:]:
        if part in EMPTY_NAMES or EMPTY_NAMES & set(part.split("_")):
            yield f"{source.path}: {part!r} says nothing"


def length_findings(source: Source) -> Iterator[str]:
    """Modules that grew too long to be read at once."""
    lines = len(source.text.splitlines())
    if lines > LINES_MAX:
        yield f"{source.path}: {lines} lines, {LINES_MAX} at most"


def ignore_findings(source: Source) -> Iterator[str]:
    """Comments that silence a checker without saying which of its findings."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            if re.search(r"type:\s*ignore(?!\[)", token.string):
                yield f"{source.path}:{token.start[0]}: a bare type: ignore"
            if re.search(r"noqa(?!:\s*[A-Z])", token.string):
                yield f"{source.path}:{token.start[0]}: a bare noqa"


def assert_findings(source: Source) -> Iterator[str]:
    """Checks that `python -O` takes out."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield f"{source.path}:{node.lineno}: an assert, which python -O removes"


LAST_RESORT = frozenset({"cli/__init__.py", "custody/net/grpc.py", "gateway/service.py"})
"""Where an error that nobody foresaw ends: the command line and both servers say where it arose, and whoever
asked is answered."""


def except_findings(source: Source) -> Iterator[str]:
    """Handlers that take everything, or that pass over an error in silence."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield f"{source.path}:{node.lineno}: a bare except"
            names = {part.id for part in ast.walk(node.type or ast.Tuple([])) if isinstance(part, ast.Name)}
            reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if names & {"Exception", "BaseException"} and not reraises and source.path not in LAST_RESORT:
                yield f"{source.path}:{node.lineno}: catches everything and goes on"


def path_findings(source: Source) -> Iterator[str]:
    """Paths of somebody's machine."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{source.path}:{number}: a path of one machine"


def docstring_findings(source: Source) -> Iterator[str]:
    """Public things that do not say what they are.

    An error class says it in its `advice`, a property by its name and type, a protocol's method in the port's
    own docstring.
    """
    if not ast.get_docstring(source.tree) and source.text.strip():
        yield f"{source.path}:1: the module says nothing about itself"
    yield from _undocumented(source, source.tree.body, inside="")


def _undocumented(source: Source, body: list[ast.stmt], inside: str) -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_") or ast.get_docstring(node):
            documented = True
        elif isinstance(node, ast.ClassDef):
            documented = any("advice" in _assigned(statement) for statement in node.body)
        else:
            documented = _is_stub(node) or any("property" in ast.unparse(d) for d in node.decorator_list)
        if not documented:
            yield f"{source.path}:{node.lineno}: {inside}{node.name} has no docstring"
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _undocumented(source, node.body, f"{inside}{node.name}.")


def _assigned(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    only = node.body[0] if len(node.body) == 1 else None
    return isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and only.value.value is Ellipsis


def score_findings(source: Source) -> Iterator[str]:
    """Fields, properties and dictionary keys by which an answer would give away how near a face was.

    Meant for the modules whose values leave the library: results, and what the commands print.
    """
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                names = _assigned(statement)
                if isinstance(statement, ast.FunctionDef):
                    names = {statement.name}
                for name in sorted(names & SCORE_NAMES):
                    yield f"{source.path}:{statement.lineno}: {node.name}.{name} would leave with an answer"
        elif isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and key.value in SCORE_NAMES:
                    yield f"{source.path}:{key.lineno}: the key {key.value!r} would leave with an answer"


RULES = (
    name_findings,
    length_findings,
    ignore_findings,
    assert_findings,
    except_findings,
    path_findings,
    docstring_findings,
)
