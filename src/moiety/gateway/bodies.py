"""What is sent, bounded before it is read: JSON by the framework, and pictures here, which never touch a disk."""

from __future__ import annotations

import asyncio
import binascii
import json
from base64 import b64decode
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from moiety.gateway.admission import service_of
from moiety.gateway.refusals import BodySlow, BodyTooLarge, BodyUnreadable, FieldsInvalid
from moiety.gateway.room import MIB
from moiety.stages import stage

JSON_MIB: Final = 8
"""Without pictures: a record with a photograph of 4 MiB, in base64."""

PICTURES_MIB: Final = 48
"""The largest picture that is decoded has 32 MiB, and a third more in base64."""

STRANGERS_MIB: Final = 1
"""Of whoever has brought nothing yet: on every connection that there may be, half of what is held at once."""

PICTURES_LIMIT: Final = 64
STRUCTURE_LIMIT: Final = 20_000
"""Commas and opening brackets of a JSON body: pictures have none, and fields a few hundred. Eight million empty lists
are 24 MB to send, a gigabyte here, and half a minute in which nobody else is answered."""

RECEIVED_S: Final = 30
_FORM: Final = "multipart/form-data"
_JSON: Final = "application/json"
_PICTURE: Final = "picture"
_PICTURES: Final = "pictures"
_FIELDS_LIMIT: Final = 32

Form = TypeVar("Form", bound=BaseModel)


class Sent(BaseModel):
    """What is sent: fields that are declared, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def takes(kind: type[BaseModel]) -> dict[str, Any]:
    """What the interface's description says of a JSON body."""
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": kind.model_json_schema()}}}}


def takes_pictures(kind: type[BaseModel], most: int) -> dict[str, Any]:
    """What it says of pictures, with fields beside them: both ways of sending them."""
    said = kind.model_json_schema()
    own: dict[str, Any] = said.get("properties", {})
    required: list[str] = said.get("required", [])
    base64 = {"type": "array", "items": {"type": "string", "format": "byte"}, "minItems": 1, "maxItems": most}
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1, "maxItems": most}
    by_json = {**said, "properties": {**own, _PICTURES: base64}, "required": [*required, _PICTURES]}
    by_form = {**said, "properties": {**own, _PICTURE: files}, "required": [*required, _PICTURE]}
    content = {_JSON: {"schema": by_json}, _FORM: {"schema": by_form}}
    return {"requestBody": {"required": True, "content": content}}


@dataclass(frozen=True, slots=True)
class Shown:
    """Pictures as their files, and what was said beside them."""

    pictures: list[bytes] = field(repr=False)
    fields: dict[str, Any] = field(repr=False)

    def form(self, kind: type[Form]) -> Form:
        """The fields as they are declared. Raises `FieldsInvalid`, also without a picture."""
        names = [] if self.pictures else [_PICTURES]
        try:
            form = kind.model_validate(self.fields)
        except ValidationError as error:
            names += [name for name in kind.model_fields if any(name in one["loc"] for one in error.errors())]
            raise FieldsInvalid(tuple(names)) from None
        if names:
            raise FieldsInvalid(tuple(names))
        return form


async def body(request: Request, mebibytes: int) -> bytes:
    """The whole body, which is held for as long as its request is under way. Raises `BodyTooLarge` and `BodiesFull`,
    also by what the request says of it, and `BodySlow`."""
    limit, room = mebibytes * MIB, service_of(request).room
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said[:12]) > limit:
        raise BodyTooLarge(mebibytes=mebibytes)
    room.require(int(said[:12]))
    whole = bytearray()
    request.state.held = 0
    with stage("receiving"):
        try:
            async with asyncio.timeout(RECEIVED_S):
                async for chunk in request.stream():
                    if len(whole) + len(chunk) > limit:
                        raise BodyTooLarge(mebibytes=mebibytes)
                    room.take(len(chunk))
                    request.state.held += len(chunk)
                    whole += chunk
        except TimeoutError:
            raise BodySlow(seconds=RECEIVED_S) from None
        return bytes(whole)


async def shown(request: Request) -> Shown:
    """Pictures, by multipart/form-data (parts named `picture`) or JSON (`pictures`, base64). Raises as `body`,
    `BodyUnreadable`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (_FORM, _JSON):
        raise BodyUnreadable
    whole = await body(request, PICTURES_MIB)
    with stage("reading"):
        return await _parts(request, whole) if kind == _FORM else _json(whole)


async def fields(request: Request, kind: type[Form], mebibytes: int = JSON_MIB) -> Form:
    """A JSON body as it is declared. Raises as `body`, `BodyUnreadable` and `FieldsInvalid`."""
    said = _object(await body(request, mebibytes))
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        names = tuple(name for name in kind.model_fields if any(name in one["loc"] for one in error.errors()))
        raise FieldsInvalid(names) from None


def _object(whole: bytes) -> dict[str, Any]:
    if sum(map(whole.count, (b",", b"[", b"{"))) > STRUCTURE_LIMIT:
        raise BodyUnreadable
    try:
        said = json.loads(whole or b"{}")
    except (ValueError, RecursionError):  # a number of ten thousand digits is a ValueError
        raise BodyUnreadable from None
    if not isinstance(said, dict):
        raise BodyUnreadable
    return said


def _json(whole: bytes) -> Shown:
    said = _object(whole)
    given = said.pop(_PICTURES, [])
    if not isinstance(given, list) or len(given) > PICTURES_LIMIT:
        raise FieldsInvalid((_PICTURES,))
    try:
        return Shown([b64decode(one, validate=True) for one in given], said)
    except (binascii.Error, ValueError, TypeError):
        raise FieldsInvalid((_PICTURES,)) from None


class _InMemory(MultiPartParser):
    """A part of Starlette's own parser that is longer than this goes to a file: none is."""

    spool_max_size = (PICTURES_MIB + 1) * MIB


async def _parts(request: Request, whole: bytes) -> Shown:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield whole
        yield b""

    parser = _InMemory(
        request.headers, stream(), max_files=PICTURES_LIMIT, max_fields=_FIELDS_LIMIT, max_part_size=JSON_MIB * MIB
    )
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, KeyError, UnicodeError):
        raise BodyUnreadable from None
    pictures: list[bytes] = []
    said: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name == _PICTURE and isinstance(value, UploadFile):
            pictures.append(await value.read())
        elif isinstance(value, str):
            said[name] = value
        else:
            raise FieldsInvalid((_PICTURE,))
    await form.close()
    return Shown(pictures, said)
