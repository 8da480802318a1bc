"""``mentra app``: apps, their keys, and who has them."""

import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from mentra.admin import configured
from mentra.admin.app_records import HARDWARE, read_record
from mentra.admin.control import Control
from mentra.admin.declared_settings import read_settings
from mentra.admin.listing import show_json, show_table
from mentra.admin.workplace import now, store_of, tokens_of, user_id_of
from mentra.config import Config
from mentra.errors import MentraError, NotThere
from mentra.glasses.apps.permissions import PERMISSIONS
from mentra.identity import canonical_user_id
from mentra.records import App, AppType, HardwareRequirement, Permission
from mentra.stores import apps, users
from mentra.stores.opening import CommandStore
from mentra.stores.registry import hash_of

APP_TYPES: tuple[AppType, ...] = ("standard", "background", "system_dashboard")
_PACKAGE = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*")
_KEY = re.compile(r"[!-~]{1,256}")
SAFE_KEY = 16
"""A shorter key is warned of, characters."""


json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@click.group()
def app() -> None:
    """Add, list, remove and install apps; start and stop them; their keys."""


@app.command()
@click.argument("package")
@click.option("--record", "record_file", type=click.Path(path_type=Path), metavar="FILE.json",
              help="All that is to be known of it; the other options win.")  # fmt: skip
@click.option("--url", help="Where the app's server is; /webhook is appended.")
@click.option("--name", help="What the wearer reads; the package if not given.")
@click.option("--description", help="What it does, for the wearer.")
@click.option("--type", "app_type", type=click.Choice(APP_TYPES),
              help="standard if not given.")  # fmt: skip
@click.option("--webview", "webview_url", metavar="URL", help="Its page for the phone.")
@click.option("--logo", "logo_url", metavar="URL", help="Its picture.")
@click.option("--hardware", multiple=True, type=click.Choice(HARDWARE, case_sensitive=False),
              help="What glasses must have; may be given again.")  # fmt: skip
@click.option("--developer", metavar="EMAIL", help="Who may change its permissions.")
@click.option("--public", is_flag=True, help="Published, for everyone to find.")
@click.option("--permission", "permissions", multiple=True,
              type=click.Choice(PERMISSIONS, case_sensitive=False),
              help="Something it may do; may be given again.")  # fmt: skip
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), metavar="FILE.json",
              help="The settings it declares.")  # fmt: skip
@click.option("--api-key", metavar="KEY", help="Its key; a new one is made if not given.")
@click.option("--system", is_flag=True, help="It belongs to the house.")
@click.option("--replace", is_flag=True, help="Replace the app if it is there; its keys stay.")
@json_option
@configured
def add(
    config: Config,
    package: str,
    api_key: str | None,
    replace: bool,
    as_json: bool,
    **described: Any,
) -> None:
    """Add an app and print its API key, which is kept nowhere in plain text."""
    made = _described(_package(package), **described)
    with store_of(config) as store:
        known = _known(store, package) is not None
        if known and not replace:
            raise MentraError(f"there is an app {package} already; --replace it, or remove it")
        # all of it is checked before any of it is written
        key = None if known and api_key is None else _key(api_key)
        store.run(apps.save, made)
        if key is not None:
            store.run(apps.add_key, package, key, now())
    # first of all, for nobody else knows it
    done = f"replaced {package}" if known else f"added {package}"
    _show_key(package, key, done=done, as_json=as_json)
    Control(config.state_dir).apps_changed()


@app.command("list")
@json_option
@configured
def list_apps(config: Config, as_json: bool) -> None:
    """List the apps."""
    with store_of(config) as store:
        known = store.run(apps.read_all).apps
    everything = [known[name] for name in sorted(known)]
    if as_json:
        show_json(everything)
        return
    show_table(
        ("PACKAGE", "NAME", "TYPE", "URL", "PERMISSIONS"),
        (
            (one.package_name, one.name, _type(one), one.public_url,
             " ".join(granted.type for granted in one.permissions))
            for one in everything
        ),
    )  # fmt: skip


@app.command()
@click.argument("package")
@configured
def remove(config: Config, package: str) -> None:
    """Remove an app, its keys and everybody's settings of it; where it runs it is stopped."""
    with store_of(config) as store:
        if not store.run(apps.remove, package):
            raise NotThere(_unknown(package))
    Control(config.state_dir).apps_changed()
    click.echo(f"removed {package}")


@app.command()
@click.argument("package")
@click.option("--api-key", metavar="KEY", help="The new key; one is made if not given.")
@json_option
@configured
def rotate_key(config: Config, package: str, api_key: str | None, as_json: bool) -> None:
    """Give an app a new key and print it; the one before works until the next time."""
    key = _key(api_key)
    with store_of(config) as store:
        _require(store, package)
        store.run(apps.add_key, package, key, now())
    _show_key(package, key, as_json=as_json)
    Control(config.state_dir).apps_changed()


@app.command()
@click.argument("package")
@click.option("--api-key", required=True, metavar="KEY", help="One of the app's keys.")
@configured
def token(config: Config, package: str, api_key: str) -> None:
    """Print the token for an app's Authorization header, and nothing else."""
    with store_of(config) as store:
        _require(store, package)
        live = store.run(apps.read_all).keys.get(package, ())
    if hash_of(api_key) not in live:
        raise MentraError(f"that is no key of {package}; `mentra app rotate-key` makes one")
    click.echo(tokens_of(config).issue_app(package, api_key))


@app.command()
@click.argument("package")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose list it goes on.")
@configured
def install(config: Config, package: str, email: str) -> None:
    """Put an app on a person's list."""
    user_id = user_id_of(email)
    with store_of(config) as store:
        _require(store, package)
        if store.run(users.load, user_id) is None:
            raise NotThere(f"there is no user {user_id}; `mentra user add {user_id}` adds them")
        is_new = store.run(users.install, user_id, package, now())
    Control(config.state_dir).user_changed(user_id)
    click.echo(f"installed {package} for {user_id}" if is_new else f"{package} was there already")


_whose = click.option("--user", "email", required=True, metavar="EMAIL",
                      help="Whose app it is; they must be on.")  # fmt: skip


@app.command()
@click.argument("package")
@_whose
@configured
def start(config: Config, package: str, email: str) -> None:
    """Start a person's app, and say what became of it."""
    user_id = user_id_of(email)
    done = _asked(config, "start", package, user_id)
    if done["stage"] is not None:
        raise MentraError(f"{package} did not start: {done['stage']}: {done['reason']}")
    click.echo(f"{package} is {done['state']} for {user_id}")


@app.command()
@click.argument("package")
@_whose
@configured
def stop(config: Config, package: str, email: str) -> None:
    """Stop a person's app."""
    user_id = user_id_of(email)
    done = _asked(config, "stop", package, user_id)
    click.echo(f"{package} is {done['state']} for {user_id}")


def _asked(config: Config, what: str, package: str, user_id: str) -> dict[str, str | None]:
    done: dict[str, str | None] | None = Control(config.state_dir).app(what, package, user_id)
    if done is None:
        raise MentraError(
            f"no server runs with the state directory {config.state_dir}; "
            "start one, or name its own with --state-dir"
        )
    return done


def _described(
    package: str,
    *,
    record_file: Path | None,
    url: str | None,
    settings_file: Path | None,
    permissions: tuple[str, ...],
    hardware: tuple[str, ...],
    developer: str | None,
    public: bool,
    system: bool,
    **texts: str | None,
) -> App:
    """What a record says, and where options say something else, what they say."""
    begun = App(package_name=package)
    if record_file is not None:
        begun, ignored = read_record(record_file, package)
        if ignored:
            click.echo(f"not known here, and left out: {', '.join(ignored)}", err=True)
    said: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if permissions:
        said["permissions"] = tuple(Permission(type=one.upper()) for one in permissions)
    if hardware:
        said["hardware_requirements"] = tuple(
            HardwareRequirement(type=one.upper()) for one in hardware
        )
    if settings_file is not None:
        said["settings"] = read_settings(settings_file)
    if developer is not None:
        said["developer_id"] = canonical_user_id(developer)
    if public:
        said |= {"is_public": True, "app_store_status": "PUBLISHED"}
    where = url if url is not None else begun.public_url
    if not where:
        raise click.UsageError("where is its server? give --url, or publicUrl in the record")
    for name in ("webview_url", "logo_url"):
        shown = said.get(name, getattr(begun, name))
        said[name] = _url(shown) if shown else None
    return msgspec.structs.replace(begun, public_url=_url(where), system=system, **said)


def _show_key(package: str, key: str | None, *, as_json: bool, done: str | None = None) -> None:
    if as_json:
        show_json({"packageName": package, "apiKey": key})
        return
    if done is not None:
        click.echo(done, err=key is not None)
    if key is not None:
        click.echo(key)


def _known(store: CommandStore, package: str) -> App | None:
    return store.run(apps.read_all).apps.get(package)


def _require(store: CommandStore, package: str) -> None:
    if _known(store, package) is None:
        raise NotThere(_unknown(package))


def _unknown(package: str) -> str:
    return f"there is no app {package}; `mentra app list` shows what there is"


def _type(one: App) -> str:
    return f"{one.app_type}, system" if one.system else one.app_type


def _package(text: str) -> str:
    if not _PACKAGE.fullmatch(text) or len(text) > 200:
        raise MentraError(f"{text!r} is no package name; write it as org.example.captions")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text:
        raise MentraError(f"{text!r} is no web address; write it as http://host:7010")
    return text.rstrip("/")


def _key(given: str | None) -> str:
    if given is None:
        return secrets.token_hex(32)
    if not _KEY.fullmatch(given):
        raise MentraError("an API key has 1 to 256 visible ASCII characters; choose another")
    if len(given) < SAFE_KEY:
        click.echo("Warning: a key that short can be guessed", err=True)
    return given
