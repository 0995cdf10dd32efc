"""Users: several faces of one person under the client's own name for them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from moiety.gateway.callers.roles import Operation
from moiety.gateway.rekognition.detail import detail_of
from moiety.gateway.rekognition.dialect import Answer, Asked, face_of, page
from moiety.gateway.rekognition.faces import looked_for, matching, matching_enrolled, token_of
from moiety.gateway.rekognition.refusals import FaceUnknown, ParameterInvalid, UserUnknown
from moiety.gateway.rekognition.store import Collection, Kept

_PAGE: Final = 500
_MOST: Final = 500
_THRESHOLD: Final = 80.0
_ACTIVE: Final = "ACTIVE"
_CREATED: Final = "CREATED"


def create(asked: Asked) -> Answer:
    """A user without faces."""
    asked.require(Operation.ENROL)
    found = asked.collection()
    asked.store.add_user(found.name, asked.given["UserId"])
    return {}


def delete(asked: Asked) -> Answer:
    """No such user any more; their faces stay, as nobody's."""
    asked.require(Operation.ERASE)
    found, user = _user(asked)
    asked.store.drop_user(found.name, user)
    return {}


def listed(asked: Asked) -> Answer:
    """The users, in no order that says anything."""
    asked.require(Operation.FIND)
    found, after = asked.collection(), token_of(asked)
    active = {kept.user for _, kept in asked.store.faces(found.name)}
    rows = [(name, user) for name, user in asked.store.users(found.name) if name > after]
    some, more = page(rows, asked, _PAGE)
    users = [{"UserId": user, "UserStatus": _ACTIVE if user in active else _CREATED} for _, user in some]
    return {"Users": users} | ({"NextToken": some[-1][0].hex()} if more else {})


def associate(asked: Asked) -> Answer:
    """Put faces to a user. They are not compared with each other: nothing enrolled is put together for it."""
    asked.require(Operation.ENROL)
    found, user = _user(asked)
    done: list[Answer] = []
    left: list[Answer] = []
    for text in dict.fromkeys(asked.given["FaceIds"]):
        kept = asked.store.put_to(found.name, face_of(text), user)
        if kept is None:
            left.append({"FaceId": text, "Reasons": ["FACE_NOT_FOUND"]})
        elif kept.user not in (None, user):
            left.append({"FaceId": text, "UserId": kept.user, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
        else:
            done.append({"FaceId": text})
    return {"AssociatedFaces": done, "UnsuccessfulFaceAssociations": left, "UserStatus": _status(asked, found, user)}


def disassociate(asked: Asked) -> Answer:
    """Take faces from a user."""
    asked.require(Operation.ENROL)
    found, user = _user(asked)
    done: list[Answer] = []
    left: list[Answer] = []
    for text in dict.fromkeys(asked.given["FaceIds"]):
        kept = asked.store.take_from(found.name, face_of(text), user)
        if kept is None or kept.user is None:
            left.append({"FaceId": text, "Reasons": ["FACE_NOT_FOUND"]})
        elif kept.user != user:
            left.append({"FaceId": text, "UserId": kept.user, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
        else:
            done.append({"FaceId": text})
    status = _status(asked, found, user)
    return {"DisassociatedFaces": done, "UnsuccessfulFaceDisassociations": left, "UserStatus": status}


def search_by_image(asked: Asked) -> Answer:
    """Whose users' faces the largest face of a picture matches."""
    asked.require(Operation.IDENTIFY)
    found = asked.collection()
    look, seen = looked_for(asked, found)
    threshold = asked.given.get("UserMatchThreshold", _THRESHOLD)
    return {
        "UserMatches": _matches(asked, _users(matching(asked, found, seen.template(), threshold))),
        "FaceModelVersion": asked.sight(found).model,
        "SearchedFace": {"FaceDetail": detail_of(seen, look)},
        "UnsearchedFaces": [],
    }


def search(asked: Asked) -> Answer:
    """Whose faces match one that is enrolled, or any of a user's: of a user, whose else. Each face of a user is a
    search. Raises `FaceUnknown`, `UserUnknown`, and `ParameterInvalid` unless it is one of the two."""
    asked.require(Operation.IDENTIFY)
    if ("FaceId" in asked.given) == ("UserId" in asked.given):
        raise ParameterInvalid
    threshold = asked.given.get("UserMatchThreshold", _THRESHOLD)
    if "FaceId" in asked.given:
        found = asked.collection()
        users = _users(matching_enrolled(asked, found, face_of(asked.given["FaceId"]), threshold))
        searched: Answer = {"SearchedFace": {"FaceId": asked.given["FaceId"]}}
    else:
        found, user = _user(asked)
        users, searched = {}, {"SearchedUser": {"UserId": user}}
        for _, kept in asked.store.faces(found.name):
            if kept.user == user:
                with suppress(FaceUnknown):  # erased by another way, or restricted
                    users |= _users(matching_enrolled(asked, found, kept.face, threshold))
        users.pop(user, None)
    return {"UserMatches": _matches(asked, users), "FaceModelVersion": asked.sight(found).model, **searched}


def _users(over: list[tuple[bytes, Kept | None, float]]) -> dict[str, float]:
    return {kept.user: constant for _, kept, constant in over if kept is not None and kept.user is not None}


def _matches(asked: Asked, users: dict[str, float]) -> list[dict[str, Any]]:
    told = [
        {"Similarity": constant, "User": {"UserId": user, "UserStatus": _ACTIVE}}
        for user, constant in sorted(users.items())
    ]
    return told[: asked.given.get("MaxUsers", _MOST)]


def _user(asked: Asked) -> tuple[Collection, str]:
    found, user = asked.collection(), asked.given["UserId"]
    if not asked.store.is_user(found.name, user):
        raise UserUnknown
    return found, user


def _status(asked: Asked, found: Collection, user: str) -> str:
    has = any(kept.user == user for _, kept in asked.store.faces(found.name))
    return _ACTIVE if has else _CREATED
