"""The snippets for proxies: parsed by each proxy itself, then run by it."""

import base64
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import jwt
import pytest

from mentra.glasses.photos.settings import PhotosSettings

ETC = Path(__file__).parents[2] / "etc"
STOCK_ECHO = Path(__file__).parents[2] / "bench" / "peers" / "stock_echo.py"
SHORT = "1s"
"""In place of the snippets' 75 seconds, so that a test need not wait so long."""
OFTEN = "0.3"
"""Seconds between pings: to the short time-out what 10 s are to more than 30."""
SECRET = "a-token-that-nobody-may-see"

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/main.log crit;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/snippet;
}}
"""


@attrs.frozen
class Place:
    """Where a proxy runs: a folder with a certificate, its own port and that of the server."""

    folder: Path
    port: int
    backend: int


@attrs.frozen
class Proxy:
    """One proxy and its snippet.

    :ivar check: the words after the program's name that parse ``{folder}/main``.
    :ivar run: the words that run it in the foreground.
    :ivar for_check: what is exchanged in the snippet so that this machine can parse it.
    :ivar for_run: what is exchanged so that it serves without TLS and with short time-outs.
    :ivar main: the whole configuration, when the snippet is only a part.
    """

    name: str
    snippet: str
    check: str
    run: str
    for_check: Callable[[Place], dict[str, str]]
    for_run: Callable[[Place], dict[str, str]]
    main: str = ""

    def write(self, text: str, place: Place) -> None:
        """Put the snippet into the place's folder, as the program wants it."""
        snippet, main = place.folder / "snippet", place.folder / "main"
        snippet.write_text(text)
        main.write_text(self.main.format(folder=place.folder) if self.main else text)

    def words(self, line: str, place: Place) -> list[str]:
        """The words of ``check`` or ``run`` for the place."""
        return line.format(folder=place.folder).split()


def _nginx_common(place: Place) -> dict[str, str]:
    return {
        "    listen [::]:443 ssl;\n": "",
        "/var/log/nginx": str(place.folder),
        "127.0.0.1:8002": f"127.0.0.1:{place.backend}",
    }


PROXIES = [
    Proxy(
        name="nginx",
        snippet="nginx.conf",
        check="-t -c {folder}/main",
        run="-c {folder}/main",
        for_check=lambda place: {
            **_nginx_common(place),
            "listen 443 ssl": f"listen 127.0.0.1:{place.port} ssl",
            "/etc/ssl/mentra": str(place.folder),
        },
        for_run=lambda place: {
            **_nginx_common(place),
            "listen 443 ssl": f"listen 127.0.0.1:{place.port}",
            "    ssl_certificate /etc/ssl/mentra/fullchain.pem;\n": "",
            "    ssl_certificate_key /etc/ssl/mentra/privkey.pem;\n": "",
            "75s": SHORT,
        },
        main=NGINX,
    ),
    Proxy(
        name="caddy",
        snippet="Caddyfile",
        check="validate --adapter caddyfile --config {folder}/main",
        run="run --adapter caddyfile --config {folder}/main",
        for_check=lambda place: {"127.0.0.1:8002": f"127.0.0.1:{place.backend}"},
        for_run=lambda place: {
            "\n{\n": "\n{\n\tadmin off\n",
            "\nmentra.example.org {": f"\nhttp://127.0.0.1:{place.port} {{",
            "127.0.0.1:8002": f"127.0.0.1:{place.backend}",
            "75s": SHORT,
        },
    ),
    Proxy(
        name="haproxy",
        snippet="haproxy.cfg",
        check="-c -f {folder}/main",
        run="-db -f {folder}/main",
        for_check=lambda place: {"/etc/haproxy/mentra.pem": f"{place.folder}/both.pem"},
        for_run=lambda place: {
            "maxconn 40000": "maxconn 100",
            "log /dev/log local0": "log stdout format raw local0",
            "bind :443 ssl crt /etc/haproxy/mentra.pem alpn http/1.1": (
                f"bind 127.0.0.1:{place.port}"
            ),
            "    option httpchk GET /readyz\n": "",
            "127.0.0.1:8002 check inter 5s": f"127.0.0.1:{place.backend}",
            "75s": SHORT,
        },
    ),
]


@pytest.fixture(params=PROXIES, ids=lambda proxy: proxy.name)
def proxy(request: pytest.FixtureRequest) -> Proxy:
    """Each proxy in turn."""
    return request.param  # type: ignore[no-any-return]  # pytest's params have no type


@pytest.fixture
def place(certificate: Path, free_port: Callable[[], int]) -> Place:
    """A folder and two ports."""
    return Place(certificate, free_port(), free_port())


@pytest.fixture
def running(
    proxy: Proxy, place: Place, program: Any, shipped: Any, spawn: Any
) -> Callable[[], Any]:
    """Start the proxy, as ``spawn`` starts programs."""

    def start() -> Any:
        proxy.write(shipped(proxy.snippet, proxy.for_run(place)), place)
        words = [program(proxy.name), *proxy.words(proxy.run, place)]
        home = str(place.folder)
        return spawn(words, place.port, HOME=home, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home)

    return start


@pytest.fixture
def echo(place: Place, spawn: Any) -> Callable[..., None]:
    """Start an echo server behind the proxy."""

    def start(*words: str) -> None:
        spawn([sys.executable, str(STOCK_ECHO), str(place.backend), *words], place.backend)

    return start


class Glasses:
    """A WebSocket client that sits there: it answers pings and counts them."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /glasses-ws?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self._file = self._socket.makefile("rb")
        self.status = self._file.readline()
        while self._file.readline().strip():
            pass

    def send(self, opcode: int, payload: bytes) -> None:
        """A masked frame; a mask of zeros is one as well."""
        self._socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload)

    def receive(self) -> tuple[int, bytes]:
        """The next frame's opcode and payload.

        :raises EOFError: the connection was cut.
        """
        head = self._file.read(2)
        if len(head) < 2:
            raise EOFError
        length = int.from_bytes(self._file.read(2), "big") if head[1] == 126 else head[1]
        return head[0] & 15, self._file.read(length)

    def answer_pings(self, count: int) -> None:
        """Sit there until *count* pings have been answered, whatever else comes."""
        while count:
            opcode, payload = self.receive()
            if opcode == 9:
                self.send(10, payload)
                count -= 1

    def hears(self, wanted: bytes) -> bool:
        """Whether a text with *wanted* in it comes before the connection ends."""
        while True:
            opcode, payload = self.receive()
            if opcode == 1 and wanted in payload:
                return True

    def close(self) -> None:
        """Leave without a word."""
        self._file.close()
        self._socket.close()


@pytest.fixture
def glasses(place: Place) -> Iterator[Callable[..., Glasses]]:
    """A client connected through the proxy."""
    connected: list[Glasses] = []

    def connect(token: str = SECRET) -> Glasses:
        connected.append(Glasses(place.port, token))
        return connected[-1]

    yield connect
    for each in connected:
        each.close()


class Recorder(http.server.BaseHTTPRequestHandler):
    """Answers every request, and keeps its headers on the server."""

    def do_GET(self) -> None:
        self.server.seen.append({key.lower(): value for key, value in self.headers.items()})  # type: ignore[attr-defined]  # set below
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is looked at is the proxy's log."""


@pytest.fixture
def recorded(place: Place) -> Iterator[list[dict[str, str]]]:
    """A server behind the proxy that keeps the headers of each request."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", place.backend), Recorder)
    seen: list[dict[str, str]] = []
    server.seen = seen  # type: ignore[attr-defined]  # for the handler above
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


def ask(port: int, path: str, **headers: str) -> bytes:
    """The status line that a GET gets."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with connection.makefile("rb") as answer:
            status: bytes = answer.readline()
            answer.read()
    return status


@pytest.mark.parametrize(
    ("snippet", "limit"),
    [("nginx.conf", r"client_max_body_size (\d+)m;"), ("Caddyfile", r"max_size (\d+)MB")],
)
def test_what_the_server_takes_passes_through_the_proxy(snippet: str, limit: str) -> None:
    written = re.search(limit, (ETC / snippet).read_text("utf-8"))

    assert written is not None
    # Caddy's megabytes are the smaller ones
    assert int(written[1]) * 1_000_000 > PhotosSettings().max_size


def test_the_proxy_finds_no_fault_in_its_snippet(
    proxy: Proxy, place: Place, program: Any, shipped: Any
) -> None:
    proxy.write(shipped(proxy.snippet, proxy.for_check(place)), place)
    home = str(place.folder)
    environment = {**os.environ, "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}

    done = subprocess.run(
        [program(proxy.name), *proxy.words(proxy.check, place)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_an_idle_connection_outlives_the_time_outs_by_its_pings(
    running: Any, echo: Any, glasses: Any
) -> None:
    echo("--ping", OFTEN)
    running()
    client = glasses()
    assert b" 101 " in client.status

    client.answer_pings(10)

    client.send(1, b"still here")
    assert client.hears(b"still here")


@pytest.mark.slow
def test_idle_glasses_of_the_server_outlive_the_time_outs(
    running: Any, glasses: Any, spawn: Any, place: Place
) -> None:
    home = place.folder / "mentra"
    home.mkdir()
    (home / "secret").write_text("s" * 64)
    (home / "secret").chmod(0o600)
    settings = f'[wire]\nheartbeat = {OFTEN}\n\n[auth]\nsecret_file = "{home / "secret"}"\n'
    (home / "mentra.toml").write_text(settings)
    words = [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile=", "mentra"]
    words += ["--config", str(home / "mentra.toml"), "--state-dir", str(home / "state")]
    spawn([*words, "--listen", f"tcp:{place.backend}:interface=127.0.0.1"], place.backend)
    # it listens before it is ready, and the time-out in front of it is short
    with urllib.request.urlopen(f"http://127.0.0.1:{place.backend}/readyz", timeout=60):
        running()
    claims = {"sub": "ann@example.org", "email": "ann@example.org"}
    client = glasses(jwt.encode(claims, "s" * 64, algorithm="HS256"))
    assert b" 101 " in client.status

    client.answer_pings(10)

    client.send(1, b'{"type":"ping"}')
    assert client.hears(b'"pong"')


@pytest.mark.slow
def test_a_connection_without_pings_is_cut(running: Any, echo: Any, glasses: Any) -> None:
    echo()
    running()
    client = glasses()

    with pytest.raises((EOFError, ConnectionError)):
        client.receive()


@pytest.mark.slow
def test_the_server_is_told_the_true_address(
    running: Any, recorded: list[dict[str, str]], place: Place
) -> None:
    running()

    status = ask(place.port, "/health", X_Forwarded_For="203.0.113.9")

    assert b" 200 " in status
    assert [seen["x-forwarded-for"] for seen in recorded] == ["127.0.0.1"]


@pytest.mark.slow
def test_metrics_are_not_shown_outside(
    running: Any, recorded: list[dict[str, str]], place: Place
) -> None:
    running()

    status = ask(place.port, "/metrics")

    assert b" 404 " in status
    assert recorded == []


@pytest.mark.slow
def test_no_log_has_a_token(running: Any, echo: Any, glasses: Any, place: Place) -> None:
    started = running()
    ask(place.port, f"/nobody-listens?token={SECRET}", Authorization=f"Bearer {SECRET}")
    echo("--ping", OFTEN)
    client = glasses()
    assert client.receive()[0] == 9
    client.close()
    ask(place.port, f"/not-an-upgrade?token={SECRET}", Authorization=f"Bearer {SECRET}")
    started.stop()

    logs = [started.said.read_text(), *(log.read_text() for log in place.folder.glob("*.log"))]

    assert "/not-an-upgrade" in "".join(logs)
    assert SECRET not in "".join(logs)
