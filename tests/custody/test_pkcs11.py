"""Root keys in a real SoftHSM2 token: they work in it, die in it, and do not come out of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moiety.custody import refusals
from moiety.custody.store.keyring import Keyring
from moiety.custody.store.sql import Store, unobserved

if TYPE_CHECKING:
    from moiety.custody.store.pkcs11 import Pkcs11Token
    from moiety.sharing.seat import Seat

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL, PIN = "moiety-test", "1234567"
OFFICE = bytes(range(16))
KEY, BOUND = bytes(range(32)), b"whose it is"

pytestmark = pytest.mark.skipif(not LIBRARY.is_file(), reason="SoftHSM2 is not installed")


@pytest.fixture(scope="module", autouse=True)
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token in a folder of its own; the library reads where from the environment, once, when it is loaded."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    said = ("softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", PIN, "--pin", PIN)
    subprocess.run(said, check=True, capture_output=True)
    yield folder
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def opened(seat: Seat = "a", office: bytes = OFFICE, label: str = LABEL, pin: str = PIN) -> Pkcs11Token:
    from moiety.custody.store.pkcs11 import Pkcs11Token

    return Pkcs11Token(LIBRARY, label, pin, office, seat, os.urandom)


@pytest.fixture
def token() -> Iterator[Pkcs11Token]:
    with closing(opened()) as token:
        yield token
        for epoch in token.epochs():
            token.destroy(epoch)


def test_what_is_wrapped_is_unwrapped_by_the_same_root_for_the_same_owner(token: Pkcs11Token) -> None:
    token.make(7)
    token.make(8)
    wrapped = token.wrap(7, KEY, BOUND)
    assert len(wrapped) == 1 + 12 + 32 + 16
    assert KEY not in wrapped
    assert token.wrap(7, KEY, BOUND) != wrapped
    assert token.unwrap(7, wrapped, BOUND) == KEY
    for at in (0, 1, 13, len(wrapped) - 1):
        altered = bytearray(wrapped)
        altered[at] ^= 1
        with pytest.raises(refusals.RootWrong):
            token.unwrap(7, bytes(altered), BOUND)
    for epoch, some, bound in (
        (8, wrapped, BOUND),
        (7, wrapped, b"somebody"),
        (7, b"", BOUND),
        (7, wrapped[:20], BOUND),
    ):
        with pytest.raises(refusals.RootWrong):
            token.unwrap(epoch, some, bound)


def test_a_root_cannot_be_taken_out(token: Pkcs11Token) -> None:
    from pkcs11 import Attribute, Mechanism
    from pkcs11.exceptions import PKCS11Error

    token.make(7)
    root = token._root(7)
    assert root[Attribute.SENSITIVE]
    assert root[Attribute.PRIVATE]
    assert not root[Attribute.EXTRACTABLE]
    assert root[Attribute.NEVER_EXTRACTABLE]
    assert root[Attribute.LOCAL], "it was drawn in the token"
    for never in (Attribute.MODIFIABLE, Attribute.WRAP, Attribute.UNWRAP, Attribute.DERIVE, Attribute.SIGN):
        assert not root[never], "nor does it make or take in other keys, or is made to by whoever has the PIN"
    with pytest.raises(PKCS11Error):
        root[Attribute.DERIVE] = True
    with pytest.raises(PKCS11Error):
        root[Attribute.VALUE]
    with pytest.raises(PKCS11Error):
        root[Attribute.EXTRACTABLE] = True
    with pytest.raises(PKCS11Error):
        root[Attribute.SENSITIVE] = False
    import pkcs11

    wrapping = token._session.generate_key(pkcs11.KeyType.AES, 256, template={Attribute.WRAP: True})
    with pytest.raises(PKCS11Error):
        wrapping.wrap_key(root, mechanism=Mechanism.AES_KEY_WRAP)


def test_a_destroyed_root_opens_nothing_and_lies_in_no_file(token: Pkcs11Token, softhsm: Path) -> None:
    before = {path.name for path in softhsm.rglob("*.object")}
    token.make(7)
    wrapped = token.wrap(7, KEY, BOUND)
    assert {path.name for path in softhsm.rglob("*.object")} != before
    token.destroy(7)
    token.destroy(7)
    assert {path.name for path in softhsm.rglob("*.object")} == before
    assert token.epochs() == frozenset()
    for use in (lambda: token.unwrap(7, wrapped, BOUND), lambda: token.wrap(7, KEY, BOUND)):
        with pytest.raises(refusals.RootMissing):
            use()
    token.make(7)
    with pytest.raises(refusals.RootWrong):
        token.unwrap(7, wrapped, BOUND)


def test_custodians_of_one_token_have_roots_of_their_own(token: Pkcs11Token) -> None:
    token.make(7)
    wrapped = token.wrap(7, KEY, BOUND)
    with closing(opened("b")) as other, closing(opened("a", bytes(16))) as elsewhere:
        for one in (other, elsewhere):
            assert one.epochs() == frozenset()
            with pytest.raises(refusals.RootMissing):
                one.unwrap(7, wrapped, BOUND)
            one.make(7)
            one.destroy(7)
    assert token.unwrap(7, wrapped, BOUND) == KEY
    with closing(opened()) as again:
        assert again.epochs() == {7}
        assert again.unwrap(7, wrapped, BOUND) == KEY


def test_a_root_is_never_replaced(token: Pkcs11Token) -> None:
    token.make(7)
    with pytest.raises(ValueError, match="root already"):
        token.make(7)


def test_a_token_that_does_not_open_is_unavailable(tmp_path: Path) -> None:
    from moiety.custody.store.pkcs11 import Pkcs11Token

    with pytest.raises(refusals.TokenShut):
        opened(label="another")
    (tmp_path / "library.so").write_bytes(b"no library")
    with pytest.raises(refusals.TokenShut):
        Pkcs11Token(tmp_path / "library.so", LABEL, PIN, OFFICE, "a", os.urandom)


@pytest.mark.parametrize("pin", ["7654321", "1", "9" * 300])
def test_a_wrong_pin_is_refused_and_not_unavailable(pin: str) -> None:
    """Whatever starts what is unavailable again every few seconds would close the token, and its roots, for good."""
    with pytest.raises(refusals.TokenPinWrong):
        opened(pin=pin)


def test_a_store_lives_by_a_token_as_by_files(token: Pkcs11Token, tmp_path: Path) -> None:
    from moiety.custody.store.kept import keep, kept

    Store.create(tmp_path / "a", "a", OFFICE, Keyring(token, "a", os.urandom)).close()
    assert token.epochs() == {1}

    def opened_store() -> Store:
        return Store.open(tmp_path / "a", "a", Keyring(token, "a", os.urandom), unobserved)

    with closing(opened_store()) as store, store.writing("test") as connection:
        keep(connection, "budget", {b"one": b"1"})
    with closing(opened_store()) as again, again.reading() as connection:
        assert kept(connection, "budget") == {b"one": b"1"}
    token.destroy(1)
    with pytest.raises(refusals.RootMissing):
        opened_store()


def test_a_custodian_renews_its_root_in_the_token_and_puts_nothing_into_a_file(
    token: Pkcs11Token, tmp_path: Path
) -> None:
    from moiety.custody.custodian import Custodian
    from moiety.custody.epochs import Renewal
    from moiety.custody.verbs import silent
    from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock

    Custodian.create(tmp_path / "a", "a", OFFICE, os.urandom, token=token)
    custodian = Custodian.open(tmp_path / "a", "a", clock=Clock(), entropy=os.urandom, observer=unobserved, token=token)
    with closing(custodian):
        custodian.add_gallery(DOOR, TERMS.to_json(), DOCUMENT)
        custodian._renewal = Renewal(2, (bytes(32), bytes(32), bytes(32)), 0)
        custodian.stage(silent)
        assert token.epochs() == {1, 2}
        custodian.enter()
        assert token.epochs() == {1, 2}
        custodian.retire()
        assert token.epochs() == {2}
        assert custodian.standing().epoch == 2
    assert not (tmp_path / "a" / "roots").exists()
