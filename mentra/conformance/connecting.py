"""Rules of the sockets: coming, going, and coming back."""

import asyncio

from mentra.conformance.glasses import show
from mentra.conformance.party import check
from mentra.conformance.rules import rule
from mentra.conformance.stage import Stage
from mentra.errors import MentraError


@rule(1, "Glasses are let in by header or query, acknowledged before anything else, and again")
async def acknowledged(stage: Stage) -> None:
    """Try good and bad tokens in both places."""
    token = stage.wearers[0].token
    for url, headers in (
        (stage.url("/glasses-ws"), {"Authorization": f"Bearer {token}"}),
        (stage.url("/glasses-ws", token=token, livekit="true"), {}),
    ):
        party = await stage.connect("glasses", url, **headers)
        ack = await party.next("connection_ack")
        check(party.told[0] is ack, f"before the connection_ack came {party.told[0]}")
        check(ack.get("sessionId") == stage.wearers[0].user_id, f"its sessionId is {ack}")
        party.say("connection_init")
        await party.next("connection_ack")
    for bad in (stage.url("/glasses-ws"), stage.url("/glasses-ws", token="x.y.z")):
        try:
            await stage.connect("a stranger", bad)
        except MentraError as refused:
            check("401" in str(refused), f"a stranger was refused otherwise than by 401: {refused}")
        else:
            check(False, "glasses without a good token were let in")


@rule(17, "Apps outlive the glasses' connection; glasses that return are told all they need")
async def glasses_return(stage: Stage) -> None:
    """Drop the glasses while an app listens."""
    glasses = await stage.glasses()
    app = await stage.subscribed("audio_chunk", "button_press")
    await glasses.next("microphone_state_change", lambda told: told["isMicrophoneEnabled"])

    await glasses.drop()
    again = await stage.glasses()

    await again.next("microphone_state_change", lambda told: told["isMicrophoneEnabled"])
    again.say("button_press", buttonId="main", pressType="short")
    await app.next("data_stream", lambda told: told["streamType"] == "button_press")
    check(app.is_open, "the app's socket was closed")


@rule(22, "A second phone of one user takes the session over, and the first one starts nothing")
async def second_phone(stage: Stage) -> None:
    """Connect twice as one user."""
    first = await stage.glasses()
    app = await stage.subscribed("button_press")

    second = await stage.glasses()
    await first.closed(1000)
    second.say("button_press", buttonId="main", pressType="short")

    await app.next("data_stream")
    check(second.is_open and app.is_open, "the session was disturbed")


@rule(21, "Two users of one app get what is their own, and nothing of each other")
async def two_users(stage: Stage) -> None:
    """Speak and show as two users at once."""
    glasses = [await stage.glasses(0), await stage.glasses(1)]
    apps = [await stage.subscribed("transcription:en-US", wearer=n) for n in (0, 1)]
    for number in (0, 1):
        glasses[number].say("local_transcription", **_speech(f"words of user {number}"))
    for number in (0, 1):
        told = await apps[number].next("data_stream")
        check(told["data"]["text"] == f"words of user {number}", f"user {number} got {told}")
        check(
            told["sessionId"] == f"{stage.wearers[number].user_id}-{stage.app.package_name}",
            f"the session id is {told['sessionId']}",
        )
    await asyncio.sleep(0.5)
    for number in (0, 1):
        check(len(apps[number].of("data_stream")) == 1, f"user {number} was told more")
        show(apps[number], f"text of user {number}")
    for number in (0, 1):
        shown = await glasses[number].next(
            "display_event", lambda told: told["layout"].get("text", "").startswith("text of"), 8
        )
        check(shown["layout"]["text"] == f"text of user {number}", f"user {number} saw {shown}")


def _speech(text: str) -> dict[str, object]:
    return {
        "text": text, "isFinal": True, "startTime": 0, "endTime": 400, "speakerId": 0,
        "transcribeLanguage": "en-US", "provider": "conformance",
    }  # fmt: skip
