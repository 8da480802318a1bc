"""``mentra opencode``: the bridge to an OpenCode server, and a client of it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from mentra.admin import configuration_options, configured, hush
from mentra.admin.listing import show_json
from mentra.admin.running import run_until_interrupted
from mentra.config import Config, load
from mentra.errors import MentraError, Refused
from mentra.messages.opencode import AuthInfo
from mentra.opencode import handout
from mentra.opencode.handout import Handout


@click.group()
def opencode() -> None:
    """Bridge an OpenCode server to programs on this machine, and talk to it."""


@opencode.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@configured
def info(config: Config, as_json: bool) -> None:
    """Print the bridge's port and the token that opens it.

    Whoever has the token can have your tools run: it is for programs of the same user.
    """
    found = handout_of(config)
    if as_json:
        show_json(found)
        return
    click.echo(f"port   {found.port}")
    click.echo(f"token  {found.token}")


@opencode.command()
@configuration_options
def serve(config_file: Path | None, state_dir: Path | None) -> None:
    """Run the bridge alone, without the server for glasses, until it is told to stop.

    `twistd -n mentra` runs it as well where `[opencode] enabled` is set.
    """
    from mentra.admin.opencode_serve import run

    run(load(config_file, state_dir=state_dir))


@opencode.command()
@configuration_options
def check(config_file: Path | None, state_dir: Path | None) -> None:
    """Ask the bridge for everything that can be asked without changing anything.

    One line each; the exit status is 1 if one of them fails.
    """
    hush()
    found = handout_of(load(config_file, state_dir=state_dir))
    failed = asyncio.run(_check(found))
    if failed:
        raise MentraError(f"{failed} of the requests failed")


async def _check(found: Handout) -> int:
    from mentra.sdk.opencode import OpencodeClient

    client = OpencodeClient(found.port, found.token)
    if not await _tried("handshake", _shake_hands(client)):
        return 1
    providers: list[str] = []
    try:
        requests: dict[str, Callable[[], Awaitable[str]]] = {
            "list_sessions": lambda: _counted(client.list_sessions(), "session"),
            "list_agents": lambda: _counted(client.list_agents(), "agent"),
            "get_provider_status": lambda: _named(client.connected_providers(), providers),
            "get_auth": lambda: _credential(client, (*providers, "anthropic")[0]),
        }
        return [await _tried(name, ask()) for name, ask in requests.items()].count(False)
    finally:
        await client.close()


async def _tried(name: str, asked: Awaitable[str]) -> bool:
    try:
        told = await asked
    except MentraError as problem:
        code = f"{problem.code}: " if isinstance(problem, Refused) else ""
        click.echo(f"failed  {name:20} {code}{problem}")
        return False
    click.echo(f"ok      {name:20} {told}")
    return True


async def _shake_hands(client: Any) -> str:
    await client.__aenter__()
    return "the token is right"


async def _counted(asked: Awaitable[tuple[Any, ...]], word: str) -> str:
    count = len(await asked)
    return f"{count} {word}{'' if count == 1 else 's'}"


async def _named(asked: Awaitable[tuple[str, ...]], found: list[str]) -> str:
    found += await asked
    return ", ".join(found) or "none can be used"


async def _credential(client: Any, provider: str) -> str:
    try:
        found: AuthInfo = await client.get_auth(provider)
    except Refused as refusal:
        # what is not kept is an answer too
        if refusal.code in ("NOT_FOUND", "NOT_IMPLEMENTED"):
            return refusal.message
        raise
    return f"{provider} has {'a key' if found.api_key is not None else 'a grant'}"


@opencode.command()
@click.argument("text", nargs=-1)
@click.option("--session", metavar="ID", help="Go on with this session.  [default: a new one]")
@click.option("--model", metavar="PROVIDER/MODEL", help="Who answers.  [default: the server's]")
@click.option("--agent", metavar="NAME", help="As whom.  [default: the server's]")
@click.option("--thoughts", is_flag=True, help="Show what the model thinks aloud.")
@configuration_options
def chat(
    text: tuple[str, ...],
    session: str | None,
    model: str | None,
    agent: str | None,
    thoughts: bool,
    config_file: Path | None,
    state_dir: Path | None,
) -> None:
    """Talk to the model: say TEXT and hear the answer, or without it line by line.

    Answers come as they are made, and so do tool calls; where a tool needs consent you are asked.
    Ctrl-C stops an answer; /help lists what else can be typed.
    """
    hush()
    from mentra.admin.opencode_chat import Chat, Manner

    manner = Manner(model=_model(model), agent=agent, thoughts=thoughts)
    found = handout_of(load(config_file, state_dir=state_dir))
    told = Chat(found, manner, sys.stdin, sys.stdout)
    run_until_interrupted(told.run(" ".join(text), session))
    if told.failed:
        sys.exit(1)


def _model(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    # a model's id may have slashes, a provider's has none
    provider, _, model = text.partition("/")
    if not provider or not model:
        raise click.UsageError(f"--model {text}: write it as anthropic/claude-sonnet-4-5")
    return provider, model


def handout_of(config: Config) -> Handout:
    """What the running bridge hands out.

    :raises MentraError: none runs.
    """
    found = handout.read(config.state_dir)
    if found is None:
        raise MentraError(
            f"no bridge runs with {config.state_dir}; start one: mentra opencode serve"
        )
    return found
