"""``mentra feedback``: what people have to say."""

import click
import msgspec

from mentra.admin import configured
from mentra.admin.listing import show_json, show_table
from mentra.admin.workplace import store_of
from mentra.config import Config
from mentra.messages.stamps import iso
from mentra.stores import experiences


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, with every word.")
@configured
def feedback(config: Config, as_json: bool) -> None:
    """Show what people wrote on their phones, oldest first."""
    with store_of(config) as store:
        said = store.run(experiences.all_feedback)
    if as_json:
        show_json(msgspec.to_builtins(said))
        return
    show_table(("WHEN", "USER", "FEEDBACK"), ((iso(one.created_at), one.user_id, one.text)
                                              for one in said))  # fmt: skip
