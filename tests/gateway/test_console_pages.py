"""Every page in a real browser: in both languages, light and dark, on a desk and on a telephone, with and without a
script; what axe-core finds, what is asked of whom, and how it looks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from moiety.console import htmx
from moiety.gateway.callers.roles import Role
from tests.gateway.browser import Window, chromium, film
from tests.gateway.scene import GUEST, Site, document, site
from tests.house.source import ROOT
from tests.stories.scene import Photographs, installed_data, photographs_of

DESK, TELEPHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
LOOKS = [("en", "light", DESK), ("zh", "dark", TELEPHONE), ("en", "dark", TELEPHONE), ("zh", "light", DESK)]
SHOTS = ROOT / "build" / "screenshots"
"""Not in the repository. Whoever changes a page looks at them."""


@pytest.fixture(scope="module")
def photographs() -> Photographs:
    return photographs_of(installed_data())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, photographs: Photographs) -> Iterator[Site]:
    """An office with both purposes, and a guest whose record is kept."""
    with site(tmp_path_factory.mktemp("console") / "office", data=installed_data()) as some:
        with some.client(some.key("founder", Role.OPERATOR, Role.OFFICER)) as client:
            for name in ("door", "hotel"):
                assert client.post("/v1/purposes", json={"document": document(name)}).status_code == 201
        yield some


@pytest.fixture(scope="module")
def guest(served: Site) -> str:
    with served.client(served.key("clerk", Role.OPERATOR)) as client:
        new = {"fields": GUEST, "grounds": "register"}
        return str(client.post("/v1/purposes/hotel/people", json=new).json()["pseudonym"])


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, photographs: Photographs) -> Iterator[Browser]:
    with chromium(film(photographs.anna[0], tmp_path_factory.mktemp("film"))) as some:
        yield some


@pytest.mark.parametrize(
    ("language", "scheme", "size"), LOOKS, ids=["desk", "telephone", "dark telephone", "chinese desk"]
)
def test_every_page_is_for_everybody(
    served: Site, browser: Browser, guest: str, language: str, scheme: str, size: ViewportSize
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme, locale=language)  # type: ignore[arg-type]
    window, found = Window(context.new_page(), served.url), {}
    SHOTS.mkdir(parents=True, exist_ok=True)

    def look(name: str) -> None:
        found[name] = window.violations()
        wide = window.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            found[name].append(f"{wide} pixels wider than the window")
        window.page.screenshot(path=SHOTS / f"{name}-{language}-{scheme}-{size['width']}.png", full_page=True)

    key = served.key(f"looks-{language}-{scheme}", Role.OPERATOR, Role.OFFICER)
    window.open("/sign-in")
    look("sign-in")
    window.page.fill("#key", "mty_")
    window.page.press("#key", "Enter")
    window.page.wait_for_selector("#refusal")
    look("sign-in-refused")
    window.sign_in(str(key))
    look("overview")
    person = f"/purposes/hotel/people/{guest}"
    pages = {
        "new-purpose": "/new-purpose?example=hotel", "purpose": "/purposes/hotel", "enrol": "/purposes/door/enrol",
        "newcomer": "/purposes/hotel/people", "verify": "/purposes/door/verify", "identify": "/purposes/door/identify",
        "find": "/purposes/hotel/find", "person": person, "refused": "/purposes/nowhere",
    }  # fmt: skip
    for name, path in pages.items():
        window.open(path)
        look(name)
    window.open("/purposes/door/identify")
    window.take_picture()
    look("picture-taken")
    window.answer("button.go")
    look("identified")
    window.open(person)
    window.answer("form[action$='/show'] button")
    look("person-masked")
    window.page.check("[name=field-name]")
    window.page.fill("#reason", "parcel")
    window.answer("form[action$='/reveal'] button")
    look("person-revealed")
    window.answer("form[action$='/history'] button", "#answer table")
    look("person-history")
    window.page.fill("#value", "2 Short Street")
    window.page.select_option("#corrected", "address")
    window.answer("form[action$='/correct'] button")
    look("person-corrected")
    window.page.fill("#value", "")
    window.answer("form[action$='/correct'] button", "#refusal")
    look("person-not-corrected")
    assert {name: those for name, those in found.items() if those} == {}
    window.require_quiet()
    context.close()


def test_the_pages_work_without_any_script(served: Site, browser: Browser, photographs: Photographs) -> None:
    context = browser.new_context(java_script_enabled=False)
    window = Window(context.new_page(), served.url)
    page = window.page
    window.sign_in(str(served.key("scriptless", Role.OPERATOR)))
    window.open("/purposes/door/enrol")
    assert page.locator("[data-camera]").is_hidden()
    page.set_input_files("#picture", photographs.bert)
    page.check("[name=sure]")
    page.click("button.go")
    who = page.inner_text("#answer .pseudonym")
    page.click("#answer a >> nth=0")
    assert page.input_value("#claimed") == who
    page.set_input_files("#picture", photographs.bert)
    page.click("button.go")
    assert page.inner_text("#answer h2") == "Yes"
    window.open("/purposes/door/identify")
    page.set_input_files("#picture", photographs.stranger)
    page.click("button.go")
    assert page.inner_text("#answer h2") == "Nobody"
    window.open(f"/purposes/door/people/{who}")
    page.check("[name=sure]")
    page.click("button.ruin")
    assert "Overwritten at all three custodians" in page.inner_text("main")
    window.require_quiet()
    context.close()


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_keyboard_is_enough_to_correct_to_consent_and_to_withdraw(
    served: Site, browser: Browser, script: bool
) -> None:
    people = served.service.offices.at(Role.OPERATOR).purpose("hotel").people(role="operator")
    number = {True: "110101199003074135", False: "110101199003076392"}[script]
    fields = {"national_id": number, "name": "Wang Example", "address": "1 Long Street"}
    who = people.add(fields, grounds="consent").pseudonym
    context = browser.new_context(java_script_enabled=script)
    window = Window(context.new_page(), served.url)
    page, keyboard = window.page, window.page.keyboard

    def reach(where: str) -> None:
        """By the tabulator key alone, from wherever the focus is."""
        for _ in range(80):
            keyboard.press("Tab")
            if page.locator(f"{where}:focus").count():
                return
        raise AssertionError(f"no key leads to {where}")

    def sent() -> None:
        with page.expect_response(lambda answer: answer.request.method == "POST") as told:
            keyboard.press("Enter")
        assert told.value.status < 400, told.value.url
        page.wait_for_load_state()

    window.sign_in(str(served.key("keys-script" if script else "keys-alone", Role.OPERATOR)))
    window.open(f"/purposes/hotel/people/{who}")
    reach("#corrected")
    keyboard.type("Address")
    reach("#value")
    keyboard.type("2 Short Street")
    sent()
    page.wait_for_selector("#answer .note.good")
    assert "Address" in page.inner_text("#answer .note.good")
    assert people.person(who).reveal(["address"], reason="parcel").values == {"address": "2 Short Street"}

    window.open(f"/purposes/hotel/people/{who}")
    reach("form[action$='/consent'] [name=grounds]")
    keyboard.press("Space")
    reach("#consent-how")
    keyboard.type("on paper")
    reach("form[action$='/consent'] button")
    sent()
    page.wait_for_selector(".plain-list li:nth-child(2)")
    first = next(iter(people.person(who).basis()))
    assert {(one.grounds, one.how) for one in people.person(who).basis()} == {
        (first.grounds, first.how),
        ("register", "paper"),
    }

    reach("form[action$='/withdraw'] [name=grounds]")
    keyboard.press("Space")
    reach("form[action$='/withdraw'] [name=sure]")
    keyboard.press("Space")
    reach("form[action$='/withdraw'] button")
    sent()
    page.wait_for_selector(".plain-list")
    assert {one.grounds: one.stands for one in people.person(who).basis()} == {"consent": False, "register": True}
    window.require_quiet()
    context.close()


def test_the_pages_work_where_htmx_is_not_installed(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOIETY_DATA", os.fspath(tmp_path / "nothing"))
    with site(tmp_path / "office", data=None) as bare:
        window = Window(browser.new_page(), bare.url)
        window.sign_in(str(bare.key("somebody", Role.OPERATOR, Role.OFFICER)))
        assert "htmx" not in window.page.content()
        window.open("/purposes/door/verify")
        assert "htmx" not in window.page.content().replace("hx-", "")
        window.require_quiet()
        window.page.close()


def test_htmx_is_what_it_must_be_or_is_not_served(tmp_path: Path) -> None:
    whole = htmx.read(installed_data())
    if whole is None:
        pytest.skip("htmx is not installed: `moiety models install --defaults`")
    assert htmx.read(tmp_path) is None
    file = tmp_path / "console" / htmx.NAME
    file.parent.mkdir()
    file.write_bytes(whole[:-1] + b" ")
    assert htmx.read(tmp_path) is None
    file.write_bytes(whole)
    assert htmx.read(tmp_path) == whole


def test_nothing_stays_in_the_browser(served: Site, browser: Browser) -> None:
    context = browser.new_context()
    window = Window(context.new_page(), served.url)
    window.sign_in(str(served.key("keeps-nothing", Role.OPERATOR)))
    window.open("/purposes/door/identify")
    window.take_picture()
    assert window.answer("button.go")
    kept = window.page.evaluate("() => [localStorage.length, sessionStorage.length, document.cookie]")
    assert kept == [0, 0, ""]
    assert window.page.evaluate("() => indexedDB.databases().then((all) => all.length)") == 0
    assert window.page.evaluate("() => document.querySelector('#picture').files.length") == 0
    assert window.page.evaluate("() => document.querySelector('video').srcObject") is None
    context.close()


def test_whoever_is_signed_out_meanwhile_is_sent_to_sign_in(served: Site, browser: Browser) -> None:
    context = browser.new_context()
    window = Window(context.new_page(), served.url)
    window.sign_in(str(served.key("revoked", Role.OPERATOR)))
    window.open("/purposes/hotel/find")
    served.service.credentials.revoke("revoked")
    window.page.fill("#number", GUEST["national_id"])
    window.page.press("#number", "Enter")
    window.page.wait_for_url(re.compile("/sign-in$"))
    context.close()
