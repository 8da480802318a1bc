"""Pictures that come by upload: read, kept, told of, looked at, deleted."""

import base64
import io
import json
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import Denied, NotThere
from mentra.glasses import buttons
from mentra.glasses.photos import form as forms
from mentra.glasses.photos import gallery, routes
from mentra.glasses.photos.album import UPLOAD_SECONDS, album
from mentra.glasses.photos.form import Form
from mentra.glasses.photos.manager import photo_manager, uploads_at
from mentra.glasses.photos.settings import PhotosSettings
from mentra.interfaces.glasses import IApps, IDevice, IRelay, ISubscriptions
from mentra.interfaces.photos import IAlbum, IPhotoFiles, IPhotos, IPhotoStore
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.messages.photos import PhotoRequest, PhotoResult
from mentra.records import App, Permission
from mentra.testing.glasses import FakeAddress, fake_device, fake_relay, fake_subscriptions
from mentra.testing.house import house_with, session_in, success_of
from mentra.testing.photos import MemoryPhotoFiles, MemoryPhotoStore
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps
from mentra.testing.stores import MemoryAppStore, MemoryUserStore

ANN, BOB = "ann@x.org", "bob@x.org"
ACME = "com.acme"
JPEG = b"\xff\xd8\xff\xe0" + b"a small picture"
SETTINGS = PhotosSettings(max_size=2000, max_per_user=3, inline=100, keep=5000.0, sweep=1000.0)
MULTIPART = "multipart/form-data; boundary=xYzZY"


def form_of(*parts: tuple[str, bytes] | tuple[str, bytes, str]) -> bytes:
    """A form; a part of three has a file name."""
    lines = []
    for name, content, *filename in parts:
        file = f'; filename="{filename[0]}"' if filename else ""
        head = f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'
        lines.append(head.encode() + b"\r\n" + content + b"\r\n")
    return b"".join(lines) + b"--xYzZY--\r\n"


def metadata(**fields: Any) -> tuple[str, bytes]:
    return "metadata", json.dumps({"requestId": "r1", **fields}).encode()


PICTURE = ("file", JPEG, "mountain.jpg")


# -- forms


def read(body: bytes, max_size: int = 2000) -> tuple[forms.Upload, bytes]:
    file = io.BytesIO()
    upload = Form(MULTIPART, max_size).read(io.BytesIO(body), file)
    return upload, file.getvalue()


def refusal_of(body: bytes, max_size: int = 2000) -> tuple[int, Any]:
    with pytest.raises(Denied) as denied:
        read(body, max_size)
    return denied.value.status, denied.value.body["error"]


@pytest.mark.parametrize(
    "parts",
    [
        (PICTURE, metadata()),
        (metadata(), PICTURE),
        (("photo", JPEG, "mountain.jpg"), ("requestId", b"r1")),
        (("other", b"x"), PICTURE, metadata(more=[1])),
    ],
)
def test_every_way_to_send_a_picture_is_understood(parts):
    upload, content = read(form_of(*parts))

    assert content == JPEG
    assert upload == forms.Upload(
        request_id="r1",
        saved=False,
        original_filename="mountain.jpg",
        size=len(JPEG),
        mime_type="image/jpeg",
        suffix=".jpg",
    )


@pytest.mark.parametrize(("said", "saved"), [(True, True), ("true", True), (False, False)])
def test_a_sender_may_want_it_in_the_gallery(said, saved):
    upload, _ = read(form_of(PICTURE, metadata(saveToGallery=said)))

    assert upload.saved is saved


def test_the_first_picture_counts():
    upload, content = read(form_of(PICTURE, ("photo", b"GIF89a...", "b.gif"), metadata()))

    assert (upload.original_filename, content) == ("mountain.jpg", JPEG)


@pytest.mark.parametrize(
    ("beginning", "mime_type"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x1cftypavif...", "image/avif"),
        (b"\0\0\0\x1cftypheic...", "image/heic"),
    ],
)
def test_what_it_is_is_told_from_how_it_begins(beginning, mime_type):
    upload, _ = read(form_of(("file", beginning, "picture.exe"), metadata()))

    assert upload.mime_type == mime_type
    assert forms.MIME_TYPES[upload.suffix] == mime_type


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ((PICTURE, ("metadata", b"{")), "Invalid metadata format"),
        ((PICTURE, ("metadata", b"[1]")), "Invalid metadata format"),
        ((PICTURE, ("metadata", b"[" * 5000)), "Invalid metadata format"),
        ((PICTURE,), "Request ID is required"),
        ((PICTURE, ("metadata", b"{}")), "Request ID is required"),
        ((PICTURE, metadata(requestId=3)), "Request ID is required"),
        ((PICTURE, metadata(requestId="")), "Request ID is required"),
        ((PICTURE, metadata(requestId="a\0b")), "Request ID is required"),
        ((PICTURE, metadata(requestId="r" * 1000)), "Request ID is required"),
        ((metadata(),), "No photo uploaded"),
        ((("file", JPEG), metadata()), "No photo uploaded"),
        ((("file", b"", "empty.jpg"), metadata()), "No photo uploaded"),
        ((("file", b"<svg onload=x>", "a.svg"), metadata()), "File upload failed"),
        ((("file", b"<html>", "a.jpg"), metadata()), "File upload failed"),
        ((PICTURE, ("metadata", b" " * 70_000)), "File upload failed"),
        ([("other", b"x")] * 50, "File upload failed"),
    ],
)
def test_what_is_no_picture_with_a_request_is_refused(parts, error):
    assert refusal_of(form_of(*parts)) == (400, error)


def test_a_picture_that_is_too_large_is_refused():
    assert refusal_of(form_of(PICTURE, metadata()), len(JPEG) - 1) == (413, "File upload failed")


@pytest.mark.parametrize("cut", [10, 60, 100, -8])
def test_a_form_that_breaks_off_is_refused(cut):
    assert refusal_of(form_of(PICTURE, metadata())[:cut]) == (400, "File upload failed")


@pytest.mark.parametrize(
    "content_type", ["", "image/jpeg", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_what_is_no_form_is_refused(content_type):
    with pytest.raises(Denied):
        Form(content_type, 1000)


def test_a_file_name_is_kept_as_far_as_it_can_be_read():
    upload, _ = read(form_of(("file", JPEG, "a\0\x1bb" + "c" * 500), metadata()))

    assert upload.original_filename == "ab" + "c" * (forms.MAX_FILENAME - 2)


@given(st.binary(max_size=300))
def test_no_body_whatever_does_more_than_be_refused(body):
    with pytest.raises(Denied):
        read(body)


@given(st.binary(max_size=200), st.integers(1, 64))
def test_a_picture_comes_whole_in_pieces_of_any_size(content, size):
    body = io.BytesIO(form_of(("file", JPEG + content, "x.jpg"), metadata()))
    pieces = io.BytesIO()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "CHUNK", size)
        Form(MULTIPART, 2000).read(body, pieces)

    assert pieces.getvalue() == JPEG + content


# -- routes


@attrs.define
class Stage:
    """Ann's glasses are on, an app runs."""

    clock: Clock
    house: Any
    session: Any
    acme: Any
    files: MemoryPhotoFiles

    def upload(self, *parts: Any, user_id: str = ANN) -> Any:
        return success_of(routes.upload_photo.handle(self.form(*parts, user_id=user_id)))

    def form(self, *parts: Any, user_id: str = ANN) -> FakeCall:
        return FakeCall(
            self.house,
            user_id=user_id,
            headers={"Content-Type": MULTIPART},
            content=io.BytesIO(form_of(*(parts or (PICTURE, metadata())))),
        )

    def call(self, user_id: str = ANN, body: Any = None, **values: str) -> FakeCall:
        return FakeCall(self.house, values, user_id=user_id, body=body)

    def gallery(self, user_id: str = ANN) -> list[Any]:
        answer = success_of(gallery.list_gallery.handle(self.call(user_id)))
        return json.loads(msgspec.json.encode(answer))["photos"]

    def relayed(self, stream: str) -> list[Any]:
        carried = IRelay(self.session).relayed
        return [json.loads(raw) for kind, raw in carried if kind == stream]


@pytest.fixture
def stage():
    clock = Clock()
    apps = MemoryAppStore()
    users = MemoryUserStore(apps)
    files = MemoryPhotoFiles(clock.seconds)
    house = house_with(
        photo_manager, album, fake_apps, fake_device, fake_relay, fake_subscriptions,
        clock=clock,
        sections=[SETTINGS],
        parts={
            IPublicAddress: FakeAddress(), IAppStore: apps, IUserStore: users,
            IPhotoFiles: files, IPhotoStore: MemoryPhotoStore(users),
        },
    )  # fmt: skip
    house.now = clock.seconds
    app = App(package_name=ACME, public_url="https://a.test", permissions=(Permission(type="ALL"),))
    success_of(apps.save(app))
    session = session_in(house, ANN)
    IDevice(session).update({"connected": True})
    yield Stage(clock, house, session, IApps(session).run(ACME), files)
    success_of(ISessions(house).end(session, "over"))
    success_of(house.stopService())
    assert clock.getDelayedCalls() == []


def denial(route: Any, call: FakeCall) -> tuple[int, Any]:
    with pytest.raises(Denied) as denied:
        success_of(maybeDeferred(route.handle, call))
    return denied.value.status, denied.value.body.get("error")


def test_the_album_keeps_its_promise(stage):
    assert verifyObject(IAlbum, IAlbum(stage.house))


def test_the_app_that_asked_is_told_where_its_picture_is(stage):
    IPhotos(stage.session).request(ACME, PhotoRequest(request_id="r1"))

    answer = stage.upload()

    (name,) = stage.files.files
    url = f"https://mentra.test/uploads/{name}"
    assert (answer.success, answer.photo_url, answer.request_id) == (True, url, "r1")
    assert stage.acme.take() == [
        PhotoResult(request_id="r1", success=True, photo_url=url, saved_to_gallery=False)
    ]
    assert stage.files.files[name] == JPEG


def test_a_success_told_before_the_upload_does_not_lose_it(stage):
    photos = IPhotos(stage.session)
    photos.request(ACME, PhotoRequest(request_id="r1"))
    answered = routes.PhoneAnswer(request_id="r1", success=True)
    routes.answer_photo.handle(stage.call(body=answered))

    stage.upload()

    assert [one.success for one in stage.acme.take()] == [True]


def test_a_picture_the_app_wanted_saved_is_in_the_gallery(stage):
    photos = IPhotos(stage.session)
    photos.request(ACME, PhotoRequest(request_id="r1", save_to_gallery=True))

    answer = stage.upload()

    (photo,) = stage.gallery()
    assert photo["_id"] == photo["id"]
    assert {**photo, "id": "", "_id": "", "filename": ""} == {
        "id": "",
        "_id": "",
        "userId": ANN,
        "filename": "",
        "photoUrl": answer.photo_url,
        "requestId": "r1",
        "appId": ACME,
        "uploadDate": "1970-01-01T00:00:00.000Z",
        "metadata": {
            "originalFilename": "mountain.jpg", "size": len(JPEG), "mimeType": "image/jpeg"
        },
    }  # fmt: skip


def test_a_picture_nobody_asked_for_is_kept_and_told_to_nobody(stage):
    stage.upload(PICTURE, metadata(requestId="unknown"))

    assert len(stage.files.files) == 1
    assert stage.gallery() == []
    assert stage.acme.take() == []


def test_the_subscribers_of_answers_hear_of_an_upload(stage):
    answer = stage.upload()

    (heard,) = stage.relayed("photo_response")
    assert (heard["type"], heard["requestId"], heard["photoUrl"]) == (
        "photo_response", "r1", answer.photo_url,
    )  # fmt: skip


def test_the_subscribers_of_pictures_get_a_small_one(stage):
    ISubscriptions(stage.session).update(ACME, ["photo_taken"])

    answer = stage.upload()

    assert stage.relayed("photo_taken") == [
        {
            "type": "photo_taken",
            "photoUrl": answer.photo_url,
            "requestId": "r1",
            "mimeType": "image/jpeg",
            "photoData": base64.b64encode(JPEG).decode(),
            "timestamp": "1970-01-01T00:00:00.000Z",
        }
    ]


def test_of_a_large_one_they_get_the_address(stage):
    ISubscriptions(stage.session).update(ACME, ["photo_taken"])

    stage.upload(("file", JPEG + b"x" * 100, "big.jpg"), metadata())

    (heard,) = stage.relayed("photo_taken")
    assert "photoData" not in heard


def test_without_a_session_there_is_no_upload(stage):
    call = stage.form(user_id=BOB)

    assert denial(routes.upload_photo, call) == (404, "User session not found")


def test_another_users_request_is_nothing_to_this_one(stage):
    bob = session_in(stage.house, BOB)
    IPhotos(stage.session).request(ACME, PhotoRequest(request_id="r1"))

    stage.upload(user_id=BOB)

    assert stage.acme.take() == []
    assert IPhotos(stage.session).claim("r1") is not None
    success_of(ISessions(stage.house).end(bob, "over"))


def test_a_full_album_takes_no_more_and_leaves_no_file(stage):
    for number in range(SETTINGS.max_per_user):
        stage.upload(PICTURE, metadata(requestId=f"r{number}"))
    IPhotos(stage.session).request(ACME, PhotoRequest(request_id="one more"))
    call = stage.form(PICTURE, metadata(requestId="one more"))

    assert denial(routes.upload_photo, call) == (507, "File upload failed")
    assert len(stage.files.files) == SETTINGS.max_per_user
    assert stage.acme.take()[-1].error.code == "STORAGE_FULL"


def test_what_is_refused_leaves_no_file(stage):
    call = stage.form(("file", b"no picture", "a.jpg"), metadata())

    assert denial(routes.upload_photo, call) == (400, "File upload failed")
    assert stage.files.files == {}


@attrs.define(eq=False)
class Held:
    """Has every act of *parts* wait until the test says so."""

    parts: Any
    until: Deferred = attrs.field(factory=Deferred)

    def __getattr__(self, name: str) -> Any:
        act = getattr(self.parts, name)
        return lambda *asked: self._after(act, asked)

    def _after(self, act: Any, asked: Any) -> Deferred:
        waiting: Deferred = Deferred()
        self.until.addCallback(lambda _: waiting.called or act(*asked).chainDeferred(waiting))
        return waiting


def begin(stage: Stage) -> tuple[Deferred, list[Any]]:
    """An upload, and its answers."""
    answers: list[Any] = []
    uploading = Deferred.fromCoroutine(routes.upload_photo.handle(stage.form()))
    uploading.addBoth(answers.append)
    return uploading, answers


def test_a_picture_whose_session_ends_as_it_is_kept_is_kept_and_nobody_is_told(stage):
    ISubscriptions(stage.session).update(ACME, ["photo_taken"])
    IPhotos(stage.session).request(ACME, PhotoRequest(request_id="r1"))
    shelf = IAlbum(stage.house)
    held = shelf._store = Held(shelf._store)
    _, answers = begin(stage)
    success_of(ISessions(stage.house).end(stage.session, "over"))

    held.until.callback(None)

    assert [one.success for one in answers] == [True]
    assert len(held.parts.photos) == 1
    assert stage.acme.take() == []


def test_a_picture_whose_session_ends_as_it_comes_is_not_kept(stage):
    shelf = IAlbum(stage.house)
    held = shelf._files = Held(shelf._files)
    _, answers = begin(stage)
    success_of(ISessions(stage.house).end(stage.session, "over"))

    held.until.callback(None)

    assert answers[0].check(Denied)
    assert stage.files.files == {}


def test_the_app_is_told_when_the_phone_gives_an_upload_up(stage):
    IPhotos(stage.session).request(ACME, PhotoRequest(request_id="r1"))
    shelf = IAlbum(stage.house)
    shelf._store = Held(shelf._store)
    uploading, answers = begin(stage)

    uploading.cancel()

    assert answers[0].check(CancelledError)
    assert [one.error.code for one in stage.acme.take()] == ["UPLOAD_FAILED"]


def test_pictures_may_be_found_at_an_address_of_their_own():
    elsewhere = PhotosSettings(public_url="https://pictures.test/ann/")
    house = house_with(sections=[elsewhere], parts={IPublicAddress: FakeAddress()})

    assert uploads_at(house) == "https://pictures.test/ann/uploads/"


# -- looking at them


def test_a_picture_can_be_looked_at_by_who_knows_its_name(stage):
    stage.upload()
    (name,) = stage.files.files

    answer = success_of(routes.uploaded_photo.handle(stage.call(name=name)))

    assert (answer.status, answer.content_type, answer.body.data) == (200, "image/jpeg", JPEG)
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["x.jpg", "..", "../mentra.db", "a" * 32 + ".jpg"])
def test_other_names_lead_nowhere(stage, name):
    stage.upload()

    with pytest.raises(NotThere):
        success_of(routes.uploaded_photo.handle(stage.call(name=name)))


# -- the phone's answer over HTTP


def test_the_phone_may_answer_over_http(stage):
    IPhotos(stage.session).request(ACME, PhotoRequest(request_id="r1"))
    said = routes.PhoneAnswer(
        request_id="r1", success=False, error_code="CAMERA_BUSY", error_message="busy"
    )

    answer = routes.answer_photo.handle(stage.call(body=said))

    assert answer.success
    assert [one.error.code for one in stage.acme.take()] == ["CAMERA_BUSY"]
    (heard,) = stage.relayed("photo_response")
    assert heard["error"] == {"code": "CAMERA_BUSY", "message": "busy"}


def test_an_answer_to_what_nobody_asked_is_not_found(stage):
    said = routes.PhoneAnswer(request_id="r9", success=True)

    status, _ = denial(routes.answer_photo, stage.call(body=said))

    assert status == 404
    assert stage.relayed("photo_response") == []


def test_an_answer_needs_a_session(stage):
    said = routes.PhoneAnswer(request_id="r1", success=True)

    refused = denial(routes.answer_photo, stage.call(BOB, body=said))

    assert refused == (401, "No active session found")


# -- buttons


def press(stage: Stage, user_id: str = ANN) -> Any:
    body = buttons.Press(button_id="camera")
    return buttons.button_press.handle(stage.call(user_id, body=body))


def test_a_button_that_no_app_wants_takes_a_picture_into_the_gallery(stage):
    told = press(stage)
    asked = buttons.system_photo_request.handle(stage.call(request_id=told.request_id))

    stage.upload(PICTURE, metadata(requestId=told.request_id))

    assert (told.action, asked.action) == ("take_photo", "take_photo")
    (photo,) = stage.gallery()
    assert (photo["requestId"], photo["appId"]) == (told.request_id, None)
    again = stage.call(request_id=told.request_id)
    assert denial(buttons.system_photo_request, again)[0] == 404


def test_a_button_that_an_app_wants_takes_none(stage):
    ISubscriptions(stage.session).update(ACME, ["button_press"])

    told = press(stage)

    assert (told.success, told.action, told.request_id) == (True, None, None)


def test_a_button_needs_a_session(stage):
    with pytest.raises(Denied) as denied:
        press(stage, BOB)

    assert denied.value.status == 401


# -- the gallery


def saved(stage: Stage) -> str:
    stage.upload(PICTURE, metadata(saveToGallery=True))
    return stage.gallery()[0]["id"]


def test_one_picture_can_be_had(stage):
    photo_id = saved(stage)

    answer = success_of(gallery.gallery_photo.handle(stage.call(photo_id=photo_id)))

    assert answer.photo.id == photo_id


def test_a_deleted_picture_is_gone_file_and_all(stage):
    photo_id = saved(stage)

    success_of(gallery.delete_gallery_photo.handle(stage.call(photo_id=photo_id)))

    assert (stage.gallery(), stage.files.files) == ([], {})
    assert denial(gallery.gallery_photo, stage.call(photo_id=photo_id))[0] == 404


@pytest.mark.parametrize("route", [gallery.gallery_photo, gallery.delete_gallery_photo])
def test_somebody_elses_picture_is_forbidden(stage, route):
    photo_id = saved(stage)

    assert denial(route, stage.call(BOB, photo_id=photo_id))[0] == 403
    assert stage.gallery(BOB) == []
    assert len(stage.gallery()) == 1


def test_what_is_in_no_gallery_cannot_be_had_there(stage):
    stage.upload()
    (photo,) = IPhotoStore(stage.house).photos.values()

    assert denial(gallery.gallery_photo, stage.call(photo_id=photo.photo_id))[0] == 404


# -- clearing up


def test_what_is_in_no_gallery_goes_after_a_while_and_the_rest_stays(stage):
    stage.upload()
    saved(stage)

    for _ in range(6):
        stage.clock.advance(SETTINGS.sweep)

    assert len(stage.files.files) == 1
    assert len(stage.gallery()) == 1


def test_a_file_without_a_row_goes_when_it_cannot_be_an_upload_any_more(stage):
    IAlbum(stage.house)
    success_of(stage.files.keep(lambda file: forms.Upload("r", False, "", 1, "image/jpeg", ".jpg")))
    stage.clock.advance(SETTINGS.sweep)
    young = len(stage.files.files)

    for _ in range(int(UPLOAD_SECONDS / SETTINGS.sweep) + 1):
        stage.clock.advance(SETTINGS.sweep)

    assert young == 1
    assert stage.files.files == {}
