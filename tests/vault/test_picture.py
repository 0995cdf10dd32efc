"""What may be kept as a photograph: pictures by their headers, as large as those that faces are looked for in."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from moiety.face.picture import MEGAPIXELS_LIMIT
from moiety.vault.picture import PIXELS_LIMIT, is_picture
from tests.vault.people import picture

FRAME = picture()[2:]


def file_of(image: Image.Image, form: str, **more: bool | int | bytes) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def sized(width: int, height: int, marker: bytes = b"\xc0") -> bytes:
    """A JPEG's header that says so many pixels."""
    return (
        picture()
        .replace(b"\xff\xc0", b"\xff" + marker)
        .replace(b"\x00\x04\x00\x03", height.to_bytes(2, "big") + width.to_bytes(2, "big"))
    )


def png(
    width: int, height: int, last: bytes = b"\x08\x02\x00\x00\x00", kind: bytes = b"IHDR", spoilt: int = 0
) -> bytes:
    """A PNG's header that says so many pixels."""
    chunk = kind + width.to_bytes(4, "big") + height.to_bytes(4, "big") + last
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + chunk + (zlib.crc32(chunk) ^ spoilt).to_bytes(4, "big")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_what_cameras_and_programs_write_is_a_picture(mode: str) -> None:
    image = Image.new(mode, (12, 34))
    if mode != "CMYK":
        assert is_picture(file_of(image, "PNG"))
    if mode in ("L", "RGB", "CMYK"):
        assert is_picture(file_of(image, "JPEG"))
        assert is_picture(
            file_of(image, "JPEG", progressive=True, exif=b"Exif\0\0" + bytes(60_000), icc_profile=bytes(200_000))
        )


def test_the_largest_pictures_are_those_that_faces_are_looked_for_in() -> None:
    assert PIXELS_LIMIT == MEGAPIXELS_LIMIT * 1_000_000
    assert is_picture(sized(50_000, 1_000))
    assert not is_picture(sized(50_001, 1_000))
    assert is_picture(png(50_000_000, 1))
    for width, height in ((50_000_001, 1), (2**32 - 1, 2**32 - 1), (0, 5), (5, 0)):
        assert not is_picture(png(width, height))
    for width, height in ((65_535, 65_535), (0, 5), (5, 0)):
        assert not is_picture(sized(width, height))


def test_a_frame_may_have_comments_and_fillers_in_front() -> None:
    comment = b"\xff\xfe\x00\x06note"
    assert is_picture(b"\xff\xd8" + comment * 900 + b"\xff\xff\xff" + FRAME)
    assert not is_picture(b"\xff\xd8" + comment * 1_001 + FRAME)
    for marker in (b"\xc1", b"\xc2", b"\xc9", b"\xcf"):
        assert is_picture(sized(3, 4, marker))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x40",
        b"\xff\xd8\xff\xe0\x00\x01" + FRAME,
        b"\xff\xd8\xff\xfe\x00\x04no" + b"x" + FRAME,
        b"\xff\xd8\xff\xd9" + FRAME,
        b"\xff\xd8\xff\xda\x00\x02" + FRAME,
        b"\xff\xd8" + b"\xff" * 40,
        picture()[:-1],
        picture().replace(b"\x00\x0b\x08", b"\x00\x0c\x08"),
        sized(3, 4, b"\xc4"),
        sized(3, 4, b"\xc8"),
        sized(3, 4, b"\xcc"),
        picture().replace(b"\x01\x01\x11\x00", b"\x02\x01\x11\x00"),
        b"\x89PNG\r\n\x1a\n",
        png(3, 4)[:-1],
        png(3, 4, spoilt=1),
        png(3, 4, kind=b"IDAT"),
        png(3, 4, last=b"\x10\x03\x00\x00\x00"),
        png(3, 4, last=b"\x08\x05\x00\x00\x00"),
        png(3, 4, last=b"\x08\x02\x01\x00\x00"),
        png(3, 4, last=b"\x08\x02\x00\x00\x02"),
        b"GIF89a" + bytes(20),
        b"RIFF\x1a\x00\x00\x00WEBPVP8L" + bytes(30),
        b"%PDF-1.7",
        b"<svg/>",
    ],
    ids=lambda content: content[:12].hex(),
)
def test_what_has_no_header_that_can_be_read_is_none(content: bytes) -> None:
    assert not is_picture(content)


@given(st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"]), st.binary(max_size=80))
def test_no_bytes_make_it_trip(head: bytes, rest: bytes) -> None:
    assert is_picture(head + rest) in (True, False)
