"""`moiety gateway bind | bound | unbind`: keys of the Rekognition dialect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety.cli.options import OfficeFolder
from moiety.cli.outcome import AsJson, Outcome

if TYPE_CHECKING:
    from moiety.gateway.rekognition.store import Store


class Bound(TypedDict):
    """What `gateway bind` answers: the key, whose secret is shown this once, and the address for clients."""

    name: str
    key: str
    secret: str
    url: str


class Listed(TypedDict):
    """A key as `gateway bound` lists it; `makes`: by a template, collections that there are not."""

    key: str
    name: str
    collections: list[str]
    operations: list[str]
    grounds: str
    makes: bool
    finds: int
    expires: str
    revoked: bool


class Bindings(TypedDict):
    """What `gateway bound` answers."""

    bound: list[Listed]


class Unbound(TypedDict):
    """What `gateway unbind` answers."""

    name: str


Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called: small letters, digits and dashes.")]


def bind(
    name: Name,
    grounds: Annotated[str, typer.Option("--grounds", metavar="KEY", help="On which of the purpose's grounds.")],
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", metavar="NAME", help='A collection that it may use; "*": those made with it.'),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option("--template", metavar="FILE", help="A purpose's document without its name: a new collection's."),
    ] = None,
    operation: Annotated[
        list[str] | None,
        typer.Option("--operation", metavar="WORD", help="enrol, identify, verify, erase or find; without it, all."),
    ] = None,
    finds: Annotated[
        int, typer.Option("--finds", metavar="N", min=1, max=100_000, help="How often one face is found in a day.")
    ] = 100,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=366, help="Until it expires.")] = 90,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Bound]:
    """Make an access key for clients that were written for Amazon Rekognition, bound to what they may do.

    A collection is the gallery of a purpose. With `--collection '*'` a client makes its own, as the template says; a
    purpose that is there already is named. The secret is shown this once.

    \b
    Examples:
      moiety gateway bind lobby --collection '*' --template template.toml --grounds consent
      moiety gateway bind door-camera --collection door --grounds consent --operation identify --json
    """
    from moiety.gateway.config import FILE, read
    from moiety.gateway.rekognition.binding import MAY, Binding, parsed, require_template

    document = None
    if template is not None:
        document = require_template(_text(template), grounds)
    operations = frozenset(MAY) if not operation else parsed(operation)
    binding = Binding(name, tuple(collection or ()), grounds, document, operations, finds, days)
    with _store(office) as (store, place):
        key = store.bind(binding)
        url = read(place / FILE).url
    answer: Bound = {"name": name, "key": key.id, "secret": key.secret, "url": url}
    lines = [
        f"aws_access_key_id = {key.id}",
        f"aws_secret_access_key = {key.secret}",
        f"endpoint_url = {url}",
        "the secret is shown this once",
    ]
    return Outcome(answer, lines)


def bound(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Bindings]:
    """The keys of the Rekognition dialect, and what each is bound to.

    \b
    Examples:
      moiety gateway bound --office office
      moiety gateway bound --json
    """
    from datetime import UTC, datetime

    with _store(office) as (store, _):
        found = store.bound()
    listed: list[Listed] = [
        {
            "key": one.key,
            "name": one.binding.name,
            "collections": list(one.binding.collections),
            "operations": sorted(one.binding.operations),
            "grounds": one.binding.grounds,
            "makes": one.binding.document is not None,
            "finds": one.binding.finds,
            "expires": datetime.fromtimestamp(one.expires, UTC).isoformat(),
            "revoked": one.revoked,
        }
        for one in found
    ]
    lines = [
        f"{one['name']}  {one['key']}  {' '.join(one['collections'])}  until {one['expires'][:10]}"
        + ("  revoked" if one["revoked"] else "")
        for one in listed
    ]
    return Outcome({"bound": listed}, lines or ["no key is bound"])


def unbind(name: Name, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Unbound]:
    """No key of this name counts any more, from the next request on. Its collections stay.

    \b
    Examples:
      moiety gateway unbind lobby --office office
    """
    with _store(office) as (store, _):
        store.unbind(name)
    return Outcome({"name": name}, [f"{name} is bound to nothing any more"])


@contextmanager
def _store(office: Path | None) -> Iterator[tuple[Store, Path]]:
    from moiety.cli.gateway import folder_of
    from moiety.gateway import serve as serving
    from moiety.gateway.config import FILE, read

    place = folder_of(office)
    store = serving.rekognition_of(read(place / FILE), place)
    try:
        yield store, place
    finally:
        store.close()


def _text(file: Path) -> bytes:
    from moiety.cli.files import beginning
    from moiety.identity.purpose import DOCUMENT_LIMIT

    return beginning(file, DOCUMENT_LIMIT + 1)
