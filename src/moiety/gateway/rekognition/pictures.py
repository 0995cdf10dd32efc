"""Pictures without a gallery: faces found, and faces compared. Nothing that is enrolled is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from moiety.errors import Refused
from moiety.gateway.callers.roles import Operation, Role
from moiety.gateway.rekognition.detail import box_of, confidence_of, detail_of, largest_first
from moiety.gateway.rekognition.dialect import Answer, Asked
from moiety.gateway.rekognition.ladder import rung, similarity
from moiety.gateway.rekognition.refusals import NoFaceThere, NoStorage, ParameterInvalid
from moiety.identity.alike import Alike

if TYPE_CHECKING:
    from moiety.identity.looks import Look, Seen

_FACES: Final = 100
_THRESHOLD: Final = 80.0


def picture_of(image: Mapping[str, Any]) -> bytes:
    """The picture that was sent. Raises `NoStorage` where it is said to lie elsewhere."""
    if "S3Object" in image:
        raise NoStorage
    if "Bytes" not in image:
        raise ParameterInvalid
    content: bytes = image["Bytes"]
    return content


def first_of(look: Look) -> Seen:
    """The largest face. Raises `NoFaceThere`."""
    if not look.faces:
        raise NoFaceThere
    return largest_first(look)[0]


def detect(asked: Asked) -> Answer:
    """Every face: box, points, pose and quality, whatever else was asked for."""
    asked.require(Operation.VERIFY)
    look = _looked(asked, "Image")
    return {"FaceDetails": [detail_of(seen, look) for seen in largest_first(look)[:_FACES]]}


def compare(asked: Asked) -> Answer:
    """Whether the largest face of one picture is among those of another, by the purpose's own point or a stricter."""
    asked.require(Operation.VERIFY)
    source, target = _looked(asked, "SourceImage"), _looked(asked, "TargetImage")
    purpose = asked.own_purpose()
    alike = Alike(purpose, asked.service.offices.at(Role.OPERATOR).models())
    wanted = rung(asked.given.get("SimilarityThreshold", _THRESHOLD), alike.stricter)
    constant = similarity(wanted, alike.stricter)
    meant = first_of(source)
    one = meant.template()
    matches: list[Answer] = []
    others: list[Answer] = []
    for seen in largest_first(target)[:_FACES]:
        face = detail_of(seen, target)
        try:
            match = alike.same(one, seen.template(), wanted)
        except Refused:  # too small, or too blurred, to be told apart
            match = False
        if match:
            matches.append({"Similarity": constant, "Face": face})
        else:
            others.append(face)
    return {
        "SourceImageFace": {"BoundingBox": box_of(meant, source), "Confidence": confidence_of(meant)},
        "FaceMatches": matches,
        "UnmatchedFaces": others,
    }


def _looked(asked: Asked, name: str) -> Look:
    models = asked.service.offices.at(Role.OPERATOR).models()
    return models.recogniser(asked.own_purpose().model).look(picture_of(asked.given[name]))
