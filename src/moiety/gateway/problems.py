"""Refusals as HTTP answers: RFC 9457, problem+json. Pure.

An answer has a code, advice, whole numbers and names of declared fields; nothing that anybody sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from moiety.errors import MoietyError, Refused, Unavailable
from moiety.gateway.callers.refusals import Denied, Unauthenticated
from moiety.gateway.refusals import FieldsInvalid, Repeated

MEDIA_TYPE: Final = "application/problem+json"

DENIALS: Final = frozenset(
    {
        "denied",
        "purpose_unknown",
        "gallery_unknown",
        "pseudonym_of_another_purpose",
        "caller_refused",
        "class_refused",
        "not_admitted",
    }
)
"""Codes that leave as `denied`: a purpose that is not there, one that is somebody else's, and what custodians do not
let this caller do are told apart by nobody."""

_STATUS: Final = {
    "body_too_large": 413,
    "picture_file_too_large": 413,
    "body_slow": 408,
    "not_here": 404,
    "not_by_this_verb": 405,
    "body_unreadable": 400,
    "nobody_kept": 404,
    "nobody_there": 404,
    "person_missing": 404,
    "caller_unknown": 404,
    "operation_unwritten": 404,
    "job_unknown": 404,
    "already_kept": 409,
    "already_enrolled": 409,
    "caller_exists": 409,
    "repeated": 409,
    "move_refused": 409,
    "write_stale": 409,
    "nothing_to_withdraw": 409,
    "rate_spent": 429,
    "approval_refused": 403,
}
_AGAIN_S: Final = 5
_SPENT_AGAIN_S: Final = 60
"""Budgets fill up by the hour: sooner than in a minute there is nothing to be had."""


class Problem(BaseModel):
    """What every refusal is answered as."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="urn:moiety:problem: and the code")
    title: str = Field(description="what to do, in a sentence")
    status: int = Field(description="the HTTP status")
    code: str = Field(description="for programs; it never changes")
    request: str = Field(description="the number under which this request is in the log")
    numbers: dict[str, int] = Field(default={}, description="the numbers of the sentence")
    fields: list[str] = Field(default=[], description="declared fields that are missing or will not do")
    operation: str | None = Field(default=None, description="the operation that was begun before")


def answered_as(error: MoietyError) -> MoietyError:
    """The error that leaves: every denial as the same."""
    if isinstance(error, Unauthenticated):
        return error
    return Denied() if error.code in DENIALS else error


def status_of(error: MoietyError) -> int:
    """The HTTP status of what leaves."""
    if isinstance(error, Unauthenticated):
        return 401
    if isinstance(error, Denied):
        return 403
    if error.code.startswith("budget_") and error.code.endswith("_spent"):
        return 429
    known = _STATUS.get(error.code)
    if known is not None:
        return known
    if isinstance(error, Unavailable):
        return 503
    return 422 if isinstance(error, Refused) else 500


def problem_of(error: MoietyError, request: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The body and the headers of the answer to a request of this number."""
    left = answered_as(error)
    status = status_of(left)
    names: Sequence[str] = left.names if isinstance(left, FieldsInvalid) else ()
    where = [left.where] if left.where and not names else list(names)
    problem = Problem(
        type=f"urn:moiety:problem:{left.code}",
        title=left.text,
        status=status,
        code=left.code,
        request=request,
        numbers=left.numbers,
        fields=where,
        operation=left.operation.hex() if isinstance(left, Repeated) else None,
    )
    headers = {}
    if status in (429, 503):
        seconds = left.numbers.get("seconds", _SPENT_AGAIN_S if status == 429 else _AGAIN_S)
        headers["Retry-After"] = str(seconds)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem.model_dump(exclude_defaults=True) | {"status": status}, headers
