"""A managed stream with the media server of etc/, and ffmpeg as the camera of the glasses."""

import http.server
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.server.conftest import SocketLine, wait_until

pytestmark = pytest.mark.slow

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
PACKAGE, KEY, ANN = "org.example.cam", "5f0c1e7a9d2b4c68", "ann@example.org"


@attrs.frozen
class Ports:
    """Where things listen."""

    rtmp: int
    http: int
    mentra: int
    app: int


@pytest.fixture
def ports(free_port: Callable[[], int]) -> Ports:
    return Ports(free_port(), free_port(), free_port(), free_port())


@pytest.fixture
def nginx(tmp_path: Path, ports: Ports, program: Any, shipped: Any, spawn: Any) -> Any:
    """The shipped configuration, in a folder and on ports of its own."""
    if not MODULE.exists():
        pytest.skip("nginx's RTMP module is not installed")
    home = tmp_path / "media"
    home.mkdir()
    file = home / "nginx.conf"
    places = "".join(
        f"    {kind}_temp_path {home}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(
        shipped(
            "nginx-rtmp.conf",
            {
                # the folders of tests are the tester's alone
                "user www-data;": "user root;" if os.geteuid() == 0 else "",
                "/run/mentra-media.pid": f"{home}/nginx.pid",
                "/var/log/nginx/mentra-media-error.log": f"{home}/error.log",
                "/var/lib/mentra-media": str(home),
                "listen 1935;": f"listen 127.0.0.1:{ports.rtmp};",
                "listen 8080;": f"listen 127.0.0.1:{ports.http};",
                "\nhttp {\n": f"\nhttp {{\n{places}",
            },
        )
    )
    words = [program("nginx"), "-p", str(home), "-c", str(file), "-g", "daemon off;"]
    return spawn(words, ports.http)


class Webhook(http.server.BaseHTTPRequestHandler):
    """Says yes to every webhook, and that there was one."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"status":"success"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.called.set()  # type: ignore[attr-defined]  # set below

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def called(ports: Ports) -> Iterator[threading.Event]:
    """An app's server; set when its webhook was called."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ports.app), Webhook)
    server.called = threading.Event()  # type: ignore[attr-defined]  # for the handler above
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.called  # type: ignore[attr-defined]  # as above
    server.shutdown()
    thread.join()
    server.server_close()


@attrs.define
class House:
    """A server whose user has glasses on and an app that may use the camera.

    :ivar process: the server's.
    """

    process: "subprocess.Popen[bytes]"
    glasses: SocketLine
    app: SocketLine

    def children(self, shown: str = "comm") -> list[str]:
        """The processes that the server started and that have not ended."""
        words = ["ps", "--no-headers", "-o", shown, "--ppid", str(self.process.pid)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.stdout.split()


@pytest.fixture
def house(
    tmp_path: Path, ports: Ports, nginx: Any, called: threading.Event, spawn: Any
) -> Iterator[Callable[[str], House]]:
    """Starts it, with *live* for ``media.live``."""

    def start(live: str) -> House:
        config, state = tmp_path / "mentra.toml", tmp_path / "state"
        config.write_text(
            f"[media]\nlive = '{live}'\n"
            f"ingest = 'rtmp://{{host}}:{ports.rtmp}/live/{{stream}}'\n"
            f"hls = 'http://{{host}}:{ports.http}/hls/{{stream}}.m3u8'\n"
            f"dash = 'http://{{host}}:{ports.http}/dash/{{stream}}.mpd'\n"
            "playlist_patience = 4.0\n"
        )
        where = ["--config", str(config), "--state-dir", str(state)]

        def mentra(*words: str) -> str:
            command = [str(Path(sys.executable).with_name("mentra")), *words, *where]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            return done.stdout.strip()

        url = f"http://127.0.0.1:{ports.app}"
        mentra("app", "add", PACKAGE, "--url", url, "--type", "background",
               "--permission", "CAMERA", "--api-key", KEY)  # fmt: skip
        token = mentra("user", "token", ANN)
        words = [
            str(Path(sys.executable).with_name("twistd")),
            "-n",
            "--pidfile=",
            "mentra",
            *where,
        ]
        started = spawn([*words, "--listen", f"tcp:{ports.mentra}:interface=127.0.0.1"],
                        ports.mentra)  # fmt: skip
        glasses, app = SocketLine(ports.mentra), SocketLine(ports.mentra)
        assert glasses.upgrade(f"/glasses-ws?token={token}") == 101
        glasses.say(type="glasses_connection_state", modelName="Mentra Live", status="CONNECTED",
                    wifi={"connected": True, "ssid": "home"})  # fmt: skip
        glasses.say(type="start_app", packageName=PACKAGE)
        assert called.wait(30)
        assert app.upgrade("/app-ws") == 101
        app.say(type="tpa_connection_init", sessionId=f"{ANN}-{PACKAGE}", packageName=PACKAGE,
                apiKey=KEY)  # fmt: skip
        app.message("tpa_connection_ack")
        return House(started.process, glasses, app)

    yield start
    while SocketLine.opened:
        SocketLine.opened.pop().socket.close()


@pytest.fixture
def camera(program: Any, tmp_path: Path) -> Iterator[Callable[[str], Callable[[], None]]]:
    """Starts to film for an address; what it returns ends it."""
    running: list[subprocess.Popen[bytes]] = []

    def film(url: str) -> Callable[[], None]:
        words = [
            program("ffmpeg"), "-nostdin", "-hide_banner", "-loglevel", "error", "-re",
            "-f", "lavfi", "-i", "testsrc=size=160x120:rate=10",
            "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "60",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10",
            "-c:a", "aac", "-f", "flv", url,
        ]  # fmt: skip
        with (tmp_path / "camera.log").open("wb") as output:
            running.append(subprocess.Popen(words, stdout=output, stderr=output))
        process = running[-1]

        def stop() -> None:
            process.terminate()
            process.wait(10)

        return stop

    yield film
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


def fetched(url: str) -> bytes:
    """What is there; nothing if nothing is."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError:
        return b""


def segment_of(url: str) -> bytes:
    """The newest segment of a playlist."""
    text = fetched(url).decode()
    names = [line for line in text.splitlines() if line and not line.startswith("#")]
    return fetched(f"{url.rpartition('/')[0]}/{names[-1]}") if names else b""


def status(line: SocketLine, wanted: str) -> Any:
    """The next status of a managed stream, which must be *wanted*."""
    told = line.message("managed_stream_status")
    assert told["status"] == wanted, told
    return told


def test_a_managed_stream_becomes_active_can_be_watched_and_ends(
    house: Any, camera: Any, ports: Ports
) -> None:
    here = house("playlist")
    copy = f"rtmp://127.0.0.1:{ports.rtmp}/live/copy"
    here.app.say(type="managed_stream_request", packageName=PACKAGE,
                 restreamDestinations=[{"url": copy}])  # fmt: skip
    begun = here.glasses.message("start_rtmp_stream")
    assert status(here.app, "initializing")["outputs"][0]["status"] == "stopped"
    since = time.monotonic()

    stop = camera(begun["rtmpUrl"])

    live = status(here.app, "active")
    assert time.monotonic() - since < 25
    assert segment_of(live["hlsUrl"])[:1] == b"G"  # as every packet of an MPEG transport stream
    assert b"<MPD" in wait_until(lambda: fetched(live["dashUrl"]), "the DASH manifest")
    hls_of_the_copy = f"http://127.0.0.1:{ports.http}/hls/copy.m3u8"
    wait_until(lambda: segment_of(hls_of_the_copy), "the restream")
    assert here.children() == ["ffmpeg"]

    here.app.say(type="managed_stream_stop", packageName=PACKAGE)

    assert here.glasses.message("stop_rtmp_stream")["streamId"] == begun["streamId"]
    status(here.app, "stopped")
    stop()
    wait_until(lambda: here.children() == [], "the end of the restream")
    here.app.say(type="stream_status_check", packageName=PACKAGE)
    assert here.app.message("stream_status_check_response")["hasActiveStream"] is False


def test_a_camera_that_fails_silently_is_noticed(house: Any, camera: Any) -> None:
    here = house("playlist")
    here.app.say(type="managed_stream_request", packageName=PACKAGE)
    stop = camera(here.glasses.message("start_rtmp_stream")["rtmpUrl"])
    status(here.app, "initializing")
    live = status(here.app, "active")

    stop()

    status(here.app, "initializing")
    # nginx goes on publishing the last playlist
    assert fetched(live["hlsUrl"])


def test_a_server_that_stops_leaves_no_restream_behind(
    house: Any, camera: Any, ports: Ports
) -> None:
    here = house("glasses")
    copy = f"rtmp://127.0.0.1:{ports.rtmp}/live/copy"
    here.app.say(type="managed_stream_request", packageName=PACKAGE,
                 restreamDestinations=[{"url": copy}])  # fmt: skip
    begun = here.glasses.message("start_rtmp_stream")
    camera(begun["rtmpUrl"])
    here.glasses.say(type="rtmp_stream_status", streamId=begun["streamId"], status="streaming")
    wait_until(lambda: here.children() == ["ffmpeg"], "the restream")
    [child] = here.children("pid")

    here.process.terminate()

    assert here.process.wait(30) == 0
    assert not Path("/proc", child).exists()


def test_where_the_glasses_decide_their_word_is_enough(house: Any, camera: Any) -> None:
    here = house("glasses")
    here.app.say(type="managed_stream_request", packageName=PACKAGE)
    begun = here.glasses.message("start_rtmp_stream")
    status(here.app, "initializing")
    stop = camera(begun["rtmpUrl"])

    here.glasses.say(type="rtmp_stream_status", streamId=begun["streamId"], status="streaming")

    live = status(here.app, "active")
    wait_until(lambda: segment_of(live["hlsUrl"]), "the first segment")
    here.glasses.say(type="rtmp_stream_status", streamId=begun["streamId"], status="stopped")
    status(here.app, "stopped")
    stop()
