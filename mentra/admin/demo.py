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

from mentra.admin.children import Child, child, output_of, program
from mentra.admin.console import Console, PlainConsole, open_console
from mentra.admin.running import race, run_until_interrupted
from mentra.admin.simulation import Simulation
from mentra.config.legacy import (
    FOREIGN_SECRET_VARIABLES,
    LEGACY,
    SECRET_VARIABLE,
    WEBVIEW_KEY_VARIABLE,
)
from mentra.errors import MentraError
from mentra.sdk.glasses import GlassesClient

USER = "demo@example.org"
PACKAGE = "org.example.captions"
SENTENCES = (
    "Hello from the glasses.",
    "Everything I say goes through your own server,",
    "and an app of twenty lines shows it here.",
)
DEADLINE = 30.0
"""Seconds until the display must have shown what was said, from the very start."""

PAUSE = 2.5
"""Seconds between two sentences that somebody is to read."""


class DemoFailed(MentraError):
    """The demo did not get to where it should."""


@attrs.define
class Progress:
    """What is being waited for, in case it never comes.

    :ivar step: what has not happened yet, a sentence.
    :ivar children: the programs started so far.
    """

    step: str = "starting"
    children: list[Child] = attrs.field(factory=list)

    def last_words(self) -> str:
        """What the children wrote last, for whoever wants to know why."""
        return "".join(f"\n{one.name}: {one.last_words()}" for one in self.children)


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
@click.option("--once", is_flag=True, help="End once the display has shown what was said.")
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
    key, token = await _register(place, f"http://127.0.0.1:{port}")
    async with _server(place, progress) as url, _app(place, app_file, key, port, progress):
        progress.step = "the glasses were not let in"
        glasses = GlassesClient(url, token)
        with _console(once) as console:
            console.note(f"the server is {url}, the wearer {USER}, the app {PACKAGE}")
            simulation = Simulation(glasses, console, app=PACKAGE)
            act = _act_once if once else _act
            await race(
                simulation.run(console.commands() if console.interactive else _nothing()),
                act(simulation, glasses, console, progress),
                *(one.ended() for one in progress.children),
            )


async def _register(place: Place, url: str) -> tuple[str, str]:
    """The app's key and the wearer's token, got as anyone would get them."""
    key = await place.mentra(
        *("app", "add", PACKAGE, "--name", "Captions", "--url", url, "--permission", "MICROPHONE")
    )
    await place.mentra("user", "add", USER)
    await place.mentra("app", "install", PACKAGE, "--user", USER)
    return key, await place.mentra("user", "token", USER)


@asynccontextmanager
async def _server(place: Place, progress: Progress) -> AsyncIterator[str]:
    progress.step = "the server was not ready"
    port = _free_port()
    command = (
        *(program("twistd"), "-n", "--pidfile=", "mentra"),
        *("--listen", f"tcp:{port}:interface=127.0.0.1"),
        *("--state-dir", str(place.folder / "state")),
    )
    async with child("server", *command, folder=place.folder, environ=place.environ) as server:
        progress.children.append(server)
        url = f"http://127.0.0.1:{port}"
        await race(_answers(f"{url}/readyz"), server.ended())
        yield url


@asynccontextmanager
async def _app(
    place: Place, app_file: str | None, key: str, port: int, progress: Progress
) -> AsyncIterator[None]:
    progress.step = "the app's server did not answer"
    command = (sys.executable, *((app_file,) if app_file else ("-m", "mentra.sdk.captions")))
    environ = {
        **place.environ,
        "PACKAGE_NAME": PACKAGE,
        "MENTRAOS_API_KEY": key,
        "PORT": str(port),
    }
    async with child("app", *command, folder=place.folder, environ=environ) as app:
        progress.children.append(app)
        await race(_answers(f"http://127.0.0.1:{port}/health"), app.ended())
        yield


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


async def _begin(simulation: Simulation, glasses: GlassesClient, progress: Progress) -> None:
    await glasses.until(lambda: glasses.connected)
    progress.step = "the app did not start"
    await simulation.obey("/start")
    await glasses.until(lambda: glasses.microphone_on or _of_the_app(glasses))


async def _act_once(
    simulation: Simulation, glasses: GlassesClient, console: Console, progress: Progress
) -> None:
    await _begin(simulation, glasses, progress)
    said = SENTENCES[0]
    progress.step = "the display did not show what was said"
    console.note(f"said: {said}")
    await simulation.obey(said)
    await glasses.until(lambda: _of_the_app(glasses) and said in _text(glasses))
    console.note("the app showed what was said")


async def _act(
    simulation: Simulation, glasses: GlassesClient, console: Console, progress: Progress
) -> None:
    await _begin(simulation, glasses, progress)
    for sentence in SENTENCES:
        await asyncio.sleep(PAUSE)
        console.note(f"said: {sentence}")
        await simulation.obey(sentence)
    console.note("now type what you say; Ctrl-C ends")
    await asyncio.Event().wait()


def _of_the_app(glasses: GlassesClient) -> bool:
    return glasses.visible is not None and glasses.visible.package_name == PACKAGE


def _text(glasses: GlassesClient) -> str:
    return glasses.visible.text if glasses.visible else ""


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
