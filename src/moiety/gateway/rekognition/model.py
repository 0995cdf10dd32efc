"""What is sent, held against botocore's own model of the service: the shapes that clients were written for.

Nothing that is sent stands in a refusal. What the model does not declare is refused: whoever asks for something that
is not done here is not to believe that it was.
"""

from __future__ import annotations

import binascii
import json
import math
import re
from base64 import b64decode
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from moiety.gateway.rekognition.refusals import OperationUnknown, ParameterInvalid, PictureTooLong

TARGET: Final = "RekognitionService."
_DEPTH: Final = 8
_LONGEST: Final = 65_536


@cache
def service() -> ServiceModel:
    """The service's model, as botocore ships it."""
    loader = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
    return ServiceModel(loader.load_service_model("rekognition", "service-2"), "rekognition")


def parameters(operation: str, body: bytes) -> dict[str, Any]:
    """The parameters of one operation, pictures as their bytes. Raises `ParameterInvalid`, and `PictureTooLong`."""
    try:
        said = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ParameterInvalid from None
    if operation not in service().operation_names:
        raise OperationUnknown
    shape = service().operation_model(operation).input_shape
    found: dict[str, Any] = _read(shape, said, 0)
    return found


def _read(shape: Shape, said: Any, depth: int) -> Any:
    if depth > _DEPTH:
        raise ParameterInvalid
    if isinstance(shape, StructureShape):
        return _structure(shape, said, depth)
    if isinstance(shape, ListShape):
        _bound(shape, len(_a(said, list)))
        return [_read(shape.member, one, depth + 1) for one in said]
    if isinstance(shape, MapShape):
        _bound(shape, len(_a(said, dict)))
        return {_read(shape.key, key, depth + 1): _read(shape.value, one, depth + 1) for key, one in said.items()}
    return _single(shape, said)


def _structure(shape: StructureShape, said: Any, depth: int) -> dict[str, Any]:
    given = {name: value for name, value in _a(said, dict).items() if value is not None}
    if not set(shape.required_members) <= set(given) <= set(shape.members):
        raise ParameterInvalid
    return {name: _read(shape.members[name], value, depth + 1) for name, value in given.items()}


def _single(shape: Shape, said: Any) -> Any:
    if shape.type_name == "blob":
        return _blob(shape, said)
    if isinstance(shape, StringShape):
        return _text(shape, said)
    if shape.type_name == "boolean":
        return _a(said, bool)
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise ParameterInvalid
    if shape.type_name in ("integer", "long") and not isinstance(said, int):
        raise ParameterInvalid
    _bound(shape, said)
    return said


def _text(shape: StringShape, said: Any) -> str:
    text: str = _a(said, str)
    _bound(shape, len(text))
    pattern = shape.metadata.get("pattern")
    if len(text) > _LONGEST or (shape.enum and text not in shape.enum):
        raise ParameterInvalid
    try:
        fits = pattern is None or re.fullmatch(pattern, text) is not None
    except re.error:  # that of a tag, which is nothing here, is written for other readers
        fits = False
    if not fits:
        raise ParameterInvalid
    return text


def _blob(shape: Shape, said: Any) -> bytes:
    try:
        content = b64decode(_a(said, str), validate=True)
    except (binascii.Error, ValueError):
        raise ParameterInvalid from None
    most = shape.metadata.get("max")
    if most is not None and len(content) > most:
        raise PictureTooLong(bytes=int(most))
    _bound(shape, len(content))
    return content


def _bound(shape: Shape, measure: float) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and measure < least) or (most is not None and measure > most):
        raise ParameterInvalid


def _a(said: Any, kind: type) -> Any:
    if not isinstance(said, kind):
        raise ParameterInvalid
    return said
