"""``mentra conformance``: does a server keep the protocol?"""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import click
import jwt
import msgspec

from mentra.admin.children import output_of, program
from mentra.admin.listing import show_json
from mentra.admin.running import run_until_interrupted
from mentra.conformance.everything import RULES
from mentra.conformance.rules import Outcome, run
from mentra.conformance.stage import Registered, Stage, Wearer, Webhook
from mentra.errors import MentraError

PACKAGE = "org.example.conformance"
LIMITED = "org.example.conformance-limited"
USERS = ("conformance-one@example.org", "conformance-two@example.org")
SETTING = {"type": "toggle", "key": "big", "label": "Large print", "defaultValue": True}
_VERDICTS = {True: "PASS", False: "FAIL", None: "SKIP"}


@attrs.frozen
class Wanted:
    """What was asked for on the command line."""

    url: str
    listen: str
    tokens: tuple[str, ...]
    package: str | None
    api_key: str | None
    limited_package: str | None
    limited_api_key: str | None
    state_dir: Path | None
    config_file: Path | None
    numbers: tuple[int, ...]


@click.command()
@click.argument("url")
@click.option("--token", "tokens", multiple=True, metavar="TOKEN",
              help="A user's token; give it twice, for two users.")  # fmt: skip
@click.option("--package", help="An app that the server knows, with all permissions.")
@click.option("--api-key", help="Its key.")
@click.option("--limited-package", metavar="PACKAGE", help="An app without permissions.")
@click.option("--limited-api-key", metavar="KEY", help="Its key.")
@click.option("--webhook-listen", "listen", default="127.0.0.1:0", show_default=True,
              metavar="HOST:PORT", help="Where the server finds the apps' servers.")  # fmt: skip
@click.option("--state-dir", type=click.Path(file_okay=False, path_type=Path), metavar="D",
              help="Of a server of ours on this host: users and apps are made in it, and removed "
              "afterwards.")  # fmt: skip
@click.option("--config", "config_file", type=click.Path(dir_okay=False, path_type=Path),
              metavar="F", help="Its configuration, if it has one.")  # fmt: skip
@click.option("--rule", "numbers", type=int, multiple=True, metavar="N",
              help="Try this rule alone; may be given again.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def conformance(as_json: bool, **given: Any) -> None:
    """Try the rules of the protocol on the server at URL, from outside.

    One line a rule: PASS, FAIL with what was seen instead, or SKIP with what is missing.  The
    status is 1 if a rule failed.  With --state-dir everything needed is made by itself.
    """
    wanted = Wanted(**given)
    outcomes: list[Outcome] = []

    async def try_all() -> None:
        async with _stage(wanted) as stage:
            chosen = [one for one in RULES if not wanted.numbers or one.number in wanted.numbers]
            async for outcome in run(chosen, stage):
                outcomes.append(outcome)
                if not as_json:
                    _show(outcome)

    run_until_interrupted(try_all())
    if as_json:
        show_json([_spelt(one) for one in outcomes])
    if not outcomes:
        raise MentraError("no rule was tried; --rule takes the numbers of docs/conformance")
    if any(one.passed is False for one in outcomes):
        sys.exit(1)


def _show(outcome: Outcome) -> None:
    why = f"\n         {outcome.why}" if outcome.why else ""
    click.echo(f"{_VERDICTS[outcome.passed]} {outcome.rule.number:3} {outcome.rule.title}{why}")


def _spelt(outcome: Outcome) -> dict[str, object]:
    return {
        "rule": outcome.rule.number,
        "title": outcome.rule.title,
        "verdict": _VERDICTS[outcome.passed],
        "why": outcome.why,
    }


@asynccontextmanager
async def _stage(wanted: Wanted) -> AsyncIterator[Stage]:
    webhook = Webhook(*_host_and_port(wanted.listen))
    try:
        await webhook.start()
    except OSError as problem:
        raise MentraError(f"cannot listen on {wanted.listen}: {problem.strerror}") from problem
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http,
            _cast(wanted, webhook.address) as (wearers, app, limited),
        ):
            yield Stage(wanted.url, http, wearers, app, limited, webhook)
    finally:
        await webhook.stop()


def _host_and_port(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise click.UsageError(f"--webhook-listen {listen}: write it as 127.0.0.1:7010")
    return host, int(port)


Cast = tuple[tuple[Wearer, Wearer], Registered, Registered | None]


@asynccontextmanager
async def _cast(wanted: Wanted, webhook: str) -> AsyncIterator[Cast]:
    """The users and apps that take part."""
    if wanted.state_dir is not None:
        async with _made(wanted, webhook) as cast:
            yield cast
        return
    if len(wanted.tokens) != 2 or not wanted.package or not wanted.api_key:
        raise click.UsageError(
            "give --token twice, --package and --api-key; or --state-dir for a server of ours"
        )
    limited = None
    if wanted.limited_package and wanted.limited_api_key:
        limited = Registered(wanted.limited_package, wanted.limited_api_key)
    first, second = (Wearer(_user_id(token), token) for token in wanted.tokens)
    yield (first, second), Registered(wanted.package, wanted.api_key), limited


def _user_id(token: str) -> str:
    """Whom a token is of: its claims are read, not believed."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return str(claims["email"]).lower()
    except (jwt.InvalidTokenError, KeyError):
        raise click.UsageError("a --token is no JSON Web Token with an email in it") from None


@asynccontextmanager
async def _made(wanted: Wanted, webhook: str) -> AsyncIterator[Cast]:
    """Made with the commands an operator has, and removed with them."""
    where = ["--state-dir", str(wanted.state_dir)]
    where += ["--config", str(wanted.config_file)] if wanted.config_file else []

    async def mentra(*words: str) -> str:
        return await output_of(
            program("mentra"), *words, *where, folder=Path.cwd(), environ=os.environ
        )

    with tempfile.NamedTemporaryFile(suffix=".json") as settings:
        settings.write(msgspec.json.encode([SETTING]))
        settings.flush()
        add = ("app", "add", "--replace", "--url", webhook, "--type", "background")
        keys = [secrets.token_hex(32) for _ in range(2)]
        try:
            await mentra(
                *add, PACKAGE, "--permission", "ALL", "--settings", settings.name,
                "--api-key", keys[0],
            )  # fmt: skip
            await mentra(*add, LIMITED, "--api-key", keys[1])
            wearers = []
            for email in USERS:
                await mentra("user", "add", email)
                for package in (PACKAGE, LIMITED):
                    await mentra("app", "install", package, "--user", email)
                wearers.append(Wearer(email, await mentra("user", "token", email)))
            yield (
                (wearers[0], wearers[1]),
                Registered(PACKAGE, keys[0]),
                Registered(LIMITED, keys[1]),
            )
        finally:
            for package in (PACKAGE, LIMITED):
                await _quietly(mentra("app", "remove", package))
            for email in USERS:
                await _quietly(mentra("user", "remove", email))


async def _quietly(command: Any) -> None:
    try:
        await asyncio.shield(command)
    except MentraError as problem:
        click.echo(f"could not clean up: {problem}", err=True)
