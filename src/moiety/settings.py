"""Settings of this machine: the one place that reads the environment.

Each setting is a row of `SETTINGS`, from which `docs/contracts.md` is written. Nothing about a purpose, a
threshold or a person is a setting: those are documents that the custodians keep.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: what it sets and what holds without it."""

    variable: str
    meaning: str
    default: str


DATA: Final = Setting("MOIETY_DATA", "folder of the installed models", "the user's data folder, `moiety`")
OFFICE: Final = Setting("MOIETY_OFFICE", "folder of the office, where `--office` is not given", "`./office`")

SETTINGS: Final = (DATA, OFFICE)


def data_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Folder of the models; it need not exist yet."""
    chosen = (os.environ if environment is None else environment).get(DATA.variable)
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("moiety", appauthor=False)


def office_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Folder of the office where a command names none; it need not exist yet."""
    return Path((os.environ if environment is None else environment).get(OFFICE.variable) or "office")


def thread_limits() -> set[str]:
    """What the environment says about the threads of the numeric libraries, which read it when they are loaded."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {os.environ[name] for name in names if os.environ.get(name)}


def require_tls_13() -> None:
    """Have gRPC refuse older handshakes, in a process that has not loaded it yet.

    No argument of gRPC's forbids TLS 1.2. With a cipher that only RSA certificates can use, where every certificate
    has an elliptic-curve key, no such handshake comes about; TLS 1.3 does not look at this list.
    """
    os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-RSA-AES256-GCM-SHA384"


def quiet_grpc() -> None:
    """Have gRPC's own code, which words its complaints itself, say nothing in a process that has not loaded it yet."""
    os.environ["GRPC_VERBOSITY"] = "NONE"
