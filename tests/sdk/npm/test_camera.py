"""Pictures and live video, asked for by apps of the npm SDK."""

import base64
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mentra.sdk.camera import SMALL_JPEG
from tests.sdk.npm.apps import AppError
from tests.sdk.npm.conftest import SDKS
from tests.server.conftest import PATIENCE

pytestmark = pytest.mark.slow


def test_a_photo(session, phone):
    photo = session.call("camera.requestPhoto", {"size": "large", "compress": "heavy"})

    asked = phone.take("photo_request")
    assert base64.b64decode(photo["buffer"]["bytes"]) == SMALL_JPEG
    assert (photo["mimeType"], photo["size"]) == ("image/jpeg", len(SMALL_JPEG))
    assert photo["requestId"] == asked["requestId"]
    assert (asked["size"], asked["compress"]) == ("large", "heavy")
    assert asked["webhookUrl"] == f"http://127.0.0.1:{session.app.port}/photo-upload"


def test_photos_side_by_side(session, phone):
    asked = [session.begin("camera.requestPhoto") for _ in range(5)]

    photos = [one.result(PATIENCE) for one in asked]

    assert len({one["requestId"] for one in photos}) == 5


def test_a_photo_for_somebody_else(session, phone):
    taken = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.headers["Authorization"], body))
            self.send_response(200)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    serving = threading.Thread(target=server.handle_request)
    serving.start()
    url = f"http://127.0.0.1:{server.server_port}/mine"

    session.call("camera.requestPhoto", {"customWebhookUrl": url, "authToken": "please"})
    serving.join(PATIENCE)
    server.server_close()

    ((authorization, body),) = taken
    assert authorization == "Bearer please"
    assert SMALL_JPEG in body


def test_a_photo_for_the_gallery_as_well(session, phone):
    session.call("camera.requestPhoto", {"saveToGallery": True})

    assert phone.take("photo_request")["saveToGallery"] is True


@pytest.mark.parametrize("app", SDKS[1:], indirect=True, ids=["3"])
def test_a_broken_camera_is_an_error_at_once(session, phone):
    phone.glasses.camera.broken = "CAMERA_BUSY"
    try:
        with pytest.raises(AppError, match="CAMERA_BUSY"):
            session.call("camera.requestPhoto")
    finally:
        phone.glasses.camera.broken = ""
    session.settle()


@pytest.mark.parametrize("app", SDKS[1:], indirect=True, ids=["3"])
def test_a_photo_of_an_older_phone_comes_through_the_server(session, phone, cloud):
    phone.glasses.camera.through_server = True
    try:
        photo = session.call("camera.requestPhoto")
    finally:
        phone.glasses.camera.through_server = False

    with urllib.request.urlopen(photo["photoUrl"], timeout=PATIENCE) as answer:
        assert answer.read() == SMALL_JPEG


def test_a_photo_that_is_not_wanted_any_more(session, phone):
    was, done, still, error = session.do("takeBackPhoto")

    assert (was, done, still) == (True, True, False)
    assert "cancelled" in error


@pytest.fixture
def video(session, phone):
    """Ends what streams after the test."""
    yield
    session.call("camera.stopStream")
    session.call("camera.stopManagedStream")
    session.settle()


URL = "rtmp://127.0.0.1/live/mine"


def test_live_video_to_the_apps_own_address(session, phone, video):
    session.listen("camera.onStreamStatus")

    session.call("camera.startStream", {"rtmpUrl": URL, "video": {"width": 640}})

    started = phone.take("start_rtmp_stream", rtmpUrl=URL, appId=session.app.package)
    session.heard("camera.onStreamStatus", status="initializing", streamId=started["streamId"])
    assert started["video"] == {"width": 640}
    phone.say("rtmp_stream_status", streamId=started["streamId"], status="streaming",
              stats={"bitrate": 1, "fps": 15, "droppedFrames": 0, "duration": 2})  # fmt: skip
    (active,) = session.heard("camera.onStreamStatus", status="active")
    assert active["stats"]["fps"] == 15
    assert session.call("camera.isCurrentlyStreaming") is True
    assert session.call("camera.getCurrentStreamUrl") == URL
    assert session.call("camera.getStreamStatus")["status"] == "active"
    known = session.call("camera.checkExistingStream")
    assert is_stream(known, "unmanaged", started["streamId"])

    session.call("camera.stopStream")

    session.heard("camera.onStreamStatus", status="stopped")
    phone.take("stop_rtmp_stream", streamId=started["streamId"])
    assert session.call("camera.isCurrentlyStreaming") is False
    assert session.call("camera.checkExistingStream")["hasActiveStream"] is False


def is_stream(answer, kind, stream_id):
    info = answer["streamInfo"]
    return answer["hasActiveStream"] and (info["type"], info["streamId"]) == (kind, stream_id)


def test_glasses_are_asked_whether_they_still_stream(session, phone, video):
    session.call("camera.subscribeToStreamStatusUpdates")
    session.call("camera.startStream", {"rtmpUrl": URL})
    stream_id = phone.take("start_rtmp_stream")["streamId"]
    phone.say("rtmp_stream_status", streamId=stream_id, status="active")

    for _ in range(2):
        asked = phone.take("keep_rtmp_stream_alive", streamId=stream_id)
        phone.say("keep_alive_ack", streamId=stream_id, ackId=asked["ackId"])

    session.call("camera.unsubscribeFromStreamStatusUpdates")
    assert session.call("camera.isCurrentlyStreaming") is True


def test_an_error_of_the_glasses_ends_the_stream(session, phone, video):
    session.listen("camera.onStreamStatus")
    session.call("camera.startStream", {"rtmpUrl": URL})
    stream_id = phone.take("start_rtmp_stream")["streamId"]

    phone.say("rtmp_stream_status", streamId=stream_id, status="error", errorDetails="no light")

    session.heard("camera.onStreamStatus", status="error", errorDetails="no light")
    assert session.call("camera.isCurrentlyStreaming") is False


def test_an_address_that_is_none_is_refused_and_the_app_goes_on(session, phone):
    session.listen("camera.onStreamStatus")

    session.call("camera.startStream", {"rtmpUrl": "gopher://x"})

    session.heard("camera.onStreamStatus", status="error")
    session.told("error")
    assert session.call("camera.isCurrentlyStreaming") is False


def test_live_video_through_the_house(session, phone, video):
    session.listen("camera.onManagedStreamStatus")

    pending = session.begin("camera.startManagedStream", {"quality": "720p"})

    started = phone.take("start_rtmp_stream", appId="MANAGED_STREAM")
    session.heard("camera.onManagedStreamStatus", status="initializing")
    phone.say("rtmp_stream_status", streamId=started["streamId"], status="streaming")
    urls = pending.result(PATIENCE)
    assert urls["hlsUrl"].endswith(".m3u8")
    assert urls["dashUrl"].endswith(".mpd")
    assert urls["previewUrl"].startswith("http://127.0.0.1")
    assert (started["video"]["width"], started["video"]["height"]) == (1280, 720)
    assert session.call("camera.isManagedStreamActive") is True
    assert session.call("camera.getManagedStreamUrls") == urls
    assert is_stream(session.call("camera.checkExistingStream"), "managed", urls["streamId"])

    session.call("camera.stopManagedStream")

    session.heard("camera.onManagedStreamStatus", status="stopped")
    phone.take("stop_rtmp_stream", streamId=started["streamId"])
    assert session.call("camera.isManagedStreamActive") is False


def test_a_managed_stream_that_the_glasses_cannot_make_is_an_error_at_once(session, phone, video):
    pending = session.begin("camera.startManagedStream")
    stream_id = phone.take("start_rtmp_stream")["streamId"]

    phone.say("rtmp_stream_status", streamId=stream_id, status="error", errorDetails="no light")

    with pytest.raises(AppError, match="no light"):
        pending.result(PATIENCE)


def test_a_managed_stream_beside_the_apps_own_is_refused_at_once(session, phone, video):
    session.call("camera.startStream", {"rtmpUrl": URL})
    phone.take("start_rtmp_stream")

    with pytest.raises(AppError):
        session.call("camera.startManagedStream")

    assert session.call("camera.checkExistingStream")["streamInfo"]["type"] == "unmanaged"
