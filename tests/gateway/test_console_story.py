"""What a newcomer does, from the first command to the last click: on three custodians apart, in a browser, with a
camera that sees a photograph."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.gateway import processes
from tests.gateway.browser import Window, chromium, film
from tests.house.source import ROOT
from tests.stories.scene import Photographs, installed_data, photographs_of

NUMBER = "11010519491231002X"
SHOTS = ROOT / "build" / "screenshots"


@pytest.fixture
def photographs() -> Photographs:
    return photographs_of(installed_data())


@pytest.fixture
def up(tmp_path_factory: pytest.TempPathFactory, photographs: Photographs) -> Iterator[dict[str, Any]]:
    """What `moiety up` says, of a deployment that is stopped in the end."""
    folder = tmp_path_factory.mktemp("console-up") / "trial"
    moiety = [sys.executable, "-m", "moiety"]
    done = subprocess.run([*moiety, "up", folder, "--json"], check=True, timeout=300, capture_output=True)
    yield {**json.loads(done.stdout), "folder": folder}
    subprocess.run([*moiety, "down", folder], check=True, timeout=60, capture_output=True)


def test_a_newcomer_is_recognised_sees_who_looked_and_erases_themself(
    up: dict[str, Any], photographs: Photographs, tmp_path: Path
) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    with chromium(film(photographs.anna[0], tmp_path)) as browser:
        window = Window(browser.new_page(), up["url"])
        page = window.page

        # The printed address leads to where the token is asked for; it gives a key, once.
        page.goto(up["url"])
        assert page.url == up["url"] + "/sign-in"
        window.sign_in(up["token"])
        assert re.fullmatch(r"mty_[a-z2-7]{10}_[\w-]{43}", page.input_value("#first-key"))
        page.click("main a.button")
        assert "protects no one yet" in page.inner_text("main")
        assert page.locator(".seats .up").count() == 3

        # A purpose from an example: in a trial its officers' keys sign.
        page.click("text=Begin with a hotel")
        page.click("main button.primary")
        page.wait_for_url("**/purposes/hotel")

        # A record, a consent and a face, by the camera.
        page.click(".doors a >> nth=0")
        page.fill("#field-national_id", NUMBER)
        page.fill("#field-name", "Li Example")
        page.fill("#field-birth_date", "1949-12-31")
        page.fill("#field-address", "1 Long Street")
        window.take_picture()
        page.check("[name=facing]")
        told = window.answer("button.go")
        assert "The face is enrolled" in told, told
        who = page.inner_text("#answer .pseudonym")
        page.screenshot(path=SHOTS / "story-enrolled.png", full_page=True)

        # 1:1, and 1:N with how many false candidates a stranger would find.
        page.click("#answer a >> nth=0")
        window.take_picture()
        assert "Yes" in window.answer("button.go")
        page.set_input_files("#picture", photographs.bert)
        assert "No\n" in window.answer("button.go")
        window.open("/purposes/hotel/identify")
        window.take_picture()
        told = window.answer("button.go")
        assert who in told
        assert "False candidates to expect" in told
        page.set_input_files("#picture", photographs.stranger)
        assert "Nobody" in window.answer("button.go")

        # Found by number, masked, in the clear for a reason.
        window.open("/purposes/hotel/find")
        page.fill("#number", NUMBER)
        assert who in window.answer("main form button")
        page.click("#answer a")
        assert "110105********002X" in window.answer("form[action$='/show'] button")
        page.check("[name=field-address]")
        page.fill("#reason", "parcel")
        assert "1 Long Street" in window.answer("form[action$='/reveal'] button")

        # Who looked: all three custodians say so.
        looked = window.answer("form[action$='/history'] button", "#answer table")
        assert re.search(r"opened\s.*parcel", looked)
        page.screenshot(path=SHOTS / "story-looked.png", full_page=True)

        # Destroyed at once only with two officers' signatures; erased by whoever is sure.
        page.check(".danger [name=sure]")
        page.check(".danger [name=at_once]")
        page.click("button.ruin")
        page.wait_for_selector("#refusal")
        page.check(".danger [name=sure]")
        page.click("button.ruin")
        page.wait_for_selector("text=Nobody is answered about this person any more")
        page.screenshot(path=SHOTS / "story-erased.png", full_page=True)

        # And gone: by number, by face, and by pseudonym.
        window.open("/purposes/hotel/find")
        page.fill("#number", NUMBER)
        assert "Nobody" in window.answer("main form button")
        window.open("/purposes/hotel/identify")
        window.take_picture()
        assert "Nobody" in window.answer("button.go")
        window.open(f"/purposes/hotel/verify?claimed={who}")
        window.take_picture()
        assert "No\n" in window.answer("button.go")
        window.require_quiet()

        # A custodian that is down is named, and what is not known is not said.
        processes.stop(up["folder"], {"b"})
        window.open("/")
        assert "does not answer" in page.inner_text(".seats .down")
        assert "Custodian b" in page.inner_text(".seats .down")
        assert page.locator(".seats .up").count() == 0
        page.screenshot(path=SHOTS / "story-custodian-down.png", full_page=True)

    log = "".join(file.read_text() for file in up["folder"].rglob("*.log"))
    assert '"route":"/purposes/{purpose}/identify"' in log
    assert not any(word in log for word in (NUMBER, "Li Example", "Long Street", who, up["token"]))
