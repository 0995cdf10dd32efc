"""Refusals as clients of Rekognition know them: status 400 or 500, and a type that their libraries make an exception
of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from moiety.errors import MoietyError, Unavailable
from moiety.gateway.callers.refusals import Denied
from moiety.gateway.problems import answered_as

_TYPES: Final[Mapping[str, str]] = {
    "denied": "AccessDeniedException",
    "not_bound": "AccessDeniedException",
    "no_template": "AccessDeniedException",
    "no_officer": "AccessDeniedException",
    "not_carried": "AccessDeniedException",
    "custodian_older": "AccessDeniedException",
    "approval_refused": "AccessDeniedException",
    "collection_unknown": "ResourceNotFoundException",
    "face_unknown": "ResourceNotFoundException",
    "user_unknown": "ResourceNotFoundException",
    "collection_exists": "ResourceAlreadyExistsException",
    "user_exists": "ConflictException",
    "operation_not_served": "UnknownOperationException",
    "no_storage": "InvalidS3ObjectException",
    "page_token_invalid": "InvalidPaginationTokenException",
    "picture_too_long": "ImageTooLargeException",
    "body_too_large": "ImageTooLargeException",
    "picture_too_large": "ImageTooLargeException",
    "picture_file_too_large": "ImageTooLargeException",
    "not_a_picture": "InvalidImageFormatException",
    "truncated_picture": "InvalidImageFormatException",
    "picture_unreadable": "InvalidImageFormatException",
    "rate_spent": "ThrottlingException",
    "overloaded": "ThrottlingException",
    "body_slow": "ThrottlingException",
    "bodies_full": "ThrottlingException",
}
_SPENT: Final = "ProvisionedThroughputExceededException"
_INVALID: Final = "InvalidParameterException"
_INTERNAL: Final = "InternalServerError"


def type_of(error: MoietyError) -> str:
    """The type of what leaves."""
    left = answered_as(error)
    if isinstance(left, Denied):
        return _TYPES["denied"]
    if left.code.startswith("budget_") and left.code.endswith("_spent"):
        return _SPENT
    found = _TYPES.get(left.code)
    if found is not None:
        return found
    return _INTERNAL if isinstance(left, Unavailable) else _INVALID


def status_of(kind: str) -> int:
    """The HTTP status of a type."""
    return 500 if kind == _INTERNAL else 400


def undone(kind: str) -> bool:
    """Whether nothing was done, and a client that is answered this comes again by itself."""
    return kind in (_SPENT, _TYPES["rate_spent"])


def body_of(error: MoietyError) -> dict[str, Any]:
    """The body of the answer: the type, and a sentence with nothing that anybody sent."""
    left = answered_as(error)
    return {"__type": type_of(error), "Message": left.text, "Code": left.code}
