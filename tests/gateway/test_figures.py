"""What a gateway counts, and what it does not say of anybody."""

from __future__ import annotations

from moiety.gateway.callers.roles import Role
from moiety.identity.pseudonym import Pseudonym
from tests.gateway.scene import GUEST, Site, figures


def test_requests_are_counted_by_route_and_refusals_by_code(gateway: Site) -> None:
    before = figures(gateway)
    key = gateway.key("counted", Role.OPERATOR)
    with gateway.client(key) as client:
        for number in ("11010519491231002X", "nobody"):
            client.post("/v1/purposes/hotel/people/find", json={"number": number})
        client.get("/v1/purposes/nowhere")
        client.get("/canary-7Q2MK3PX")
        client.request("CANARY", "/canary-7Q2MK3PX")
    after = figures(gateway)

    def more(name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    route = "/v1/purposes/{purpose}/people/find"
    assert more(f'moiety_gateway_requests_total{{route="{route}",status="2xx",verb="POST"}}') == 1
    assert more(f'moiety_gateway_requests_total{{route="{route}",status="4xx",verb="POST"}}') == 1
    assert more(f'moiety_gateway_request_seconds_count{{route="{route}",verb="POST"}}') == 2
    assert more('moiety_gateway_refused_total{code="denied"}') == 1
    assert more('moiety_gateway_requests_total{route="none",status="4xx",verb="none"}') == 2
    assert more('moiety_gateway_refused_total{code="not_here"}') == 2
    assert more('moiety_gateway_stage_seconds_total{stage="admission"}') > 0


def test_no_figure_names_anybody(gateway: Site) -> None:
    person = str(Pseudonym("hotel", b"somebody at home"))
    subject = gateway.key("li-example", Role.SUBJECT, person=person)
    with gateway.client(subject) as client:
        client.get(f"/v1/purposes/hotel/people/{person}")
        client.post("/v1/purposes/hotel/people/find", json={"number": GUEST["national_id"]})
    text = gateway.service.metrics.text().decode()
    for some in ("li-example", *person.split("-")[1:], GUEST["national_id"], '"hotel"', '"door"', "hotel-", "door-"):
        assert some not in text
