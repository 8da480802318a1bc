"""Language models, asked on behalf of a person."""

from typing import Any

from zope.interface import Interface


class IAsking(Interface):
    """Asks language models for people who use browser channels.  Adapt the services to it."""

    def ask(client: Any, request_id: str, request: Any, told: Any = None) -> Any:
        """Have a model answer; an awaitable of a :class:`mentra.messages.llm.ChatResponse`.

        :param client: the :class:`mentra.interfaces.channels.IChannelClient` that asks.
        :param request: a :class:`mentra.messages.llm.ChatRequest`.
        :param told: called with each chunk.
        :raises mentra.errors.Refused: as :meth:`mentra.interfaces.llm.ILanguageModel.chat` does,
            and code ``UNKNOWN_PROVIDER``, ``PROVIDER_OFF``, ``TOO_MANY_ANSWERS`` or ``ABORTED``.
        """

    def cancel(client: Any, request_id: str) -> bool:
        """Give up what *client* asked with that request; whether there was something."""

    def models(provider: str) -> Any:
        """An awaitable of a tuple of its models.

        :raises mentra.errors.Refused: ``UNKNOWN_PROVIDER``, or it cannot be asked.
        """

    def may_ask(user_id: str, provider: str) -> Any:
        """An awaitable of whether there is such a provider, and a key for it where it needs one."""
