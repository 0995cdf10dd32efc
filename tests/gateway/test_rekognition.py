"""Clients that were written for Amazon Rekognition: what they ask, and what they are answered."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moiety.face.picture import load
from moiety.gateway.callers.roles import Operation, Role
from moiety.gateway.rekognition.dialect import face_of
from moiety.gateway.rekognition.model import service
from moiety.gateway.rekognition.route import OPERATIONS
from moiety.identity.sight import Sight
from tests.gateway.dialect import DIM, TEMPLATE, bound, client, made_up, picture, refused, strangers
from tests.gateway.scene import Site, document, site
from tests.stories.scene import Photographs, installed_data, photographs_of

DENIED = "AccessDeniedException"
MISSING = "ResourceNotFoundException"
INVALID = "InvalidParameterException"


@pytest.fixture(scope="module")
def photographs() -> Photographs:
    return photographs_of(installed_data())


@pytest.fixture(scope="module")
def real(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gateway with a model."""
    with site(tmp_path_factory.mktemp("rekognition") / "office", installed_data()) as some:
        yield some


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[bytes]]]:
    """A gateway of made-up people, and five pictures."""
    with made_up(tmp_path_factory.mktemp("rekognition") / "office", 5) as told:
        yield told


def test_a_script_passes_with_its_endpoint_and_key_changed_and_nothing_else(
    real: Site, photographs: Photographs
) -> None:
    rekognition = client(real.url, bound(real, "script"))
    collection = "MyCollection"
    anna, *more = (path.read_bytes() for path in photographs.anna)

    response = rekognition.create_collection(CollectionId=collection)
    assert response["StatusCode"] == 200
    assert collection in response["CollectionArn"]
    response = rekognition.index_faces(
        CollectionId=collection,
        Image={"Bytes": anna},
        ExternalImageId="anna.jpg",
        MaxFaces=1,
        QualityFilter="AUTO",
        DetectionAttributes=["ALL"],
    )
    [record] = response["FaceRecords"]
    face_id = record["Face"]["FaceId"]
    assert record["Face"]["BoundingBox"]["Width"] > 0
    response = rekognition.index_faces(
        CollectionId=collection, Image={"Bytes": photographs.bert.read_bytes()}, ExternalImageId="bert.jpg"
    )
    assert len(response["FaceRecords"]) == 1
    tokens, found = {}, []
    while True:
        response = rekognition.list_faces(CollectionId=collection, MaxResults=1, **tokens)
        found += [(face["FaceId"], face["ExternalImageId"]) for face in response["Faces"]]
        if "NextToken" not in response:
            break
        tokens = {"NextToken": response["NextToken"]}
    assert (face_id, "anna.jpg") in found
    assert len(found) == 2
    for another in more:
        response = rekognition.search_faces_by_image(
            CollectionId=collection, Image={"Bytes": another}, FaceMatchThreshold=70, MaxFaces=2
        )
        assert [match["Face"]["ExternalImageId"] for match in response["FaceMatches"]] == ["anna.jpg"]
        assert response["FaceMatches"][0]["Similarity"] >= 70
    stranger = {"Bytes": photographs.stranger.read_bytes()}
    assert rekognition.search_faces_by_image(CollectionId=collection, Image=stranger)["FaceMatches"] == []
    response = rekognition.compare_faces(SourceImage={"Bytes": anna}, TargetImage={"Bytes": more[0]})
    assert len(response["FaceMatches"]) == 1
    response = rekognition.compare_faces(SourceImage={"Bytes": anna}, TargetImage=stranger, SimilarityThreshold=80)
    assert (response["FaceMatches"], len(response["UnmatchedFaces"])) == ([], 1)
    response = rekognition.describe_collection(CollectionId=collection)
    assert response["FaceCount"] == 2
    assert rekognition.delete_faces(CollectionId=collection, FaceIds=[face_id])["DeletedFaces"] == [face_id]
    response = rekognition.search_faces_by_image(CollectionId=collection, Image={"Bytes": more[0]})
    assert response["FaceMatches"] == []
    pages = rekognition.get_paginator("list_collections").paginate()
    assert [name for page in pages for name in page["CollectionIds"]] == [collection]
    assert rekognition.delete_collection(CollectionId=collection)["StatusCode"] == 200
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.describe_collection(CollectionId=collection)


def test_of_several_people_in_a_picture_the_largest_is_meant(real: Site, photographs: Photographs) -> None:
    anna, bert = load(photographs.anna[0]), load(photographs.bert)
    both = Image.new("RGB", (anna.shape[1] + bert.shape[1] // 2, anna.shape[0]))
    both.paste(Image.fromarray(anna), (0, 0))
    small = Image.fromarray(bert)
    both.paste(small.resize((small.width // 2, small.height // 2)), (anna.shape[1], 0))
    file = io.BytesIO()
    both.save(file, "JPEG", quality=95)
    rekognition = client(real.url, bound(real, "several"))
    rekognition.create_collection(CollectionId="several")
    told = rekognition.index_faces(CollectionId="several", Image={"Bytes": file.getvalue()}, ExternalImageId="anna")
    assert len(told["FaceRecords"]) == 1
    assert [one["Reasons"] for one in told["UnindexedFaces"]] == [["EXCEEDS_MAX_FACES"]]

    def names(picture: Any) -> list[str]:
        image = {"Bytes": picture.read_bytes()}
        found = rekognition.search_faces_by_image(CollectionId="several", Image=image)
        return [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]]

    assert names(photographs.anna[1]) == ["anna"]
    assert names(photographs.bert) == []
    assert len(rekognition.detect_faces(Image={"Bytes": file.getvalue()})["FaceDetails"]) == 2


def test_nobodys_age_gender_or_emotion_whatever_is_asked_for(real: Site, photographs: Photographs) -> None:
    rekognition = client(real.url, bound(real, "curious"))
    told = rekognition.detect_faces(Image={"Bytes": photographs.anna[0].read_bytes()}, Attributes=["ALL"])
    [face] = told["FaceDetails"]
    assert set(face) == {"BoundingBox", "Landmarks", "Pose", "Quality", "Confidence"}
    assert {point["Type"] for point in face["Landmarks"]} == {"eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight"}
    numbers = [*face["Pose"].values(), *face["Quality"].values(), face["Confidence"]]
    assert all(number % 5 == 0 for number in numbers)
    rekognition.create_collection(CollectionId="curious")
    image = {"Bytes": photographs.anna[1].read_bytes()}
    told = rekognition.index_faces(CollectionId="curious", Image=image, DetectionAttributes=["ALL"])
    assert set(told["FaceRecords"][0]["FaceDetail"]) == set(face)


def test_every_operation_is_one_of_the_services_own() -> None:
    assert set(OPERATIONS) <= set(service().operation_names)
    assert len(OPERATIONS) == 18


def indexed(rekognition: Any, collection: str, picture: bytes, external: str | None = None) -> str:
    named = {} if external is None else {"ExternalImageId": external}
    told = rekognition.index_faces(CollectionId=collection, Image={"Bytes": picture}, **named)
    face: str = told["FaceRecords"][0]["Face"]["FaceId"]
    return face


def test_similarity_is_one_of_few_constants_and_the_threshold_only_raises(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, bert, *_] = some
    rekognition = client(gateway.url, bound(gateway, "constants"))
    rekognition.create_collection(CollectionId="constants")
    indexed(rekognition, "constants", anna)
    told = {}
    for threshold in (0, 1, 50, 89.9, 90, 90.1, 99, 99.1, 100):
        for whose in (anna, bert):
            found = rekognition.search_faces_by_image(
                CollectionId="constants", Image={"Bytes": whose}, FaceMatchThreshold=threshold
            )["FaceMatches"]
            if whose is bert:
                assert found == []
            else:
                told[threshold] = [match["Similarity"] for match in found]
    assert told == {threshold: [90.0 if threshold <= 90 else 100.0] for threshold in told}  # one stricter was measured


def test_who_is_near_enough_for_the_purpose_may_be_too_far_for_a_stricter_point(
    some: tuple[Site, list[bytes]],
) -> None:
    gateway, _ = some
    rekognition = client(gateway.url, bound(gateway, "nearly"))
    rekognition.create_collection(CollectionId="nearly")
    anna, aside = strangers(np.random.default_rng(11), 2, DIM)
    aside -= aside @ anna * anna
    nearly = picture(0.5 * anna + np.sqrt(1 - 0.5**2) * aside / np.linalg.norm(aside))  # between .451 and .532
    indexed(rekognition, "nearly", picture(anna))
    for threshold, constants in ((80, [90.0]), (95, [])):
        told = rekognition.search_faces_by_image(
            CollectionId="nearly", Image={"Bytes": nearly}, FaceMatchThreshold=threshold
        )
        assert [match["Similarity"] for match in told["FaceMatches"]] == constants
        told = rekognition.compare_faces(
            SourceImage={"Bytes": picture(anna)}, TargetImage={"Bytes": nearly}, SimilarityThreshold=threshold
        )
        # Two pictures are compared by the point of one comparison, which is 1e-4 already: nothing stricter is measured.
        assert [match["Similarity"] for match in told["FaceMatches"]] == []


def test_a_face_is_found_so_often_a_day_and_then_nobody_is(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, *_] = some
    rekognition = client(gateway.url, bound(gateway, "often", finds=20))
    rekognition.create_collection(CollectionId="often")
    indexed(rekognition, "often", anna)

    def found() -> int:
        told = rekognition.search_faces_by_image(CollectionId="often", Image={"Bytes": anna})
        return len(told["FaceMatches"])

    before = len(gateway.lines)
    assert [found() for _ in range(6)] == [1, 1, 1, 1, 0, 0]
    spent = [json.loads(line) for line in gateway.lines[before:] if "finds spent" in line]
    assert [set(line) for line in spent] == [{"at", "what", "request"}] * 2


def test_users_are_several_faces_under_one_name(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, bert, carl, *_] = some
    rekognition = client(gateway.url, bound(gateway, "users"))
    given = {"CollectionId": "users"}
    rekognition.create_collection(**given)
    faces = [indexed(rekognition, "users", one) for one in (anna, bert)]
    other = indexed(rekognition, "users", carl)
    for user in ("u-1", "u-2"):
        rekognition.create_user(**given, UserId=user)
    assert refused(rekognition.create_user, **given, UserId="u-1")[0] == "ConflictException"
    nobody = "00000000-0000-0000-0000-000000000000"
    told = rekognition.associate_faces(**given, UserId="u-1", FaceIds=[*faces, nobody])
    assert {face["FaceId"] for face in told["AssociatedFaces"]} == set(faces)
    assert told["UnsuccessfulFaceAssociations"] == [{"FaceId": nobody, "Reasons": ["FACE_NOT_FOUND"]}]
    assert told["UserStatus"] == "ACTIVE"
    told = rekognition.associate_faces(**given, UserId="u-2", FaceIds=[faces[0], other])
    assert told["UnsuccessfulFaceAssociations"][0]["Reasons"] == ["ASSOCIATED_TO_A_DIFFERENT_USER"]

    def whose(picture: bytes) -> list[str]:
        found = rekognition.search_users_by_image(**given, Image={"Bytes": picture})
        assert set(found["SearchedFace"]["FaceDetail"]) == {
            "BoundingBox",
            "Landmarks",
            "Pose",
            "Quality",
            "Confidence",
        }
        return [match["User"]["UserId"] for match in found["UserMatches"]]

    assert [whose(one) for one in (anna, bert, carl)] == [["u-1"], ["u-1"], ["u-2"]]
    listed = rekognition.list_faces(**given, UserId="u-1")["Faces"]
    assert {(face["FaceId"], face["UserId"]) for face in listed} == {(face, "u-1") for face in faces}
    left = rekognition.delete_faces(**given, FaceIds=[faces[0], nobody])["UnsuccessfulFaceDeletions"]
    assert {one["FaceId"]: one["Reasons"] for one in left} == {
        faces[0]: ["ASSOCIATED_TO_AN_EXISTING_USER"],
        nobody: ["FACE_NOT_FOUND"],
    }
    told = rekognition.disassociate_faces(**given, UserId="u-2", FaceIds=[other, faces[1]])
    assert [face["FaceId"] for face in told["DisassociatedFaces"]] == [other]
    assert told["UnsuccessfulFaceDisassociations"][0]["Reasons"] == ["ASSOCIATED_TO_A_DIFFERENT_USER"]
    assert whose(carl) == []
    statuses = {user["UserId"]: user["UserStatus"] for user in rekognition.list_users(**given)["Users"]}
    assert statuses == {"u-1": "ACTIVE", "u-2": "CREATED"}
    first = rekognition.list_users(**given, MaxResults=1)
    second = rekognition.list_users(**given, MaxResults=1, NextToken=first["NextToken"])
    assert {first["Users"][0]["UserId"], second["Users"][0]["UserId"]} == {"u-1", "u-2"}
    rekognition.delete_user(**given, UserId="u-1")
    assert whose(anna) == []
    assert rekognition.describe_collection(**given)["UserCount"] == 1
    assert refused(rekognition.delete_user, **given, UserId="u-1")[0] == MISSING
    assert refused(rekognition.associate_faces, **given, UserId="u-1", FaceIds=faces)[0] == MISSING
    assert rekognition.delete_faces(**given, FaceIds=faces)["DeletedFaces"] == faces


def test_a_collection_is_made_as_the_template_says_or_not_at_all(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, *_] = some
    open_, other = client(gateway.url, bound(gateway, "maker")), client(gateway.url, bound(gateway, "other"))
    without = client(gateway.url, bound(gateway, "without", "elsewhere", template=None))
    kind, sentence = refused(without.create_collection, CollectionId="elsewhere")
    assert kind == DENIED
    assert "moiety gateway bind" in sentence
    kind, sentence = refused(without.create_collection, CollectionId="nowhere")
    assert (kind, "moiety gateway bind" in sentence) == (DENIED, True)
    open_.create_collection(CollectionId="Made_Here")
    for rekognition in (open_, other):
        kind, _ = refused(rekognition.create_collection, CollectionId="Made_Here")
        assert kind == "ResourceAlreadyExistsException"
    [purpose] = [name for name in gateway.service.offices.at(Role.OPERATOR).purposes() if name.startswith("made-here")]
    made = gateway.service.offices.at(Role.OPERATOR).document(purpose).decode()
    assert made == f'name = "{purpose}"\n{TEMPLATE}'
    # What another key made is not there for this one.
    assert refused(other.index_faces, CollectionId="Made_Here", Image={"Bytes": anna})[0] == MISSING
    assert "Made_Here" not in other.list_collections()["CollectionIds"]
    # Nor is a purpose that nobody bound it to.
    gateway.service.offices.at(Role.OFFICER).add_purpose(document("door").encode())
    assert refused(open_.create_collection, CollectionId="door")[0] == "ResourceAlreadyExistsException"
    assert refused(open_.list_faces, CollectionId="door")[0] == MISSING


def test_a_purpose_that_is_there_is_named_and_created_once(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, bert, *_] = some
    office = gateway.service.offices.at(Role.OPERATOR)
    office.add_purpose(document("door").replace('name = "door"', 'name = "gate"').encode())
    native = office.purpose("gate").enrol([bert], grounds="consent").pseudonym
    rekognition = client(gateway.url, bound(gateway, "gate", "gate", template=None))
    assert refused(rekognition.list_faces, CollectionId="gate")[0] == MISSING
    assert rekognition.create_collection(CollectionId="gate")["StatusCode"] == 200
    assert refused(rekognition.create_collection, CollectionId="gate")[0] == "ResourceAlreadyExistsException"
    face = indexed(rekognition, "gate", anna)
    assert rekognition.describe_collection(CollectionId="gate")["FaceCount"] == 2
    # Whoever was enrolled by another way is found, and has no name of the client's.
    [match] = rekognition.search_faces_by_image(CollectionId="gate", Image={"Bytes": bert})["FaceMatches"]
    assert set(match["Face"]) == {"FaceId"}
    assert face_of(match["Face"]["FaceId"]) == native.value
    # Deleting it erases what was indexed here; purpose and other people stay, and it may be created again.
    rekognition.delete_collection(CollectionId="gate")
    assert not office.purpose("gate").verify(anna, claimed=str(type(native)("gate", face_of(face))))
    assert office.purpose("gate").verify(bert, claimed=native)
    rekognition.create_collection(CollectionId="gate")
    assert rekognition.list_faces(CollectionId="gate")["Faces"] == []


def test_where_no_officer_signs_the_sentence_says_to_add_the_purpose_first(
    some: tuple[Site, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, _ = some
    offices = gateway.service.offices
    monkeypatch.setattr(offices, "_offices", {"operator": offices.at(Role.OPERATOR)})
    rekognition = client(gateway.url, bound(gateway, "unsigned"))
    kind, sentence = refused(rekognition.create_collection, CollectionId="unsigned")
    assert (kind, "moiety purpose add" in sentence) == (DENIED, True)


def test_a_key_does_what_it_is_bound_to(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, *_] = some
    maker = client(gateway.url, bound(gateway, "whole"))
    maker.create_collection(CollectionId="camera")
    indexed(maker, "camera", anna, "anna")
    key = bound(gateway, "camera", "camera", template=None, operations=[Operation.IDENTIFY])
    camera, given = client(gateway.url, key), {"CollectionId": "camera"}
    assert len(camera.search_faces_by_image(**given, Image={"Bytes": anna})["FaceMatches"]) == 1
    nobody = ["00000000-0000-0000-0000-000000000000"]
    for call, more in (
        (camera.index_faces, {**given, "Image": {"Bytes": anna}}),
        (camera.list_faces, given),
        (camera.list_users, given),
        (camera.list_collections, {}),
        (camera.describe_collection, given),
        (camera.delete_faces, {**given, "FaceIds": nobody}),
        (camera.delete_collection, given),
        (camera.detect_faces, {"Image": {"Bytes": anna}}),
        (camera.compare_faces, {"SourceImage": {"Bytes": anna}, "TargetImage": {"Bytes": anna}}),
        (camera.create_user, {**given, "UserId": "u"}),
        (camera.delete_user, {**given, "UserId": "u"}),
        (camera.associate_faces, {**given, "UserId": "u", "FaceIds": nobody}),
        (camera.disassociate_faces, {**given, "UserId": "u", "FaceIds": nobody}),
    ):
        assert refused(call, **more)[0] == DENIED
    gateway.service.rekognition.store.unbind("camera")
    assert refused(camera.search_faces_by_image, **given, Image={"Bytes": anna})[0] == DENIED


def test_what_will_not_do_is_refused_by_its_type_and_echoes_nothing(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, *_] = some
    canary = "canary-7Q2MK3PX"
    rekognition = client(gateway.url, bound(gateway, "wrong"))
    rekognition.create_collection(CollectionId="wrong")
    given = {"CollectionId": "wrong"}
    told = [
        (INVALID, refused(rekognition.create_collection, CollectionId=f"{canary}/..")),
        (INVALID, refused(rekognition.create_collection, CollectionId=canary, Tags={canary: canary})),
        (INVALID, refused(rekognition.index_faces, **given, Image={"Bytes": anna}, ExternalImageId=f"{canary} x")),
        (INVALID, refused(rekognition.index_faces, **given, Image={})),
        (INVALID, refused(rekognition.index_faces, **given, Image={"Bytes": anna}, QualityFilter=canary)),
        (
            "InvalidS3ObjectException",
            refused(rekognition.detect_faces, Image={"S3Object": {"Bucket": canary, "Name": canary}}),
        ),
        ("ImageTooLargeException", refused(rekognition.detect_faces, Image={"Bytes": bytes(5_242_881)})),
        (MISSING, refused(rekognition.list_faces, CollectionId=canary)),
        (MISSING, refused(rekognition.list_faces, **given, UserId=canary)),
        ("InvalidPaginationTokenException", refused(rekognition.list_faces, **given, NextToken=canary)),
        ("InvalidPaginationTokenException", refused(rekognition.list_collections, NextToken=f"{canary}/")),
        ("UnknownOperationException", refused(rekognition.recognize_celebrities, Image={"Bytes": canary.encode()})),
    ]
    assert [one[0] for _, one in told] == [kind for kind, _ in told]
    assert canary not in str(told) + "".join(gateway.lines)


def test_a_picture_of_nobody_is_invalid_and_no_picture_has_another_type(real: Site, photographs: Photographs) -> None:
    file = io.BytesIO()
    Image.new("RGB", (320, 320), "white").save(file, "PNG")
    nobody = {"Bytes": file.getvalue()}
    rekognition = client(real.url, bound(real, "nobody"))
    rekognition.create_collection(CollectionId="nobody")
    anna = {"Bytes": photographs.anna[0].read_bytes()}
    assert refused(rekognition.search_faces_by_image, CollectionId="nobody", Image=nobody)[0] == INVALID
    assert refused(rekognition.compare_faces, SourceImage=nobody, TargetImage=anna)[0] == INVALID
    assert rekognition.compare_faces(SourceImage=anna, TargetImage=nobody)["FaceMatches"] == []
    assert rekognition.index_faces(CollectionId="nobody", Image=nobody)["FaceRecords"] == []
    assert rekognition.detect_faces(Image=nobody)["FaceDetails"] == []
    for content in (b"no picture", b"\xff\xd8\xff" + bytes(100)):
        for call, more in ((rekognition.detect_faces, {}), (rekognition.index_faces, {"CollectionId": "nobody"})):
            assert refused(call, Image={"Bytes": content}, **more)[0] == "InvalidImageFormatException"


def test_who_is_enrolled_is_searched_with(some: tuple[Site, list[bytes]]) -> None:
    gateway, [anna, bert, carl, *_] = some
    rekognition, given = client(gateway.url, bound(gateway, "rows")), {"CollectionId": "rows"}
    rekognition.create_collection(**given)
    first, second = (indexed(rekognition, "rows", anna, name) for name in ("anna-1", "anna-2"))
    alone, other = indexed(rekognition, "rows", bert, "bert"), indexed(rekognition, "rows", carl, "carl")

    def found(face: str, **more: Any) -> list[tuple[str, float]]:
        told = rekognition.search_faces(**given, FaceId=face, **more)
        assert told["SearchedFaceId"] == face
        assert told["FaceModelVersion"]
        return [(match["Face"]["ExternalImageId"], match["Similarity"]) for match in told["FaceMatches"]]

    assert found(first) == [("anna-2", 90.0)]
    assert found(second, FaceMatchThreshold=95, MaxFaces=1) == [("anna-1", 100.0)]
    assert found(alone) == []
    for user, faces in (("u-1", [first, alone]), ("u-2", [second]), ("u-3", [other]), ("u-4", [])):
        rekognition.create_user(**given, UserId=user)
        if faces:
            rekognition.associate_faces(**given, UserId=user, FaceIds=faces)

    def whose(**by: Any) -> list[str]:
        told = rekognition.search_users(**given, **by)
        searched = {"SearchedFace": {"FaceId": by["FaceId"]}} if "FaceId" in by else {}
        searched |= {"SearchedUser": {"UserId": by["UserId"]}} if "UserId" in by else {}
        assert {name: told[name] for name in told if name.startswith("Searched")} == searched
        return [match["User"]["UserId"] for match in told["UserMatches"]]

    assert [whose(FaceId=face) for face in (first, second, alone)] == [["u-2"], ["u-1"], []]
    assert [whose(UserId=f"u-{at}") for at in (1, 2, 3, 4)] == [["u-2"], ["u-1"], [], []]
    nobody = "00000000-0000-0000-0000-000000000000"
    assert refused(rekognition.search_faces, **given, FaceId=nobody)[0] == MISSING
    assert refused(rekognition.search_users, **given, FaceId=nobody)[0] == MISSING
    assert refused(rekognition.search_users, **given, UserId="u-9")[0] == MISSING
    for odd in ({}, {"FaceId": first, "UserId": "u-1"}, {"UserId": "u-1", "UserMatchThreshold": 101}):
        assert refused(rekognition.search_users, **given, **odd)[0] == INVALID
    assert refused(rekognition.search_faces, **given, FaceId=first, FaceMatchThreshold=101)[0] == INVALID
    # Another collection's face is nobody here, and who is restricted is, too.
    rekognition.create_collection(CollectionId="rows-two")
    elsewhere = indexed(rekognition, "rows-two", anna)
    assert refused(rekognition.search_faces, **given, FaceId=elsewhere) == refused(
        rekognition.search_faces, **given, FaceId=nobody
    )
    custodians = gateway.service.offices.at(Role.OPERATOR)._custody()
    custodians.restrict("rows", face_of(second), True)  # type: ignore[attr-defined]
    assert found(first) == []
    assert refused(rekognition.search_faces, **given, FaceId=second)[0] == MISSING
    assert whose(UserId="u-2") == []


def test_a_match_of_two_faces_is_a_find_of_both(some: tuple[Site, list[bytes]]) -> None:
    """Or whoever enrols what they like would learn of a face by searching with it."""
    gateway, [anna, *_] = some
    rekognition, given = client(gateway.url, bound(gateway, "both", finds=20)), {"CollectionId": "both"}
    rekognition.create_collection(**given)
    faces = [indexed(rekognition, "both", anna, f"a-{at}") for at in range(4)]
    found = [len(rekognition.search_faces(**given, FaceId=faces[0])["FaceMatches"]) for _ in range(3)]
    assert found == [3, 1, 0]


def test_a_user_who_is_deleted_meanwhile_is_given_no_face(
    some: tuple[Site, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, [anna, *_] = some
    rekognition, given = client(gateway.url, bound(gateway, "ghosts")), {"CollectionId": "ghosts"}
    rekognition.create_collection(**given)
    face, store = indexed(rekognition, "ghosts", anna), gateway.service.rekognition.store
    rekognition.create_user(**given, UserId="gone")
    known = store.is_user

    def deleted_after(collection: str, user: str) -> bool:
        there = known(collection, user)
        store.drop_user(collection, user)
        return there

    monkeypatch.setattr(store, "is_user", deleted_after)
    assert refused(rekognition.associate_faces, **given, UserId="gone", FaceIds=[face])[0] == MISSING
    monkeypatch.undo()
    assert "UserId" not in rekognition.list_faces(**given)["Faces"][0]
    assert rekognition.delete_faces(**given, FaceIds=[face])["DeletedFaces"] == [face]


@pytest.mark.parametrize("late", [False, True])
def test_nobody_stays_enrolled_whose_collection_is_deleted_meanwhile(
    some: tuple[Site, list[bytes]], monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """Deleted while the face is on its way to custodians; and, `late`, indexed while the others are being erased."""
    gateway, [anna, *_] = some
    name = "late" if late else "early"
    rekognition, given = client(gateway.url, bound(gateway, name)), {"CollectionId": name}
    rekognition.create_collection(**given)
    enrolled, store = Sight.enrol, gateway.service.rekognition.store
    lists = store.faces

    def deleting(sight: Sight, face: Any, *, grounds: str, before: Any) -> Any:
        def heard(one: Any) -> None:
            before(one)
            rekognition.delete_collection(**given)

        return enrolled(sight, face, grounds=grounds, before=heard)

    def indexing(collection: str) -> Any:  # somebody comes between the list and the end
        monkeypatch.setattr(store, "faces", lists)
        found = lists(collection)
        rekognition.index_faces(**given, Image={"Bytes": anna})
        return found

    if late:
        monkeypatch.setattr(store, "faces", indexing)
        rekognition.delete_collection(**given)
    else:
        monkeypatch.setattr(Sight, "enrol", deleting)
        assert refused(rekognition.index_faces, **given, Image={"Bytes": anna})[0] == MISSING
    monkeypatch.undo()
    rekognition.create_collection(**given)
    assert rekognition.describe_collection(**given)["FaceCount"] == 0
    assert rekognition.list_faces(**given)["Faces"] == []
