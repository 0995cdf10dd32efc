"""A real PKCS#11 token: SoftHSM2, in a folder of its own.

The library reads its configuration once, when it is loaded, so whoever uses it does so in a process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
IS_THERE = LIBRARY.exists() and shutil.which("softhsm2-util") is not None
ABSENT = "SoftHSM2 is not installed (Debian: softhsm2)"
PIN = "271828182845904523"


@dataclass(frozen=True)
class SoftToken:
    """One initialised token."""

    label: str
    environment: dict[str, str]

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A Python program beside this token."""
        command = [sys.executable, "-W", "error", "-c", program, *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)


def soft_token(folder: Path, label: str = "people") -> SoftToken:
    """Make one under this folder."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    environment = {**os.environ, "SOFTHSM2_CONF": str(configuration)}
    making = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "31415926535897"]
    subprocess.run(making, env=environment, check=True, capture_output=True, timeout=60)
    return SoftToken(label, environment)
