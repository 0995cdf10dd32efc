"""What a stolen copy of the gateway's folder shows of people: without its root key nothing, and with it what is said in
docs/dialects/rekognition.md."""

from __future__ import annotations

import base64
import hmac
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from moiety.gateway import rootkey
from moiety.gateway.callers.roles import Operation, Role
from moiety.gateway.refusals import RootKeyExposed, RootKeyWrong
from moiety.gateway.rekognition.binding import Binding, require_template
from moiety.gateway.rekognition.dialect import face_id, face_of, purpose_of
from moiety.gateway.rekognition.finds import Finds
from moiety.gateway.rekognition.ladder import rung, similarity
from moiety.gateway.rekognition.refusals import (
    BindingExists,
    BindingInvalid,
    BindingUnknown,
    CollectionExists,
    TemplateNamed,
    UserExists,
)
from moiety.gateway.rekognition.store import Kept, Store
from moiety.gateway.rekognition.tables import BINDINGS, FACES
from moiety.identity.examples import DOOR
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.refusals import GroundsUnknown, PurposeUnreadable
from moiety.vault.refusals import FaceGroundsMissing
from tests.gateway.dialect import TEMPLATE, bound, client, made_up
from tests.gateway.scene import Site
from tests.postgres import Server

EXTERNAL = "canary-external-7Q2MK3PX"
USER = "canary-user-9V4T8HAB"


@pytest.fixture
def used(tmp_path: Path) -> Iterator[tuple[Site, Path, str, str]]:
    """A gateway whose client indexed a face of a name, put it to a user; the face's id, and the
    key's secret."""
    folder = tmp_path / "office"
    with made_up(folder) as (some, [anna]):
        key = bound(some, "thief")
        rekognition = client(some.url, key)
        rekognition.create_collection(CollectionId="stolen")
        told = rekognition.index_faces(CollectionId="stolen", Image={"Bytes": anna}, ExternalImageId=EXTERNAL)
        face = told["FaceRecords"][0]["Face"]["FaceId"]
        rekognition.create_user(CollectionId="stolen", UserId=USER)
        rekognition.associate_faces(CollectionId="stolen", UserId=USER, FaceIds=[face])
        rekognition.search_faces_by_image(CollectionId="stolen", Image={"Bytes": anna})
        rekognition.search_users_by_image(CollectionId="stolen", Image={"Bytes": anna})
        rekognition.list_faces(CollectionId="stolen")
        yield some, folder, face, key.secret


def written(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_nothing_that_names_anybody_is_in_any_store_or_log(used: tuple[Site, Path, str, str]) -> None:
    some, folder, face, secret = used
    everything = written(folder) + "".join(some.lines).encode()
    raw = face_of(face)
    for canary in (EXTERNAL, USER, face, raw.hex(), secret):
        for form in (canary.encode(), base64.b64encode(canary.encode()), canary.encode("utf-16-le")):
            assert form not in everything
    assert raw not in everything
    assert len(everything) > 10_000


def test_with_the_root_key_it_opens_and_with_another_it_does_not(
    used: tuple[Site, Path, str, str], tmp_path: Path
) -> None:
    _, folder, face, _ = used
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    root = rootkey.root_key(copy, os.urandom)
    thief = Store.open(copy, root, time, os.urandom)
    [(_, kept)] = thief.faces("stolen")
    assert (face_id(kept.face), kept.external, kept.user) == (face, EXTERNAL, USER)
    thief.close()
    (copy / rootkey.FILE).unlink()
    other = Store.open(copy, rootkey.root_key(copy, os.urandom), time, os.urandom)
    for ask in (lambda: other.faces("stolen"), lambda: other.users("stolen"), other.bound):
        with pytest.raises(RootKeyWrong):
            ask()
    assert other.face("stolen", face_of(face)) is None  # not even whether there is such a face
    other.close()


def test_all_faces_and_users_are_alike_in_length(used: tuple[Site, Path, str, str]) -> None:
    some, _, _, _ = used
    store = some.service.rekognition.store
    store.add_user("stolen", "u")
    store.add_user("stolen", "u" * 128)
    with store._database.reading() as connection:
        rows = [
            row.sealed
            for table in (FACES, FACES.metadata.tables["rekognition_users"])
            for row in connection.execute(table.select()).all()
        ]
    assert len(rows) == 4
    assert len({len(row) for row in rows}) == 1


def test_what_was_deleted_is_not_in_the_bytes_any_more(used: tuple[Site, Path, str, str]) -> None:
    some, folder, face, _ = used
    store = some.service.rekognition.store
    with store._database.reading() as connection:
        [row] = connection.execute(FACES.select()).all()
    assert bytes(row.sealed)[-64:] in written(folder)
    rekognition = client(some.url, bound(some, "again", "stolen"))
    rekognition.delete_user(CollectionId="stolen", UserId=USER)
    assert rekognition.delete_faces(CollectionId="stolen", FaceIds=[face])["DeletedFaces"] == [face]
    everything = written(folder)
    assert bytes(row.sealed)[-64:] not in everything
    assert bytes(row.name) not in everything


def test_a_row_that_is_moved_or_altered_opens_as_nobody(used: tuple[Site, Path, str, str]) -> None:
    some, _, _, _ = used
    store = some.service.rekognition.store
    with store._database.writing("attack") as connection:
        [row] = connection.execute(FACES.select()).all()
        connection.execute(FACES.update().values(collection="elsewhere"))
        [key] = connection.execute(BINDINGS.select()).all()
        connection.execute(BINDINGS.update().values(name="somebody"))
    with pytest.raises(RootKeyWrong):
        store.faces("elsewhere")
    with pytest.raises(RootKeyWrong):
        store.recognised(key.key)
    assert row.name


def test_a_face_erased_by_another_way_is_forgotten_here(used: tuple[Site, Path, str, str]) -> None:
    some, _, face, _ = used
    with some.client(some.key("native", Role.OPERATOR)) as native:
        pseudonym = str(Pseudonym("stolen", face_of(face)))
        assert native.delete(f"/v1/purposes/stolen/faces/{pseudonym}").json()["erased"]
    assert some.service.rekognition.store.faces("stolen") == []


def test_a_root_key_is_the_owners_alone_and_made_once(tmp_path: Path) -> None:
    made = rootkey.root_key(tmp_path, os.urandom)
    file = tmp_path / rootkey.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert rootkey.root_key(tmp_path, os.urandom) == made
    assert [one.name for one in tmp_path.iterdir()] == [rootkey.FILE]
    file.chmod(0o640)
    with pytest.raises(RootKeyExposed):
        rootkey.root_key(tmp_path, os.urandom)
    file.chmod(0o600)
    for content in (b"", b"\x02" + bytes(32), bytes(33), b"\x01" + bytes(33)):
        file.write_bytes(content)
        with pytest.raises(RootKeyWrong):
            rootkey.root_key(tmp_path, os.urandom)
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"\x01" + bytes(32))
    with pytest.raises(RootKeyWrong):
        rootkey.root_key(tmp_path, os.urandom)


def test_a_vector_of_the_seal_never_changes() -> None:
    # HKDF-SHA256 without salt, then RFC 8452: held against both by hand.
    seal = rootkey.Seal(bytes(range(32)), "a vector", lambda count: bytes(count))
    sealed = seal.seal(b"what is sealed", b"as what")
    assert sealed.hex() == VECTOR
    assert seal.open(sealed, b"as what") == b"what is sealed"
    for wrong in (sealed[:-1], b"\x02" + sealed[1:], sealed[:20], b""):
        with pytest.raises(RootKeyWrong):
            seal.open(wrong, b"as what")
    with pytest.raises(RootKeyWrong):
        seal.open(sealed, b"as another")
    extracted = hmac.digest(bytes(32), bytes(range(32)), "sha256")
    expanded = hmac.digest(extracted, b"moiety gateway 1 a vector\x01", "sha256")
    assert AESGCMSIV(expanded).decrypt(bytes(12), sealed[13:], b"\x01as what") == b"what is sealed"


VECTOR = "010000000000000000000000008e0cd372f5477747da84a991f06df0e7207b62f45bc6921adee0d5567271"


def test_a_face_id_is_the_pseudonym_and_a_collections_purpose_is_its_name_where_that_will_do() -> None:
    face = bytes(range(16))
    assert face_id(face) == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert face_of(face_id(face)) == face
    assert purpose_of("door") == "door"
    others = ["Door", "door_", "DOOR", "door.", "d" * 32, "9door", "-", "door--x-"]
    made = [purpose_of(name) for name in others]
    assert len(set(made) | {"door"}) == len(others) + 1
    for name in made:
        require_template(TEMPLATE.encode(), "consent")
        assert len(name) <= 31
        assert name == purpose_of(name)  # a purpose may be called so


@pytest.mark.parametrize(
    ("stricter", "told"),
    [(0, {0: 100, 90: 100, 100: 100}), (1, {0: 90, 90: 90, 90.5: 100}), (2, {80: 90, 90.1: 99, 99: 99, 99.5: 100})],
)
def test_a_threshold_is_answered_by_the_first_constant_that_is_not_below_it(
    stricter: int, told: dict[float, float]
) -> None:
    for threshold, constant in told.items():
        assert similarity(rung(threshold, stricter), stricter) == constant >= threshold


def test_finds_fill_up_over_the_day() -> None:
    now = 0.0
    finds = Finds(lambda: now)

    def may(key: str = "k", face: bytes = b"f") -> bool:
        return finds.may(key, "c", face, 100)

    assert [may() for _ in range(21)] == [True] * 20 + [False]
    assert may(face=b"g")
    assert may(key="l")
    now += 86_400 / 100
    assert [may(), may()] == [True, False]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "No"},
        {"collections": ()},
        {"collections": ("a b",)},
        {"document": None},
        {"operations": frozenset()},
        {"operations": frozenset({Operation.CALLERS})},
        {"finds": 0},
        {"days": 367},
    ],
    ids=str,
)
def test_a_binding_that_will_not_do_is_refused(change: dict[str, object]) -> None:
    good: dict[str, object] = {
        "name": "lobby",
        "collections": ("*",),
        "grounds": "consent",
        "document": TEMPLATE,
        "operations": frozenset({Operation.IDENTIFY}),
    }
    make: Callable[..., Binding] = Binding
    make(**good)
    with pytest.raises(BindingInvalid):
        make(**good | change)


def test_a_template_has_no_name_and_grounds_on_which_faces_are_enrolled() -> None:
    with pytest.raises(TemplateNamed):
        require_template(DOOR.encode(), "consent")
    with pytest.raises(GroundsUnknown):
        require_template(TEMPLATE.encode(), "contract")
    with pytest.raises(FaceGroundsMissing):
        require_template(TEMPLATE.replace('article_9 = "9(2)(a)"', "").encode(), "consent")
    for document in (b"\xff", b"= 1"):
        with pytest.raises(PurposeUnreadable):
            require_template(document, "consent")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Callable[[float], None]]]:
    """A store on either database, and what sets its clock."""
    now = [1_900_000_000.0]
    place: Path | str = tmp_path / "http"
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        place = str(server.socket_url(server.database()))
    some = Store.open(place, bytes(range(32)), lambda: now[0], os.urandom)
    yield some, lambda at: now.__setitem__(0, at)
    some.close()


def test_either_database_keeps_what_it_is_given_until_it_expires(store: tuple[Store, Callable[[float], None]]) -> None:
    some, set_clock = store
    day = 1_900_000_000 // 86_400
    some.begin("c", "door", "lobby")
    with pytest.raises(CollectionExists):
        some.begin("c", "door", "lobby")
    with pytest.raises(CollectionExists):  # a purpose is one collection's
        some.begin("d", "door", "lobby")
    kept = Kept(bytes(16), bytes(16), "e" * 255, "u" * 128, day + 1)
    longer = Kept(bytes(15) + b"\x01", bytes(16), None, None, day + 2)
    some.put("c", kept, longer)
    some.put("c", kept)  # anew, and not twice
    assert {one.face: one for _, one in some.faces("c")} == {kept.face: kept, longer.face: longer}
    assert some.face("c", kept.face) == kept
    assert some.face("d", kept.face) is None
    some.add_user("c", "u" * 128)
    with pytest.raises(UserExists):
        some.add_user("c", "u" * 128)
    some.drop_user("c", "u" * 128)
    assert {one.user for _, one in some.faces("c")} == {None}
    set_clock((day + 1) * 86_400.0)
    assert [one.face for _, one in some.faces("c")] == [longer.face]
    assert some.face("c", kept.face) is None  # not only left out
    assert not some.end("c")  # a face is left in it
    found = some.collection("c")
    assert found is not None
    assert (found.live, [one.face for _, one in some.faces("c")]) == (True, [longer.face])
    some.forget("c", [longer.face])
    assert some.end("c")
    found = some.collection("c")
    assert found is not None
    assert (found.live, some.faces("c"), some.collections("")) == (False, [], [])
    some.begin("c", "door", "lobby")
    assert [one.name for one in some.collections("")] == ["c"]


def test_a_key_ends_on_its_day_and_a_name_is_bound_once(store: tuple[Store, Callable[[float], None]]) -> None:
    some, set_clock = store
    binding = Binding("lobby", ("*",), "consent", TEMPLATE, frozenset({Operation.IDENTIFY}), days=1)
    key = some.bind(binding)
    known = some.recognised(key.id)
    assert known is not None
    assert (known[0].to_plain(), known[1]) == (binding.to_plain(), key.secret)
    with pytest.raises(BindingExists):
        some.bind(binding)
    set_clock(1_900_000_000 + 86_400)
    assert some.recognised(key.id) is None
    assert some.recognised(some.bind(binding).id) is not None
    some.unbind("lobby")
    with pytest.raises(BindingUnknown):
        some.unbind("lobby")
    assert [one.revoked for one in some.bound()] == [False, True]
