"""A picture becomes RGB pixels: JPEG, PNG or WebP, bounded before anything is decoded, turned as its EXIF says."""

from __future__ import annotations

import io
import os
import stat
import threading
import warnings
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from moiety.face import webp
from moiety.face.refusals import (
    NotAPicture,
    PictureFileTooLarge,
    PictureTooLarge,
    PictureUnreadable,
    TruncatedPicture,
)

Pixels: TypeAlias = NDArray[np.uint8]
"""RGB, (height, width, 3)."""

Picture: TypeAlias = str | os.PathLike[str] | bytes | Pixels
"""A path, an encoded picture, or RGB pixels (height, width, 3) uint8."""

MIB_LIMIT: Final = 32
"""Of an encoded picture: a photograph of 50 megapixels at a camera's best quality stays below."""

MEGAPIXELS_LIMIT: Final = 50
"""Of a decoded picture: 150 MB of RGB, more than the cameras of most telephones."""

# The readers themselves, not `Image.open`: it warns about large pictures before we can refuse them, and tries
# formats that nobody asked for.
_READERS: Final[tuple[tuple[bytes, bytes, type[ImageFile]], ...]] = (
    (b"\xff\xd8\xff", b"", JpegImagePlugin.JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", b"", PngImagePlugin.PngImageFile),
    (b"RIFF", b"WEBP", WebPImagePlugin.WebPImageFile),
)

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_QUIET: Final = threading.Lock()
"""Warning filters belong to the process, so one decoder at a time may set them."""


def load(picture: Picture) -> Pixels:
    """RGB pixels (height, width, 3) uint8, upright.

    Transparency is laid over white; grey, 16-bit, palette and CMYK become RGB. Raises `PictureUnreadable`,
    `PictureFileTooLarge`, `NotAPicture`, `PictureTooLarge` or `TruncatedPicture`.
    """
    if isinstance(picture, np.ndarray):
        return _pixels(picture)
    content = picture if isinstance(picture, bytes) else _read(picture)
    if len(content) > MIB_LIMIT << 20:
        raise PictureFileTooLarge(mebibytes=MIB_LIMIT)
    reader = _reader(content)
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _decode(reader, content)


def _pixels(array: NDArray[np.uint8]) -> Pixels:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise NotAPicture
    _bound(array.shape[1], array.shape[0])
    return np.ascontiguousarray(array)


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PictureUnreadable
            return file.read((MIB_LIMIT << 20) + 1)
    except (OSError, ValueError, TypeError):
        raise PictureUnreadable from None


def _reader(content: bytes) -> type[ImageFile]:
    for first, after_length, reader in _READERS:
        if content.startswith(first) and content[8:].startswith(after_length):
            return reader
    raise NotAPicture


def _bound(width: int, height: int) -> None:
    if width * height > MEGAPIXELS_LIMIT * 1_000_000:
        raise PictureTooLarge(megapixels=MEGAPIXELS_LIMIT)


def _decode(reader: type[ImageFile], content: bytes) -> Pixels:
    if reader is WebPImagePlugin.WebPImageFile:
        said = webp.size(content)
        if said is None:
            raise TruncatedPicture
        _bound(*said)
    try:
        image = reader(io.BytesIO(content))
        width, height = image.size
    except Exception:  # hostile bytes make a decoder raise anything at all
        raise TruncatedPicture from None
    _bound(width, height)
    try:
        image.load()
        upright = _turned(image)
        return np.ascontiguousarray(np.asarray(_rgb(upright), dtype=np.uint8))
    except Exception:
        raise TruncatedPicture from None


def _turned(image: ImageFile) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, EOFError):
        orientation = 1  # a damaged EXIF block says nothing about the pixels
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits of grey: `convert` would clip to 255 what has to be divided.
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return image.convert("RGB")
