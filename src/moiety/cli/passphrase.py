"""Passphrases and PINs: typed without an echo, or in a file of their owner's; never a word of the command line."""

from __future__ import annotations

import getpass
import warnings
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from moiety.errors import Refused

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="A file of mode 0600 that holds the passphrase (or PIN). Without it, it is asked for on the terminal.",
    ),
]


class NoTerminal(Refused):
    code: ClassVar[str] = "no_terminal"
    advice: ClassVar[str] = "there is no terminal to ask for the passphrase on: give --passphrase-file"


class PassphrasesDiffer(Refused):
    code: ClassVar[str] = "passphrases_differ"
    advice: ClassVar[str] = "the two passphrases are not the same: nothing was made"


class PassphraseUnreadable(Refused):
    code: ClassVar[str] = "passphrase_unreadable"
    advice: ClassVar[str] = "the file holds no passphrase: one line of text in UTF-8"


def passphrase(file: Path | None, what: str, *, twice: bool = False) -> str:
    """The passphrase, from a file or from whoever sits at the terminal.

    Raises `NoTerminal`, `PassphrasesDiffer`, `PassphraseUnreadable`, and for a file what `read_private` does.
    """
    if file is not None:
        return _first_line(file)
    typed = _typed(f"{what}: ")
    if twice and _typed(f"{what}, again: ") != typed:
        raise PassphrasesDiffer
    return typed


def _first_line(file: Path) -> str:
    from moiety.custody.trust.keyfile import read_private

    try:
        lines = read_private(file).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise PassphraseUnreadable from None
    if len(lines) != 1 or not lines[0]:
        raise PassphraseUnreadable
    return lines[0]


def _typed(prompt: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would go on and show what is typed
            return getpass.getpass(prompt)
    except (getpass.GetPassWarning, EOFError, OSError, UnicodeDecodeError):
        raise NoTerminal from None
