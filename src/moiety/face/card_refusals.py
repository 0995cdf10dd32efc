"""What can be wrong with a model: its card, its file, where it should have come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from moiety.errors import FileUnread, Refused, Unavailable


class CardUnreadable(Refused):
    code: ClassVar[str] = "card_unreadable"
    advice: ClassVar[str] = "the card cannot be read: check its path, that it is a file, and who may read it"


class CardTooLong(Refused):
    code: ClassVar[str] = "card_too_long"
    advice: ClassVar[str] = "a model card has at most {kibibytes} KiB"


class CardNotToml(Refused):
    code: ClassVar[str] = "card_not_toml"
    advice: ClassVar[str] = "the card is not TOML text in UTF-8"


class CardUnknownFields(Refused):
    code: ClassVar[str] = "card_unknown_fields"
    advice: ClassVar[str] = (
        "the card has {fields} unknown field(s): correct their spelling or take them out; "
        "docs/models.md lists the fields"
    )


class CardInvalid(Refused):
    """`fields` are declared names of a card's fields, never anything that the card's writer chose."""

    code: ClassVar[str] = "card_invalid"
    advice: ClassVar[str] = "the card has {problems} missing or wrong field(s)"

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self._named = list(fields)
        self.fields = tuple(dict.fromkeys(self._named))
        super().__init__(problems=len(self._named))

    def __reduce__(self) -> tuple[Any, ...]:
        return CardInvalid, (self._named,)

    @property
    def text(self) -> str:
        """The advice with the fields' names."""
        return f"{super().text}: {', '.join(self.fields)}; docs/models.md says what each means"


class CardDamaged(Unavailable):
    code: ClassVar[str] = "card_damaged"
    advice: ClassVar[str] = (
        "the card of this added model is damaged: `moiety models check` says which; "
        "`moiety models add CARD --file FILE` with the card and the file as they were mends it"
    )


class CardNameTaken(Refused):
    code: ClassVar[str] = "card_name_taken"
    advice: ClassVar[str] = (
        "there is another model of this name, and templates remember their model by it: give the card a new name"
    )


class ModelUnknown(Refused):
    code: ClassVar[str] = "model_unknown"
    advice: ClassVar[str] = "there is no model card of this name: `moiety models list` shows them"


class ModelNotRecognising(Refused):
    code: ClassVar[str] = "model_not_recognising"
    advice: ClassVar[str] = "this model finds faces and recognises nobody: `moiety models list` shows those that do"


class ModelNotInstalled(Unavailable):
    code: ClassVar[str] = "model_not_installed"
    advice: ClassVar[str] = (
        "the model, or the face detector that its card names, is not installed: run `moiety models install NAME`, "
        "or `moiety models install --defaults`"
    )


class ModelDamaged(Unavailable):
    code: ClassVar[str] = "model_damaged"
    advice: ClassVar[str] = (
        "an installed model file is no longer the one of its card: `moiety models check` says which; install it again"
    )


class ModelUnusable(Refused):
    code: ClassVar[str] = "model_unusable"
    advice: ClassVar[str] = "the model file cannot be run as its card says: check the card's engine, input and dim"


class FileRefused(FileUnread):
    code: ClassVar[str] = "file_unreadable"
    advice: ClassVar[str] = "the file cannot be read: {why}"


class FileWrongSize(Refused):
    code: ClassVar[str] = "file_wrong_size"
    advice: ClassVar[str] = (
        "the file has not the {expected} bytes that are expected: it is cut short, or another version; nothing was kept"
    )


class FileWrongHash(Refused):
    code: ClassVar[str] = "file_wrong_hash"
    advice: ClassVar[str] = "the file is not the one that is expected (its SHA-256 differs); nothing was kept"


class MemberMissing(Refused):
    code: ClassVar[str] = "member_missing"
    advice: ClassVar[str] = "the package does not hold the expected file, or holds something that is no plain file"


class ArchiveUnreadable(Refused):
    code: ClassVar[str] = "archive_unreadable"
    advice: ClassVar[str] = "the package cannot be unpacked: it is damaged; nothing was kept"


class InstallFromFileOnly(Refused):
    code: ClassVar[str] = "install_from_file_only"
    advice: ClassVar[str] = "no package holds this model: give the file with --file"


class FetchFailed(Unavailable):
    code: ClassVar[str] = "fetch_failed"
    advice: ClassVar[str] = (
        "the package client ended with status {status}: check the network and the client's own configuration, "
        "or install from a file with --file"
    )


class DataFolderUnwritable(Unavailable):
    code: ClassVar[str] = "data_folder_unwritable"
    advice: ClassVar[str] = (
        "the data folder cannot be written: check its disk and who may write there, or set MOIETY_DATA to another"
    )
