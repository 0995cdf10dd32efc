"""Public keys of X25519 in batches are what OpenSSL makes of each, and RFC 7748's own."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from moiety import sodium, x25519

SECRETS = st.lists(st.binary(min_size=32, max_size=32).filter(any), min_size=1, max_size=5)


def by_openssl(secret: bytes) -> bytes:
    """The clear twin, one by one."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


@given(SECRETS)
def test_many_are_each_as_openssl_makes_it(secrets: list[bytes]) -> None:
    assert x25519.public_keys(b"".join(secrets)) == list(map(by_openssl, secrets))


def test_a_large_batch_is_made_by_compiled_loops_and_is_the_same() -> None:
    secrets = [bytes([at % 256, at // 256]) * 16 for at in range(1, sodium._MANY + 300)]
    assert x25519.public_keys(b"".join(secrets)) == list(map(by_openssl, secrets))


def test_keys_of_rfc_7748() -> None:
    """Section 6.1: Alice's and Bob's."""
    secrets = (
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
    )
    publics = [
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    ]
    assert [public.hex() for public in x25519.public_keys(bytes.fromhex(secrets))] == publics


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_secret_is_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        x25519.public_keys(bytes(length))


def test_nobody_has_a_secret_of_zeros() -> None:
    with pytest.raises(sodium.NotAnElement):
        x25519.public_keys(b"\x05" * 32 + bytes(32))
