"""``mentra db``: look after the database."""

import click

from mentra.admin import configured
from mentra.air_gap import store_gate
from mentra.config import Config
from mentra.config.sections import StoreSettings
from mentra.stores.opening import upgrade_store


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@configured
def upgrade(config: Config) -> None:
    """Bring the database up to this version's tables; a SQLite file is copied before."""
    config.make_state_dir()
    url, gate = config.section(StoreSettings).url or None, store_gate(config)
    done = upgrade_store(url, config.state_dir, gate)
    if done is None:
        click.echo("the database is up to date")
        return
    click.echo(f"upgraded from {done.before or 'nothing'} to {done.after}")
    if done.copy is not None:
        click.echo(f"a copy from before is {done.copy}")
