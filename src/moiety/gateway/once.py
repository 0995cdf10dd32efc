"""Requests that are not to be done twice: a name of the client's, and the operation that it began.

Of an answer only its status is kept, so a request that is repeated learns that it was done, and not what was answered.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Request, Response

from moiety.errors import MoietyError
from moiety.gateway.admission import service_of, who
from moiety.gateway.jobs.refusals import JobsFull, JobsUnwritable
from moiety.gateway.problems import answered_as, status_of
from moiety.gateway.refusals import KeyUnreadable, Overloaded, Repeated, TimedOut

HEADER: Final = "Idempotency-Key"
OPERATION_HEADER: Final = "X-Operation-Id"
_UNAVAILABLE: Final = 503
_NOT_BEGUN: Final = (Overloaded, JobsFull, JobsUnwritable)
"""Unavailable, and nothing was done."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


@asynccontextmanager
async def once(request: Request, response: Response) -> AsyncIterator[None]:
    """What is done under it is done once under this request's Idempotency-Key, where it has one. Raises `Repeated`
    where it was begun before, and `KeyUnreadable`.

    What was refused may be asked again under the same key, and so may what was not begun; what was not done in time may
    not: it may still be. Where something was down meanwhile nobody knows whether it was done, and a repeated request is
    told just that: 503.
    """
    key = request.headers.get(HEADER)
    if key is None:
        yield
        return
    if _KEY.fullmatch(key) is None:
        raise KeyUnreadable
    service = service_of(request)
    name = who(request).caller.name
    begun = await service.hall(lambda: service.credentials.begin(name, request.method, request.url.path, key))
    response.headers[OPERATION_HEADER] = begun.operation.hex()
    if not begun.fresh:
        raise Repeated(begun.operation, begun.status)
    try:
        yield
    except TimedOut:
        raise
    except MoietyError as error:
        status = status_of(answered_as(error))
        left = 0 if status < _UNAVAILABLE or isinstance(error, _NOT_BEGUN) else status
        await service.hall(lambda: service.credentials.end(begun.operation, left))
        raise
    except Exception:
        await service.hall(lambda: service.credentials.end(begun.operation, _UNAVAILABLE))
        raise
    await service.hall(lambda: service.credentials.end(begun.operation, _status(request)))


def _status(request: Request) -> int:
    """What the route answers where it is not refused."""
    declared: int | None = request.scope["route"].status_code
    return 200 if declared is None else declared
