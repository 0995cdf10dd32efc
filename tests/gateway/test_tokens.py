"""Tokens of an identity provider: a real one that a package brings, and one of the test's own that does as it is told.

The first is asked for tokens as a client asks; the second signs what it is told to, counts how often it is asked, and
can be slow, wrong and gone.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from moiety.gateway.callers import oidc
from moiety.gateway.callers.grants import Oidc
from moiety.gateway.callers.roles import Caller, Role
from moiety.gateway.config import read
from moiety.gateway.refusals import GatewayConfigInvalid
from tests.gateway.scene import Site, site

AUDIENCE = "moiety"
SUBJECT = "quaresma@example.org"


def settings(issuer: str) -> Oidc:
    grants = [
        {"value": "desk", "roles": ["operator"], "scopes": ["hotel:*"]},
        {"value": "board", "roles": ["officer", "auditor"], "scopes": ["*:*"]},
    ]
    return Oidc.model_validate({"issuer": issuer, "audience": AUDIENCE, "claim": "of.groups", "grants": grants})


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of the package's provider, as a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    claims = json.dumps({"sub": SUBJECT, "of": {"groups": ["staff", "desk"]}})
    told = json.dumps({"sub": "nobody", "of": {"groups": ["staff"]}})
    words = ["--port", str(port), "--host", "localhost", "--user-claims", claims, "--user-claims", told]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://localhost:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(url + "/.well-known/openid-configuration")
                break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def signed_in(provider: str, subject: str, client: str) -> str:
    """The identity token of the code flow."""
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": "http://localhost/back",
        "scope": "openid",
        "state": "s",
    }
    sent = httpx.post(f"{provider}/oauth2/authorize", params=asked, data={"sub": subject})
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"]}
    told = httpx.post(f"{provider}/oauth2/token", data=given, auth=(client, "secret"))
    return str(told.json()["id_token"])


def test_a_token_of_the_provider_is_somebody(provider: str, tmp_path: Path) -> None:
    with site(tmp_path / "office", oidc=settings(provider)) as gateway:
        token = signed_in(provider, SUBJECT, AUDIENCE)
        with gateway.client(token) as client:
            me = client.get("/v1/me")
            assert me.json() == {"name": me.json()["name"], "roles": ["operator"], "scopes": ["hotel:*"]}
            assert client.get("/v1/callers").status_code == 403
        for other in (signed_in(provider, "nobody", AUDIENCE), signed_in(provider, SUBJECT, "another")):
            with gateway.client(other) as client:
                assert client.get("/v1/me").status_code == 401
        lines = "".join(gateway.lines)
        assert me.json()["name"] in lines
        assert SUBJECT not in lines
        assert token not in lines


# A provider that does what it is told to.


@dataclass
class Provider:
    """`keys` are those that it says are its own, by `kid`."""

    url: str = ""
    asked: int = 0
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    says: Callable[[str], bytes | None] | None = None
    jwks: str = ""

    def new(self, kid: str) -> rsa.RSAPrivateKey:
        self.keys[kid] = rsa.generate_private_key(65537, 2_048)
        return self.keys[kid]

    def token(self, kid: str | None = "one", key: Any = None, algorithm: str | None = "RS256", **changed: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": SUBJECT, "iat": now, "exp": now + 600}
        claims |= {"of": {"groups": "desk"}} | changed
        whole = {name: value for name, value in claims.items() if value is not None}
        headers = None if kid is None else {"kid": kid}
        return jwt.encode(whole, key or self.keys[kid or "one"], algorithm=algorithm, headers=headers)

    def answer(self, path: str) -> bytes:
        self.asked += 1
        said = None if self.says is None else self.says(path)
        if said is not None:
            return said
        if path == "/keys":
            made = [
                jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid}
                for kid, key in self.keys.items()
            ]
            return json.dumps({"keys": made}).encode()
        return json.dumps({"issuer": self.url, "jwks_uri": self.jwks or self.url + "/keys"}).encode()


@contextmanager
def serving() -> Iterator[Provider]:
    some = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = some.answer(self.path)
            if said.startswith(b"302"):
                self.send_response(302)
                self.send_header("Location", said.split()[1].decode())
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    some.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield some
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def own() -> Iterator[Provider]:
    with serving() as some:
        some.new("one")
        yield some


def tokens(some: Provider, clock: Clock) -> oidc.ProviderTokens:
    return oidc.ProviderTokens(settings(some.url), lambda issuer, subject: f"oidc.{len(issuer + subject)}", clock)


def test_who_and_what_a_token_is_taken_for(own: Provider) -> None:
    found = tokens(own, Clock()).recognised(own.token())
    assert isinstance(found, Caller)
    assert (found.roles, {str(scope) for scope in found.scopes}) == ({Role.OPERATOR}, {"hotel:*"})
    both = tokens(own, Clock()).recognised(own.token(of={"groups": ["board", "desk"]}))
    assert both is not None
    assert both.roles == {Role.OPERATOR}  # the first grant of the file, and never two together


def test_a_token_that_names_no_key_is_signed_by_the_only_one(own: Provider) -> None:
    clock = Clock()
    known = tokens(own, clock)
    assert known.recognised(own.token(None)) is not None
    own.new("two")
    clock.at += oidc.FRESH_S + 1
    assert known.recognised(own.token(None)) is None


def public(some: Provider) -> bytes:
    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return some.keys["one"].public_key().public_bytes(*pem)


def hs256(some: Provider) -> str:
    """Signed with the public key as if it were a secret, which the library refuses to make."""
    import hmac
    from base64 import urlsafe_b64encode

    def part(raw: bytes) -> str:
        return urlsafe_b64encode(raw).decode().rstrip("=")

    head, body, _ = some.token().split(".")
    head = part(json.dumps({"alg": "HS256", "kid": "one", "typ": "JWT"}).encode())
    return f"{head}.{body}.{part(hmac.digest(public(some), f'{head}.{body}'.encode(), 'sha256'))}"


NOW = time.time()
WRONG: dict[str, Callable[[Provider], str]] = {
    "another audience": lambda own: own.token(aud="another"),
    "no audience": lambda own: own.token(aud=None),
    "another issuer": lambda own: own.token(iss=own.url + "/"),
    "expired": lambda own: own.token(iat=int(time.time()) - 600, exp=int(time.time()) - oidc.LEEWAY_S - 5),
    "for ever": lambda own: own.token(exp=None),
    "for a year": lambda own: own.token(exp=int(time.time()) + 365 * 86_400),
    "not yet": lambda own: own.token(nbf=int(time.time()) + oidc.LEEWAY_S + 60),
    "made tomorrow": lambda own: own.token(iat=int(time.time()) + 3_600, exp=int(time.time()) + 4_000),
    "made never": lambda own: own.token(iat=None),
    "of nobody": lambda own: own.token(sub=None),
    "of a number": lambda own: own.token(sub=7),
    "no role": lambda own: own.token(of=None),
    "another role": lambda own: own.token(of={"groups": ["desks", ["desk"], None]}),
    "a role of another form": lambda own: own.token(of={"groups": {"desk": True}}),
    "unsigned": lambda own: jwt.encode({"sub": SUBJECT}, None, algorithm="none", headers={"kid": "one"}),
    "unsigned, with all claims": lambda own: own.token(key=None, algorithm="RS256").rpartition(".")[0] + ".",
    "signed with the public key": hs256,
    "another's signature": lambda own: own.token(key=rsa.generate_private_key(65537, 2_048)),
    "an unknown key": lambda own: own.token("two", rsa.generate_private_key(65537, 2_048)),
    "no key": lambda own: jwt.encode({"iss": own.url}, own.keys["one"], algorithm="RS256"),
    "too long": lambda own: own.token(more="x" * oidc.TOKEN_LONGEST),
    "no token": lambda own: "a.b.c",
    "deep": lambda own: jwt.utils.base64url_encode(b"[" * 4_000).decode() + ".b.c",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_every_other_token_is_nobody(own: Provider, wrong: str) -> None:
    known = tokens(own, Clock())
    assert known.recognised(own.token()) is not None
    assert known.recognised(WRONG[wrong](own)) is None


def test_a_key_that_is_too_short_signs_nothing(own: Provider) -> None:
    own.keys["short"] = rsa.generate_private_key(65537, 1_024)  # noqa: S505 - that is the point
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = own.token("short")
    assert tokens(own, Clock()).recognised(token) is None


def test_a_new_key_is_asked_for_and_a_flood_of_unknown_ones_is_not(own: Provider) -> None:
    clock = Clock()
    known = tokens(own, clock)
    assert known.recognised(own.token()) is not None
    assert own.asked == 2
    for number in range(50):
        assert known.recognised(own.token(f"unknown-{number}", own.keys["one"])) is None
    assert own.asked == 2
    own.new("two")
    clock.at += oidc.AGAIN_S
    assert known.recognised(own.token("two")) is not None
    assert own.asked == 4
    del own.keys["one"]
    kept = own.token("two")
    clock.at += oidc.FRESH_S + 1
    assert known.recognised(kept) is not None
    assert own.asked == 6
    own.keys["one"] = own.keys["two"]
    assert known.recognised(own.token("one")) is None  # one that was taken back counts no more


def gone(path: str) -> bytes:
    raise ConnectionError


BROKEN: dict[str, Callable[[str], bytes | None]] = {
    "no JSON": lambda path: b"<html>",
    "an array": lambda path: b"[]",
    "endless": lambda path: b'{"keys": []}' + b" " * oidc.ANSWER_BYTES,
    "deep": lambda path: b"[" * 100_000,
    "no keys": lambda path: b'{"keys": []}' if path == "/keys" else None,
    "no address of keys": lambda path: b"{}" if path == "/keys" else None,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_provider_that_says_nothing_of_use_is_down(own: Provider, broken: str) -> None:
    clock = Clock()
    known = tokens(own, clock)
    token = own.token()
    own.says = BROKEN[broken]
    with pytest.raises(oidc.ProviderDown):
        known.recognised(token)
    asked = own.asked
    with pytest.raises(oidc.ProviderDown):
        known.recognised(token)
    assert own.asked == asked  # a flood asks no more often than one
    own.says = None
    clock.at += oidc.AGAIN_S
    assert known.recognised(token) is not None


@pytest.mark.parametrize("broken", ["elsewhere", "another's", "too long", "in the clear"])
def test_what_is_right_but_not_where_it_should_be_is_not_believed(own: Provider, broken: str) -> None:
    said = {name: own.answer(name) for name in ("/keys", "/.well-known/openid-configuration")}
    port = urlsplit(own.url).port

    def says(path: str) -> bytes | None:
        if broken == "elsewhere":  # where the same would be said
            return b"302 /moved" if path.startswith("/.well-known") else None
        if broken == "another's":
            return said[path].replace(own.url.encode() + b'",', b'https://example.org",')
        if broken == "too long":
            return said[path] + b" " * oidc.ANSWER_BYTES
        return None

    own.says = says
    if broken == "in the clear":  # this machine, by a name that does not say so
        own.jwks = f"http://{0x7F000001}:{port}/keys"
    with pytest.raises(oidc.ProviderDown):
        tokens(own, Clock()).recognised(own.token())
    own.says, own.jwks = None, ""
    assert tokens(own, Clock()).recognised(own.token()) is not None


def test_nobody_is_asked_about_what_cannot_be_a_token(own: Provider) -> None:
    known = tokens(own, Clock())
    for wrong in ("unsigned", "signed with the public key", "too long", "no token", "deep"):
        assert known.recognised(WRONG[wrong](own)) is None
    assert own.asked == 0


def test_what_was_known_counts_for_an_hour_without_the_provider(own: Provider) -> None:
    clock = Clock()
    known = tokens(own, clock)
    token = own.token(exp=int(time.time()) + 20_000)
    assert known.recognised(token) is not None
    own.says = lambda path: b"gone"
    clock.at += oidc.STALE_S - 1
    assert known.recognised(token) is not None
    clock.at += 2
    with pytest.raises(oidc.ProviderDown):
        known.recognised(token)


def test_a_slow_provider_holds_up_no_key(own: Provider, tmp_path: Path) -> None:
    gone = threading.Event()

    def slow(path: str) -> bytes | None:
        gone.wait(oidc.ANSWER_S + 1)
        return None

    own.says = slow
    with site(tmp_path / "office", oidc=settings(own.url)) as gateway:
        key = gateway.key("desk", Role.OPERATOR)
        told: list[httpx.Response] = []

        def bring() -> None:
            with gateway.client(own.token()) as client:
                told.append(client.get("/v1/me"))

        waiting = [threading.Thread(target=bring) for _ in range(4)]
        for one in waiting:
            one.start()
        time.sleep(0.5)
        began = time.monotonic()
        with gateway.client(key) as client:
            assert client.get("/v1/me").status_code == 200
        assert time.monotonic() - began < oidc.ANSWER_S / 2
        gone.set()
        for one in waiting:
            one.join()
    assert {answer.status_code for answer in told} <= {200, 503}
    assert 503 in {answer.status_code for answer in told}
    assert all(answer.headers["retry-after"] for answer in told if answer.status_code == 503)


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://example.org"},
        {"issuer": "file://localhost/etc/passwd"},
        {"audience": ""},
        {"grants": []},
        {"grants": [{"value": "a", "roles": ["subject"], "scopes": ["*:*"]}]},
        {"grants": [{"value": "a", "roles": ["officer"], "scopes": ["everything"]}]},
        {"secret": "x"},
    ],
)
def test_what_the_file_may_say_of_a_provider(tmp_path: Path, wrong: dict[str, Any]) -> None:
    file = tmp_path / "gateway.toml"

    def write(said: dict[str, Any]) -> None:
        listed = [f"{name} = {json.dumps(value)}" for name, value in said.items() if name != "grants"]
        for grant in said["grants"]:
            listed += ["[[oidc.grants]]", *(f"{name} = {json.dumps(value)}" for name, value in grant.items())]
        file.write_text('listen = "127.0.0.1:8080"\n[oidc]\n' + "\n".join(listed))

    good = {
        "issuer": "https://example.org",
        "audience": "a",
        "grants": [{"value": "a", "roles": ["officer"], "scopes": ["*:*"]}],
    }
    write(good)
    assert read(file).oidc is not None
    write(good | wrong)
    with pytest.raises(GatewayConfigInvalid) as refused:
        read(file)
    assert refused.value.where == "oidc"


def test_a_token_is_never_a_key(gateway: Site) -> None:
    """Without a provider in the configuration tokens are nobody's."""
    with gateway.client("eyJhbGciOiJub25lIn0.e30.") as client:
        assert client.get("/v1/me").status_code == 401
