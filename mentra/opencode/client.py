"""A client: one socket, from its handshake to its end."""

from typing import Any

import attrs

from mentra.opencode.conversation import Conversation


@attrs.define(eq=False)
class Client:
    """What belongs to one socket, and ends with it.

    :ivar running: the request's id to the conversation it began.
    """

    running: dict[Any, Conversation] = attrs.field(factory=dict)
