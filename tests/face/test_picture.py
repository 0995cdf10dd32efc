"""Pictures of every kind come out as the same RGB pixels; everything else is refused by its own type."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from moiety.face import picture as limits
from moiety.face.picture import load
from moiety.face.refusals import (
    NotAPicture,
    PictureFileTooLarge,
    PictureRefused,
    PictureTooLarge,
    PictureUnreadable,
    TruncatedPicture,
)


def quarters(width: int = 40, height: int = 24) -> np.ndarray:
    """Red, green / blue, white: no two orientations look alike."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = 255, 0, 0
    pixels[: height // 2, width // 2 :] = 0, 255, 0
    pixels[height // 2 :, : width // 2] = 0, 0, 255
    pixels[height // 2 :, width // 2 :] = 255, 255, 255
    return pixels


def encoded(pixels: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, colour: int = 2) -> bytes:
    """A PNG written by hand: a header and whatever chunks the test wants."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_lossless_picture_comes_out_exactly(kind):
    pixels = quarters()
    assert np.array_equal(load(encoded(pixels, kind, **({"lossless": True} if kind == "WEBP" else {}))), pixels)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_a_jpeg_comes_out_nearly(options):
    pixels = quarters(64, 64)
    read = load(encoded(pixels, "JPEG", quality=95, **options))
    assert read.shape == pixels.shape
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - pixels)[8:24, 8:24].max() < 12


def test_a_path_bytes_and_pixels_are_the_same_picture(tmp_path):
    pixels, content = quarters(), encoded(quarters(), "PNG")
    file = tmp_path / "picture"
    file.write_bytes(content)
    for picture in (file, str(file), content, pixels):
        assert np.array_equal(load(picture), pixels)


TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}
"""What the eight values of EXIF's orientation ask a viewer to do, in numpy's words (EXIF 2.32, tag 0x0112)."""


@pytest.mark.parametrize("orientation", sorted(TURNS))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_exif_orientation_is_honoured(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"PNG": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}[kind]
    pixels = quarters(48, 32)
    expected = TURNS[orientation](pixels)
    read = load(encoded(pixels, kind, exif=exif.tobytes(), **options))
    assert read.shape == expected.shape
    assert np.abs(read.astype(int) - expected).max() < 8


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(load(encoded(quarters(), "PNG", exif=exif.tobytes())), quarters())


def test_a_damaged_exif_block_turns_nothing_and_warns_nobody():
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes()
    for damaged in (block[: len(block) - 8], b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0junk", b"Exif\0\0"):
        assert load(encoded(quarters(), "JPEG", exif=damaged)).shape in ((24, 40, 3), (40, 24, 3))


def test_grey_palette_and_one_bit_become_rgb():
    grey = np.tile(np.arange(0, 250, 10, dtype=np.uint8), (20, 1))
    for image in (Image.fromarray(grey), Image.fromarray(grey).convert("P"), Image.fromarray(grey > 100)):
        read = load(encoded(image, "PNG"))
        assert read.shape == (20, 25, 3)
        assert np.array_equal(read[..., 0], read[..., 2])
    assert np.array_equal(load(encoded(Image.fromarray(grey), "PNG"))[..., 1], grey)


def test_sixteen_bits_are_divided_not_clipped():
    grey = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (16, 1))
    read = load(encoded(Image.fromarray(grey), "PNG"))
    assert np.array_equal(read[..., 0], (grey >> 8).astype(np.uint8))
    colours = np.full((4, 4, 3), (65535, 32768, 256), ">u2")
    lines = b"".join(b"\0" + line.tobytes() for line in colours)
    assert load(png(4, 4, (b"IDAT", zlib.compress(lines)), depth=16))[0, 0].tolist() == [255, 128, 1]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_over_white(mode):
    image = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    image.putpixel((0, 0), (0, 0, 200, 255))
    read = load(encoded(image.convert(mode), "PNG"))
    assert read[4, 4].tolist() == [255, 255, 255]
    assert read[0, 0].tolist() != [255, 255, 255]


def test_a_palette_with_a_transparent_colour_lies_over_white():
    image = Image.fromarray(quarters()).convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    red = image.getpixel((0, 0))
    read = load(encoded(image, "PNG", transparency=bytes(0 if index == red else 255 for index in range(4))))
    assert read[0, 0].tolist() == [255, 255, 255]
    assert read[0, -1].tolist() == [0, 255, 0]


def test_cmyk_becomes_the_same_colours():
    read = load(encoded(Image.fromarray(quarters(64, 64)).convert("CMYK"), "JPEG", quality=95))
    assert read[8, 8, 0] > 200 > 60 > read[8, 8, 2]
    assert read[-8, -8].min() > 230


def test_the_first_picture_of_a_moving_one_is_taken():
    frames = [Image.fromarray(quarters()), Image.new("RGB", (40, 24))]
    for kind in ("PNG", "WEBP"):
        moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert np.array_equal(load(moving), quarters())


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("picture.jpg", encoded(quarters(), "JPEG"))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        encoded(quarters(), "GIF"),
        encoded(quarters(), "BMP"),
        encoded(quarters(), "TIFF"),
        archive(),
    ],
    ids=["nothing", "two bytes", "sound", "svg", "pdf", "gif", "bmp", "tiff", "zip"],
)
def test_what_is_no_jpeg_png_or_webp_is_not_a_picture(content, tmp_path):
    renamed = tmp_path / "renamed.jpg"
    renamed.write_bytes(content)
    for picture in (content, renamed):
        with pytest.raises(NotAPicture):
            load(picture)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["grey", "four channels", "floats", "empty"],
)
def test_pixels_of_another_form_are_not_a_picture(pixels):
    with pytest.raises(NotAPicture):
        load(pixels)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"kind": "PNG"}, {"kind": "WEBP"}], ids=str)
def test_a_picture_cut_anywhere_is_refused_or_whole(options, photograph):
    """A file may lose its last bytes and none of its pixels; it may not lose pixels and be accepted."""
    options = dict(options)
    kind = options.pop("kind", "JPEG")
    with Image.open(photograph("biden.jpg")) as opened:
        content = encoded(opened.resize((97, 131)), kind, **options)
    whole = load(content)
    refused = 0
    for length in range(16, len(content), max(1, len(content) // 150)):
        try:
            read = load(content[:length])
        except TruncatedPicture:
            refused += 1
            continue
        assert np.array_equal(read, whole), f"cut to {length} of {len(content)} bytes"
    assert refused > 140


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_file_is_truncated(kind, tmp_path):
    file = tmp_path / "half"
    content = encoded(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8), kind)
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(TruncatedPicture):
        load(file)


def test_a_bomb_is_refused_by_its_header_and_never_decoded():
    # 60,000 x 60,000: 10.8 GB of RGB from a file of 60 bytes, whose pixels would be found missing only later.
    with pytest.raises(PictureTooLarge) as refused:
        load(png(60_000, 60_000, (b"IDAT", zlib.compress(b""))))
    assert refused.value.numbers == {"megapixels": limits.MEGAPIXELS_LIMIT}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_bound_of_pixels_comes_before_the_pixels(kind):
    # Both lost most of their pixels. Of the larger one that is never found out.
    larger = encoded(Image.new("L", (8_000, 6_251)), kind)
    with pytest.raises(PictureTooLarge):
        load(larger[: len(larger) // 2])
    within = encoded(Image.new("L", (8_000, 6_250)), kind)
    with pytest.raises(TruncatedPicture):
        load(within[: len(within) // 2])


def test_pixels_are_bounded_too():
    with pytest.raises(PictureTooLarge):
        load(np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (10_000, 10_000, 3)))


def test_a_text_chunk_that_unpacks_to_much_is_refused():
    bomb = (b"zTXt", b"note\0\0" + zlib.compress(b"\0" * (64 << 20), 9))
    pixels = zlib.compress(b"\0" + b"\1\2\3" * 2)
    with pytest.raises(TruncatedPicture):
        load(png(2, 1, bomb, (b"IDAT", pixels)))


def test_a_long_file_is_refused_before_it_is_read_whole(tmp_path):
    long = tmp_path / "long.jpg"
    with long.open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(1 << 40)  # sparse: a terabyte on no disk
    for picture in (long, b"\xff\xd8\xff" + bytes(limits.MIB_LIMIT << 20)):
        with pytest.raises(PictureFileTooLarge):
            load(picture)


def test_what_is_no_file_is_unreadable(tmp_path):
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    for path in (tmp_path / "absent.jpg", tmp_path, pipe, "/dev/zero", "a\0b", 7):
        with pytest.raises(PictureUnreadable):
            load(path)


def test_a_refusal_repeats_nothing(tmp_path):
    secret = tmp_path / "Erika Mustermann.jpg"
    secret.write_bytes(b"\xff\xd8\xffErika Mustermann")
    for picture in (secret, tmp_path / "Erika Mustermann.png"):
        with pytest.raises(PictureRefused) as refused:
            load(picture)
        assert "Mustermann" not in repr(refused.value) + str(refused.value)
        assert refused.value.__suppress_context__


def test_readers_remarks_stay_inside():
    """Pillow warns about much; warnings are errors here, so any that escaped would fail this test."""
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "a note")
    odd = png(
        2, 1, (b"acTL", b"\0" * 8), (b"eXIf", b"II*\0\xff\xff\xff\xff"), (b"IDAT", zlib.compress(b"\0" + b"\1" * 6))
    )
    for content in (odd, encoded(quarters(), "PNG", pnginfo=text), encoded(quarters(), "JPEG", dpi=(0, 0))):
        assert load(content).ndim == 3


HEADS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x24\0\0\0WEBPVP8 ", b"RIFF\x24\0\0\0WEBPVP8L"]


@settings(max_examples=400, deadline=None)
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=600))
def test_random_bytes_are_refused_by_type(head, rest):
    with pytest.raises(PictureRefused):
        load(head + rest)


REAL = [encoded(quarters(), kind) for kind in ("JPEG", "PNG", "WEBP")]


@settings(max_examples=600, deadline=None)
@given(
    content=st.sampled_from(REAL),
    harm=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), min_size=1, max_size=8),
)
@example(content=REAL[1], harm=[(16, 255)])
def test_a_harmed_picture_is_read_or_refused_by_type(content, harm):
    harmed = bytearray(content)
    for position, value in harm:
        harmed[position % len(harmed)] = value
    try:
        read = load(bytes(harmed))
    except PictureRefused:
        return
    assert read.dtype == np.uint8
    assert read.ndim == 3
    assert read.shape[2] == 3
