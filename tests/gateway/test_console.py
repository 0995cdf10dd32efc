"""The console as a program sees it: what every page carries, who is let in, and that no form comes from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from moiety.console.visit import Paged
from moiety.gateway.admission import OPEN
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.roles import MAY, Operation, Role
from tests.gateway.scene import GUEST, Site, console_of, document, site
from tests.gateway.visitor import Visitor

CANARY = "canary-7Q2MK3PX"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture(scope="module")
def everybody(gateway: Site) -> ApiKey:
    return gateway.key("everybody", Role.OPERATOR, Role.OFFICER, Role.AUDITOR)


@pytest.fixture(scope="module")
def guest(gateway: Site, everybody: ApiKey) -> str:
    """The pseudonym of somebody whose record is kept."""
    with gateway.client(everybody) as client:
        new = {"fields": GUEST, "grounds": "register"}
        return str(client.post("/v1/purposes/hotel/people", json=new).json()["pseudonym"])


@pytest.fixture
def visitor(gateway: Site, everybody: ApiKey) -> Iterator[Visitor]:
    """Somebody who is signed in and may do everything."""
    with Visitor(gateway.url) as some:
        assert some.sign_in(everybody).status_code == 303
        yield some


def routes(gateway: Site, verb: str) -> list[Paged]:
    """The console's routes of one verb."""
    return [route for route in console_of(gateway.service).routes if isinstance(route, Paged) and verb in route.methods]


def filled(route: Paged, guest: str) -> str:
    """The address of a page, with a purpose and a person in it."""
    return route.path.format(purpose="hotel", person=guest, name="console.css")


def test_every_page_carries_its_headers_and_nothing_inline(gateway: Site, visitor: Visitor, guest: str) -> None:
    paths = [filled(route, guest) for route in routes(gateway, "GET")]
    assert len(paths) > 8
    for path in paths:
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "camera=(self)" in answer.headers["permissions-policy"]
        if path.startswith("/static/"):
            continue
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", answer.text), path
        assert not re.search(r'(?:src|href|action)="(?!/|#)', answer.text), path  # nothing of another host's


def test_what_browsers_may_keep_has_no_cookie(gateway: Site) -> None:
    with Visitor(gateway.url) as some:
        sheet = re.search(r'href="(/static/console.css\?\w+)"', some.get("/sign-in").text)
        assert sheet
        with httpx.Client(base_url=gateway.url) as client:
            answer = client.get(sheet[1])
    assert "immutable" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/static/../pages.py", "/static/..%2fpages.py", "/static/%2e%2e/words/en.toml", "/static//etc/passwd"]
)
def test_nothing_but_listed_files_is_served(gateway: Site, path: str) -> None:
    with httpx.Client(base_url=gateway.url) as client:
        answer = client.send(client.build_request("GET", gateway.url + path))
    assert answer.status_code == 404
    assert "Final" not in answer.text
    assert "root:" not in answer.text


# Who is let in.


def test_whoever_is_not_signed_in_is_sent_to_sign_in(gateway: Site, guest: str) -> None:
    with Visitor(gateway.url) as some:
        for verb in ("GET", "POST"):
            for route in routes(gateway, verb):
                if route.operation != OPEN:
                    answer = some.client.request(verb, filled(route, guest))
                    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), route.path


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SUBJECT])
def test_a_role_sees_what_it_may_and_no_more(gateway: Site, guest: str, role: Role) -> None:
    key = gateway.key(f"only-{role}", role)
    with Visitor(gateway.url) as some:
        some.sign_in(key)
        for route in routes(gateway, "GET"):
            if route.operation in set(Operation):
                answer = some.get(filled(route, guest))
                allowed = Operation(route.operation) in MAY[role]
                assert answer.status_code == (200 if allowed else 403), (route.path, role)
        for route in routes(gateway, "POST"):
            if route.operation in set(Operation) and Operation(route.operation) not in MAY[role]:
                answer = some.post(filled(route, guest), {"sure": "yes"})
                assert answer.status_code == 403, (route.path, role)


def test_a_scope_ends_at_its_purpose(gateway: Site, visitor: Visitor, guest: str) -> None:
    key = gateway.key("doorkeeper", Role.OPERATOR, scopes=("door:*",))
    with Visitor(gateway.url) as some:
        some.sign_in(key)
        overview = some.get("/").text
        assert 'href="/purposes/door"' in overview
        assert "hotel" not in overview
        assert some.get("/purposes/door/identify").status_code == 200
        denials = [
            some.get("/purposes/hotel/identify"),
            some.get(f"/purposes/hotel/people/{guest}"),
            some.get(f"/purposes/door/people/{guest}"),  # somebody of another purpose's
            some.get("/purposes/nowhere/identify"),
            some.post(f"/purposes/hotel/people/{guest}/reveal", {"field-name": "yes", "reason": "parcel"}),
            visitor.get("/purposes/nowhere"),  # who may do everything, of what there is not
        ]
    assert [answer.status_code for answer in denials] == [403] * 6, [answer.text for answer in denials]
    told = [re.search(r'(?s)<div class="note bad" id="refusal">.*?</div>', answer.text) for answer in denials]
    assert len({re.sub("[0-9a-f]{24}", "", one[0]) for one in told if one}) == 1 == len(set(map(bool, told)))
    assert all(GUEST["name"] not in answer.text for answer in denials)


def test_a_subject_sees_themself_and_nobody_else(gateway: Site, everybody: ApiKey, guest: str) -> None:
    with gateway.client(everybody) as client:
        other = {"fields": {"national_id": "440308199901101512"}, "grounds": "register"}
        somebody = client.post("/v1/purposes/hotel/people", json=other).json()["pseudonym"]
    key = gateway.key("themself", Role.SUBJECT, scopes=("hotel:*",), person=guest)
    own = f"/purposes/hotel/people/{guest}"
    with Visitor(gateway.url) as some:
        answer = some.sign_in(key)
        assert 'action="/own"' in some.get("/").text
        assert some.post("/own", {"person": "nobody"}).status_code == 422
        assert some.post("/own", {"person": guest}).headers["location"] == own
        some.get(own)
        assert some.post(f"{own}/history", {}).status_code == 200
        for path in ("show", "history", "erase"):
            answer = some.post(f"/purposes/hotel/people/{somebody}/{path}", {"sure": "yes"})
            assert answer.status_code == 403
        assert some.get(f"/purposes/hotel/people/{somebody}").status_code == 403
        assert some.post(f"{own}/reveal", {"field-name": "yes", "reason": "mine"}).status_code == 403


# Sessions.


def test_a_cookie_is_read_by_no_script_and_sent_from_nowhere_else(gateway: Site, everybody: ApiKey) -> None:
    with Visitor(gateway.url) as some:
        first = some.get("/sign-in").headers["set-cookie"]
        before = some.cookie
        signed = some.post("/sign-in", {"key": str(everybody)}).headers["set-cookie"]
        for cookie in (first, signed):
            parts = {part.strip().lower() for part in cookie.split(";")[1:]}
            assert parts == {"httponly", "path=/", "samesite=strict"}
        assert some.cookie != before  # whoever knew the cookie of before knows nothing now
        assert str(everybody) not in signed + some.get("/").text
        over_tls = some.client.get("/sign-in", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
        assert over_tls.startswith("__Host-moiety-session=")
        assert "secure" in over_tls.lower()


def test_a_key_that_is_revoked_is_signed_out_at_the_next_request(gateway: Site) -> None:
    key = gateway.key("leaver", Role.OPERATOR)
    with Visitor(gateway.url) as some:
        some.sign_in(key)
        assert some.get("/purposes/door/identify").status_code == 200
        gateway.service.credentials.revoke("leaver")
        assert some.get("/purposes/door/identify").status_code == 303


def test_whoever_signs_out_is_out(gateway: Site, visitor: Visitor) -> None:
    kept = visitor.cookie
    assert visitor.post("/sign-out", {}).headers["location"] == "/sign-in"
    with httpx.Client(base_url=gateway.url, cookies={"moiety-session": kept}) as thief:
        assert thief.get("/").status_code == 303


def test_a_cookie_that_was_made_elsewhere_is_nobodys(gateway: Site, visitor: Visitor) -> None:
    session, _, tag = visitor.cookie.partition(".")
    forged = [
        f"{session}.{tag[:-1]}{'A' if tag[-1] != 'A' else 'E'}", session, f"{session}.", f"{session}.{session}", "é.é",
    ]  # fmt: skip
    for cookie in forged:
        with httpx.Client(base_url=gateway.url) as client:
            answer = client.get("/", headers=[(b"Cookie", f"moiety-session={cookie}".encode("latin-1"))])
        assert answer.status_code == 303


def test_a_wrong_key_and_a_used_token_are_told_alike(gateway: Site, everybody: ApiKey) -> None:
    wrong = [CANARY, f"{everybody}"[:-1], "mty_aaaaaaaaaa_" + "A" * 43, "a.b.c", ""]
    told = []
    with Visitor(gateway.url) as some:
        for one in wrong:
            some.get("/sign-in")
            told.append(some.post("/sign-in", {"key": one}))
    assert {answer.status_code for answer in told} == {401}
    bare = {re.sub(r"<code>[0-9a-f]{24}</code>|value=\"[\w-]{43}\"", "", answer.text) for answer in told}
    assert len(bare) == 1
    assert CANARY not in told[0].text + "".join(gateway.lines)


# Forms from elsewhere.


def test_a_form_from_elsewhere_does_nothing(gateway: Site, visitor: Visitor, everybody: ApiKey, guest: str) -> None:
    posts = [filled(route, guest) for route in routes(gateway, "POST")]
    assert len(posts) > 12
    fields = {
        "document": document("door").replace('"door"', '"forged"'), "sure": "yes", "at_once": "yes", "number": "1",
        "language": "zh", "key": "x", "grounds": "consent", "reason": "forged", "field-name": "yes",
        "keeping": "register", "field-national_id": "440308199901101512", "how": "office", "text": "forged",
        "corrected": "address", "value": "forged",
    }  # fmt: skip
    with Visitor(gateway.url) as other:
        other.sign_in(everybody)
        foreign = other.token
    before = gateway.service.offices.at(Role.OPERATOR).audit().operations
    for path in posts:
        good = visitor.token
        tries: list[tuple[str, dict[str, str]]] = [
            ("", {}),
            (foreign, {}),
            (good[:-1], {}),
            (good, {"Origin": "http://evil.example"}),
            (good, {"Origin": "null"}),
            (good, {"Sec-Fetch-Site": "cross-site"}),
            (good, {"Sec-Fetch-Site": "same-site"}),
        ]
        for token, headers in tries:
            answer = visitor.client.post(path, data={**fields, "form_token": token}, headers=headers)
            assert (answer.status_code, "form_stale" in answer.text) == (422, True), (path, headers)
        answer = visitor.client.post(path, json={**fields, "form_token": good})
        assert answer.status_code in (400, 422), path
    assert visitor.get("/").status_code == 200  # nobody was signed out
    assert "forged" not in visitor.get("/").text
    assert gateway.service.offices.at(Role.OPERATOR).audit().operations == before


def test_no_address_changes_anything(gateway: Site, visitor: Visitor, guest: str) -> None:
    before = gateway.service.offices.at(Role.OPERATOR).audit().operations
    for route in routes(gateway, "GET"):
        visitor.get(filled(route, guest))
    for route in routes(gateway, "POST"):
        answer = visitor.client.get(filled(route, guest))
        assert answer.status_code in (200, 405), route.path
    assert gateway.service.offices.at(Role.OPERATOR).audit().operations == before


def test_what_anybody_may_send_is_small(gateway: Site) -> None:
    with Visitor(gateway.url) as some:
        some.get("/sign-in")
        assert some.post("/sign-in", {"key": "A" * 2_000_000}).status_code == 413
        assert some.post("/sign-in", {"key": "x"}, picture=b"x").status_code == 400
        assert some.client.post("/sign-in", data={str(n): "x" for n in range(200)}).status_code == 400


# What is shown.


def test_whatever_is_filled_in_is_text(gateway: Site, visitor: Visitor) -> None:
    script = "<script>alert(1)</script>"
    text = document("hotel").replace('name = "hotel"', 'name = "inn"', 1)
    text = text.replace("Example Hotels Ltd, 1 Example Street", script + "'\\\"--><img src=x onerror=alert(1)>")
    visitor.get("/new-purpose")
    assert visitor.post("/new-purpose", {"document": text}).headers["location"] == "/purposes/inn"
    shown = [visitor.get("/purposes/inn").text, visitor.get(f'/purposes/inn/verify?claimed="><{script}').text]
    new = {"keeping": "register", "field-national_id": GUEST["national_id"], "field-address": script}
    visitor.get("/purposes/inn/people")
    shown.append(visitor.post("/purposes/inn/people", new | {"field-birth_date": script}).text)  # told again, refused
    kept = visitor.post("/purposes/inn/people", new)
    assert kept.status_code == 201, kept.text
    [who] = set(re.findall(r"/purposes/inn/people/(inn-[\w-]+)", kept.text))
    shown.append(visitor.post(f"/purposes/inn/people/{who}/reveal", {"field-address": "yes", "reason": "parcel"}).text)
    for page in shown:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>" not in page
        assert "<img" not in page


def test_a_person_is_found_opened_for_a_reason_and_erased(gateway: Site, visitor: Visitor) -> None:
    number = "110101199003074135"
    visitor.get("/purposes/hotel/people")
    values = {"field-national_id": number, "field-name": "Wang Canary", "field-birth_date": "1990-03-07"}
    assert visitor.post("/purposes/hotel/people", {"keeping": "register", **values}).status_code == 201
    found = visitor.post("/purposes/hotel/find", {"number": number})
    [who] = set(re.findall(r"/purposes/hotel/people/(hotel-[\w-]+)", found.text))
    page = f"/purposes/hotel/people/{who}"
    masked = visitor.post(f"{page}/show", {}).text
    assert "110101********4135" in masked
    assert "Wang" not in masked
    unsaid = visitor.post(f"{page}/reveal", {"field-name": "yes", "reason": "Just So"})
    assert (unsaid.status_code, "Wang" in unsaid.text) == (422, False)
    # Birth dates are an officer's alone: whoever is both is asked as the one who may.
    opened = visitor.post(f"{page}/reveal", {"field-name": "yes", "field-birth_date": "yes", "reason": "parcel"}).text
    assert "Wang Canary" in opened
    assert "1990-03-07" in opened
    looked = visitor.post(f"{page}/history", {}).text
    assert re.search(r"<code>parcel</code>", looked)
    assert re.search(r"<code>register</code>", looked)  # a ledger has the place of the ground alone
    assert visitor.post(f"{page}/restrict", {}).headers["location"] == page
    assert visitor.post(f"{page}/show", {}).status_code == 404
    visitor.post(f"{page}/lift", {})
    assert visitor.post(f"{page}/erase", {}).status_code == 422  # not sure
    erasing = visitor.post(f"{page}/erase", {"sure": "yes"})
    assert erasing.status_code == 200
    assert "<h2>Nobody</h2>" in visitor.post("/purposes/hotel/find", {"number": number}).text
    assert visitor.post(f"{page}/restore", {}).headers["location"] == page
    gone = visitor.post(f"{page}/erase", {"sure": "yes", "at_once": "yes"}).text
    assert re.search(r'download="moiety-receipt.json"', gone)
    assert "<h2>Nobody</h2>" in visitor.post("/purposes/hotel/find", {"number": number}).text
    told = "".join(gateway.lines)
    assert not any(word in told for word in (number, "Wang", who, "1990-03-07"))


def test_a_bad_picture_is_told_in_words_and_the_record_stays(gateway: Site, visitor: Visitor) -> None:
    visitor.get("/purposes/hotel/people")
    values = {"field-national_id": "110101199003076392", "keeping": "register", "facing": "consent"}
    told = visitor.post("/purposes/hotel/people", values, picture=CANARY.encode())
    assert told.status_code == 201
    assert "not a picture" in told.text or "not installed" in told.text
    again = re.search(r'href="(/purposes/hotel/enrol\?person=hotel-[\w-]+)"', told.text)
    assert again
    assert f'value="{again[1].partition("=")[2]}"' in visitor.get(again[1]).text
    missing = visitor.post("/purposes/door/verify", {"claimed": "x"}, picture=b"")
    assert (missing.status_code, "picture_missing" in missing.text) == (422, True)
    assert CANARY not in told.text + "".join(gateway.lines)


def test_a_purpose_that_will_not_do_is_told_with_its_text(visitor: Visitor) -> None:
    visitor.get("/new-purpose")
    told = visitor.post("/new-purpose", {"document": f'name = "{CANARY}"\ncolour = 1'})
    assert told.status_code == 422
    assert "no such field is known" in told.text
    assert CANARY in told.text  # in the form alone, to be changed
    assert "line 2" in told.text


def test_the_one_time_token_makes_one_key_and_signs_in(tmp_path) -> None:
    with site(tmp_path / "office") as fresh, Visitor(fresh.url) as some:
        token = fresh.service.credentials.set_up_token()
        some.get("/sign-in")
        shown = some.post("/sign-in", {"key": str(token)})
        assert shown.status_code == 200
        key = re.search(r"mty_[a-z2-7]{10}_[\w-]{43}", shown.text)
        assert key
        assert some.get("/").status_code == 200
        assert "mty_" not in some.get("/").text.replace("mty_aaaaaaaaaa", "")
        with Visitor(fresh.url) as thief:
            thief.get("/sign-in")
            assert thief.post("/sign-in", {"key": str(token)}).status_code == 401
            assert thief.sign_in(key[0]).status_code == 303
        lines = "".join(fresh.lines)
        assert str(token) not in lines
        assert key[0] not in lines
        assert [json.loads(line)["what"] for line in fresh.lines].count("token used") == 1
        assert {json.loads(line)["what"] for line in fresh.lines} == {"request", "token used"}
