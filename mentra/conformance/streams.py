"""Rules of what apps subscribe to."""

import asyncio

from mentra.conformance.party import check
from mentra.conformance.rules import rule
from mentra.conformance.stage import Stage


@rule(4, "An empty list right after a reconnect leaves the subscriptions as they were")
async def empty_list(stage: Stage) -> None:
    """Come back as the SDK does."""
    glasses = await stage.glasses()
    app = await stage.subscribed("audio_chunk", "button_press")
    await glasses.next("microphone_state_change", lambda told: told["isMicrophoneEnabled"])
    told = {"userId": stage.wearers[0].user_id, "sessionId": app.told[0]["sessionId"]}
    told["mentraOSWebsocketUrl"] = stage.url("/app-ws")

    await app.drop()
    again = await stage.join(told)
    await again.next("tpa_connection_ack")
    again.say("subscription_update", packageName=stage.app.package_name, subscriptions=[])

    before = len(glasses.told)
    await asyncio.sleep(4)
    off = [one for one in glasses.told[before:] if one.get("isMicrophoneEnabled") is False]
    check(not off, "the microphone was switched off")
    glasses.say("button_press", buttonId="main", pressType="short")
    await again.next("data_stream", lambda one: one["streamType"] == "button_press")


@rule(5, "An event carries the app's own subscription, character for character")
async def own_string(stage: Stage) -> None:
    """Subscribe under several names."""
    glasses = await stage.glasses()
    own = "transcription:en-US?hints=en%2Cde&no-language-identification=true"
    app = await stage.subscribed(own, "transcription:auto", "transcription:fr-FR", "touch_event")

    glasses.say(
        "local_transcription", text="hello", isFinal=True, transcribeLanguage="en-US", more=[1]
    )
    glasses.say("touch_event", device_model="Mentra Live", gesture_name="double_tap", timestamp=1)

    await app.next("data_stream", lambda told: told["streamType"] == "touch_event")
    speech = [one for one in app.of("data_stream") if one["streamType"] != "touch_event"]
    names = sorted(one["streamType"] for one in speech)
    check(names == ["transcription:auto", own], f"the app was told of {names}")
    check(speech[0]["data"].get("more") == [1], f"a field was lost: {speech[0]['data']}")


@rule(9, "The microphone is on while somebody listens, and off three seconds after")
async def microphone(stage: Stage) -> None:
    """Listen for a while, and stop."""
    glasses = await stage.glasses()
    app = await stage.subscribed("audio_chunk")
    on = await glasses.next("microphone_state_change", lambda told: told["isMicrophoneEnabled"])
    check(on["requiredData"] == ["pcm"], f"on was told as {on}")

    await glasses.next("microphone_state_change", lambda told: told["isMicrophoneEnabled"], 13)
    app.say(
        "subscription_update",
        packageName=stage.app.package_name,
        subscriptions=["button_press"],
    )

    await glasses.quiet("microphone_state_change", 2)
    off = await glasses.next("microphone_state_change", lambda told: not told["requiredData"])
    check(off["isMicrophoneEnabled"] is False, f"off was told as {off}")


@rule(10, "Sound reaches those who subscribed to it as it came, and nobody else")
async def sound(stage: Stage) -> None:
    """Send chunks of several lengths."""
    glasses = await stage.glasses()
    app = await stage.subscribed("audio_chunk")
    await glasses.next("microphone_state_change", lambda told: told["isMicrophoneEnabled"])
    chunks = [bytes(range(200)) * 16, b"\1\2" * 160, b"\0\0"]

    for chunk in chunks:
        glasses.send(chunk)

    await app.until(lambda: len(app.heard) >= len(chunks), f"only {len(app.heard)} chunks came")
    check(app.heard == chunks, "the sound was changed")


@rule(14, "An app that asks where the wearer is gets the answer to its own question")
async def location(stage: Stage) -> None:
    """Ask where the wearer is."""
    glasses = await stage.glasses()
    app = await stage.subscribed("location_update")

    app.say("location_poll_request", accuracy="realtime", correlationId="conformance-1")
    asked = await glasses.next("request_single_location")
    glasses.say(
        "location_update", lat=52.5, lng=13.4, accuracy=5, correlationId=asked["correlationId"]
    )

    told = await app.next(
        "data_stream", lambda one: one["data"].get("correlationId") == "conformance-1", 15
    )
    check((told["data"]["lat"], told["data"]["lng"]) == (52.5, 13.4), f"the app was told {told}")


@rule(16, "Settings that change reach the app whole, followed by the user's own")
async def settings(stage: Stage) -> None:
    """Change a setting to what it is."""
    await stage.glasses()
    app = await stage.start()
    declared = app.told[0]["settings"]
    change = [{"key": one["key"], "value": one["value"]} for one in declared[:1]]

    path = f"/appsettings/{stage.app.package_name}"
    status, said = await stage.ask("POST", path, change)

    check(status == 200, f"the change was answered {status} {said}")
    told = await app.next("settings_update")
    keys = [one["key"] for one in told["settings"]]
    check(keys == [one["key"] for one in declared], f"settings_update names {keys}")
    after = await app.next("augmentos_settings_update")
    check(isinstance(after.get("settings"), dict), f"it was followed by {after}")
