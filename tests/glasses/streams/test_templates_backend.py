"""Any server that takes RTMP and publishes HLS and DASH, known by its URLs."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.glasses.streams.backends.playlist import Playlist
from mentra.glasses.streams.backends.restreams import Ffmpegs, Restreams
from mentra.glasses.streams.backends.settings import MediaSettings
from mentra.glasses.streams.backends.templates import TemplatesBackend
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.streams import IMediaBackend, IMediaStream
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import FakeHttp, house_with, success_of
from mentra.testing.media import FakeMediaBackend
from mentra.testing.processes import FakeProcesses

ELSEWHERE = "rtmp://elsewhere.test/live/key"


def opened(**settings: Any) -> Any:
    """A place of a server with these settings."""
    house = house_with(sections=(MediaSettings(**settings),), parts={IPublicAddress: FakeAddress()})
    return success_of(TemplatesBackend(house).open(lambda: None))


# -- addresses


def test_by_default_an_rtmp_server_stands_beside_us():
    stream = opened()
    name = stream.ingest.rpartition("/")[2]

    assert stream.ingest == f"rtmp://mentra.test:1935/live/{name}"
    assert stream.hls == f"http://mentra.test:8080/hls/{name}.m3u8"
    assert stream.dash == f"http://mentra.test:8080/dash/{name}.mpd"
    assert (stream.webrtc, stream.preview, stream.thumbnail) == (None, None, None)
    assert len(name) == 32


def test_the_templates_are_filled_in():
    stream = opened(
        ingest="rtmps://in.test/{stream}",
        hls="https://cdn.test/{stream}/index.m3u8",
        dash="https://cdn.test/{stream}/{stream}.mpd",
        webrtc="https://{host}/webrtc/{stream}",
        preview="https://{host}/watch?v={stream}",
        thumbnail="https://cdn.test/{stream}.jpg",
    )
    name = stream.ingest.rpartition("/")[2]

    assert stream.dash == f"https://cdn.test/{name}/{name}.mpd"
    assert stream.webrtc == f"https://mentra.test/webrtc/{name}"
    assert stream.preview == f"https://mentra.test/watch?v={name}"
    assert stream.thumbnail == f"https://cdn.test/{name}.jpg"


def test_a_name_is_never_used_twice():
    assert opened().ingest != opened().ingest


@pytest.mark.parametrize(
    ("url", "host"),
    [("http://[::1]:8002", "[::1]"), ("http://127.0.0.1:8002", "127.0.0.1")],
)
def test_an_address_can_be_the_host(monkeypatch, url, host):
    monkeypatch.setattr(FakeAddress, "base_url", lambda self: url)

    assert opened().ingest.startswith(f"rtmp://{host}:1935/live/")


@pytest.mark.parametrize("asked", ["glasses", "playlist"])
def test_both_kinds_keep_their_promise(asked):
    backend = TemplatesBackend(house_with(parts={IPublicAddress: FakeAddress()}))

    assert verifyObject(IMediaBackend, backend)
    assert verifyObject(IMediaStream, opened(live=asked))


def test_the_fakes_keep_it_too():
    backend = FakeMediaBackend()

    assert verifyObject(IMediaBackend, backend)
    assert verifyObject(IMediaStream, success_of(backend.open(lambda: None)))
    assert verifyObject(IReactorProcess, FakeProcesses())


@pytest.mark.parametrize(("live", "asked"), [("glasses", "never"), ("playlist", "always")])
def test_the_configuration_says_who_knows(live, asked):
    assert opened(live=live).asked == asked


# -- playlists


class Server:
    """A playlist on a server, looked at."""

    def __init__(self, patience: float = 10.0) -> None:
        self.clock = Clock()
        self.http = FakeHttp()
        self._playlist = Playlist("http://cdn.test/a/b.m3u8", self.http, self.clock, patience)

    def shows(self, *bodies: str, status: int = 200) -> bool:
        """Whether the stream goes on, for each request one body."""
        look = self._playlist.goes_on()
        results: list[bool] = []
        Deferred.fromCoroutine(look).addCallback(results.append)
        for body in bodies:
            self.http.requests[-1].succeed(status, body.encode())
        return results[0]


def playlist(*segments: str, sequence: int = 0, end: str = "") -> str:
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:3", f"#EXT-X-MEDIA-SEQUENCE:{sequence}"]
    for one in segments:
        lines += ["#EXTINF:3.0,", one]
    return "\n".join([*lines, end])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no such stream",
        "#EXTM3U\n",
        playlist(),
        "a.ts",
        playlist("a.ts", end="#EXT-X-ENDLIST"),
    ],
)
def test_without_a_segment_nothing_is_live(text):
    assert not Server().shows(text)


def test_a_server_without_the_playlist_is_not_live():
    assert not Server().shows(playlist("a.ts"), status=404)


def test_the_first_segment_of_a_new_name_is_news():
    assert Server().shows(playlist("a.ts"))


def test_a_playlist_that_stands_still_is_not_live_any_more():
    server = Server()
    server.shows(playlist("a.ts"))
    server.clock.advance(9.9)
    assert server.shows(playlist("a.ts"))

    server.clock.advance(0.1)

    assert not server.shows(playlist("a.ts"))


@pytest.mark.parametrize(
    "news", [playlist("a.ts", "b.ts"), playlist("a.ts", sequence=1), playlist("b.ts")]
)
def test_any_new_segment_is_news(news):
    server = Server()
    server.shows(playlist("a.ts"))
    server.clock.advance(60)

    assert server.shows(news)


def test_a_list_of_playlists_is_followed():
    server = Server()
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720/index.m3u8\n"

    assert server.shows(master, playlist("a.ts"))
    assert server.http.requests[-1].url == "http://cdn.test/a/720/index.m3u8"


def test_a_server_that_does_not_answer_cannot_tell():
    server = Server()
    look = server._playlist.goes_on()
    failed: list[Any] = []
    Deferred.fromCoroutine(look).addErrback(failed.append)

    server.http.requests[0].fail()

    assert failed[0].check(Refused)


def test_the_playlist_is_found_under_a_name_of_its_own():
    house = house_with(
        sections=(MediaSettings(live="playlist", playlist="http://127.0.0.1:8080/{stream}"),),
        parts={IPublicAddress: FakeAddress()},
    )
    stream = success_of(TemplatesBackend(house).open(lambda: None))
    waiting = Deferred.fromCoroutine(stream.is_live())

    [request] = house.http.requests
    assert request.url == "http://127.0.0.1:8080/" + stream.ingest.rpartition("/")[2]
    request.succeed(200, b"")
    assert success_of(waiting) is False


# -- restreams


class Studio:
    """Restreams of one stream."""

    def __init__(self, most: int = 3, found: str | None = "/usr/bin/ffmpeg") -> None:
        self.clock = Clock()
        self.processes = FakeProcesses()
        self.changes = 0
        self.ffmpegs = Ffmpegs(self.processes, self.clock, "ffmpeg", most, lambda name: found)
        self.restreams = Restreams(self.ffmpegs, "rtmp://here.test/live/a", self._changed)

    def _changed(self) -> None:
        self.changes += 1


def test_a_restream_runs_while_the_stream_is_live():
    studio = Studio()
    output_id = studio.restreams.add(ELSEWHERE)
    assert (studio.processes.started, studio.restreams.state(output_id)) == ([], ("stopped", None))

    studio.restreams.went_live()

    [process] = studio.processes.started
    assert process.executable == "/usr/bin/ffmpeg"
    assert process.args == (
        "/usr/bin/ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error",
        "-i", "rtmp://here.test/live/a",
        "-c", "copy", "-f", "flv", ELSEWHERE,
    )  # fmt: skip
    assert process.env == {}
    assert studio.restreams.state(output_id) == ("active", None)


def test_a_restream_of_a_live_stream_begins_at_once():
    studio = Studio()
    studio.restreams.went_live()

    studio.restreams.add(ELSEWHERE)

    assert len(studio.processes.running) == 1


def test_without_the_program_there_are_none():
    studio = Studio(found=None)

    with pytest.raises(Refused, match="Restreams need ffmpeg") as refusal:
        studio.restreams.add(ELSEWHERE)

    assert refusal.value.code == "RESTREAM_UNAVAILABLE"


def test_a_server_without_a_program_named_has_none():
    ffmpegs = Ffmpegs(FakeProcesses(), Clock(), "", 3)

    with pytest.raises(Refused, match="Restreams need ffmpeg"):
        ffmpegs.check()


def test_there_are_no_more_of_them_than_configured():
    studio = Studio(most=1)
    studio.restreams.went_live()
    studio.restreams.add(ELSEWHERE)

    with pytest.raises(Refused, match="as many restreams as it may"):
        studio.restreams.add(ELSEWHERE + "b")


def test_one_too_many_when_the_stream_goes_live_has_its_reason():
    studio = Studio(most=1)
    studio.restreams.add(ELSEWHERE)
    second = studio.restreams.add(ELSEWHERE + "b")

    studio.restreams.went_live()

    assert studio.restreams.state(second) == (
        "error",
        "This server makes as many restreams as it may",
    )


def test_a_program_that_cannot_be_started_is_a_reason():
    studio = Studio()
    studio.processes.broken = True
    output_id = studio.restreams.add(ELSEWHERE)

    studio.restreams.went_live()

    assert studio.restreams.state(output_id) == ("error", "ffmpeg cannot be started")
    assert studio.clock.getDelayedCalls() == []


def test_one_that_ends_by_itself_is_an_error_until_the_stream_is_live_anew():
    studio = Studio()
    output_id = studio.restreams.add(ELSEWHERE)
    studio.restreams.went_live()

    studio.processes.started[0].exit(1)

    assert studio.restreams.state(output_id) == ("error", "ffmpeg ended with status 1")
    assert studio.changes == 1
    studio.restreams.went_live()
    assert studio.restreams.state(output_id) == ("active", None)


def test_one_that_is_taken_away_is_ended_and_nobody_is_told():
    studio = Studio()
    output_id = studio.restreams.add(ELSEWHERE)
    studio.restreams.went_live()

    studio.restreams.remove(output_id)

    assert studio.processes.running == []
    assert studio.changes == 0
    assert studio.clock.getDelayedCalls() == []


def test_a_program_that_does_not_listen_is_killed():
    studio = Studio()
    output_id = studio.restreams.add(ELSEWHERE)
    studio.restreams.went_live()
    [process] = studio.processes.started
    process.is_deaf = True
    studio.restreams.remove(output_id)
    assert process.signals == ["TERM"]

    studio.clock.advance(5)

    assert process.signals == ["TERM", "KILL"]
    assert studio.clock.getDelayedCalls() == []


def test_the_end_of_the_stream_ends_them_all():
    studio = Studio()
    for number in range(3):
        studio.restreams.add(f"{ELSEWHERE}{number}")
    studio.restreams.went_live()

    studio.restreams.close()

    assert studio.processes.running == []
    assert studio.clock.getDelayedCalls() == []


def test_the_end_of_the_server_waits_for_those_that_do_not_listen():
    studio = Studio()
    studio.restreams.add(ELSEWHERE)
    studio.restreams.went_live()
    [process] = studio.processes.started
    process.is_deaf = True
    ended: list[None] = []
    Deferred.fromCoroutine(studio.ffmpegs.stop()).addCallback(ended.append)
    assert ended == []

    studio.clock.advance(5)

    assert ended == [None]
    assert studio.clock.getDelayedCalls() == []
