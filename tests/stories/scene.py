"""What the stories are played with: photographs of two people and a stranger, and a clock that the test moves."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from moiety import settings
from moiety.face.card_refusals import ModelNotInstalled
from moiety.face.photographs import PhotographsNotInstalled, path
from moiety.face.store import DEFAULTS, ModelStore
from moiety.identity.examples import DOOR
from tests.custody import scene as custody

__all__ = ["DOOR", "Clock", "Photographs", "installed_data", "photographs_of", "spoilt"]


class Clock(custody.Clock):
    """An aware clock that stands still until the test moves it; processes that read its file have the same."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.now = datetime(2031, 5, 1, 12, tzinfo=UTC)

    @property
    def now(self) -> datetime:
        return self._now

    @now.setter
    def now(self, now: datetime) -> None:
        self._now = now
        if now.tzinfo is not None:  # no custodian's clock is without a zone
            new = self._file.with_suffix(".new")
            new.write_text(now.isoformat())
            new.replace(self._file)


@dataclass(frozen=True)
class Photographs:
    """Three photographs of one person, one of another, and one of a third."""

    anna: list[Path]
    bert: Path
    stranger: Path


def installed_data() -> Path:
    """The data folder; skips the test where the default models are not in it."""
    data = settings.data_folder()
    try:
        for model in DEFAULTS:
            ModelStore(data).path(model)
    except ModelNotInstalled as missing:
        pytest.skip(missing.advice)
    return data


def photographs_of(data: Path) -> Photographs:
    """The packaged photographs of the data folder; skips the test where they are not in it."""
    try:
        anna = [path(data, name) for name in ("obama.jpg", "obama2.jpg", "obama3.jpg")]
        return Photographs(anna, path(data, "biden.jpg"), path(data, "astronaut.png"))
    except PhotographsNotInstalled as missing:
        pytest.skip(missing.advice)


def spoilt(photographs: Photographs) -> dict[str, bytes]:
    """Pictures that will not do, by what is wrong with them."""
    from PIL import Image, ImageFilter

    def jpeg(picture: Image.Image) -> bytes:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=95)
        return file.getvalue()

    with Image.open(photographs.anna[0]) as opened:
        anna = opened.convert("RGB")
    with Image.open(photographs.bert) as opened:
        bert = opened.convert("RGB").resize(anna.size)
    both = Image.new("RGB", (anna.width * 2, anna.height))
    both.paste(anna, (0, 0))
    both.paste(bert, (anna.width, 0))
    whole = jpeg(anna)
    return {
        "not_a_picture": b"name,number\n",
        "truncated": whole[: len(whole) // 2],
        "no_face": jpeg(Image.new("RGB", (320, 240), (120, 130, 140))),
        "several_faces": jpeg(both),
        "too_small": jpeg(anna.resize((anna.width // 12, anna.height // 12))),
        "blurred": jpeg(anna.filter(ImageFilter.GaussianBlur(anna.width / 60))),
    }
