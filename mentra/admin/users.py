"""``mentra user``: people, their passwords, codes and tokens."""

import secrets
import sys

import click

from mentra.accounts.passwords import hash_password
from mentra.admin import configured
from mentra.admin.control import Control
from mentra.admin.listing import show_json
from mentra.admin.workplace import now, store_of, tokens_of, user_id_of
from mentra.config import Config
from mentra.errors import NotThere
from mentra.stores import accounts, photo_files, photos, users

TOKEN_SECONDS = 30 * 86_400
LONGEST_TOKEN_SECONDS = 100 * 365 * 86_400
CODE_DIGITS = 8
CODE_SECONDS = 300
_LONGEST_LINE = 4096


@click.group()
def user() -> None:
    """Add, list and remove people; make their tokens and codes."""


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True,
              help="Read a (new) password from the first line of standard input.")  # fmt: skip
@configured
def add(config: Config, email: str, password_stdin: bool) -> None:
    """Add a person, or give one another password."""
    user_id = user_id_of(email)
    password_hash = hash_password(_first_line()) if password_stdin else None
    with store_of(config) as store:
        known = store.run(users.load, user_id) is not None
        store.run(users.create, user_id, now())
        if password_hash is not None:
            store.run(accounts.set_password, user_id, password_hash, now())
    click.echo(f"{user_id} was there already" if known else f"added {user_id}")
    if known and password_hash is not None:
        click.echo("their password is the new one from now on")


def _first_line() -> str:
    return sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")


@user.command()
@click.argument("email")
@configured
def pair(config: Config, email: str) -> None:
    """Print a code that a person can log in with once, within five minutes, and nothing else."""
    user_id = user_id_of(email)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    with store_of(config) as store:
        if store.run(users.load, user_id) is None:
            raise NotThere(f"there is no user {user_id}; `mentra user add {user_id}` adds them")
        store.run(accounts.add_code, user_id, code, now() + CODE_SECONDS)
    click.echo(code)


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@configured
def list_users(config: Config, as_json: bool) -> None:
    """List the people, one address a line."""
    with store_of(config) as store:
        everybody = store.run(users.all_ids)
    if as_json:
        show_json(everybody)
        return
    for user_id in everybody:
        click.echo(user_id)


@user.command()
@click.argument("email")
@configured
def remove(config: Config, email: str) -> None:
    """End a person's session, delete their data, and refuse every token issued until now."""
    user_id = user_id_of(email)
    with store_of(config) as store:
        files = store.run(photos.files_of, user_id)
        was_there, _ = store.run(users.remove, user_id, now())
        if Control(config.state_dir).end_session(user_id):
            # until it was told, the server may have written for the person, or let them in again
            files += store.run(photos.files_of, user_id)
            store.run(users.remove, user_id, now())
    # what came in between, the server's next sweep finds
    photo_files.remove(config.state_dir / photo_files.FOLDER, files)
    if not was_there:
        raise NotThere(f"there is no user {user_id}; their tokens are refused from now on anyway")
    click.echo(f"removed {user_id}")


@user.command()
@click.argument("email")
@click.option(
    "--seconds",
    type=click.IntRange(1, LONGEST_TOKEN_SECONDS),
    default=TOKEN_SECONDS,
    metavar="N",
    help="How long it is good; 30 days if not given.",
)
@configured
def token(config: Config, email: str, seconds: int) -> None:
    """Print a token for a person's glasses, and nothing else."""
    click.echo(tokens_of(config).issue_user(user_id_of(email), seconds))
