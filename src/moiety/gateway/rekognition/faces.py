"""Faces: enrolled, listed, erased and searched for. A FaceId is the 16 bytes of a pseudonym."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from moiety.errors import MoietyError, Refused
from moiety.gateway.callers.roles import Operation
from moiety.gateway.rekognition.detail import REASONS, box_of, confidence_of, detail_of, largest_first
from moiety.gateway.rekognition.dialect import Answer, Asked, face_id, face_of, page
from moiety.gateway.rekognition.ladder import rung, similarity
from moiety.gateway.rekognition.pictures import first_of, picture_of
from moiety.gateway.rekognition.refusals import CollectionUnknown, FaceUnknown, NotCarried, TokenInvalid, UserUnknown
from moiety.gateway.rekognition.store import Collection, Kept
from moiety.identity.pseudonym import Pseudonym

if TYPE_CHECKING:
    from moiety.identity.looks import Look, Seen
    from moiety.identity.ports import Template
    from moiety.identity.results import Candidates, Enrolled

_PAGE: Final = 4_096
_UNIX: Final = date(1970, 1, 1)
_MOST: Final = 80
_THRESHOLD: Final = 80.0
"""What clients get who name none, as at AWS."""


def index(asked: Asked) -> Answer:
    """Enrol the largest face of a picture, on the grounds that the key is bound to. Of several people in a picture one
    is enrolled: each has grounds of their own."""
    asked.require(Operation.ENROL)
    found = asked.collection()
    sight = asked.sight(found)
    look = sight.look(picture_of(asked.given["Image"]))
    faces = largest_first(look)
    rest = [_unindexed(seen, look, "EXCEEDS_MAX_FACES") for seen in faces[1:]]
    answer: Answer = {"FaceRecords": [], "UnindexedFaces": rest, "FaceModelVersion": sight.model}
    if not faces:
        return answer
    first = faces[0]
    try:
        template = first.template()
    except Refused as refused:
        if refused.code not in REASONS:
            raise
        return answer | {"UnindexedFaces": [_unindexed(first, look, REASONS[refused.code]), *rest]}
    face = _enrolled(asked, found, template) | {"BoundingBox": box_of(first, look), "Confidence": confidence_of(first)}
    return answer | {"FaceRecords": [{"Face": face, "FaceDetail": detail_of(first, look)}]}


def _enrolled(asked: Asked, found: Collection, template: Template) -> dict[str, Any]:
    """Enrol one, and keep what the client calls it: before custodians are asked, so that nobody is enrolled who could
    not be listed and erased."""
    image, external = asked.fresh_name(), asked.given.get("ExternalImageId")
    kept: list[Kept] = []

    def keep(enrolled: Enrolled) -> None:
        day = (enrolled.expires - _UNIX).days
        kept.append(Kept(enrolled.pseudonym.value, image, external, None, day))
        asked.store.put(found.name, *kept)

    try:
        asked.sight(found).enrol(template, grounds=asked.binding.grounds, before=keep)
    except MoietyError:
        if kept:
            asked.store.forget(found.name, [kept[0].face])
        raise
    if not asked.store.still_has(found.name, kept[0].face):  # the collection was deleted meanwhile, or the face
        erase(asked, found, kept[0].face)
        raise CollectionUnknown
    return shown(kept[0].face, kept[0])


def _unindexed(seen: Seen, look: Look, reason: str) -> dict[str, Any]:
    return {"Reasons": [reason], "FaceDetail": detail_of(seen, look)}


def shown(face: bytes, kept: Kept | None) -> dict[str, Any]:
    """A face as it is listed; `kept` is nothing of one that was enrolled by another way."""
    told = {"FaceId": face_id(face)}
    if kept is None:
        return told
    told["ImageId"] = face_id(kept.image)
    if kept.external is not None:
        told["ExternalImageId"] = kept.external
    if kept.user is not None:
        told["UserId"] = kept.user
    return told


def listed(asked: Asked) -> Answer:
    """The faces that were indexed here, in no order that says anything."""
    asked.require(Operation.FIND)
    found = asked.collection()
    after = token_of(asked)
    wanted = {face_of(text) for text in asked.given.get("FaceIds", ())}
    user = asked.given.get("UserId")
    if user is not None and not asked.store.is_user(found.name, user):
        raise UserUnknown
    rows = [
        (name, kept)
        for name, kept in asked.store.faces(found.name)
        if name > after and (not wanted or kept.face in wanted) and (user is None or kept.user == user)
    ]
    some, more = page(rows, asked, _PAGE)
    answer: Answer = {
        "Faces": [shown(kept.face, kept) for _, kept in some],
        "FaceModelVersion": asked.sight(found).model,
    }
    return answer | ({"NextToken": some[-1][0].hex()} if more else {})


def delete(asked: Asked) -> Answer:
    """Erase faces: overwritten at all three custodians before this answers."""
    asked.require(Operation.ERASE)
    found = asked.collection()
    gone: list[str] = []
    left: list[dict[str, Any]] = []
    for text in dict.fromkeys(asked.given["FaceIds"]):
        face = face_of(text)
        kept = asked.store.face(found.name, face)
        if kept is None:
            left.append({"FaceId": text, "Reasons": ["FACE_NOT_FOUND"]})
        elif kept.user is not None:
            reason = "ASSOCIATED_TO_AN_EXISTING_USER"
            left.append({"FaceId": text, "UserId": kept.user, "Reasons": [reason]})
        else:
            erase(asked, found, face)
            gone.append(text)
    return {"DeletedFaces": gone, "UnsuccessfulFaceDeletions": left}


def erase(asked: Asked, found: Collection, face: bytes) -> None:
    """Erase one at the custodians, and then what was kept of it here."""
    asked.purpose(found).erase(Pseudonym(found.purpose, face))
    asked.store.forget(found.name, [face])


def search_by_image(asked: Asked) -> Answer:
    """Whom the largest face of a picture may be; it is forgotten whether or not anybody matches."""
    asked.require(Operation.IDENTIFY)
    found = asked.collection()
    look, seen = looked_for(asked, found)
    threshold = asked.given.get("FaceMatchThreshold", _THRESHOLD)
    matches = _matches(matching(asked, found, seen.template(), threshold))
    return {
        "SearchedFaceBoundingBox": box_of(seen, look),
        "SearchedFaceConfidence": confidence_of(seen),
        "FaceMatches": matches[: asked.given.get("MaxFaces", _MOST)],
        "FaceModelVersion": asked.sight(found).model,
    }


def looked_for(asked: Asked, found: Collection) -> tuple[Look, Seen]:
    """The largest face of the picture that was sent. Raises a `Refused` where there is none."""
    look = asked.sight(found).look(picture_of(asked.given["Image"]))
    return look, first_of(look)


def matching(
    asked: Asked, found: Collection, face: Template, threshold: float
) -> list[tuple[bytes, Kept | None, float]]:
    """Who comes over the rung that this threshold asks for, with the constant that stands for a score, in no order that
    says anything. Each that matched is asked for by that one point beside, and charged at the custodians."""
    sight = asked.sight(found)

    def agrees(person: Pseudonym, stricter: int) -> bool:
        return sight.matches(face, person, stricter=stricter)

    return _over(asked, found, sight.identify(face), agrees, threshold)


def matching_enrolled(
    asked: Asked, found: Collection, face: bytes, threshold: float
) -> list[tuple[bytes, Kept | None, float]]:
    """As `matching`, of somebody who is enrolled and is not among them: custodians search with their own parts. Each
    match is a find of both faces. Raises `FaceUnknown` of nobody, restricted people among them."""
    searched = Pseudonym(found.purpose, face)
    sight = asked.sight(found)

    def agrees(person: Pseudonym, stricter: int) -> bool:
        return sight.match(searched, person, stricter=stricter)

    try:
        candidates = asked.purpose(found).identify_enrolled(searched)
        return _over(asked, found, candidates, agrees, threshold, face)
    except Refused as refused:
        if refused.code != "nobody_there":
            raise
        raise FaceUnknown from None


def _over(
    asked: Asked,
    found: Collection,
    candidates: Candidates,
    agrees: Callable[[Pseudonym, int], bool],
    threshold: float,
    *searched: bytes,
) -> list[tuple[bytes, Kept | None, float]]:
    sight = asked.sight(found)
    if not candidates.carried:
        raise NotCarried
    stricter = sight.stricter(candidates)
    wanted = rung(threshold, len(stricter))
    over = []
    for person in sorted(candidates, key=lambda one: one.value):
        finds, daily = asked.service.rekognition.finds, asked.binding.finds
        if not all(finds.may(asked.binding.name, found.name, face, daily) for face in (*searched, person.value)):
            asked.service.journal.say("finds spent", request=asked.number)
            continue
        if wanted and not agrees(person, stricter[wanted - 1]):
            continue
        kept = asked.store.face(found.name, person.value)
        over.append((person.value, kept, similarity(wanted, len(stricter))))
    return over


def search(asked: Asked) -> Answer:
    """Who else a face that is enrolled may be. Raises `FaceUnknown`."""
    asked.require(Operation.IDENTIFY)
    found, face = asked.collection(), face_of(asked.given["FaceId"])
    threshold = asked.given.get("FaceMatchThreshold", _THRESHOLD)
    matches = _matches(matching_enrolled(asked, found, face, threshold))
    return {
        "SearchedFaceId": asked.given["FaceId"],
        "FaceMatches": matches[: asked.given.get("MaxFaces", _MOST)],
        "FaceModelVersion": asked.sight(found).model,
    }


def _matches(over: list[tuple[bytes, Kept | None, float]]) -> list[dict[str, Any]]:
    return [{"Similarity": constant, "Face": shown(face, kept)} for face, kept, constant in over]


def token_of(asked: Asked) -> bytes:
    """After which row a list goes on. Raises `TokenInvalid`."""
    try:
        return bytes.fromhex(asked.given.get("NextToken", ""))
    except ValueError:
        raise TokenInvalid from None
