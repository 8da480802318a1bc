"""``mentra init`` and ``mentra config``: write, check and show the configuration."""

import json
import os
from pathlib import Path
from typing import Any

import click
import msgspec

from mentra.addresses import addresses_of
from mentra.admin import configuration_options, configured, hush
from mentra.air_gap import house_to_look_at, refuse_strangers
from mentra.config import Config, load
from mentra.config.declared import Field, discover
from mentra.config.legacy import SECRET_VARIABLE
from mentra.config.loading import FILE_NAME
from mentra.config.sections import PluginsSettings, PrivacySettings
from mentra.config.template import render, toml
from mentra.errors import ConfigError, MentraError
from mentra.logs.redaction import without_password
from mentra.routing import discovery
from mentra.routing.catalogue import Catalogue
from mentra.routing.origins import describe
from mentra.speech.doubts import doubts as speech_doubts
from mentra.speech.settings import SpeechSettings
from mentra.tokens import SecretFiles, load_or_make_secret
from mentra.voice.model import why_no_model
from mentra.voice.settings import VoiceSettings

HIDDEN = "(hidden)"

as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Where to; made if it is missing.  The working directory if not given.",
)
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="State directory; without it $STATE_DIRECTORY or mentra-state beside the file.",
)
def init(folder: Path, state_dir: Path | None) -> None:
    """Write mentra.toml with every default explained, and the secrets.

    Nothing that is there is overwritten.
    """
    hush()
    path = folder.absolute() / FILE_NAME
    _write_new(path, render(discover().sections))
    click.echo(f"wrote {path}")
    # what else the environment says is not for the file, and may be wrong without harm
    environ = {"STATE_DIRECTORY": os.environ.get("STATE_DIRECTORY", "")}
    found = load(path, state_dir=state_dir, environ=environ)
    found.make_state_dir()
    word = "kept" if found.secret_path.exists() else "wrote"
    load_or_make_secret(found.secret_path)
    click.echo(f"{word} {found.secret_path}")


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(
            f"{path} is there already and stays as it is; "
            "move it away or name another folder with --dir"
        ) from None


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@configuration_options
@as_json
@click.pass_context
def check(
    ctx: click.Context, config_file: Path | None, state_dir: Path | None, as_json: bool
) -> None:
    """Say whether the server would start with this configuration."""
    hush()
    try:
        found = load(config_file, state_dir=state_dir)
        _check_secret(found)
        catalogue = _check_plugins(found)
        _check_addresses(found, catalogue)
        warnings = [*found.broken, *_doubts(found, catalogue)]
    except MentraError as problem:
        if not as_json:
            raise
        click.echo(json.dumps({"ok": False, "error": str(problem), "warnings": []}))
        ctx.exit(1)
    if as_json:
        click.echo(json.dumps({"ok": True, "error": None, "warnings": warnings}))
        return
    for sentence in warnings:
        click.echo(f"Warning: {sentence}", err=True)
    click.echo("ok")


def _check_secret(found: Config) -> None:
    # a secret of the service's user is none of ours, and a missing one is made at the first start
    if found.auth_secret is None and os.access(found.secret_path, os.R_OK):
        load_or_make_secret(found.secret_path)


def _check_plugins(found: Config) -> Catalogue:
    """Two owners of one thing end the start.

    :raises ConfigError: there are such.
    """
    settings = found.section(PluginsSettings)
    plugins = discovery.discover(found.folder / folder for folder in settings.path).plugins
    return Catalogue(plugins, settings.prefer, describe)


def _check_addresses(found: Config, catalogue: Catalogue) -> None:
    """Through an air gap nothing of the configuration may lead to strangers.

    :raises ConfigError: one would.
    """
    if found.section(PrivacySettings).air_gap:
        from twisted.internet import reactor  # noqa: TID251 - a command, in a function

        refuse_strangers(found, house_to_look_at(found, catalogue, reactor), addresses_of)


def _doubts(found: Config, catalogue: Catalogue) -> list[str]:
    """What the server would start with, and could not do."""
    from twisted.internet import reactor  # noqa: TID251 - a command, in a function

    secrets = SecretFiles(found.folder)
    house = house_to_look_at(found, catalogue, reactor, secrets)
    problem = why_no_model(house) if VoiceSettings in found.sections else None
    heard = [*speech_doubts(house)] if SpeechSettings in found.sections else []
    return [*heard, *([] if problem is None else [problem])]


@config.command()
@configured
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@as_json
def show(config: Config, origin: bool, as_json: bool) -> None:
    """Print the configuration in force; secrets stay hidden."""
    if as_json:
        click.echo(json.dumps(_facts(config, origin), indent=2, default=str))
    else:
        click.echo(_listing(config, origin))


def _facts(config: Config, origin: bool) -> dict[str, Any]:
    sections: dict[str, dict[str, Any]] = {}
    for name, section in config.declared.items():
        sections[name] = {}
        for field in section.fields.values():
            value = _shown(config, field)
            told = {"value": value, "origin": config.origin(field.key)} if origin else value
            sections[name][field.name] = told
    return {
        "path": None if config.path is None else str(config.path),
        "state_dir": str(config.state_dir),
        "secret": _secret_from(config),
        "sections": sections,
    }


def _listing(config: Config, origin: bool) -> str:
    lines = [
        f"# file: {config.path or 'none'}",
        f"# state directory: {config.state_dir}"
        + (f" ({config.origin('state_dir')})" if origin else ""),
        f"# secret that signs tokens: {_secret_from(config)}",
    ]
    for name, section in config.declared.items():
        lines += ["", f"[{name}]"]
        for field in section.fields.values():
            value = _shown(config, field)
            line = (
                f"# {field.name} is not set" if value is None else f"{field.name} = {toml(value)}"
            )
            lines.append(f"{line}  # {config.origin(field.key)}" if origin else line)
    return "\n".join(lines)


def _secret_from(config: Config) -> str:
    if config.auth_secret is not None:
        return f"environment variable {SECRET_VARIABLE}"
    return str(config.secret_path)


def _shown(config: Config, field: Field) -> Any:
    """The value in TOML's types, without what nobody may see."""
    value = msgspec.to_builtins(config.value(field.key), builtin_types=())
    return HIDDEN if field.secret and value else _without_passwords(value)


def _without_passwords(value: Any) -> Any:
    match value:
        case str():
            return without_password(value)
        case list() | tuple():
            return [_without_passwords(one) for one in value]
        case dict():
            return {key: _without_passwords(one) for key, one in value.items()}
    return value
