"""All pages together, as one router for the service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined

from moiety.console import entrance, faces, files, languages, newcomers, overview, people, purposes
from moiety.console.sessions import Sessions
from moiety.console.visit import Console, Paged

if TYPE_CHECKING:
    from moiety.gateway.callers.keys import Entropy

EVERY: Final = (entrance.PAGES, overview.PAGES, purposes.PAGES, faces.PAGES, newcomers.PAGES, people.PAGES)


def pages(data: Path, clock: Callable[[], float], entropy: Entropy) -> APIRouter:
    """The console: `data` is the folder of what was installed, `clock` counts seconds."""
    console = Console(Sessions(clock, entropy), languages.shipped(), files.served(data), environment())
    kind = type("Page", (Paged,), {"console": console})
    router = APIRouter()
    for some in EVERY:
        some.route(router, kind)
    return router


def environment() -> Environment:
    """Templates, in which whatever is filled in is text and nothing else."""
    return Environment(
        loader=PackageLoader("moiety.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
