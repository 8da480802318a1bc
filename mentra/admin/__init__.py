"""The ``mentra`` command.

A command is an attribute of a module of this package, named in ``COMMANDS`` below and imported
when somebody calls it; so ``mentra --help`` is quick, and a missing extra costs one command only.
A module that is not there is not listed.  A command that needs the configuration says so::

    @click.command()
    @click.argument("email")
    @configured
    def add(config: Config, email: str) -> None:
        \"\"\"Add a person.\"\"\"

:func:`configured` gives it ``--config F`` and ``--state-dir D`` and calls it with the loaded
``config``; :func:`configuration_options` only gives it the options (``config_file`` and
``state_dir``, both may be None), for a command that loads by itself.  What goes wrong is raised
as a :class:`mentra.errors.MentraError`: its sentence goes to stderr and the exit status is 1
(2 is click's own, for wrong usage).  Nobody sees a traceback.
"""

import errno
import functools
import importlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import click

import mentra
from mentra.errors import MentraError

EXTRAS = {
    "aiohttp": "sdk",
    "psycopg": "postgresql",
    "lc3": "lc3",
    "nacl": "udp",
    "pocketsphinx": "speech",
    "webrtcvad": "speech",
    "soxr": "speech",
    "sherpa_onnx": "sherpa",
    "jsonschema": "channels",
    "wasmtime": "channels",
}
"""Modules that an extra brings, for the sentence about one that is missing."""


@attrs.frozen
class Command:
    """Where a command is.

    :ivar place: ``module:attribute``.
    :ivar about: its line in ``mentra --help``.
    """

    place: str
    about: str


COMMANDS = {
    "init": Command("mentra.admin.configuration:init", "Write mentra.toml and the secrets."),
    "config": Command("mentra.admin.configuration:config", "Check and show the configuration."),
    "user": Command("mentra.admin.users:user", "Add, list and remove people; make their tokens."),
    "app": Command("mentra.admin.apps:app", "Add, list, install, start and stop apps; their keys."),
    "sessions": Command("mentra.admin.sessions:sessions", "Show who is on."),
    "feedback": Command("mentra.admin.feedback:feedback", "Show what people have to say."),
    "plugins": Command("mentra.admin.plugins:plugins", "List plugins; refresh their cache."),
    "handlers": Command("mentra.admin.plugins:handlers", "List who handles which message."),
    "simulate": Command("mentra.admin.simulate:simulate", "Wear simulated glasses."),
    "talk": Command("mentra.admin.talk:talk", "Talk to the voice assistant."),
    "demo": Command("mentra.admin.demo:demo", "Server, captions app and glasses in one terminal."),
    "conformance": Command(
        "mentra.admin.conformance:conformance", "Try the rules of the protocol on a server."
    ),
    "credentials": Command(
        "mentra.admin.credentials:credentials", "Look after the keys of people's credentials."
    ),
    "opencode": Command(
        "mentra.admin.opencode:opencode", "Bridge an OpenCode server to programs here; chat."
    ),
    "db": Command("mentra.admin.database:db", "Look after the database."),
}


class Commands(click.Group):
    """Imports a command when it is called, and turns what it raises into a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands that are there."""
        return [name for name, command in COMMANDS.items() if _is_there(command)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported; None if there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, _, attribute = COMMANDS[cmd_name].place.partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as problem:
            raise click.ClickException(_missing(cmd_name, problem)) from problem
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].about) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        :raises click.ClickException: it failed; one sentence, exit status 1.
        """
        try:
            return super().invoke(ctx)
        except MentraError as problem:
            raise click.ClickException(str(problem)) from problem
        except OSError as problem:
            # a reader that has seen enough (``| head``) is no failure; click knows about it
            if problem.errno == errno.EPIPE or problem.filename is None:
                raise
            raise click.ClickException(f"{problem.filename}: {problem.strerror}") from problem


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mentra.__version__, prog_name="mentra")
def main() -> None:
    """Look after a mentra server: its configuration, people, apps and plugins.

    `twistd -n mentra` is the server itself.
    """


def configuration_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* the options ``--config`` and ``--state-dir``."""
    path = click.Path(path_type=Path)
    command = click.option(
        "--state-dir",
        type=path,
        metavar="DIR",
        help="State directory; without it $STATE_DIRECTORY or mentra-state beside the file.",
    )(command)
    return click.option(
        "--config",
        "config_file",
        type=path,
        metavar="FILE",
        help="Configuration file; without it mentra.toml here, or else the defaults.",
    )(command)


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* the configuration (as ``config``) and the options that say which."""

    @configuration_options
    @functools.wraps(command)
    def with_config(*, config_file: Path | None, state_dir: Path | None, **rest: Any) -> Any:
        hush()
        from mentra.config import load

        return command(config=load(config_file, state_dir=state_dir), **rest)

    return with_config


@functools.cache
def hush() -> None:
    """Keep Twisted's log off the terminal; once per process.

    Before logging has begun it writes every failure to stderr, so a broken plugin, which is no
    concern of most commands, would leave a traceback there.
    """
    from twisted.logger import globalLogBeginner

    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)


def _is_there(command: Command) -> bool:
    return find_spec(command.place.partition(":")[0]) is not None


def _missing(name: str, problem: ModuleNotFoundError) -> str:
    extra = EXTRAS.get((problem.name or "").partition(".")[0])
    remedy = f"pip install 'mentra[{extra}]'" if extra else "install it"
    return f"`mentra {name}` needs the Python module {problem.name}, which is not here; {remedy}"
