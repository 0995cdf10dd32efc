"""Pictures in, templates and probes out; and the model cards that say which models do it.

`Recogniser`, `Template` and `Probe` load numpy and the model runtimes when they are first asked for: reading a
card or listing the models needs neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from moiety.face.recogniser import Recogniser
    from moiety.face.template import Probe, Template

__all__ = ["Probe", "Recogniser", "Template"]

_WHERE: Final = {
    "Recogniser": "moiety.face.recogniser",
    "Template": "moiety.face.template",
    "Probe": "moiety.face.template",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
