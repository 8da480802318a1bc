"""Two people with the same app of the npm SDK: what is each one's own, and what they share."""

import pytest

from tests.sdk.npm.apps import put_on
from tests.sdk.npm.conftest import KEY

pytestmark = pytest.mark.slow


@pytest.fixture
def other(cloud, app, session):
    """The other person's session in the app."""

    def first():
        made = cloud.phone(f"bo-{app.package[-3:]}@ex-ample.org")
        made.connect()
        cloud.install(app, made)
        return made

    phone = cloud.once(f"neighbour of {app.package}", first)
    made = put_on(phone, app)
    yield made
    made.forget()


@pytest.fixture
def neighbour(other):
    """The other person's phone."""
    return other.phone


def told_by(app):
    """What handlers got: whose, and what."""
    return [(one["userId"], one["data"][0]) for one in app.told.all() if one["event"] == "heard"]


def test_what_one_says_and_does_reaches_nobody_elses_session(session, phone, other, neighbour):
    for one in (session, other):
        for method in ("onTranscription", "onButtonPress", "events.onLocation"):
            one.listen(method)
        one.listen("events.onAudioChunk", name="sound")
    app = session.app
    # new listeners are told where their wearers were last
    app.told.clear()
    for one, name in ((phone, "ann"), (neighbour, "bo")):
        one.say("local_transcription", text=name, isFinal=True, startTime=0, endTime=1,
                speakerId=0, transcribeLanguage="en-US", provider="x")  # fmt: skip
        one.say("button_press", buttonId=name, pressType="short")
        one.say("location_update", lat=1.5 if name == "ann" else 2.5, lng=0)
        one.send_audio(name.encode() * 100)
        one.settle()
    session.settle()
    other.settle()
    for one in (session, other):
        one.heard("sound")

    told = told_by(app)
    mine = [data for user, data in told if user == phone.user_id]
    theirs = [data for user, data in told if user == neighbour.user_id]
    assert [one.get("text") or one.get("buttonId") or one["lat"] for one in mine] == [
        "ann", "ann", 1.5,
    ]  # fmt: skip
    assert [one.get("text") or one.get("buttonId") or one["lat"] for one in theirs] == [
        "bo", "bo", 2.5,
    ]  # fmt: skip


def test_what_is_shown_to_one_is_not_shown_to_the_other(session, phone, other, neighbour):
    session.call("layouts.showTextWall", "for ann")
    other.call("layouts.showTextWall", "for bo")
    session.call("dashboard.content.write", "ann's line")
    photo = session.call("camera.requestPhoto")

    phone.shown("for ann")
    neighbour.shown("for bo")
    neighbour.settle()
    heard = str(neighbour.heard.all())
    assert "ann" not in heard
    assert photo["requestId"] not in heard


def test_what_one_sets_and_keeps_is_not_the_others(session, phone, other, neighbour):
    package = session.app.package
    other.listen("settings.onChange")
    other.listen("device.state.batteryLevel.onChange", name="battery")
    phone.request("POST", f"/appsettings/{package}", [{"key": "name", "value": "Ann"}])
    phone.say("glasses_battery_update", level=11, charging=False)
    session.call("simpleStorage.set", "whose", "ann's")
    other.call("simpleStorage.set", "whose", "bo's")
    for one in (session, other):
        one.call("simpleStorage.flush")
        one.settle()

    assert other.call("settings.get", "name") == "nobody"
    assert session.call("simpleStorage.get", "whose") == "ann's"
    assert other.call("simpleStorage.get", "whose") == "bo's"
    _, kept = phone.request(
        "GET", f"/api/sdk/simple-storage/{neighbour.user_id}", token=f"{package}:{KEY}"
    )
    assert kept["data"]["whose"] == "bo's"
    assert not [data for user, data in told_by(session.app) if data == 11]
    phone.request("POST", f"/appsettings/{package}", [{"key": "name", "value": "nobody"}])


def test_the_others_app_goes_on_when_ones_is_stopped(session, phone, other, neighbour, app):
    other.listen("onButtonPress")

    phone.stop_app(app.package)
    session.told("stop")
    neighbour.say("button_press", buttonId="main", pressType="short")

    other.heard("onButtonPress")
    assert not [one for one in app.told.all() if one["userId"] == neighbour.user_id]


def test_a_message_to_all_and_one_to_one(session, other, phone, neighbour):
    for one in (session, other):
        one.listen("onAppMessage")

    session.call("broadcastToAppUsers", {"hello": "all"})
    (shared,) = other.heard("onAppMessage", payload={"hello": "all"})
    sent = other.call("sendDirectMessage", phone.user_id, {"hello": "you"})
    (private,) = session.heard("onAppMessage", payload={"hello": "you"})

    assert sent is True
    assert (shared["senderUserId"], private["senderUserId"]) == (phone.user_id, neighbour.user_id)


def test_a_message_to_somebody_who_is_not_there_is_not_sent(session):
    assert session.call("sendDirectMessage", "cy@ex-ample.org", {"hello": "you"}) is False


def test_who_else_has_the_app_on(session, phone, neighbour, cloud):
    domain = f"http://127.0.0.1:{cloud.port}"

    found = session.call("discoverAppUsers", domain, True)

    assert [one["userId"] for one in found["users"]] == [neighbour.user_id]
    assert session.call("getUserCount", domain) == found["totalUsers"]
    # the SDK asks nobody
    assert session.call("isUserActive", neighbour.user_id) is False


def test_a_room_is_entered_and_left(session, other, phone, neighbour):
    for method in ("onAppUserJoined", "onAppUserLeft", "onAppRoomUpdated"):
        session.listen(method)

    session.call("joinAppRoom", "den", {"maxUsers": 2})
    other.call("joinAppRoom", "den")
    (joined,) = session.heard("onAppUserJoined", userId=neighbour.user_id, roomId="den")
    session.heard("onAppRoomUpdated", updateType="user_joined", roomData={"memberCount": 2})
    other.call("leaveAppRoom", "den")

    session.heard("onAppUserLeft", userId=neighbour.user_id, roomId="den")
    session.heard("onAppRoomUpdated", updateType="user_left", roomData={"memberCount": 1})
    session.call("leaveAppRoom", "den")
    session.settle()
    assert joined["sessionId"] == f"{neighbour.user_id}-{session.app.package}"
