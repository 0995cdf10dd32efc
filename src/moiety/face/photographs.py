"""Photographs for the demo and the tests, out of two packages: seven pictures of three public figures.

They are fetched by pip into the data folder and go no further; the repository holds no picture of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from moiety.errors import Unavailable
from moiety.face import content
from moiety.face.archive import member
from moiety.face.card_refusals import FileRefused, FileWrongHash, FileWrongSize
from moiety.face.fetch import Archive, fetch
from moiety.face.progress import Progress, silent
from moiety.face.store import scratch


class PhotographsNotInstalled(Unavailable):
    code: ClassVar[str] = "photographs_not_installed"
    advice: ClassVar[str] = "the demo's photographs are not installed: run `moiety models install --defaults`"


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph; `person` tells who is who, `cut` that half of the face was cut off another photograph."""

    name: str
    person: str
    member: str
    size: int
    sha256: str
    cut: bool = False


_FACE_RECOGNITION: Final = Archive(
    client="pip",
    package="face_recognition",
    version="1.3.0",
    form="sdist",
    size=3_182_249,
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
)
_SCIKIT_IMAGE: Final = Archive(
    client="pip",
    package="scikit-image",
    version="0.26.0",
    form="wheel",
    size=13_711_217,
    sha256="74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    # One wheel everywhere, whatever this machine is: only a picture is taken out of it.
    options=("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11",
        "--implementation", "cp", "--abi", "cp311"),
)  # fmt: skip

_TESTS: Final = "face_recognition-1.3.0/tests/test_images/"

_PACKAGES: Final[dict[Archive, tuple[Photograph, ...]]] = {
    _FACE_RECOGNITION: (
        Photograph(
            "obama.jpg", "Obama", _TESTS + "obama.jpg", 279_922,
            "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
        ),
        Photograph(
            "obama2.jpg", "Obama", _TESTS + "obama2.jpg", 184_455,
            "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
        ),
        Photograph(
            "obama3.jpg", "Obama", _TESTS + "obama3.jpg", 595_944,
            "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
        ),
        Photograph(
            "obama_partial_face.jpg", "Obama", _TESTS + "obama_partial_face.jpg", 423_060,
            "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117", cut=True,
        ),
        Photograph(
            "obama_partial_face2.jpg", "Obama", _TESTS + "obama_partial_face2.jpg", 478_346,
            "9a812347f97633542b8cd9992de22def11b74f79d82056bc3ee830f13878e028", cut=True,
        ),
        Photograph(
            "biden.jpg", "Biden", _TESTS + "biden.jpg", 353_723,
            "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
        ),
    ),
    _SCIKIT_IMAGE: (
        Photograph(
            "astronaut.png", "Collins", "skimage/data/astronaut.png", 791_555,
            "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        ),
    ),
}  # fmt: skip

PHOTOGRAPHS: Final = {photograph.name: photograph for some in _PACKAGES.values() for photograph in some}
"""Every photograph by its name."""


def install(data: Path, progress: Progress = silent) -> int:
    """Get the photographs that are not here yet, and return how many those were.

    Raises `FetchFailed`, and `FileWrongHash` and its like for something else than expected; then it is not kept.
    """
    got = 0
    for archive, photographs in _PACKAGES.items():
        missing = [photograph for photograph in photographs if not _is_whole(data, photograph)]
        if not missing:
            continue
        with scratch(data / "photographs") as folder:
            package = fetch(archive, folder, progress)
            for photograph in missing:
                with member(package, photograph.member) as picture:
                    content.keep(picture, photograph.size, photograph.sha256, _file(data, photograph))
                got += 1
    return got


def path(data: Path, name: str) -> Path:
    """The file of an installed photograph of `PHOTOGRAPHS`; raises `PhotographsNotInstalled`, or KeyError."""
    file = _file(data, PHOTOGRAPHS[name])
    if not file.is_file():
        raise PhotographsNotInstalled
    return file


def _file(data: Path, photograph: Photograph) -> Path:
    return data / "photographs" / photograph.name


def _is_whole(data: Path, photograph: Photograph) -> bool:
    try:
        content.verified(_file(data, photograph), photograph.size, photograph.sha256)
    except (FileRefused, FileWrongSize, FileWrongHash):
        return False
    return True
