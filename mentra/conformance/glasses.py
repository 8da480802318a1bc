"""Rules of what apps ask of the glasses."""

import time

from mentra.conformance.party import Party, check
from mentra.conformance.rules import rule
from mentra.conformance.stage import DISPLAY, Stage

FRAMES_APART = 0.3
"""Seconds between two frames of one app."""


@rule(8, "Of what an app shows in a rush the newest arrives last, and no more than it may")
async def display(stage: Stage) -> None:
    """Show much at once."""
    glasses = await stage.glasses(model=DISPLAY)
    app = await stage.start()
    show(app, "first")
    await glasses.next("display_event", lambda told: told["layout"].get("text") == "first", 8)

    began = time.monotonic()
    for number in range(20):
        show(app, f"rush {number}")
    await glasses.next("display_event", lambda told: told["layout"].get("text") == "rush 19")
    took = time.monotonic() - began

    rush = [
        one["layout"]["text"]
        for one in glasses.of("display_event")
        if str(one["layout"].get("text")).startswith("rush")
    ]
    views = {one.get("view") for one in glasses.of("display_event")}
    check(views <= {"main", "dashboard"}, f"frames came for the views {views}")
    check(len(rush) <= took / FRAMES_APART + 1, f"{len(rush)} frames came in {took:.1f} s")
    order = [int(text.split()[1]) for text in rush]
    check(order == sorted(order), f"they came in the order {order}")


@rule(11, "A photo keeps the app's request, and goes where the app can take it")
async def photo(stage: Stage) -> None:
    """Ask for a photo that fails."""
    glasses = await stage.glasses()
    app = await stage.start()

    app.say("photo_request", requestId="conformance-photo", size="small", saveToGallery=False)
    asked = await glasses.next("photo_request")

    check(asked["requestId"] == "conformance-photo", f"the glasses were asked {asked}")
    check(asked["appId"] == stage.app.package_name, f"the glasses were asked {asked}")
    check(
        asked["webhookUrl"] == f"{stage.webhook.address}/photo-upload",
        f"the photo is to go to {asked['webhookUrl']}",
    )
    error = {"code": "CAMERA_BUSY", "message": "not now"}
    glasses.say("photo_response", requestId="conformance-photo", success=False, error=error)
    told = await app.next("photo_response")
    check(told["success"] is False, f"the app was told {told}")
    check(told["error"]["code"] == "CAMERA_BUSY", f"the app was told {told}")


@rule(12, "A live stream is started, kept alive, told of and stopped under the usual names")
async def live_stream(stage: Stage) -> None:
    """Stream to an address of the app's own."""
    glasses = await stage.glasses()
    app = await stage.start()

    app.say("rtmp_stream_request", rtmpUrl="rtmp://127.0.0.1/live/conformance")
    asked = await glasses.next("start_rtmp_stream")
    glasses.say("rtmp_stream_status", streamId=asked["streamId"], status="active")
    await app.next("rtmp_stream_status", lambda told: told["status"] == "active")
    alive = await glasses.next("keep_rtmp_stream_alive", within=20)
    check(alive["streamId"] == asked["streamId"], f"kept alive was {alive}")
    glasses.say("keep_alive_ack", streamId=alive["streamId"], ackId=alive["ackId"])
    app.say("rtmp_stream_stop", streamId=asked["streamId"])

    await glasses.next("stop_rtmp_stream")
    await app.next("rtmp_stream_status", lambda told: told["status"] in ("stopping", "stopped"))


@rule(13, "A managed stream becomes active, with addresses to watch it at")
async def managed_stream(stage: Stage) -> None:
    """Have the server arrange a stream."""
    glasses = await stage.glasses()
    app = await stage.start()

    app.say("managed_stream_request", quality="720p")
    asked = await glasses.next("start_rtmp_stream")
    check(asked["rtmpUrl"].startswith(("rtmp://", "rtmps://")), f"the glasses were asked {asked}")
    glasses.say("rtmp_stream_status", streamId=asked["streamId"], status="active")

    told = await app.next("managed_stream_status", lambda one: one["status"] == "active", 30)
    check(told["hlsUrl"] and told["dashUrl"], f"the app was told {told}")
    app.say("stream_status_check")
    found = await app.next("stream_status_check_response")
    check(found["hasActiveStream"] is True, f"asked for streams, the server said {found}")
    app.say("managed_stream_stop")
    await glasses.next("stop_rtmp_stream")
    await app.next("managed_stream_status", lambda one: one["status"] == "stopped")


@rule(19, "A managed stream that the glasses cannot start ends with a reason, not in silence")
async def stream_fails(stage: Stage) -> None:
    """Ask for streams that cannot be."""
    glasses = await stage.glasses()
    app = await stage.start()

    app.say("rtmp_stream_request", rtmpUrl="http://127.0.0.1/no-rtmp")
    refused = await app.next("rtmp_stream_status", lambda told: told["status"] == "error")
    check(refused.get("errorDetails"), f"the app was told {refused}")
    app.say("managed_stream_request", quality="720p")
    asked = await glasses.next("start_rtmp_stream")
    glasses.say(
        "rtmp_stream_status", streamId=asked["streamId"], status="error", errorDetails="no camera"
    )

    await app.next("managed_stream_status", lambda told: told["status"] == "error")


def show(app: Party, text: str) -> None:
    """Ask for a text on the main view."""
    app.say("display_event", view="main", layout={"layoutType": "text_wall", "text": text})
