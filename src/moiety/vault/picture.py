"""Whether bytes begin as a JPEG or a PNG does that somebody may decode: the header alone, nothing is decoded. Pure.

What is sealed as a photograph is opened years later and handed to whatever shows pictures. A file that is no picture
is told when it comes in, and so is one whose header says more pixels than anybody's photograph has: a few kilobytes
of them would take a decoder gigabytes.
"""

from __future__ import annotations

import zlib
from typing import Final

PIXELS_LIMIT: Final = 50_000_000
"""As of the pictures that faces are looked for in: more than the cameras of most telephones have."""

_SEGMENTS_LIMIT: Final = 1_000
"""In front of a JPEG's size. A photograph's comments, colours and previews are some dozens of 64 KiB."""

_JPEG: Final = b"\xff\xd8\xff"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Of each colour type which bit depths there are (PNG, third edition, 11.2.1)."""

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG's frame, which says its size (ITU-T T.81, table B.1)."""
_ENDS: Final = frozenset({0xD8, 0xD9, 0xDA})
"""Another picture's beginning, the end, and the first pixels: no frame may follow."""


def is_picture(content: bytes) -> bool:
    """Whether it begins with a JPEG's or a PNG's header, of at least one pixel and at most `PIXELS_LIMIT`."""
    if content.startswith(_JPEG):
        size = _jpeg(content)
    elif content.startswith(_PNG):
        size = _png(content)
    else:
        size = None
    return size is not None and 0 < size[0] * size[1] <= PIXELS_LIMIT


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Width and height, or None where the frame is not found."""
    at = 2
    for _ in range(_SEGMENTS_LIMIT):
        # Any number of 0xFF may stand in front of a marker.
        while content[at : at + 2] == b"\xff\xff":
            at += 1
        marker, length = content[at + 1 : at + 2], int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at : at + 1] != b"\xff" or not marker or marker[0] in _ENDS:
            return None
        if marker[0] in _FRAMES:
            frame = content[at + 4 : at + 2 + length]
            # Precision, height, width, how many components, and three bytes of each.
            if len(frame) < 6 or not len(frame) == length - 2 == 6 + 3 * frame[5]:
                return None
            return int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
        at += 2 + length
    return None


def _png(content: bytes) -> tuple[int, int] | None:
    """Width and height, or None where the first chunk is no header."""
    chunk, checksum = content[12:29], content[29:33]
    if content[8:12] != b"\x00\x00\x00\x0d" or chunk[:4] != b"IHDR" or checksum != zlib.crc32(chunk).to_bytes(4, "big"):
        return None
    depth, colour, *rest = chunk[12:]
    if depth not in _PNG_DEPTHS.get(colour, ()) or rest[:2] != [0, 0] or rest[2] not in (0, 1):
        return None
    return int.from_bytes(chunk[4:8], "big"), int.from_bytes(chunk[8:12], "big")
