"""Language models.  What they are asked and say is in :mod:`mentra.messages.llm`."""

from typing import Any

from zope.interface import Interface

from mentra.interfaces.engines import IEngine


class ILanguageModel(IEngine):
    """A provider of language models.  An engine, shared by everybody."""

    def models() -> Any:
        """The models it knows of, best first; an awaitable of a tuple of
        :class:`mentra.messages.llm.ModelConfig`.

        :raises mentra.errors.Refused: the provider cannot be asked.
        """

    def has_credential() -> bool:
        """Whether it can work without a *credential*: it needs none, or one is configured."""

    def chat(request: Any, told: Any = None, *, credential: str | None = None) -> Any:
        """Have it answer; an awaitable of a :class:`mentra.messages.llm.ChatResponse`.

        Cancelling it gives the exchange up at once: nothing is told after that.  Failures are
        tried again with growing, jittered pauses, but only before the first chunk was told.

        :param request: a :class:`mentra.messages.llm.ChatRequest`; an empty ``model`` is the
            configured one.
        :param told: called with every :class:`mentra.messages.llm.Chunk`, in order, as it comes;
            the texts of its text chunks make up the answer's content.  None: nobody listens.
        :param credential: a key instead of the configured one.  It is in no error and no log.
        :raises mentra.errors.Refused: code ``AUTHENTICATION_ERROR``, ``PERMISSION_DENIED``,
            ``NOT_FOUND``, ``RATE_LIMITED``, ``INVALID_REQUEST``, ``SERVER_ERROR``,
            ``NETWORK_ERROR``, ``TIMEOUT``, ``NO_CREDENTIAL``, ``ENGINE_UNAVAILABLE`` or
            ``AIR_GAP``; ``where="provider"``, ``retryable`` where trying again makes sense.
        """


class IPrices(Interface):
    """What models cost, as far as anybody said.  Adapt the services to it."""

    def model(name: str) -> Any:
        """What is known of the model *name*, a :class:`mentra.messages.llm.ModelConfig`; of one
        that nobody knows: no prices, zero for the bounds, tools but no images."""

    def known(provider: str) -> Any:
        """Names of the models of *provider* that are known, best first: a tuple."""

    def cost(name: str, usage: Any) -> float:
        """US dollars for a :class:`mentra.messages.llm.Usage` of the model *name*; zero for a model
        that nobody knows a price of."""
