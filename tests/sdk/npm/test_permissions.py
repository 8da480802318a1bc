"""An app of the npm SDK that may do nothing: it is told so, and lives."""

import pytest

from tests.sdk.npm.apps import AppError, put_on

pytestmark = pytest.mark.slow


@pytest.fixture
def bare(cloud, app, wearer):
    """The wearer's session in an app without permissions, beside the one that has them."""

    def first():
        made = cloud.app(app.sdk, f"{app.package}-bare", permissions=[], appType="background")
        cloud.install(made, wearer)
        return made

    made = put_on(wearer, cloud.once(f"{app.package}-bare", first))
    yield made
    made.forget()


def test_streams_that_it_may_not_have_are_left_out_and_told(bare, wearer):
    bare.listen("events.onPermissionError")
    bare.listen("events.onPermissionDenied")
    bare.listen("onButtonPress")

    bare.listen("onTranscription")

    (problem,) = bare.heard("events.onPermissionError")
    (denied,) = bare.heard("events.onPermissionDenied")
    assert [one["stream"] for one in problem["details"]] == ["transcription:en-US"]
    assert denied["requiredPermission"] == "MICROPHONE"
    wearer.say("local_transcription", text="secret", isFinal=True, startTime=0, endTime=1,
               speakerId=0, transcribeLanguage="en-US", provider="x")  # fmt: skip
    wearer.say("button_press", buttonId="main", pressType="short")
    bare.heard("onButtonPress")
    assert not [one for one in bare.app.told.all() if one.get("as") == "onTranscription"]


def test_the_camera_is_refused_and_the_app_goes_on(bare, wearer):
    with pytest.raises(AppError, match="permission"):
        bare.call("camera.startManagedStream")
    bare.listen("camera.onStreamStatus")
    bare.call("camera.startStream", {"rtmpUrl": "rtmp://127.0.0.1/live/x"})

    bare.heard("camera.onStreamStatus", status="error")
    bare.settle()
    wearer.settle()
    assert not [one for one in wearer.heard.all() if one["type"] == "start_rtmp_stream"]
    assert not [one for one in bare.app.told.all() if one["event"] == "disconnected"]


def test_a_photo_is_refused(bare, wearer):
    asked = bare.begin("camera.requestPhoto")

    bare.told("error")
    bare.settle()
    wearer.settle()

    assert not [one for one in wearer.heard.all() if one["type"] == "photo_request"]
    if bare.app.sdk.endswith("3"):
        # the older one waits until it has had enough
        with pytest.raises(AppError, match="PERMISSION_DENIED"):
            asked.result(1)
