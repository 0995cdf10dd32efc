"""What the files of the repository may not hold: pictures, models, hosts of package indexes, paths of a machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

BYTES_MAX = 1_000_000
"""Nothing that people write is larger."""

SIGNATURES = {
    "a JPEG": re.compile(rb"\xff\xd8\xff"),
    "a PNG": re.compile(rb"\x89PNG\r\n"),
    "a WebP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "a GIF": re.compile(rb"GIF8[79]a"),
    "a TFLite model": re.compile(rb"....TFL3", re.DOTALL),
    "an SQLite database": re.compile(rb"SQLite format 3\0"),
    "a numpy array": re.compile(rb"\x93NUMPY"),
}
ENDINGS = {
    ".onnx",
    ".tflite",
    ".pt",
    ".pth",
    ".h5",
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".gif",
    ".bmp",
    ".npy",
    ".sqlite",
}

# Written in pieces, or this file would hold what it looks for.
HOSTS = re.compile(
    r"(?i)\b(?:py" + r"pi\.org|python" + r"hosted\.org|registry\.npm" + r"js\.org|deb\.deb" + r"ian\.org)"
)
INDEX_OPTIONS = re.compile(r"(?m)^\s*(?:--(?:extra-)?index-url|--find-links|--trusted-host|-i\s|-f\s)|file:" + r"///")
MACHINE_PATHS = re.compile(r"(?<![\w.~])/(?:ro" + r"ot|wo" + r"rk|home/\w+)/")


def tracked(root: Path) -> list[Path]:
    """Every file that git would carry along: tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    names = [name for name in listing.stdout.decode().split("\0") if name]
    return [root / name for name in names if (root / name).is_file()]


def binary_findings(path: Path, content: bytes) -> Iterator[str]:
    """Pictures, models, databases and whatever is too large to have been written."""
    if path.suffix.lower() in ENDINGS:
        yield f"{path.name}: a {path.suffix} file"
    for what, signature in SIGNATURES.items():
        if signature.match(content):
            yield f"{path.name}: {what}"
    if len(content) > BYTES_MAX:
        yield f"{path.name}: {len(content)} bytes, {BYTES_MAX} at most"


def text_findings(path: Path, content: bytes) -> Iterator[str]:
    """Hosts of package indexes, options that name one, and paths that are true on one machine only."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        yield f"{path.name}: not text"
        return
    for what, pattern in (
        ("a package index", HOSTS),
        ("an index option", INDEX_OPTIONS),
        ("a machine's path", MACHINE_PATHS),
    ):
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path.name}:{line}: {what}"
