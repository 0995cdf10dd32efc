"""A face in a picture as it is answered: where it is and how good the picture of it is. Pure.

Nothing about the person: no age, no gender, no emotion, whatever was asked for. Numbers are about the picture, and
rounded, so that none of them is a fine measure of a face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from moiety.identity.looks import Look, Seen

_LANDMARKS: Final = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
_PLACES: Final = 3
_STEP: Final = 5

REASONS: Final[Mapping[str, str]] = {
    "face_too_small": "SMALL_BOUNDING_BOX",
    "face_too_blurred": "LOW_SHARPNESS",
    "face_truncated": "LOW_FACE_QUALITY",
    "face_without_contrast": "LOW_FACE_QUALITY",
}
"""Why a face is not indexed, in the words that clients know."""


def largest_first(look: Look) -> Sequence[Seen]:
    """The faces by the size of their boxes: which of several is meant."""
    return sorted(look.faces, key=lambda seen: -seen.box[2] * seen.box[3])


def box_of(seen: Seen, look: Look) -> dict[str, float]:
    """A bounding box, in shares of the picture."""
    left, top, width, height = seen.box
    across, down = look.size
    return {
        "Left": round(left / across, _PLACES),
        "Top": round(top / down, _PLACES),
        "Width": round(width / across, _PLACES),
        "Height": round(height / down, _PLACES),
    }


def confidence_of(seen: Seen) -> float:
    """How sure the detector is that it is a face, in steps of five percent."""
    return _stepped(100 * seen.confidence)


def detail_of(seen: Seen, look: Look) -> dict[str, Any]:
    """Box, five points, pose in steps of five degrees, and quality in steps of five percent."""
    across, down = look.size
    quality = seen.quality
    return {
        "BoundingBox": box_of(seen, look),
        "Landmarks": [
            {"Type": kind, "X": round(float(x) / across, _PLACES), "Y": round(float(y) / down, _PLACES)}
            for kind, (x, y) in zip(_LANDMARKS, seen.points, strict=True)
        ],
        "Pose": {
            "Roll": _degrees(quality.roll),
            "Yaw": _degrees(quality.yaw),
            "Pitch": _degrees(quality.pitch),
        },
        "Quality": {"Brightness": _stepped(quality.exposure / 2.55), "Sharpness": _stepped(quality.sharpness)},
        "Confidence": confidence_of(seen),
    }


def _stepped(percent: float) -> float:
    return float(min(100, max(0, _STEP * round(percent / _STEP))))


def _degrees(angle: float) -> float:
    return float(min(180, max(-180, _STEP * round(angle / _STEP))))
