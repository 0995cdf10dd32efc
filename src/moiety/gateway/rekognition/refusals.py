"""What the dialect refuses, beside what everybody does. None repeats anything that was sent."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class BindingInvalid(Refused):
    code: ClassVar[str] = "binding_invalid"
    advice: ClassVar[str] = (
        "a key of the dialect has a name of 1 to 31 small letters, digits and dashes, collections that it may use, "
        'grounds, 1 to 366 days and 1 to 100000 finds a day; with the collection "*" it has a template too'
    )


class BindingExists(Refused):
    code: ClassVar[str] = "binding_exists"
    advice: ClassVar[str] = "a key of this name is bound: take another name, or `moiety gateway unbind` it first"


class BindingUnknown(Refused):
    code: ClassVar[str] = "binding_unknown"
    advice: ClassVar[str] = "no key of this name is bound: `moiety gateway bound` shows them"


class TemplateNamed(Refused):
    code: ClassVar[str] = "template_named"
    advice: ClassVar[str] = "a template leaves the name of the purpose open: take the line `name = ...` out"


class NoTemplate(Refused):
    code: ClassVar[str] = "no_template"
    advice: ClassVar[str] = (
        "this key is bound to no purpose template, so it makes no collection: the operator binds one with "
        "`moiety gateway bind NAME --collection '*' --template FILE --grounds KEY`"
    )


class NoOfficer(Refused):
    code: ClassVar[str] = "no_officer"
    advice: ClassVar[str] = (
        "officers sign for a purpose and none signs at this gateway: add the purpose first with `moiety purpose add "
        "FILE`, name it with `moiety gateway bind NAME --collection COLLECTION`, and create the collection then"
    )


class NotBound(Refused):
    code: ClassVar[str] = "not_bound"
    advice: ClassVar[str] = "this key is not bound to this collection, or not to what was asked of it"


class NotCarried(Refused):
    code: ClassVar[str] = "not_carried"
    advice: ClassVar[str] = (
        "the collection has more people than its purpose's false alarm rate carries: what a search found would be "
        "candidates for a human, not an identification, and nothing in this interface could say so"
    )


class CollectionExists(Refused):
    code: ClassVar[str] = "collection_exists"
    advice: ClassVar[str] = "there is a collection of this name"


class CollectionUnknown(Refused):
    code: ClassVar[str] = "collection_unknown"
    advice: ClassVar[str] = "there is no such collection, or none for this key"


class FaceUnknown(Refused):
    code: ClassVar[str] = "face_unknown"
    advice: ClassVar[str] = "there is no such face in this collection"


class UserUnknown(Refused):
    code: ClassVar[str] = "user_unknown"
    advice: ClassVar[str] = "there is no such user in this collection"


class UserExists(Refused):
    code: ClassVar[str] = "user_exists"
    advice: ClassVar[str] = "there is a user of this name in this collection"


class ParameterInvalid(Refused):
    code: ClassVar[str] = "parameter_invalid"
    advice: ClassVar[str] = (
        "a parameter is missing, unknown or out of what the service's model allows; which one it is stands in no answer"
    )


class OperationUnknown(Refused):
    code: ClassVar[str] = "operation_not_served"
    advice: ClassVar[str] = "this operation is not served here: docs/dialects/rekognition.md lists those that are"


class NoStorage(Refused):
    code: ClassVar[str] = "no_storage"
    advice: ClassVar[str] = "there is no S3 here: send the picture itself, as Bytes"


class PictureTooLong(Refused):
    code: ClassVar[str] = "picture_too_long"
    advice: ClassVar[str] = "a picture has at most {bytes} bytes here"


class TokenInvalid(Refused):
    code: ClassVar[str] = "page_token_invalid"
    advice: ClassVar[str] = "this NextToken is none of this list's"


class NoFaceThere(Refused):
    code: ClassVar[str] = "no_face_there"
    advice: ClassVar[str] = "there are no faces in the picture"
