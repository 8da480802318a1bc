"""Finds the handler of a message; the one place where a plugin's bug stops."""

from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, ensureDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.errors import ConfigError, Dismissed, Refused
from mentra.extension import Answer
from mentra.interfaces.messaging import IContext, IInterceptor, IMessageHandler, IRouter
from mentra.interfaces.services import ICatalogue, IServices
from mentra.messages import Fault, Message, Unknown


@implementer(IRouter)
class Router:
    """A dict from message class to handler, filled once.

    :param patience: seconds a handler may take to answer, where its message does not say.
    :raises ConfigError: the path has no handler for ``Unknown``.
    """

    _log = Logger()

    def __init__(
        self, path: str, catalogue: ICatalogue, services: IServices, patience: float = 30.0
    ) -> None:
        self.path = path
        self._handlers: dict[type[Message], IMessageHandler] = dict(catalogue.handlers(path))
        # as the owner would look it up at every message
        self._handle = {kind: handler.handle for kind, handler in self._handlers.items()}
        self._interceptors: tuple[IInterceptor, ...] = catalogue.interceptors(path)
        self._metrics = services.metrics
        self._clock = services.clock
        self._patience = patience
        if Unknown not in self._handlers:
            raise ConfigError(
                f"the path {path!r} has no handler for messages of unknown type; "
                "a dropin must export one for mentra.messages.Unknown"
            )
        self.message_types = tuple(self._handlers)
        # a path without interceptors, the usual case, does not pay for them
        self.route = self._route_watched if self._interceptors else self._route

    def _route(self, message: Message, context: IContext) -> Answer | Awaitable[Answer]:
        try:
            answer = self._handle[type(message)](message, context)
            if answer is None or isinstance(answer, Message):
                return answer  # first, for isawaitable is three times as dear
        except Dismissed:
            raise
        except Exception as problem:  # noqa: BLE001 - a plugin's bug must not end the connection
            return self._failed(problem, self._handlers[type(message)], context)
        handler = self._handlers[type(message)]
        if not isawaitable(answer):
            return self._failed(TypeError(f"answered {answer!r:.80}"), handler, context)
        return self._finish(answer, handler, context)

    async def _finish(
        self, answer: Awaitable[Any], handler: IMessageHandler, context: IContext
    ) -> Answer:
        kind: type[Message] = handler.message_type
        patience = kind.patience
        waiting: Deferred[Any] = ensureDeferred(cast(Any, answer))
        waiting.addTimeout(self._patience if patience is None else patience, self._clock)
        try:
            final = await waiting
        except (CancelledError, Dismissed):
            raise  # the connection closed under the handler, or is to be closed
        except Exception as problem:  # noqa: BLE001 - as in route
            return self._failed(problem, handler, context)
        if final is None or isinstance(final, Message):
            return final
        return self._failed(TypeError(f"answered {final!r:.80}"), handler, context)

    def _failed(self, problem: Exception, handler: IMessageHandler, context: IContext) -> Fault:
        correlation_id = context.correlation_id
        if isinstance(problem, Refused):
            return _fault_of(problem, context)
        self._metrics.failed(self.path, handler.name)
        self._log.error(
            "{handler} failed on {path}, message {correlation_id}",
            handler=handler.name,
            path=self.path,
            correlation_id=correlation_id,
            log_failure=Failure(problem),
        )
        late = isinstance(problem, TimeoutError)
        return Fault(
            code="HANDLER_TIMEOUT" if late else "HANDLER_ERROR",
            message="the server failed to handle this message" + " in time" * late,
            where="cloud",
            retryable=late,
            correlation_id=correlation_id,
            session_id=_session_id(context),
        )

    # -- with interceptors

    def _route_watched(self, message: Message, context: IContext) -> Answer | Awaitable[Answer]:
        for interceptor in self._interceptors:
            try:
                interceptor.before(message, context)
            except Exception as problem:  # noqa: BLE001 - an interceptor is a plugin too
                refusal = self._intercepted(problem, interceptor, context)
                if refusal is not None:
                    return self._tell(message, refusal, context)
        outcome = self._route(message, context)
        if outcome is None or isinstance(outcome, Message):
            return self._tell(message, outcome, context)
        return self._tell_later(message, outcome, context)

    async def _tell_later(
        self, message: Message, outcome: Awaitable[Answer], context: IContext
    ) -> Answer:
        return self._tell(message, await outcome, context)

    def _tell(self, message: Message, answer: Answer, context: IContext) -> Answer:
        for interceptor in self._interceptors:
            try:
                interceptor.after(message, answer, context)
            except Exception as problem:  # noqa: BLE001 - the answer stands whatever a watcher does
                self._intercepted(problem, interceptor, context)
        return answer

    def _intercepted(
        self, problem: Exception, interceptor: IInterceptor, context: IContext
    ) -> Fault | None:
        """A refusal is meant; anything else is a bug that costs the message nothing."""
        if isinstance(problem, Refused):
            return _fault_of(problem, context)
        self._metrics.failed(self.path, interceptor.name)
        self._log.error(
            "interceptor {interceptor} failed on {path}",
            interceptor=interceptor.name,
            path=self.path,
            log_failure=Failure(problem),
        )
        return None


def _session_id(context: IContext) -> str | None:
    """What the sender's session is called on the wire, where it has a name of its own."""
    return getattr(context.session, "session_id", None)


def _fault_of(refusal: Refused, context: IContext) -> Fault:
    return Fault(
        code=refusal.code,
        message=refusal.message,
        where=refusal.where,
        retryable=refusal.retryable,
        correlation_id=context.correlation_id,
        session_id=_session_id(context),
    )
