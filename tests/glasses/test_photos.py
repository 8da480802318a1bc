"""Pictures that apps ask for: who gets one, who hears what, and for how long is waited."""

from typing import Any

import attrs
import msgspec
import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.events import AppStopped
from mentra.glasses.photos.manager import (
    app_stop_for_photos,
    photo_manager,
    photo_request,
    photo_response,
)
from mentra.glasses.photos.settings import PhotosSettings
from mentra.interfaces.glasses import IApps, IDevice, IRelay
from mentra.interfaces.photos import IPhotos
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.messages.photos import (
    PhotoError,
    PhotoRequest,
    PhotoResponse,
    PhotoResult,
    TakePhoto,
)
from mentra.records import App, Permission
from mentra.testing.glasses import FakeAddress, fake_device, fake_relay
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.running_apps import fake_apps

ACME, OTHER, BLIND = "com.acme", "com.other", "com.blind"
CAMERA = (Permission(type="CAMERA"),)
SETTINGS = PhotosSettings()


@attrs.define
class Stage:
    """Ann's glasses are on, and some apps run."""

    clock: Clock
    house: Any
    session: Any
    peers: dict[str, Any]

    def ask(self, request_id: str = "r1", app: str = ACME, **fields: Any) -> None:
        message = PhotoRequest(request_id=request_id, **fields)
        context = FakeContext(self.house, session=self.session, peer=self.peers[app])
        photo_request.handle(message, context)

    def answer(self, request_id: str = "r1", success: bool = False, **fields: Any) -> None:
        message = PhotoResponse(request_id=request_id, success=success, raw=b'{"as":"it came"}',
                                **fields)  # fmt: skip
        photo_response.handle(message, FakeContext(self.house, session=self.session))

    def told(self, app: str = ACME) -> list[Any]:
        return self.peers[app].take()

    @property
    def glasses(self) -> list[Any]:
        return self.session.glasses.take()


@pytest.fixture
def stage():
    clock = Clock()
    house = house_with(
        photo_manager, app_stop_for_photos, fake_apps, fake_device, fake_relay,
        clock=clock, parts={IPublicAddress: FakeAddress()},
    )  # fmt: skip
    for app in (
        App(package_name=ACME, public_url="https://acme.test/app/", permissions=CAMERA),
        App(package_name=OTHER, public_url="https://other.test", permissions=CAMERA),
        App(package_name=BLIND, public_url="https://blind.test"),
    ):
        success_of(IAppStore(house).save(app))
    session = session_in(house)
    IDevice(session).update({"connected": True})
    peers = {name: IApps(session).run(name) for name in (ACME, OTHER, BLIND)}
    return Stage(clock, house, session, peers)


def failure(code: str, message: str, request_id: str = "r1", **fields: Any) -> PhotoResult:
    error = PhotoError(code=code, message=message, **fields)
    return PhotoResult(request_id=request_id, success=False, error=error)


def test_the_manager_keeps_its_promise(stage):
    assert verifyObject(IPhotos, IPhotos(stage.session))


# -- asking


def test_a_request_reaches_the_glasses_under_the_apps_own_id(stage):
    stage.ask("photo-42", size="large", compress="heavy", auth_token="s3cret", sound=False)

    assert stage.glasses == [
        TakePhoto(
            session_id="ann@x.org",
            request_id="photo-42",
            app_id=ACME,
            save_to_gallery=False,
            webhook_url="https://acme.test/app/photo-upload",
            auth_token="s3cret",
            size="large",
            compress="heavy",
            flash=True,
            sound=False,
        )
    ]
    assert stage.told() == []


def test_what_is_not_said_is_said_to_the_glasses_with_its_default():
    message = msgspec.json.decode(b'{"type":"photo_request","requestId":"r1"}', type=PhotoRequest)

    assert (message.size, message.compress, message.save_to_gallery) == ("medium", "none", False)
    assert (message.flash, message.sound) == (True, True)


def test_the_address_is_the_one_that_the_app_has_now(stage):
    moved = App(package_name=ACME, public_url="https://new.test", permissions=CAMERA)
    success_of(IAppStore(stage.house).save(moved))

    stage.ask()

    assert stage.glasses[0].webhook_url == "https://new.test/photo-upload"


def refused(stage: Stage, **how: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        stage.ask(**how)
    return refusal.value


def test_an_app_without_the_permission_is_told_twice_and_nobody_else_anything(stage):
    refusal = refused(stage, app=BLIND)

    text = "Camera permission required to take photos"
    assert (refusal.code, refusal.message) == ("PERMISSION_DENIED", text)
    assert stage.told(BLIND) == [failure("PERMISSION_DENIED", text)]
    assert stage.glasses == []


def test_glasses_that_the_phone_plays_itself_are_always_there(stage):
    IDevice(stage.session).update({"connected": False, "modelName": "Simulated Glasses"})

    stage.ask()

    assert [type(one) for one in stage.session.glasses.sent] == [TakePhoto]


def test_while_the_glasses_are_not_connected_there_are_no_pictures(stage):
    IDevice(stage.session).update({"connected": False})

    refusal = refused(stage)

    assert (refusal.code, refusal.message) == ("INTERNAL_ERROR", "Glasses not connected")
    assert refusal.retryable
    assert stage.told() == [failure("PHONE_GLASSES_NOT_CONNECTED", "Glasses not connected")]


def test_while_the_phone_is_away_there_are_no_pictures(stage):
    ISessions(stage.house).glasses_closed(stage.session, stage.session.glasses)

    refusal = refused(stage)

    assert (refusal.code, refusal.where) == ("INTERNAL_ERROR", "phone")
    assert stage.told()[0].error.code == "PHONE_GLASSES_NOT_CONNECTED"


def test_an_app_without_an_address_has_nowhere_to_get_a_picture(stage):
    success_of(IAppStore(stage.house).save(App(package_name=ACME, permissions=CAMERA)))

    refusal = refused(stage)

    assert (refusal.code, refusal.where) == ("INTERNAL_ERROR", "app")
    assert stage.told()[0].error.code == "UNKNOWN_ERROR"


@pytest.mark.parametrize("address", ["file:///etc/passwd", "javascript:alert(1)", "acme.test"])
def test_a_picture_is_sent_to_web_addresses_alone(stage, address):
    refused(stage, custom_webhook_url=address)

    assert stage.glasses == []


def test_an_id_in_use_is_not_taken_over(stage):
    stage.ask("r1")
    refused(stage, request_id="r1", app=OTHER)
    stage.told(OTHER)

    stage.answer("r1", error={"code": "CAMERA_BUSY", "message": "busy"})

    assert stage.told(ACME) == [failure("CAMERA_BUSY", "busy")]
    assert stage.told(OTHER) == []


def test_so_many_pictures_are_waited_for_and_no_more(stage):
    for number in range(SETTINGS.max_pending):
        stage.ask(f"r{number}")

    refused(stage, request_id="one more")

    assert stage.told()[-1].error.code == "CAMERA_BUSY"
    assert len(stage.glasses) == SETTINGS.max_pending


# -- to an address of its own


def test_a_picture_for_another_address_is_over_for_us_at_once(stage):
    stage.ask(custom_webhook_url="https://elsewhere.test/in", save_to_gallery=True)

    assert stage.glasses[0].webhook_url == "https://elsewhere.test/in"
    assert stage.told() == [
        PhotoResult(
            request_id="r1",
            success=True,
            photo_url="https://elsewhere.test/in",
            saved_to_gallery=True,
        )
    ]
    assert stage.clock.getDelayedCalls() == []


# -- answers


def test_a_failure_reaches_the_app_that_asked_and_nobody_else(stage):
    stage.ask("r1", ACME)
    stage.ask("r2", OTHER)
    details = {"stage": "CAMERA_INIT", "retryable": True}

    stage.answer("r1", error={"code": "CAMERA_BUSY", "message": "busy", "details": details})

    assert stage.told(ACME) == [failure("CAMERA_BUSY", "busy", details=details)]
    assert stage.told(OTHER) == []


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ({}, "UNKNOWN_ERROR", "The photo failed"),
        ({"error": "no idea"}, "UNKNOWN_ERROR", "no idea"),
        ({"error": {"message": "odd"}}, "UNKNOWN_ERROR", "odd"),
        ({"error": {"code": 7, "message": None}}, "UNKNOWN_ERROR", "The photo failed"),
        ({"error_code": "STORAGE_FULL", "error_message": "full"}, "STORAGE_FULL", "full"),
        ({"error": [1, 2]}, "UNKNOWN_ERROR", "The photo failed"),
        ({"error": {"code": "A", "message": "b", "details": 3}}, "A", "b"),
        ({"error": {"code": "A" * 999, "message": "b" * 9999}}, "A" * 100, "b" * 1000),
        ({"error": {"code": "A", "message": "b", "details": {"x": "y" * 9000}}}, "A", "b"),
    ],
)
def test_every_way_to_say_why_is_understood(stage, said, code, message):
    stage.ask()

    stage.answer(**said)

    assert stage.told() == [failure(code, message)]


def test_a_success_ends_the_waiting_without_a_word(stage):
    stage.ask()

    stage.answer(success=True)
    stage.clock.advance(SETTINGS.timeout)

    assert stage.told() == []


def test_a_success_that_names_a_picture_kept_here_reaches_the_app(stage):
    stage.ask()
    url = "https://mentra.test/uploads/abc.jpg"

    stage.answer(success=True, photo_url=url, saved_to_gallery=True)

    assert stage.told() == [
        PhotoResult(request_id="r1", success=True, photo_url=url, saved_to_gallery=True)
    ]


def test_a_success_that_names_any_other_address_does_not(stage):
    stage.ask()

    stage.answer(success=True, photo_url="https://mentra.test.evil/uploads/abc.jpg")

    assert stage.told() == []


def test_an_answer_that_nobody_waits_for_is_no_answer(stage):
    photos = IPhotos(stage.session)

    assert photos.answered(PhotoResponse(request_id="r9", success=False)) is False


def test_every_answer_of_the_phone_goes_to_the_subscribers(stage):
    stage.answer("unknown", success=True)

    assert IRelay(stage.session).relayed == [("photo_response", b'{"as":"it came"}')]


def test_an_app_is_told_once(stage):
    stage.ask()

    stage.answer(error_code="CAMERA_BUSY")
    stage.answer(error_code="CAMERA_TIMEOUT")
    stage.clock.advance(SETTINGS.timeout)

    assert [one.error.code for one in stage.told()] == ["CAMERA_BUSY"]


# -- time


def test_nothing_within_half_a_minute_is_a_failure(stage):
    stage.ask()
    stage.clock.advance(SETTINGS.timeout - 0.1)
    before = stage.told()

    stage.clock.advance(0.1)

    assert before == []
    assert stage.told() == [failure("PHONE_TIMEOUT", "No photo within 30 s")]
    assert stage.clock.getDelayedCalls() == []


def test_an_app_that_is_away_misses_its_answer_and_nothing_else_happens(stage):
    stage.ask()
    IApps(stage.session).detach(ACME, stage.peers[ACME])

    stage.clock.advance(SETTINGS.timeout)

    assert stage.told() == []


def test_an_app_that_is_stopped_waits_no_more(stage):
    stage.ask("r1", ACME)
    stage.ask("r2", OTHER)

    stage.session.announce(AppStopped(ACME, was_running=True))

    assert len(stage.clock.getDelayedCalls()) == 1
    assert not IPhotos(stage.session).answered(PhotoResponse(request_id="r1", success=False))


def test_nothing_is_waited_for_after_the_session(stage):
    stage.ask()
    IPhotos(stage.session).take()

    success_of(ISessions(stage.house).end(stage.session, "over"))

    assert stage.clock.getDelayedCalls() == []


# -- the wearer's own


def test_a_picture_of_the_wearer_is_waited_for_longer_and_ends_in_silence(stage):
    request_id = IPhotos(stage.session).take()
    stage.clock.advance(SETTINGS.timeout)
    late = IPhotos(stage.session).is_wanted(request_id)

    stage.clock.advance(SETTINGS.system_timeout)

    assert late
    assert not IPhotos(stage.session).is_wanted(request_id)
    assert [stage.told(app) for app in stage.peers] == [[], [], []]


def test_pictures_of_apps_are_not_the_wearers(stage):
    stage.ask("r1")

    assert not IPhotos(stage.session).is_wanted("r1")


def test_the_wearer_can_want_too_many(stage):
    for _ in range(SETTINGS.max_pending):
        IPhotos(stage.session).take()

    with pytest.raises(Refused):
        IPhotos(stage.session).take()
