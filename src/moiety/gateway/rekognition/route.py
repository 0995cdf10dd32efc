"""`POST /`: who asks and what, by the signature and the header `X-Amz-Target`; answers in JSON 1.1.

The route recognises its callers itself. A signature covers the body, so the body has to be read first: only of a key
that there is, and bounded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from moiety.errors import MoietyError
from moiety.gateway.admission import SIGNED, Guarded, operation, recognised_as, service_of
from moiety.gateway.bodies import body
from moiety.gateway.callers.refusals import Unauthenticated
from moiety.gateway.rekognition import faces, galleries, pictures, users
from moiety.gateway.rekognition.binding import name_of
from moiety.gateway.rekognition.dialect import Answer, Asked
from moiety.gateway.rekognition.errors import body_of, status_of, type_of, undone
from moiety.gateway.rekognition.model import TARGET, parameters
from moiety.gateway.rekognition.refusals import OperationUnknown, ParameterInvalid
from moiety.gateway.rekognition.signature import Signed

if TYPE_CHECKING:
    from moiety.gateway.rekognition.binding import Binding
    from moiety.gateway.service import Service

router = APIRouter(route_class=Guarded, tags=["rekognition"])

MIB: Final = 16
"""Two pictures of 5 MiB, which is what the service's model allows, in base64."""

_MEDIA_TYPE: Final = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Served:
    """An operation; `once`: each time that it is done, more is there."""

    carry_out: Callable[[Asked], Answer]
    once: bool = False


OPERATIONS: Final[Mapping[str, Served]] = {
    "CreateCollection": Served(galleries.create),
    "DescribeCollection": Served(galleries.describe),
    "ListCollections": Served(galleries.listed),
    "DeleteCollection": Served(galleries.delete),
    "IndexFaces": Served(faces.index, once=True),
    "ListFaces": Served(faces.listed),
    "DeleteFaces": Served(faces.delete),
    "SearchFaces": Served(faces.search),
    "SearchFacesByImage": Served(faces.search_by_image),
    "CompareFaces": Served(pictures.compare),
    "DetectFaces": Served(pictures.detect),
    "CreateUser": Served(users.create),
    "AssociateFaces": Served(users.associate),
    "DisassociateFaces": Served(users.disassociate),
    "ListUsers": Served(users.listed),
    "DeleteUser": Served(users.delete),
    "SearchUsers": Served(users.search),
    "SearchUsersByImage": Served(users.search_by_image),
}


@router.post("/", openapi_extra=operation(SIGNED), include_in_schema=False)
async def ask(request: Request) -> Response:
    """One operation of Rekognition's."""
    request.state.answered = refusal
    service = service_of(request)
    headers = ((name.lower(), value) for name, value in request.headers.items())
    signed = Signed.read(headers, service.rekognition.now())
    try:
        return _response(await _answered(request, service, signed), 200, request.state.number)
    except MoietyError as error:
        if undone(type_of(error)):
            service.rekognition.seen.undone(signed)
        raise


def refusal(error: MoietyError, number: str) -> Response:
    """A refusal as an answer."""
    return _response(body_of(error), status_of(type_of(error)), number)


async def _answered(request: Request, service: Service, signed: Signed) -> Answer:
    binding, content, name = await _admitted(request, service, signed)
    served = OPERATIONS.get(name)
    if served is None:
        raise OperationUnknown
    service.journal.say("rekognition", request=request.state.number, operation=name)
    if request.headers.get("content-type", "").partition(";")[0].strip() != _MEDIA_TYPE:
        raise ParameterInvalid
    asked = Asked(service, binding, request.state.number, parameters(name, content))
    return await service.work(lambda: served.carry_out(asked))


async def _admitted(request: Request, service: Service, signed: Signed) -> tuple[Binding, bytes, str]:
    """What the key is bound to, the body, and the operation's name. Raises `Unauthenticated`."""
    dialect = service.rekognition
    known = await service.hall(lambda: dialect.store.recognised(signed.key))
    if known is None or request.url.query:
        raise Unauthenticated
    binding, secret = known
    content = await body(request, MIB)
    signed.require(secret, request.method, request.url.path, "", content)
    target = request.headers.get("x-amz-target", "")
    name = target.removeprefix(TARGET)
    served = OPERATIONS.get(name)
    dialect.seen.use(signed, once=served is not None and served.once)
    recognised_as(request, name_of(binding.name))
    if not target.startswith(TARGET):
        raise OperationUnknown
    return binding, content, name


def _response(answer: Answer, status: int, number: str) -> Response:
    content = json.dumps(answer, separators=(",", ":"))
    return Response(content, status, {"x-amzn-RequestId": number}, _MEDIA_TYPE)
