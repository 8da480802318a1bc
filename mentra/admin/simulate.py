"""``mentra simulate``: glasses in the terminal."""

import functools
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

from mentra.admin import configuration_options, hush
from mentra.admin.console import open_console
from mentra.admin.control import Control
from mentra.admin.running import run_until_interrupted
from mentra.admin.simulation import Simulation
from mentra.admin.workplace import tokens_of, user_id_of
from mentra.config import Config, load
from mentra.config.sections import ServerSettings
from mentra.errors import ConfigError, MentraError
from mentra.sdk.glasses import GlassesClient

TOKEN_SECONDS = 86_400.0
"""How long a token made here lasts: one day of wearing glasses."""

_PORT = re.compile(r"tcp6?:(?:port=)?(\d+)")


@click.command()
@click.option("--url", help="Address of the server.  [default: the one that runs on this host]")
@click.option("--user", metavar="EMAIL", help="Who wears them; makes a token as this server would.")
@click.option("--token", envvar="MENTRA_TOKEN", help="Their token, for a server elsewhere.")
@click.option("--model", default="Simulated Glasses", show_default=True)
@click.option("--app", default="", metavar="PACKAGE", help="App that /start and /stop mean.")
@click.option(
    "--photo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="JPEG file that their camera sees.  [default: one white pixel]",
)
@click.option(
    "--mic",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    metavar="FILE.wav",
    help="Have their microphone hear this file first; the app that --app names is started for it.",
)
@click.option(
    "--say", multiple=True, metavar="TEXT", help="The same, said by a voice of this machine."
)
@click.option("--language", default="en-US", show_default=True, help="Of what is said.")
@click.option(
    "--linger", default=2.0, show_default=True, metavar="SECONDS",
    help="How long to watch on after the end of piped input.",
)  # fmt: skip
@configuration_options
def simulate(
    url: str | None,
    user: str | None,
    token: str | None,
    model: str,
    app: str,
    photo: Path | None,
    mic: tuple[str, ...],
    say: tuple[str, ...],
    language: str,
    linger: float,
    config_file: Path | None,
    state_dir: Path | None,
) -> None:
    """Glasses in the terminal: type what is said, or say it, and see what apps show.

    Keys press the button, move the head, start and stop apps; /help lists the commands, which
    work through a pipe too.
    """
    hush()
    read = functools.cache(lambda: load(config_file, state_dir=state_dir))
    bearer = token or token_for(user, read, "wears the glasses")
    address = url or address_of(read())
    picture = photo.read_bytes() if photo else None

    first = (*(f"/mic {one}" for one in mic), *(f"/say {one}" for one in say))

    async def wear() -> None:
        glasses = GlassesClient(address, bearer, model=model)
        glasses.camera.picture = picture or glasses.camera.picture
        with open_console(sys.stdin, sys.stdout) as console:
            simulation = Simulation(
                glasses, console, app=app, language=language, first=first, linger=linger
            )
            await simulation.run()

    run_until_interrupted(wear())


def token_for(user: str | None, read: Callable[[], Config], does: str) -> str:
    """A token of *user* that the configured server believes.

    :param does: what the user does, for the sentence that asks who it is.
    :raises MentraError: there is no secret to sign it with.
    """
    if not user:
        raise click.UsageError(f"say who {does}: --user EMAIL, or --token TOKEN")
    config = read()
    # a new secret would make a token that no server believes
    if config.auth_secret is None and not config.secret_path.exists():
        raise ConfigError(
            f"{config.secret_path}: no such file; start the server once, name its --state-dir, "
            "or give --token"
        )
    return tokens_of(config).issue_user(user_id_of(user), TOKEN_SECONDS)


def address_of(config: Config) -> str:
    """Where the server is found on this machine: the one that runs says so itself, for it may have
    been told another port; where none runs or may be asked, what is configured.

    :raises ConfigError: it listens on no port.
    """
    with suppress(MentraError):  # whoever brings a token need not be the server's owner
        url = Control(config.state_dir).url()
        if url is not None:
            return url
    listen = config.section(ServerSettings).listen
    found = _PORT.match(listen)
    if found is None:
        raise ConfigError(f"the server listens on {listen}: give its address with --url")
    return f"http://127.0.0.1:{found.group(1)}"
