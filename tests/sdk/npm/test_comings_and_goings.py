"""Apps of the npm SDK that come and go, and come back."""

import threading

import pytest

from tests.sdk.npm.apps import AppError, AppSession
from tests.server.conftest import PATIENCE, wait_until

pytestmark = pytest.mark.slow


def press(phone):
    phone.say("button_press", buttonId="main", pressType="short")


def test_a_stop_and_another_start(session, phone, app):
    phone.stop_app(app.package)
    stopped = session.told("stop")
    running = phone.is_running(app.package)
    phone.start_app(app.package)
    session.told("session", sessionId=f"{phone.user_id}-{app.package}")

    assert (stopped["reason"], running) == ("user_disabled", False)
    session.call("layouts.showTextWall", "back")
    phone.shown("back")


def test_a_connection_that_breaks_is_made_anew_with_what_was_subscribed_to(session, phone):
    session.listen("onButtonPress")

    session.do("drop")
    session.told("disconnected", permanent=False)
    session.told("reconnected")
    session.settle()
    press(phone)

    session.heard("onButtonPress")
    assert not [one for one in session.app.told.all() if one["event"] in ("session", "stop")]


def test_a_crashed_app_is_started_again_and_its_video_ends(session, phone, app):
    session.call("camera.startStream", {"rtmpUrl": "rtmp://127.0.0.1/live/mine"})
    stream_id = phone.take("start_rtmp_stream")["streamId"]

    app.kill()
    app.start()
    again = AppSession(app, phone)
    again.told("session")
    phone.take("stop_rtmp_stream", streamId=stream_id)
    again.listen("onButtonPress")
    press(phone)

    again.heard("onButtonPress")
    assert phone.is_running(app.package)
    again.forget()
    session.lose_handlers()


def test_an_app_server_that_registers_anew_gets_its_sessions_back_without_waiting(
    session, phone, app
):
    app.kill()
    app.start()

    status, body = app.register(phone)

    AppSession(app, phone).told("session")
    # who is called back after the wait is told of a stop first
    assert not [one for one in app.told.all() if one["event"] == "stop"]
    assert (status, body["success"]) == (200, True)


def test_nobody_registers_with_a_wrong_key(session, phone, app):
    status, _ = app.register(phone, key="wrong")

    assert status == 401


def test_a_webhook_slower_than_the_socket(session, phone, app):
    phone.stop_app(app.package)
    session.told("stop")
    app.order("hold").result(PATIENCE)

    phone.start_app(app.package)
    session.told("session")
    session.listen("onButtonPress")
    press(phone)
    session.heard("onButtonPress")
    app.order("release").result(PATIENCE)
    session.call("layouts.showTextWall", "at last")

    phone.shown("at last")


def test_an_app_that_is_called_once_more_before_it_has_answered_stays(cloud, session, phone, app):
    phone.stop_app(app.package)
    session.told("stop")
    app.order("hold").result(PATIENCE)
    phone.start_app(app.package)
    session.told("session")
    call = {
        "type": "session_request", "userId": phone.user_id,
        "sessionId": f"{phone.user_id}-{app.package}",
        "mentraOSWebsocketUrl": f"ws://127.0.0.1:{cloud.port}/app-ws",
    }  # fmt: skip

    # it leaves with "ownership_release", and comes again
    calling = threading.Thread(target=app.webhook, args=[call])
    calling.start()
    session.told("session")
    app.order("release").result(PATIENCE)
    calling.join(PATIENCE)
    session.listen("onButtonPress")
    press(phone)

    session.heard("onButtonPress")
    assert phone.is_running(app.package)


def test_an_app_that_talks_while_it_is_stopped_costs_nobody_anything(session, phone, app):
    session.do("flood")
    phone.take("display_event")
    phone.stop_app(app.package)

    flooded = session.told("flooded")
    phone.settle()

    assert flooded["sent"] > 0
    phone.start_app(app.package)
    session.told("session")
    session.call("layouts.showTextWall", "quiet again")
    phone.shown("quiet again")


def test_what_was_said_before_the_app_hung_up_is_shown(session, phone, app):
    phone.settle()

    error = session.do("speakOver")

    phone.shown("before")
    assert error is None or "CLOSING" in error
    session.told("disconnected")


def test_an_app_that_lets_go_is_not_called_back(session, phone, app):
    session.listen("onTranscription")
    phone.take("microphone_state_change", isMicrophoneEnabled=True)

    session.call("disconnect", {"releaseOwnership": True, "reason": "user_logout"})

    # while it was waited for, the microphone would stay on
    phone.take("microphone_state_change", isMicrophoneEnabled=False)
    assert not phone.is_running(app.package)
    session.lose_handlers()
    phone.start_app(app.package)
    session.told("session")


def test_an_app_that_let_go_may_not_come_back_by_itself(session, phone, app):
    session.listen("onTranscription")
    phone.take("microphone_state_change", isMicrophoneEnabled=True)
    session.call("releaseOwnership", "clean_shutdown")

    session.do("drop")

    session.told("disconnected", code=1008)
    session.lose_handlers()
    phone.start_app(app.package)
    session.told("session")
    session.call("layouts.showTextWall", "called back")
    phone.shown("called back")


def test_a_phone_that_was_away_finds_its_apps_running(session, phone):
    session.listen("onButtonPress")

    phone.disconnect()
    phone.connect()
    press(phone)

    session.heard("onButtonPress")
    assert not [one for one in session.app.told.all() if one["event"] in ("session", "stop")]


def test_what_is_shown_while_the_phone_is_away_is_no_error(session, phone):
    phone.disconnect()

    session.call("layouts.showTextWall", "nobody sees this")
    session.settle()

    phone.connect()
    assert not [one for one in session.app.told.all() if one["event"] == "error"]


def test_the_second_phone_of_one_person_takes_over(cloud, session, phone):
    session.listen("onButtonPress")
    second = cloud.second_phone(phone)

    second.connect()
    wait_until(lambda: not phone.glasses.connected, "the first phone to be let go")
    phone.heard.clear()
    press(second)
    session.heard("onButtonPress")
    session.call("layouts.showTextWall", "on the second")
    second.shown("on the second")

    assert not phone.heard.all()
    assert not [one for one in session.app.told.all() if one["event"] in ("session", "stop")]
    phone.connect()
    press(phone)
    session.heard("onButtonPress")


def test_the_end_of_the_users_session_is_the_end_of_the_apps(session, phone, app):
    status, _ = phone.request("POST", "/api/client/goodbye")

    session.told("stop", reason="User session ended")
    phone.disconnect()
    phone.connect()
    # what ran then is started with the next session
    session.told("session")
    assert status == 200


def test_a_method_of_a_session_that_is_over_is_an_error_of_the_app_alone(session, phone, app):
    phone.stop_app(app.package)
    session.told("stop")

    with pytest.raises(AppError):
        session.call("camera.requestPhoto")

    phone.settle()
