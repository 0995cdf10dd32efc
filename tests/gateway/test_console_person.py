"""What is done about one person by forms: a field corrected, a ground written down, a ground taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from moiety.gateway.callers.roles import Role
from tests.gateway.scene import GUEST, Site
from tests.gateway.visitor import Visitor

NUMBERS = iter(["110101199003074135", "110101199003076392", "440308199901101512", "11010519491231002X"])


@pytest.fixture(scope="module")
def clerk(gateway: Site) -> Iterator[Visitor]:
    with Visitor(gateway.url) as some:
        some.sign_in(gateway.key("clerk", Role.OPERATOR, Role.OFFICER))
        yield some


def kept(gateway: Site, grounds: str) -> str:
    """The pseudonym of somebody new, who is kept on these grounds."""
    fields = GUEST | {"national_id": next(NUMBERS), "name": "Li Example"}
    fields = {name: fields[name] for name in ("national_id", "name", "address")}
    people = gateway.service.offices.at(Role.OPERATOR).purpose("hotel").people(role="operator")
    return str(people.add(fields, grounds=grounds).pseudonym)


@pytest.fixture
def page(gateway: Site, clerk: Visitor) -> str:
    """The page of somebody whom the law has kept, opened."""
    path = f"/purposes/hotel/people/{kept(gateway, 'register')}"
    assert clerk.get(path).status_code == 200
    return path


def opened(clerk: Visitor, page: str, field: str) -> str:
    """What is in a field."""
    told = clerk.post(f"{page}/reveal", {f"field-{field}": "yes", "reason": "parcel"})
    assert told.status_code == 200
    found = re.search(r"In the clear</h2>.*?<dd>(.*?)</dd>", told.text, re.DOTALL)
    assert found
    return found[1]


def standing(clerk: Visitor, page: str) -> dict[str, bool]:
    """The grounds that the page names, and whether they were not taken back."""
    basis = re.search(r'<ul class="plain-list">(.*?)</ul>', clerk.get(page).text, re.DOTALL)
    assert basis
    rows = re.findall(r"<li><strong>(\w+)</strong>(.*?)</li>", basis[1], re.DOTALL)
    return {name: "withdrawn on" not in rest for name, rest in rows}


def test_a_field_is_corrected_or_emptied(gateway: Site, clerk: Visitor, page: str) -> None:
    assert opened(clerk, page, "address") == "1 Long Street"
    told = clerk.post(f"{page}/correct", {"corrected": "address", "value": "2 <b>Short</b> Street"})
    assert (told.status_code, "Corrected" in told.text) == (200, True)
    assert opened(clerk, page, "address") == "2 &lt;b&gt;Short&lt;/b&gt; Street"
    assert opened(clerk, page, "name") == "Li Example"
    clerk.post(f"{page}/correct", {"corrected": "address", "empty": "yes"})
    assert opened(clerk, page, "address") == "nothing"
    assert "corrected" in clerk.post(f"{page}/history", {}).text


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"corrected": "address"}, "fields_invalid"),  # emptied by whoever says so, and by no form that came unfilled
        ({"corrected": "address", "value": "x", "empty": "yes"}, "fields_invalid"),
        ({"corrected": "national_id", "value": "110101199003074135"}, "fields_invalid"),
        ({"corrected": "national_id", "empty": "yes"}, "fields_invalid"),
        ({"corrected": "photo", "value": "x"}, "fields_invalid"),
        ({"corrected": "", "value": "x"}, "fields_invalid"),
        ({"value": "x"}, "fields_invalid"),
        ({"corrected": "birth_date", "value": "canary"}, "value_invalid"),
    ],
    ids=lambda some: " ".join(some) if isinstance(some, dict) else some,
)
def test_what_cannot_be_corrected_stays(
    gateway: Site, clerk: Visitor, guest_page: str, sent: dict[str, str], code: str
) -> None:
    told = clerk.post(f"{guest_page}/correct", sent)
    assert (told.status_code, f"<code>{code}</code>" in told.text) == (422, True)
    assert opened(clerk, guest_page, "address") == "1 Long Street"
    assert "canary" not in "".join(gateway.lines)


@pytest.fixture(scope="module")
def guest_page(gateway: Site, clerk: Visitor) -> str:
    path = f"/purposes/hotel/people/{kept(gateway, 'register')}"
    clerk.get(path)
    return path


def test_a_ground_is_written_down_and_taken_back(gateway: Site, clerk: Visitor, guest_page: str) -> None:
    page = guest_page
    assert standing(clerk, page) == {"register": True}
    given = clerk.post(f"{page}/consent", {"grounds": "consent", "how": "paper", "text": "3"})
    assert (given.status_code, given.headers["location"]) == (303, page)
    assert standing(clerk, page) == {"register": True, "consent": True}
    people = gateway.service.offices.at(Role.OPERATOR).purpose("hotel").people(role="operator")
    [_, basis] = people.person(page.rpartition("/")[2]).basis()
    assert (basis.grounds, basis.how, basis.text) == ("consent", "paper", "3")

    for sent, code in (
        ({"grounds": "consent", "how": "paper"}, "not_sure"),
        ({"sure": "yes", "how": "paper"}, "fields_invalid"),  # nothing chosen is not everything
        ({"sure": "yes", "grounds": "consent", "how": "by owl"}, "basis_invalid"),
        ({"sure": "yes", "grounds": "elsewhere", "how": "paper"}, "grounds_unknown"),
        ({"sure": "yes", "grounds": "register", "how": "paper"}, "nothing_to_withdraw"),
    ):
        told = clerk.post(f"{page}/withdraw", sent)
        assert f"<code>{code}</code>" in told.text, sent
        assert standing(clerk, page) == {"register": True, "consent": True}
    for sent in ({"grounds": "consent", "how": "by owl", "text": "1"}, {"grounds": "", "how": "paper", "text": "1"}):
        assert clerk.post(f"{page}/consent", sent).status_code == 422

    back = clerk.post(f"{page}/withdraw", {"sure": "yes", "grounds": "consent", "how": "spoken"})
    assert (back.status_code, back.headers["location"]) == (303, page)
    assert standing(clerk, page) == {"register": True, "consent": False}
    assert people.person(page.rpartition("/")[2]).basis()[1].withdrawn_how == "spoken"


def test_where_nothing_holds_any_more_the_record_goes(gateway: Site) -> None:
    who = kept(gateway, "consent")
    page = f"/purposes/hotel/people/{who}"
    with Visitor(gateway.url) as themself:
        themself.sign_in(gateway.key("themself", Role.SUBJECT, person=who))
        shown = themself.get(page).text
        assert f'action="{page}/withdraw"' in shown
        assert not re.search(r'action="[^"]*/(?:correct|consent|restrict)"', shown)
        for story in ("correct", "consent"):
            assert themself.post(f"{page}/{story}", {"grounds": "consent"}).status_code == 403
        gone = themself.post(f"{page}/withdraw", {"sure": "yes", "grounds": "*", "how": "electronic"})
        assert (gone.status_code, "Nobody is answered about this person any more" in gone.text) == (200, True)
        left = themself.get(page).text
    assert "being erased" in left
    assert not re.search(r'action="[^"]*/(?:correct|consent|withdraw)"', left)


def test_of_who_is_being_erased_nothing_is_offered_but_to_take_that_back(clerk: Visitor, page: str) -> None:
    offered = re.compile(rf'action="{page}/(\w+)"')
    assert {"correct", "consent", "withdraw"} <= set(offered.findall(clerk.get(page).text))
    clerk.post(f"{page}/erase", {"sure": "yes"})
    assert set(offered.findall(clerk.get(page).text)) == {"history", "restore"}
