"""What apps of the npm SDK hear: what the wearer says and does, and what the phone tells."""

import base64

import pytest

pytestmark = pytest.mark.slow


def say(phone, text, language="en-US", *, is_final=True):
    phone.say(
        "local_transcription", text=text, isFinal=is_final, startTime=0, endTime=400, speakerId=0,
        transcribeLanguage=language, provider="phone",
    )  # fmt: skip


def test_words_that_may_change_and_words_that_stay(session, phone):
    session.listen("events.onTranscription")

    say(phone, "wreck a nice", is_final=False)
    say(phone, "recognise speech")

    (first,) = session.heard("events.onTranscription")
    (second,) = session.heard("events.onTranscription")
    assert (first["text"], first["isFinal"]) == ("wreck a nice", False)
    assert (second["text"], second["isFinal"]) == ("recognise speech", True)


@pytest.mark.parametrize(
    "more", [[], [True], [{"hints": ["en", "de"]}], [{"disableLanguageIdentification": True}]]
)
def test_words_in_one_language(session, phone, more):
    session.listen("events.onTranscriptionForLanguage", "de-DE", after=more, name="german")

    say(phone, "hello", "en-US")
    say(phone, "hallo", "de-DE")

    (heard,) = session.heard("german")
    assert (heard["text"], heard["transcribeLanguage"]) == ("hallo", "de-DE")


def test_words_in_any_language(session, phone):
    session.listen("events.onTranscriptionForLanguage", "auto", name="any")

    say(phone, "hallo", "de-DE")
    say(phone, "hello", "en-US")

    session.heard("any", text="hallo")
    session.heard("any", text="hello")


def test_a_language_of_its_own_beside_the_usual_one(session, phone):
    session.listen("onTranscription")
    session.listen("onTranscriptionForLanguage", "fr-FR", name="french")

    say(phone, "hello", "en-US")
    say(phone, "bonjour", "fr-FR")

    session.heard("onTranscription", text="hello")
    session.heard("french", text="bonjour")


def test_the_microphone_is_on_while_somebody_listens(session, phone):
    session.listen("events.onTranscription")
    on = phone.take("microphone_state_change", isMicrophoneEnabled=True)
    session.unlisten("events.onTranscription")
    session.settle()
    off = phone.take("microphone_state_change", isMicrophoneEnabled=False)

    assert (on["requiredData"], off["requiredData"]) == (["pcm"], [])


def test_translations_are_asked_for(session, phone):
    session.listen("onTranslationForLanguage", "es-ES", "en-US", name="translated")
    session.listen("events.ontranslationForLanguage", "es-ES", "de-DE", name="instead")

    phone.take("microphone_state_change", isMicrophoneEnabled=True)


def test_sound_as_it_is(session, phone):
    session.listen("events.onAudioChunk")
    sound = bytes(range(200)) * 4

    phone.take("microphone_state_change", isMicrophoneEnabled=True)
    phone.send_audio(sound)

    heard = b""
    while len(heard) < len(sound):
        (chunk,) = session.heard("events.onAudioChunk")
        heard += base64.b64decode(chunk["arrayBuffer"]["bytes"])
    assert heard == sound


TOLD = [
    ("onHeadPosition", "head_position", {"position": "up"}),
    ("onButtonPress", "button_press", {"buttonId": "main", "pressType": "long"}),
    (
        "onPhoneNotifications",
        "phone_notification",
        {"notificationId": "1", "app": "Mail", "title": "A", "content": "b", "priority": "high"},
    ),
    (
        "onPhoneNotificationDismissed",
        "phone_notification_dismissed",
        {"notificationId": "1", "app": "Mail", "title": "A", "content": "b",
         "notificationKey": "k"},
    ),
    ("events.onGlassesBattery", "glasses_battery_update", {"level": 61, "charging": True}),
    ("events.onPhoneBattery", "phone_battery_update", {"level": 62, "charging": False}),
    ("events.onVoiceActivity", "VAD", {"status": True}),
    ("events.onLocation", "location_update", {"lat": 52.5, "lng": 13.4, "accuracy": 5.0}),
    (
        "events.onCalendarEvent",
        "calendar_event",
        {"eventId": "e1", "title": "Lunch", "dtStart": "2026-01-01T12:00:00Z",
         "dtEnd": "2026-01-01T13:00:00Z", "timezone": "UTC", "timeStamp": "2026-01-01T00:00:00Z"},
    ),
    (
        "onVpsCoordinates",
        "vps_coordinates",
        {"deviceModel": "x", "requestId": "r", "x": 1.5, "y": 2, "z": 3, "qx": 0, "qy": 0,
         "qz": 0, "qw": 1, "confidence": 0.5},
    ),
    ("onPhotoTaken", "photo_taken", {"photoData": "AAAA", "mimeType": "image/jpeg"}),
    (
        "onGlassesConnectionState",
        "glasses_connection_state",
        {"modelName": "Simulated Glasses", "status": "CONNECTED"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("method", "kind", "fields"), TOLD, ids=[one[1] for one in TOLD])
def test_what_the_phone_tells(session, phone, method, kind, fields):
    session.listen(method)

    phone.say(kind, **fields)

    session.heard(method, **fields)


def test_the_same_by_the_events_own_methods(session, phone):
    for method in ("Head", "Button"):
        name = {"Head": "events.onHeadPosition", "Button": "events.onButtonPress"}[method]
        session.listen(name)
    session.listen("events.onPhoneNotifications")
    session.listen("events.onPhoneNotificationDismissed")
    session.listen("events.onVpsCoordinates")
    session.listen("events.onPhotoTaken")
    session.listen("on", "button_press", name="on")

    for _, kind, fields in TOLD:
        phone.say(kind, **fields)

    session.heard("events.onHeadPosition", position="up")
    session.heard("events.onButtonPress", buttonId="main")
    session.heard("on", buttonId="main")
    session.heard("events.onPhoneNotifications", app="Mail")
    session.heard("events.onPhoneNotificationDismissed", notificationKey="k")
    session.heard("events.onVpsCoordinates", confidence=0.5)
    session.heard("events.onPhotoTaken", mimeType="image/jpeg")


def touch(phone, gesture):
    phone.say("touch_event", device_model="x", gesture_name=gesture, timestamp=1)


def test_touches_of_one_kind_and_of_all(session, phone):
    session.listen("onTouchEvent", "double_tap", name="double")
    touch(phone, "single_tap")
    touch(phone, "double_tap")
    (double,) = session.heard("double")
    session.listen("events.onTouchEvent", name="all")
    touch(phone, "long_press")
    (other,) = session.heard("all")

    assert (double["gesture_name"], other["gesture_name"]) == ("double_tap", "long_press")


def test_what_is_asked_for_without_a_handler_is_not_sent(session, phone):
    session.call("subscribeToGestures", ["single_tap"])
    session.call("subscribe", "head_position")
    session.call("unsubscribe", "head_position")
    session.listen("onTouchEvent", "double_tap", name="double")
    streams = session.call("events.getRegisteredStreams")

    touch(phone, "single_tap")
    touch(phone, "double_tap")

    session.heard("double", gesture_name="double_tap")
    assert streams == ["touch_event:double_tap"]


def test_notifications_posted_over_http(session, phone):
    session.listen("onPhoneNotifications")

    status, _ = phone.request(
        "POST", "/api/client/notifications",
        {"notificationId": "7", "app": "Chat", "title": "Bo", "content": "hi"},
    )  # fmt: skip

    session.heard("onPhoneNotifications", app="Chat", title="Bo", content="hi")
    assert status == 200


def test_events_of_the_calendar_are_told_again_to_who_listens_later(session, phone):
    phone.request("POST", "/api/client/calendar", {"events": [TOLD[8][2] | {"eventId": "e2"}]})

    session.listen("events.onCalendarEvent", name="calendar")

    session.heard("calendar", eventId="e2", title="Lunch")


def test_a_message_of_the_house(session, phone):
    session.listen("events.onCustomMessage", "update_datetime", name="time")
    session.listen("on", "custom_message", name="subscribed")

    status, _ = phone.request(
        "POST", "/api/user-data/set-datetime",
        {"userId": phone.user_id, "datetime": "2026-01-01T12:00:00.000Z"},
    )  # fmt: skip

    session.heard("time", datetime="2026-01-01T12:00:00.000Z", section="topLeft")
    assert status == 200


def test_25_rapid_updates_end_with_the_last_list(session, phone):
    streams = ["button_press", "head_position", "VAD", "phone_battery_update", "calendar_event"]
    for number in range(25):
        session.begin("subscribe", streams[number % 5])
    session.listen("on", "phone_battery_update", name="battery")
    session.listen("on", "button_press", name="button")
    session.unlisten("button")

    phone.say("button_press", buttonId="main", pressType="short")
    phone.say("phone_battery_update", level=17, charging=False)

    session.heard("battery", level=17)
    assert not [one for one in session.app.told.all() if one.get("as") == "button"]


def test_25_handlers_at_once_all_hear(session, phone):
    gestures = ["single_tap", "double_tap", "triple_tap", "long_press", "forward_swipe"]
    streams = [f"touch_event:{gesture}" for gesture in gestures]
    streams += [f"transcription:{one}-{one.upper()}" for one in ("de", "fr", "es", "it", "nl",
                "pl", "pt", "ro", "ru", "tr", "uk", "hu", "fi", "hr", "sk", "bg")]  # fmt: skip
    streams += ["button_press", "head_position", "VAD", "phone_battery_update"]
    assert len(streams) == 25

    session.do("listenToAll", streams=streams)
    session.settle()
    for gesture in gestures:
        touch(phone, gesture)
    for stream in streams[5:21]:
        say(phone, "yes", stream.split(":")[1])
    for _, kind, fields in TOLD:
        phone.say(kind, **fields)

    for stream in streams:
        session.heard(stream)
    session.do("forgetAll")
    session.settle()
