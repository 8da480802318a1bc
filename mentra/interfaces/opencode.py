"""The bridge to an OpenCode server: adapt the services to it.  Source: docs/protocol/opencode."""

from typing import Any

from zope.interface import Attribute, Interface


class IOpencode(Interface):
    """What the clients of one bridge share."""

    api: Any = Attribute("The :class:`mentra.opencode.api.OpencodeApi`: every call of its server.")
    confidential: Any = Attribute("The :class:`mentra.opencode.confidential.Confidential`.")
    credentials: Any = Attribute("The :class:`mentra.opencode.credentials.CredentialsFile`.")
    conversations: Any = Attribute("The :class:`mentra.opencode.conversations.Conversations`.")

    def is_token(text: str) -> bool:
        """Whether *text* opens this bridge; takes as long whatever is right about it."""

    def listening(port: int) -> None:
        """The bridge's port is open: hand it out, with the token.

        :raises mentra.errors.ConfigError: it cannot be written down.
        """
