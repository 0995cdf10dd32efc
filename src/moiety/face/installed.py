"""The models of this machine as the stories ask for them: by name, each loaded once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from moiety.face.card import EmbedderCard
from moiety.face.card_refusals import ModelNotRecognising
from moiety.face.store import ModelStore

if TYPE_CHECKING:
    from moiety.face.recogniser import Recogniser


class Installed:
    """Cards and recognisers of one data folder."""

    def __init__(self, data: Path, *, threads: int | None = None) -> None:
        self._data = data
        self._threads = threads
        self._store = ModelStore(data)
        self._loaded: dict[str, Recogniser] = {}
        self._loading = threading.Lock()

    def card(self, name: str) -> EmbedderCard:
        """The card of an installed model; raises `ModelUnknown`, `ModelNotRecognising` or `ModelNotInstalled`."""
        card = self._store.card(name)
        if not isinstance(card, EmbedderCard):
            raise ModelNotRecognising
        self._store.path(name)
        return card

    def recogniser(self, name: str) -> Recogniser:
        """The recogniser of a model, loaded the first time; raises what `Recogniser.open` raises."""
        from moiety.face.recogniser import Recogniser

        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = Recogniser.open(name, self._data, threads=self._threads)
            return self._loaded[name]
