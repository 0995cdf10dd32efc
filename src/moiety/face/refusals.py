"""Every way in which a picture will not do, each its own type. None says anything about the picture but numbers."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class PictureRefused(Refused):
    """A picture that gives no template; `except PictureRefused` takes them all."""

    code: ClassVar[str] = "picture_refused"
    advice: ClassVar[str] = "the picture cannot be used"


class PictureUnreadable(PictureRefused):
    code: ClassVar[str] = "picture_unreadable"
    advice: ClassVar[str] = "the picture's file cannot be read: check its path, that it is a file, and who may read it"


class NotAPicture(PictureRefused):
    code: ClassVar[str] = "not_a_picture"
    advice: ClassVar[str] = (
        "this is not a picture: give a JPEG, a PNG or a WebP, or RGB pixels (height, width, 3) uint8"
    )


class TruncatedPicture(PictureRefused):
    code: ClassVar[str] = "truncated_picture"
    advice: ClassVar[str] = "the picture is cut short or damaged: copy it again from where it came from"


class PictureTooLarge(PictureRefused):
    code: ClassVar[str] = "picture_too_large"
    advice: ClassVar[str] = "the picture has more than {megapixels} megapixels: make it smaller"


class PictureFileTooLarge(PictureRefused):
    code: ClassVar[str] = "picture_file_too_large"
    advice: ClassVar[str] = "the picture's file has more than {mebibytes} MiB: save it smaller"


class NoFace(PictureRefused):
    code: ClassVar[str] = "no_face"
    advice: ClassVar[str] = "no face was found: use a picture with the whole face, from the front and well lit"


class SeveralFaces(PictureRefused):
    code: ClassVar[str] = "several_faces"
    advice: ClassVar[str] = "there are {faces} faces where one is asked for: cut out the one that is meant"


class FaceTooSmall(PictureRefused):
    code: ClassVar[str] = "face_too_small"
    advice: ClassVar[str] = (
        "there are {pixels} pixels between the eyes, {limit} are needed: come nearer or use a larger picture"
    )


class FaceTooBlurred(PictureRefused):
    code: ClassVar[str] = "face_too_blurred"
    advice: ClassVar[str] = (
        "the face is too blurred (sharpness {sharpness}, {limit} is needed): hold still, focus, add light"
    )


class FaceTruncated(PictureRefused):
    code: ClassVar[str] = "face_truncated"
    advice: ClassVar[str] = (
        "{percent} % of the face lie outside the picture, {limit} % at most: use one with the whole face"
    )


class FaceWithoutContrast(PictureRefused):
    code: ClassVar[str] = "face_without_contrast"
    advice: ClassVar[str] = (
        "the face has hardly any contrast ({contrast}, {limit} is needed): more or softer light helps"
    )


class NoPictures(PictureRefused):
    code: ClassVar[str] = "no_pictures"
    advice: ClassVar[str] = "give at least one picture"


class TooManyPictures(PictureRefused):
    code: ClassVar[str] = "too_many_pictures"
    advice: ClassVar[str] = "there are more than {limit} pictures: a few good ones of one person make the best template"


class PicturesDisagree(PictureRefused):
    code: ClassVar[str] = "pictures_disagree"
    advice: ClassVar[str] = (
        "the pictures do not all seem to show one person: picture {picture} (from 1) is the least like the others"
    )


class RatesUnknown(PictureRefused):
    code: ClassVar[str] = "rates_unknown"
    advice: ClassVar[str] = (
        "the model's card has no rates, so nothing tells whether several pictures show one person: give one picture, "
        "or measure the model with `moiety evaluate pairs` and add it again under a new name, by a card with its rates"
    )
