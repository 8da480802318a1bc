"""Language models.  What they are asked and say is in :mod:`mentra.messages.llm`."""

from typing import Any

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
            ``NETWORK_ERROR``, ``TIMEOUT``, ``NO_CREDENTIAL`` or ``ENGINE_UNAVAILABLE``;
            ``where="provider"``, ``retryable`` where trying again makes sense.
        """
