"""Rules of an app's life."""

import asyncio

from mentra.conformance.party import Party, check
from mentra.conformance.rules import NotTried, rule
from mentra.conformance.stage import Stage

GRACE = 5.0
"""Seconds that an app has to come back."""


@rule(2, "A start is answered once the app is acknowledged, however long its webhook takes")
async def start_is_answered(stage: Stage) -> None:
    """Hold the webhook back."""
    await stage.glasses()
    stage.webhook.hold = asyncio.Event()

    app = await stage.start()

    check(not stage.webhook.hold.is_set(), "the webhook was waited for")
    check(app.is_open, "the app's socket was closed")


@rule(2, "A start that fails is answered too, and the app can be started again")
async def start_fails(stage: Stage) -> None:
    """Start an app that does not come."""
    await stage.glasses()
    path = f"/apps/{stage.app.package_name}/start"

    status, said = await stage.ask("POST", path)

    check(status == 200, f"answered {status} {said}")
    check(said["data"]["isRunning"] is False, f"answered {said}")
    await stage.start()


@rule(3, "An app is told its settings, the user's, and the glasses' abilities and state")
async def app_is_told(stage: Stage) -> None:
    """Look at an app's first two messages."""
    await stage.glasses()
    app = await stage.start()
    ack, state = app.told[0], (await _told(app, 2))[1]

    check(ack["mentraosSettings"] == ack["augmentosSettings"], f"the user's settings: {ack}")
    check(isinstance(ack["settings"], list), f"settings are {ack['settings']}")
    lacking = [one for one in ack["settings"] if "value" not in one]
    check(not lacking, f"settings without a value: {lacking}")
    check("capabilities" in ack, "the ack has no capabilities")
    check(
        state.get("type") == "device_state_update" and state.get("fullSnapshot") is True,
        f"after the ack came {state}",
    )


@rule(6, "An app whose socket is lost may come back, and is called if it does not")
async def app_returns(stage: Stage) -> None:
    """Lose the app twice, and come back once."""
    glasses = await stage.glasses()
    app = await stage.subscribed("button_press")
    told = {"userId": stage.wearers[0].user_id, "sessionId": app.told[0]["sessionId"]}
    told["mentraOSWebsocketUrl"] = stage.url("/app-ws")

    await app.drop()
    again = await stage.join(told)
    await again.next("tpa_connection_ack")
    glasses.say("button_press", buttonId="main", pressType="short")
    await again.next("data_stream")
    stage.webhook.forget()
    await again.drop()

    called = await stage.webhook.asked("session_request", GRACE + 5)
    check(called["sessionId"] == told["sessionId"], f"the webhook was asked {called}")
    await (await stage.join(called)).next("tpa_connection_ack")


@rule(6, "An app that released its session is not called again, but can be started")
async def app_releases(stage: Stage) -> None:
    """Leave for good."""
    await stage.glasses()
    app = await stage.subscribed()
    stage.webhook.forget()

    app.say("ownership_release", reason="clean_shutdown")
    await app.close()

    await stage.webhook.quiet("session_request", GRACE + 2)
    await stage.start()


@rule(15, "A stopped app is told so, closed with 1000, and its server is told too")
async def app_is_stopped(stage: Stage) -> None:
    """Stop a running app."""
    await stage.glasses()
    app = await stage.subscribed()

    status, said = await stage.stop()

    check(status == 200, f"the stop was answered {status} {said}")
    await app.next("app_stopped")
    await app.closed(1000, "App stopped")
    await stage.webhook.asked("stop_request")


@rule(18, "An app in its grace can be stopped, and stays so")
async def stop_in_grace(stage: Stage) -> None:
    """Stop an app that is awaited back."""
    await stage.glasses()
    app = await stage.subscribed()
    await app.drop()
    await asyncio.sleep(0.5)
    stage.webhook.forget()

    status, said = await stage.stop()

    check(status == 200, f"the stop was answered {status} {said}")
    await stage.webhook.asked("stop_request")
    await stage.webhook.quiet("session_request", GRACE + 2)


@rule(7, "What an app may not have is refused in one message, and its socket stays open")
async def refusals(stage: Stage) -> None:
    """Ask for what needs permissions."""
    if stage.limited is None:
        raise NotTried("an app without permissions: --limited-package and --limited-api-key")
    await stage.glasses()
    app = await stage.start(app=stage.limited)

    app.say(
        "subscription_update",
        packageName=stage.limited.package_name,
        subscriptions=["audio_chunk", "transcription:en-US", "button_press"],
    )
    told = await app.next("permission_error")
    app.say("photo_request", requestId="conformance-refused", size="medium")
    await app.next("tpa_connection_error")

    refused = {one["stream"]: one["requiredPermission"] for one in told["details"]}
    check(
        refused == {"audio_chunk": "MICROPHONE", "transcription:en-US": "MICROPHONE"},
        f"refused was {refused}",
    )
    app.say("ping")
    await app.next("pong")


@rule(20, "Nothing but a failed handshake closes an app's socket, and nothing unasked comes")
async def stays_open(stage: Stage) -> None:
    """Talk nonsense."""
    await stage.glasses()
    app = await stage.subscribed()

    for nonsense in ("{", "[]", '"x"', '{"no":"type"}', '{"type":7}', '{"type":"unheard_of"}'):
        app.send(nonsense)
    app.say("display_event", view="main", layout=None)
    app.say("photo_request")
    app.say("subscription_update", subscriptions=[7, {"stream": []}, "no_such_stream"])
    app.send(b"\0\1")
    app.say("ping")

    await app.next("pong")
    unasked = ("ping", "managed_stream_status", "photo_response")
    came = [one for one in app.told if one["type"] in unasked and one.get("success") is not False]
    check(not came, f"unasked came {came}")


async def _told(app: Party, count: int) -> list[dict[str, object]]:
    await app.until(lambda: len(app.told) >= count, f"the app was told only {app.told}")
    return app.told
