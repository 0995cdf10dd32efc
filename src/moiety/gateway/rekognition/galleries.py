"""Collections: a collection is the gallery of a purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moiety.errors import Refused
from moiety.gateway.callers.refusals import Denied
from moiety.gateway.callers.roles import Operation, Role
from moiety.gateway.rekognition.binding import COLLECTION, named
from moiety.gateway.rekognition.dialect import Answer, Asked, page, purpose_of
from moiety.gateway.rekognition.faces import erase
from moiety.gateway.rekognition.refusals import (
    CollectionExists,
    NoOfficer,
    NotBound,
    NoTemplate,
    ParameterInvalid,
    TokenInvalid,
)

if TYPE_CHECKING:
    from moiety.gateway.rekognition.store import Collection

_PAGE: Final = 4_096
_UNSIGNED: Final = frozenset({"approval_refused", "caller_refused", "nobody_signs"})
_ARN: Final = "arn:moiety:rekognition:::collection/"


def create(asked: Asked) -> Answer:
    """Make a purpose as the key's template says, or take one that is there and that the operator named."""
    name: str = asked.given["CollectionId"]
    if asked.given.get("Tags"):
        raise ParameterInvalid
    binding, known = asked.binding, asked.store.collection(name)
    if known is not None and known.live:
        raise CollectionExists
    if not binding.names(name) and not binding.open:
        raise NoTemplate if binding.document is None else NotBound
    purpose = purpose_of(name) if known is None else known.purpose
    made_by = "" if known is None else known.made_by
    if purpose in asked.office.purposes():
        if not binding.names(name) and (known is None or not asked.uses(known)):
            raise CollectionExists
    elif binding.document is None:
        raise NoTemplate
    else:
        _add(asked, named(binding.document, purpose))
        made_by = binding.name
    asked.store.begin(name, purpose, made_by)
    model = asked.office.purpose(purpose).document.model
    return {"StatusCode": 200, "CollectionArn": _ARN + name, "FaceModelVersion": model}


def _add(asked: Asked, document: bytes) -> None:
    """Add a purpose with an officer's signature. Raises `NoOfficer` where that does not do."""
    try:
        asked.service.offices.at(Role.OFFICER).add_purpose(document)
    except Refused as refused:
        if isinstance(refused, Denied) or refused.code in _UNSIGNED:
            raise NoOfficer from None
        raise


def describe(asked: Asked) -> Answer:
    """How many people the purpose has, however they were enrolled."""
    asked.require(Operation.FIND)
    found = asked.collection()
    row = next(row for row in asked.office.status().purposes if row.name == found.purpose)
    return {
        "FaceCount": row.people,
        "UserCount": len(asked.store.users(found.name)),
        "FaceModelVersion": row.model,
        "CollectionARN": _ARN + found.name,
        "CreationTimestamp": found.at,
    }


def listed(asked: Asked) -> Answer:
    """The collections that the key may use."""
    asked.require(Operation.FIND)
    after = asked.given.get("NextToken", "")
    if after and not COLLECTION.fullmatch(after):
        raise TokenInvalid
    mine: list[Collection] = [one for one in asked.store.collections(after) if asked.uses(one)]
    shown, more = page(mine, asked, _PAGE)
    models = [asked.purpose(one).document.model for one in shown]
    answer: Answer = {"CollectionIds": [one.name for one in shown], "FaceModelVersions": models}
    return answer | ({"NextToken": shown[-1].name} if more else {})


def delete(asked: Asked) -> Answer:
    """Erase every face that clients were told of, as far as the custodians' budgets go, and then the collection; the
    purpose stays, and whoever else is enrolled for it."""
    asked.require(Operation.ERASE)
    found = asked.collection()
    ended = False
    while not ended:  # whoever was indexed meanwhile is erased too
        for _, kept in asked.store.faces(found.name):
            erase(asked, found, kept.face)
        ended = asked.store.end(found.name)
    return {"StatusCode": 200}
