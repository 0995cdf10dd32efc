"""Bodies that are too large, lie about it, never end, or unfold: each is refused, and others are answered meanwhile."""

from __future__ import annotations

import json
import resource
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from moiety.gateway.bodies import JSON_MIB, MIB, PICTURES_MIB, STRUCTURE_LIMIT
from moiety.gateway.callers.roles import Role
from tests.gateway.scene import Site

VERIFY = "/v1/purposes/door/verify"
PEOPLE = "/v1/purposes/hotel/people"
FORM = "multipart/form-data; boundary=b"
CLAIMED = "door-7Q2M-K3PX-0000-0000-0000-0000-0000"


@pytest.fixture(scope="module")
def operator(gateway: Site) -> str:
    return str(gateway.key("operator", Role.OPERATOR))


class Line:
    """A connection on which exactly this is said."""

    def __init__(self, gateway: Site, key: str | None) -> None:
        at = urlsplit(gateway.url)
        self._socket = socket.create_connection((at.hostname or "", at.port or 0), timeout=60)
        self._key = key

    def begin(self, path: str, *headers: str) -> None:
        said = [f"POST {path} HTTP/1.1", "Host: gateway", *headers]
        said += [f"Authorization: Bearer {self._key}"] if self._key else []
        self._socket.sendall("\r\n".join([*said, "", ""]).encode())

    def send(self, data: bytes) -> bool:
        """Whether the other end still listens."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def answer(self) -> tuple[int, str]:
        whole = b""
        try:
            while piece := self._socket.recv(65_536):
                whole += piece
                if b"\r\n\r\n" in whole and b"}" in whole:
                    break
        except OSError:
            pass
        return (int(whole.split()[1]) if whole else 0), whole.decode(errors="replace")

    def close(self) -> None:
        self._socket.close()


@contextmanager
def line(gateway: Site, key: str | None) -> Iterator[Line]:
    one = Line(gateway, key)
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize(
    ("path", "kind", "mebibytes"),
    [
        (PEOPLE, "application/json", JSON_MIB),
        (VERIFY, "application/json", PICTURES_MIB),
        (VERIFY, FORM, PICTURES_MIB),
    ],
)
def test_what_says_that_it_is_too_large_is_refused_before_it_comes(
    gateway: Site, operator: str, path: str, kind: str, mebibytes: int
) -> None:
    for length in (str(mebibytes * MIB + 1), str(10**9), "9" * 40):
        with line(gateway, operator) as one:
            one.begin(path, f"Content-Type: {kind}", f"Content-Length: {length}")
            status, text = one.answer()
            assert status in (400, 413), text
            assert status == 413 or len(length) == 40
    with line(gateway, operator) as one:  # and what may be as long is waited for
        one.begin(path, f"Content-Type: {kind}", "Content-Length: 3")
        one.send(b"{}?")
        assert one.answer()[0] == 400


@pytest.mark.parametrize("path", [PEOPLE, VERIFY])
def test_what_does_not_say_how_large_it_is_is_read_no_further_than_it_may_be(
    gateway: Site, operator: str, path: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with line(gateway, operator) as one:
        one.begin(path, "Content-Type: application/json", "Transfer-Encoding: chunked")
        piece = b"100000\r\n" + b" " * MIB + b"\r\n"
        sent = 0
        while sent < 200 and one.send(piece):
            sent += 1
        status, text = one.answer()
    assert sent < 200 or status == 413, text
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000
    with gateway.client(operator) as client:
        assert client.get("/v1/me").status_code == 200


def test_whoever_is_not_let_in_sends_nothing(gateway: Site) -> None:
    """The answer comes before the body does."""
    sensor = str(gateway.key("sensor", Role.SENSOR))
    for key, status in ((None, 401), (sensor, 403)):
        with line(gateway, key) as one:
            one.begin(PEOPLE, "Content-Type: application/json", f"Content-Length: {JSON_MIB * MIB}")
            assert one.answer()[0] == status


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
    ],
)
def test_a_length_that_contradicts_itself_is_refused(gateway: Site, operator: str, headers: tuple[str, ...]) -> None:
    with line(gateway, operator) as one:
        one.begin(PEOPLE, "Content-Type: application/json", *headers)
        one.send(b"0\r\n\r\nGET /v1/callers HTTP/1.1\r\n\r\n")
        status, text = one.answer()
    # Of the two that say it in two ways the pieces count (RFC 9112, 6.3); what comes behind them is another request.
    assert status == (422 if len(headers) == 2 and headers[1][0] == "T" else 400), text
    assert '"keys"' not in text


def form(*parts: tuple[str, bytes]) -> bytes:
    return b"".join(b"--b\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts) + b"--b--\r\n"


PICTURE = 'Content-Disposition: form-data; name="picture"; filename="p"'
MIB_OF_LISTS = b"[]," * (MIB // 3)

BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "many lists": ("application/json", lambda: b'{"pictures":[' + MIB_OF_LISTS * 40 + b"0]}"),
    "many fields": ("application/json", lambda: b"{" + b'"a":{},' * (MIB * 5) + b'"b":0}'),
    "many numbers": ("application/json", lambda: b'{"claimed":[' + b"1," * (MIB * 20) + b"1]}"),
    "deep": ("application/json", lambda: b'{"claimed":' + b"[" * (STRUCTURE_LIMIT - 5)),
    "deep objects": ("application/json", lambda: b'{"claimed":' * (STRUCTURE_LIMIT - 5)),
    "one long number": ("application/json", lambda: b'{"claimed":' + b"9" * (40 * MIB) + b"}"),
    "many parts": (FORM, lambda: form(*[(PICTURE, b"x")] * 500_000)),
    "many fields of a form": (
        FORM,
        lambda: form(*[('Content-Disposition: form-data; name="a"', b"")] * 500_000),
    ),
    "many headers": (FORM, lambda: form((PICTURE + "\r\na: b" * (7 * MIB), b"x"))),
    "one long header": (
        FORM,
        lambda: form((PICTURE + "\r\na: " + "b" * (40 * MIB), b"x")),
    ),
    "almost boundaries": (FORM, lambda: form((PICTURE, b"\r\n--a" * (8 * MIB)))),
    "a boundary of nothing": ("multipart/form-data; boundary=", lambda: form((PICTURE, b"x"))),
    "no boundary": ("multipart/form-data", lambda: form((PICTURE, b"x"))),
    "a long boundary": ("multipart/form-data; boundary=" + "b" * 30_000, lambda: b"--" + b"b" * 30_000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_unfolds_is_refused_and_holds_nobody_up(gateway: Site, operator: str, bomb: str) -> None:
    kind, made = BOMBS[bomb]
    content = made()
    assert len(content) <= PICTURES_MIB * MIB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest, over = 0.0, threading.Event()

    def ask() -> None:
        nonlocal slowest
        with gateway.client() as client:
            while not over.is_set():
                began = time.monotonic()
                assert client.get("/v1/health/live").status_code == 200
                slowest = max(slowest, time.monotonic() - began)

    beside = threading.Thread(target=ask)
    beside.start()
    try:
        with gateway.client(operator) as client:
            answer = client.post(VERIFY, content=content, headers={"Content-Type": kind})
    finally:
        over.set()
        beside.join()
    assert answer.status_code in (400, 413, 422), answer.text
    assert slowest < 5, slowest
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that says that it is so large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", body or zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def jpeg(cut: float) -> bytes:
    """A JPEG that ends too soon."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.effect_noise((640, 480), 50).convert("RGB").save(file, "JPEG")
    whole = file.getvalue()
    return whole[: int(len(whole) * cut)]


PICTURES: dict[str, Callable[[], bytes]] = {
    "60,000 by 60,000": lambda: png(60_000, 60_000),
    "the largest that can be said": lambda: png(2**31 - 1, 2**31 - 1),
    "no pixels": lambda: png(0, 0),
    "zeros without end": lambda: png(7_000, 7_000, zlib.compress(bytes(7_000 * 21_001), 9) + bytes(1_000)),
    "cut off": lambda: jpeg(0.4),
    "cut off at once": lambda: jpeg(0.01),
    "40 MB of nothing": lambda: b"\xff\xd8\xff" + bytes(40 * MIB),
    "a name only": lambda: b"\x89PNG\r\n\x1a\n",
    "another format": lambda: b"GIF89a" + bytes(1_000),
    "a script": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
}


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_that_is_none_is_refused(gateway: Site, operator: str, picture: str) -> None:
    content = PICTURES[picture]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with gateway.client(operator) as client:
        answer = client.post(VERIFY, files={"picture": ("p", content, "image/png")}, data={"claimed": CLAIMED})
    # Where there is no model here, that is what is said.
    assert answer.status_code in (413, 422) or answer.json()["code"] == "model_missing", answer.text
    assert time.monotonic() - began < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 800_000
    assert "failed" not in {json.loads(one)["what"] for one in gateway.lines}


def test_a_hundred_megabytes_are_not_read(gateway: Site, operator: str) -> None:
    with gateway.client(operator) as client:
        try:
            answer = client.post(VERIFY, files={"picture": ("p", bytes(100 * 10**6), "image/jpeg")})
            assert answer.status_code == 413
        except httpx.TransportError:
            pass  # the other end has hung up
        assert client.get("/v1/me").status_code == 200
