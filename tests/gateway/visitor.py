"""Somebody at the console without a script: a client that keeps cookies, and sends the forms that it was shown."""

from __future__ import annotations

import re
from types import TracebackType

import httpx

from moiety.gateway.callers.keys import ApiKey

_TOKEN = re.compile(r'name="form_token" value="([\w-]+)"')


class Visitor:
    """`token` is that of the page that was shown last."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=60, headers=headers)
        self.token = ""

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def get(self, path: str, **headers: str) -> httpx.Response:
        """A page."""
        return self._seen(self.client.get(path, headers=headers))

    def post(
        self, path: str, fields: dict[str, str], *, picture: bytes | None = None, **headers: str
    ) -> httpx.Response:
        """A form of this page's; with a picture as browsers send one."""
        data = {"form_token": self.token, **fields}
        files = None if picture is None else {"picture": ("camera.jpg", picture, "image/jpeg")}
        return self._seen(self.client.post(path, data=data, files=files, headers=headers))

    def sign_in(self, key: ApiKey | str) -> httpx.Response:
        """As a person does."""
        self.get("/sign-in")
        answer = self.post("/sign-in", {"key": str(key)})
        if answer.status_code == 303:
            self.get("/")
        return answer

    @property
    def cookie(self) -> str:
        """The cookie of the session."""
        return self.client.cookies["moiety-session"]

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        found = _TOKEN.search(answer.text)
        self.token = found[1] if found else self.token
        return answer
