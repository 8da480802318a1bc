"""What commands work on: the store and the tokens that the configuration says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from mentra.air_gap import store_gate
from mentra.config import Config
from mentra.config.sections import StoreSettings
from mentra.errors import MentraError
from mentra.identity import canonical_user_id
from mentra.stores.opening import CommandStore, open_for_command
from mentra.tokens import Tokens, load_or_make_secret


def now() -> float:
    """Wall time, POSIX seconds."""
    return time.time()  # noqa: TID251 - a command is nobody's collaborator


@contextmanager
def store_of(config: Config) -> Iterator[CommandStore]:
    """The store, made if it is missing.

    :raises MentraError: it cannot be used.
    """
    config.make_state_dir()
    url, gate = config.section(StoreSettings).url or None, store_gate(config)
    with open_for_command(url, config.state_dir, gate) as store:
        yield store


def tokens_of(config: Config) -> Tokens:
    """Makes tokens that the server believes; the secret is made if it is missing.

    :raises MentraError: the secret cannot be used.
    """
    secret = config.auth_secret
    if secret is None:
        config.make_state_dir()
        secret = load_or_make_secret(config.secret_path)
    return Tokens(secret, now=now)


def user_id_of(address: str) -> str:
    """The id of the person with that e-mail address.

    :raises MentraError: it is none.
    """
    user_id = canonical_user_id(address)
    name, at, host = user_id.rpartition("@")
    if not (name and at and host) or not user_id.isprintable() or " " in user_id:
        raise MentraError(f"{address!r} is no e-mail address; write it as name@example.org")
    return user_id
