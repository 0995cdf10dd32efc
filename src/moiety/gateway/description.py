"""The interface's description (OpenAPI 3.1): every refusal that a route may answer, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI

from moiety.gateway.admission import OPEN, OPERATION
from moiety.gateway.once import HEADER
from moiety.gateway.problems import MEDIA_TYPE, Problem

_DEFINITIONS: Final = "$defs"
_SCHEMAS: Final = "#/components/schemas/"
_VERBS: Final = frozenset({"get", "put", "post", "delete", "patch"})

OWN: Final = "x-own"
"""What a route says of an answer to a refusal that is no problem."""

REFUSALS: Final = {
    "400": "What was sent is not what is sent here",
    "401": "Nothing was brought that recognises anybody",
    "403": "Not with this key, or not with any",
    "404": "Nobody, or nothing, of this name",
    "408": "What was sent did not arrive in time",
    "409": "It is so already, or was begun before",
    "413": "What was sent is too large",
    "422": "Fields will not do, or what was asked for is refused",
    "429": "A rate or a budget is spent",
    "503": "Something that is needed is not available",
}
"""Status -> when. All are problems of one form, as is any other."""

ONCE: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "a name of the client's: under the same one this is done once",
            "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"},
        }
    ]
}
"""What a route's `openapi_extra` says that is done once under an Idempotency-Key."""


class Described(FastAPI):
    """An application whose description is whole."""

    def openapi(self) -> dict[str, Any]:
        """As the framework writes it, with what the framework cannot know."""
        if self.openapi_schema is None:
            self.openapi_schema = described(super().openapi())
        return self.openapi_schema


def described(said: dict[str, Any]) -> dict[str, Any]:
    """The framework's description with our refusals in place of its own, and with every schema where it is looked
    for."""
    components = said.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    components["responses"] = {
        f"Refused{status}": {"description": when, "content": _problem()} for status, when in REFUSALS.items()
    }
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for one in _operations(said):
        own = {status: answer for status, answer in one["responses"].items() if status[0] == "2"}
        declared = {status: answer for status, answer in one["responses"].items() if answer.pop(OWN, False)}
        refusals = {status: {"$ref": f"#/components/responses/Refused{status}"} for status in REFUSALS}
        other = {"default": {"description": "Any other refusal", "content": _problem()}}
        one["responses"] = own | refusals | other | declared
        one["security"] = [] if one.get(OPERATION) == OPEN else [{"key": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _hoist(said, schemas)
    return said


def _operations(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in said.get("paths", {}).values():
        yield from (one for verb, one in path.items() if verb in _VERBS)


def _problem() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "Problem"}}}


def _hoist(some: Any, schemas: dict[str, Any]) -> None:
    """A schema that stands inside another one's definitions is looked for from the root of the document."""
    if isinstance(some, dict):
        for name, schema in some.pop(_DEFINITIONS, {}).items():
            schemas.setdefault(name, schema)
        reference = some.get("$ref")
        if isinstance(reference, str) and reference.startswith(f"#/{_DEFINITIONS}/"):
            some["$ref"] = _SCHEMAS + reference.rpartition("/")[2]
        for value in list(some.values()):
            _hoist(value, schemas)
    elif isinstance(some, list):
        for value in some:
            _hoist(value, schemas)
