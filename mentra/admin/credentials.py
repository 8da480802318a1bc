"""``mentra credentials``: look after the keys that people's credentials are encrypted with."""

import click

from mentra.admin import configured
from mentra.admin.workplace import store_of
from mentra.config import Config
from mentra.stores.credentials import reseal, ring_of
from mentra.tokens import (
    credential_keys,
    load_or_make_secret,
    new_credential_key,
    replace_secret,
)

KEPT = 2
"""Keys that are kept: with the one before is read what a running server wrote at this very
moment."""


@click.group()
def credentials() -> None:
    """Look after the keys of people's credentials."""


@credentials.command()
@configured
def rotate(config: Config) -> None:
    """Make a new key, and encrypt every credential with it.

    A running server goes on: it reads the keys anew each time.
    """
    with store_of(config) as store:
        file = credential_keys(config.state_dir)
        text = f"{new_credential_key()}\n{load_or_make_secret(file, new_credential_key)}"
        replace_secret(file, text)
        done, lost = store.run(reseal, ring_of(text))
        replace_secret(file, "\n".join(text.split()[:KEPT]))
    click.echo(f"{done} credentials are encrypted with a new key")
    if lost:
        click.echo(f"{lost} could not be read, for their key is gone: enter them anew")
