"""Chromium, with a camera that sees one photograph; and what it may not do while it looks at the console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

_QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_CAMERA: Final = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
_SIDES: Final = (640, 480)


@contextmanager
def chromium(camera: Path | None = None) -> Iterator[Browser]:
    """The system's own, as `.ci/run` installs it; skips the test where there is none. `camera` is a film (y4m)."""
    where = shutil.which("chromium") or shutil.which("chromium-browser")
    if where is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    film = () if camera is None else (*_CAMERA, f"--use-file-for-fake-video-capture={camera}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=[*_QUIET, *film])
        yield browser
        browser.close()


def film(photograph: Path, place: Path) -> Path:
    """A film of one photograph, in a folder of the test's own: YUV4MPEG2, 4:2:0."""
    import cv2
    import numpy as np

    width, height = _SIDES
    picture = cv2.imread(str(photograph))
    assert picture is not None
    scale = min(width / picture.shape[1], height / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.full((height, width, 3), 127, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    frame = b"FRAME\n" + cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420).tobytes()
    file = place / "camera.y4m"
    file.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 5)
    return file


@dataclass
class Window:
    """A page of the console that is watched: what it asks for, and what it complains of."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._asks)
        self.page.on("console", self._complains)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> None:
        """A page by its address."""
        self.page.goto(self.url + path)

    def sign_in(self, key: str) -> None:
        """With a key, or the one-time token."""
        self.open("/sign-in")
        self.page.fill("#key", key)
        self.page.press("#key", "Enter")
        self.page.wait_for_selector("form[action='/sign-out'], #first-key")

    def answer(self, button: str, wanted: str = "#answer .note") -> str:
        """Press a button that is answered on the page itself, and what is answered."""
        self.page.evaluate("() => document.querySelectorAll('#answer > *').forEach((old) => old.remove())")
        self.page.click(button)
        self.page.wait_for_selector(wanted)
        return self.page.inner_text("#answer")

    def take_picture(self) -> None:
        """With the camera."""
        self.page.click("[data-start]")
        self.page.click("[data-shoot]")
        self.page.wait_for_selector("[data-again]:visible")

    def violations(self) -> list[str]:
        """What axe-core finds that would keep somebody from using the page."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]

    def require_quiet(self) -> None:
        """Nothing was asked of another host, and nothing complained."""
        assert self.complaints == []
        assert self.asked
        assert [url for url in self.asked if not url.startswith((self.url + "/", "data:"))] == []

    def _asks(self, request: Request) -> None:
        self.asked.append(request.url)

    def _complains(self, message: ConsoleMessage) -> None:
        # A refusal that is told on the page is an answer of its own status, of which Chromium speaks by itself.
        if message.type in ("error", "warning") and "the server responded with a status of 4" not in message.text:
            self.complaints.append(message.text)
