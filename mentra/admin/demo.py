"""``mentra demo``: a server, an app and glasses, all in one terminal."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import attrs
import click

from mentra.admin.children import child, output_of, program
from mentra.admin.console import Console, PlainConsole, open_console
from mentra.admin.play import PACKAGE, PATIENCE, PAUSE, Play, Progress
from mentra.admin.running import race, run_until_interrupted
from mentra.admin.simulation import Simulation
from mentra.admin.sound import sound_of_the_demo
from mentra.config.legacy import (
    FOREIGN_SECRET_VARIABLES,
    LEGACY,
    SECRET_VARIABLE,
    WEBVIEW_KEY_VARIABLE,
)
from mentra.errors import MentraError
from mentra.sdk.glasses import GlassesClient

USER = "demo@example.org"
DEADLINE = 30.0
"""Seconds until the last act must be over, from the very start."""

MODEL = "Demo Glasses"
"""With a display and a camera, which no real model has both of."""

RETRY_SECONDS = 1.0
"""After a lost connection; phones take longer, and nobody wants to watch that."""


class DemoFailed(MentraError):
    """The demo did not get to where it should."""


@attrs.frozen
class Place:
    """Where the demo happens: a folder that goes away, and what children are told."""

    folder: Path
    environ: Mapping[str, str]

    async def mentra(self, *arguments: str) -> str:
        """What a ``mentra`` command prints."""
        return await output_of(
            program("mentra"),
            *arguments,
            "--state-dir",
            str(self.folder / "state"),
            folder=self.folder,
            environ=self.environ,
        )


@click.command()
@click.option("--once", is_flag=True, help="End once everything was shown.")
@click.option(
    "--within",
    type=click.FloatRange(min=0, min_open=True),
    default=DEADLINE,
    show_default=True,
    metavar="SECONDS",
    help="How long --once may take; longer is a failure.",
)
@click.option(
    "--app",
    "app_file",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    help="Python file of an app to show in place of the captions: it is told PACKAGE_NAME, "
    "MENTRAOS_API_KEY and PORT.",
)
def demo(once: bool, within: float, app_file: str | None) -> None:
    """A server with the defaults, a captions app and simulated glasses.

    What is said is shown, aloud and as the phone recognised it, a photo is taken, the dashboard
    looked at, the connection lost and found.

    Everything it needs is made in a temporary folder, which goes away with it; Ctrl-C ends all.
    """
    run_until_interrupted(_in_time(within if once else None, app_file))


async def _in_time(within: float | None, app_file: str | None) -> None:
    progress = Progress()
    # a child that was killed while it wrote must not keep us from ending
    with tempfile.TemporaryDirectory(prefix="mentra-demo-", ignore_cleanup_errors=True) as name:
        place = Place(Path(name), _clean_environment(os.environ))
        try:
            async with asyncio.timeout(within):
                await _play(place, within is not None, app_file, progress)
        except TimeoutError:
            raise DemoFailed(
                f"not within {within:g} seconds: {progress.step}{progress.last_words()}"
            ) from None


async def _play(place: Place, once: bool, app_file: str | None, progress: Progress) -> None:
    click.echo("Starting a server and an app ...")
    progress.step = "the wearer and the app could not be added"
    port = _free_port()
    app_url = f"http://127.0.0.1:{port}"
    key, token = await _register(place, app_url)
    async with _server(place, progress) as url, _app(place, app_file, key, port, progress):
        # they start side by side, for each takes a second or two
        await _ready(f"{url}/readyz", "the server was not ready", progress)
        await _ready(f"{app_url}/health", "the app's server did not answer", progress)
        progress.step = "the glasses were not let in"
        glasses = GlassesClient(url, token, model=MODEL, retry_seconds=RETRY_SECONDS)
        with _console(once) as console:
            console.note(f"the server is {url}, the wearer {USER}, the app {PACKAGE}")
            simulation = Simulation(glasses, console, app=PACKAGE)
            play = Play(
                simulation,
                glasses,
                console,
                progress,
                own_app=app_file is None,
                spoken=await sound_of_the_demo(),
            )
            if not once:
                play.pause, play.patience = PAUSE, PATIENCE
            await race(
                simulation.run(console.commands() if console.interactive else _nothing()),
                play.once() if once else play.on_and_on(),
                *(one.ended() for one in progress.children),
            )


async def _register(place: Place, url: str) -> tuple[str, str]:
    """The app's key and the wearer's token, got as anyone would get them."""
    key = await place.mentra(
        *("app", "add", PACKAGE, "--name", "Captions", "--url", url),
        *("--permission", "MICROPHONE", "--permission", "CAMERA"),
    )
    await place.mentra("user", "add", USER)
    await place.mentra("app", "install", PACKAGE, "--user", USER)
    return key, await place.mentra("user", "token", USER)


@asynccontextmanager
async def _server(place: Place, progress: Progress) -> AsyncIterator[str]:
    port = _free_port()
    command = (
        *(program("twistd"), "-n", "--pidfile=", "mentra"),
        *("--listen", f"tcp:{port}:interface=127.0.0.1"),
        *("--state-dir", str(place.folder / "state")),
    )
    async with child("server", *command, folder=place.folder, environ=place.environ) as server:
        progress.children.append(server)
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def _app(
    place: Place, app_file: str | None, key: str, port: int, progress: Progress
) -> AsyncIterator[None]:
    command = (sys.executable, *((app_file,) if app_file else ("-m", "mentra.sdk.captions")))
    environ = {
        **place.environ,
        "PACKAGE_NAME": PACKAGE,
        "MENTRAOS_API_KEY": key,
        "PORT": str(port),
    }
    async with child("app", *command, folder=place.folder, environ=environ) as app:
        progress.children.append(app)
        yield


async def _ready(url: str, otherwise: str, progress: Progress) -> None:
    progress.step = otherwise
    await race(_answers(url), *(one.ended() for one in progress.children))


@contextmanager
def _console(once: bool) -> Iterator[Console]:
    if once:
        # what was shown is to be read afterwards, in a terminal too
        yield PlainConsole(sys.stdin, sys.stdout)
        return
    with open_console(sys.stdin, sys.stdout) as console:
        yield console


async def _nothing() -> AsyncIterator[str]:
    await asyncio.Event().wait()
    yield ""


async def _answers(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass  # nobody listens yet
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what would change the server's defaults."""
    ours = {one.variable for one in LEGACY} | {
        SECRET_VARIABLE,
        WEBVIEW_KEY_VARIABLE,
        *FOREIGN_SECRET_VARIABLES,
    }
    ours |= {"STATE_DIRECTORY", "NOTIFY_SOCKET"}
    kept = {
        name: value
        for name, value in environ.items()
        if name not in ours and not name.startswith(("MENTRA__", "WATCHDOG_", "LISTEN_"))
    }
    return kept | {"PYTHONUNBUFFERED": "1"}
