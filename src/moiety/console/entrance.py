"""Signing in and out, the language, and the files beside the pages: what anybody may ask for."""

from __future__ import annotations

import re
from typing import Final

from fastapi import Response

from moiety.console.visit import HEADERS, SIGN_IN, Pages, Visit
from moiety.gateway.admission import OPEN, recognised
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.refusals import Unauthenticated
from moiety.gateway.native.callers import FIRST_DAYS, first_key
from moiety.gateway.refusals import NotHere

PAGES: Final = Pages()

_KEPT: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""The address of a file has its hash."""

_OWN_PATH: Final = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9_./-]*)?")


@PAGES.get("/static/{name}", OPEN)
async def file(visit: Visit) -> Response:
    """A style sheet, a script or an icon."""
    found = visit.console.files.get(str(visit.request.path_params["name"]))
    if found is None:
        raise NotHere
    return Response(found.content, media_type=found.kind, headers=HEADERS | _KEPT)


@PAGES.get(SIGN_IN, OPEN)
async def asked(visit: Visit) -> Response:
    """Where to bring a key."""
    return visit.page("sign_in.html")


@PAGES.post(SIGN_IN, OPEN)
async def sign_in(visit: Visit) -> Response:
    """With a key; or with the one-time token, for which the first key is made."""
    visit.again("sign_in.html")
    brought = visit.said("key")
    try:
        await recognised(visit.request, brought)
        key, made = ApiKey.parse(brought), None
    except Unauthenticated:
        key = made = await first_key(visit.request, brought)
    if key is None:  # of an identity provider: programs bring those, and no page keeps them
        raise Unauthenticated
    visit.console.sessions.end(visit.session)
    visit.session = visit.console.sessions.begin(key.prefix)
    return visit.to("/") if made is None else visit.page("first_key.html", key=str(made), days=FIRST_DAYS)


@PAGES.post("/sign-out", OPEN)
async def sign_out(visit: Visit) -> Response:
    """Nobody is signed in here any more."""
    visit.console.sessions.end(visit.session)
    visit.session = visit.console.sessions.fresh()
    return visit.to(SIGN_IN)


@PAGES.post("/language", OPEN)
async def language(visit: Visit) -> Response:
    """Another language, on the page that was open."""
    chosen, back = visit.said("language"), visit.said("back")
    if chosen not in visit.console.languages:
        raise NotHere
    response = visit.to(back if _OWN_PATH.fullmatch(back) else "/")
    visit.choose(response, chosen)
    return response
