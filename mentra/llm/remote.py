"""Language models behind HTTP: asked, listened to, and asked again where that makes sense.

What a provider's requests and answers look like is its :class:`Spelling`.
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from mentra.errors import Malformed, Refused
from mentra.interfaces.llm import ILanguageModel, IPrices
from mentra.interfaces.services import IHttpAnswer, IServices
from mentra.llm.answering import Answering, Told, unexpected
from mentra.llm.blocks import invalid
from mentra.llm.settings import HostedSettings, ModelSettings
from mentra.llm.sse import EventStream, ServerSentEvent
from mentra.messages.llm import ChatRequest, ChatResponse, ModelConfig
from mentra.providers import Key, Provider, read_key

AFTERWARDS = 1.0
"""Seconds for a body to end, once its last event has come; then the connection is given up."""
LISTED_FOR = 60.0
"""Seconds that a list of models is believed."""
MAX_COMPLAINT = 300
NO_STREAMS = ("text/html", "application/json")


@attrs.frozen
class Complaint:
    """What an error of a provider says.

    :ivar text: for people; empty if nothing can be read.
    :ivar code: of :class:`ILanguageModel`, where the status alone would mislead.
    :ivar hopeless: whether trying again makes no sense, whatever the status.
    """

    text: str = ""
    code: str | None = None
    hopeless: bool = False


class Reader(Protocol):
    """Understands one answer as it comes.

    :ivar over: whether nothing else is to come, although the body has not ended.
    """

    over: bool

    def heard(self, event: ServerSentEvent) -> None:
        """An event."""

    def ended(self) -> ChatResponse:
        """The body has ended; the answer.

        :raises Refused: it broke off.
        """


class Spelling(Protocol):
    """How a provider spells requests and answers."""

    def question(self, base_url: str, model: str, request: ChatRequest) -> tuple[str, Any]:
        """URL and JSON body.

        :raises Refused: ``INVALID_REQUEST``.
        """

    def headers(self, key: str) -> dict[str, str]:
        """What goes with every request; *key* may be empty."""

    def reader(self, answering: Answering, name: str) -> Reader:
        """For the answer of the provider called *name*."""

    def complaint(self, status: int, body: bytes) -> Complaint:
        """What an answer that is none says."""

    async def listed(self, provider: Provider, base_url: str, key: str) -> list[ModelConfig]:
        """Its models, where the server has to be asked.

        :raises Refused: it cannot be.
        """


@attrs.frozen(kw_only=True)
class Place:
    """Where a provider is.

    :ivar open: whether it may do without a key.
    :ivar section: of the configuration, for sentences that say what to set.
    :ivar model: which is asked where a request names none.
    :ivar known: models that are offered without asking; empty: the server is asked.
    """

    base_url: str
    key: Key
    open: bool
    section: str
    model: str = ""
    known: tuple[str, ...] = ()


def place_of(
    services: IServices, name: str, settings: HostedSettings, home: str, key: str
) -> Place:
    """Where the provider called *name*, like its section, is by its *settings*.

    :param home: the provider's own address: a server anywhere else may do without a key.
    :param key: names the key in sentences.
    """
    return Place(
        base_url=settings.base_url,
        key=read_key(services, settings.key_file, key, given=settings.key),
        open=settings.base_url.rstrip("/") != home,
        section=name,
        model=settings.model,
        known=IPrices(services).known(name),
    )


@implementer(ILanguageModel)
class RemoteModel:
    """Models of a provider."""

    def __init__(self, name: str, place: Place, spelling: Spelling, services: IServices) -> None:
        self.name = name
        self._place = attrs.evolve(place, base_url=place.base_url.rstrip("/"))
        self._spelling = spelling
        self._services = services
        self._settings: ModelSettings = services.settings(ModelSettings)
        self._clock: Any = services.clock
        self._listed: tuple[float, tuple[ModelConfig, ...]] | None = None

    def unavailable(self) -> str | None:
        """Whether the file with the key is missing."""
        return self._place.key.problem

    def addresses(self) -> tuple[str, ...]:
        """Its base URL."""
        return (self._place.base_url,)

    def has_credential(self) -> bool:
        """Whether there is a key, or none is needed."""
        return bool(self._place.key.value) or self._place.open

    async def models(self) -> tuple[ModelConfig, ...]:
        """What is known of it, or what it lists."""
        prices = IPrices(self._services)
        if self._place.known:
            names = dict.fromkeys(filter(None, (self._place.model, *self._place.known)))
            return tuple(prices.model(name) for name in names)
        now = self._clock.seconds()
        if self._listed is None or now - self._listed[0] > LISTED_FOR:
            self._listed = now, await self._list()
        return self._listed[1]

    async def _list(self) -> tuple[ModelConfig, ...]:
        provider = Provider(self.name, self._services)
        place = self._place
        listed = await self._spelling.listed(provider, place.base_url, place.key.value)
        # the configured one first
        return tuple(sorted(listed, key=lambda one: one.id != place.model))

    def chat(
        self, request: ChatRequest, told: Told | None = None, *, credential: str | None = None
    ) -> Deferred[ChatResponse]:
        """Have it answer; see :class:`ILanguageModel`."""
        return Deferred.fromCoroutine(self._chat(request, told, credential))

    async def _chat(
        self, request: ChatRequest, told: Told | None, credential: str | None
    ) -> ChatResponse:
        key = self._key(credential)
        model = request.model or self._place.model
        if not model:
            raise invalid(f"name a model, or set {self._place.section}.model")
        url, body = self._spelling.question(self._place.base_url, model, request)
        answering = Answering(self.name, model, told, max_answer=self._settings.max_answer)
        provider = Provider(self.name, self._services)

        async def once(left: float) -> ChatResponse:
            attempt = _Attempt(self._spelling.reader(answering, self.name), self._clock)
            asked = self._services.http.stream(
                "POST", url, attempt.received, json=body, headers=self._spelling.headers(key),
                begun=self._look_at, begin_within=left, silence=self._settings.silence,
            )  # fmt: skip
            answer = await attempt.outcome(asked)
            if answer is not None:
                self._judge(provider, answer, key)
            return attempt.reader.ended()

        trying = Deferred.fromCoroutine(
            provider.trying(
                once, self._settings.begin_within, may_again=lambda: not answering.told_any
            )
        )
        try:
            return await trying.addTimeout(self._settings.longest, self._clock, self._overdue)
        except Refused as refusal:
            answering.failed(refusal)
            raise

    def _key(self, credential: str | None) -> str:
        key = credential or self._place.key.value
        if not key and not self._place.open:
            problem = self._place.key.problem or f"set {self._place.section}.key_file, or store one"
            raise Refused(
                "NO_CREDENTIAL", f"there is no key for {self.name}: {problem}", where="provider"
            )
        return key

    def _judge(self, provider: Provider, answer: IHttpAnswer, key: str) -> None:
        if answer.status // 100 == 2:
            return
        complaint = self._spelling.complaint(answer.status, answer.body)
        # what is said of keys may repeat them
        said = "" if answer.status in (401, 403) else _fit(complaint.text, key)
        try:
            provider.judge(answer, said)
        except Refused as refusal:
            raise Refused(
                complaint.code or refusal.code,
                refusal.message,
                where="provider",
                retryable=refusal.retryable and not complaint.hopeless,
            ) from refusal

    def _look_at(self, answer: IHttpAnswer) -> None:
        """What is no stream of events at all comes of a wrong address, mostly."""
        kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
        if kind in NO_STREAMS:
            raise Refused(
                "SERVER_ERROR",
                f"{self.name} answered with {kind} instead of a stream of events: look at "
                f"{self._place.section}.base_url",
                where="provider",
            )

    def _overdue(self, result: object, seconds: float) -> Failure:
        message = f"{self.name} took longer than {seconds:g} s to answer"
        return Failure(Refused("TIMEOUT", message, where="provider", retryable=True))


class _Attempt:
    """One exchange."""

    def __init__(self, reader: Reader, clock: Any) -> None:
        self.reader = reader
        self._clock = clock
        self._stream = EventStream(self._heard)
        self._asked: Deferred[IHttpAnswer] | None = None
        self._letting_go: Any = None
        self._let_go = False

    def received(self, data: bytes) -> None:
        """A piece of the body.

        :raises Refused: it makes no sense.
        """
        try:
            self._stream.received(data)
        except Malformed as problem:
            raise unexpected(f"the answer makes no sense: {problem}") from problem

    async def outcome(self, asked: Any) -> IHttpAnswer | None:
        """What *asked* fires with; None where the connection outlasted the answer."""
        self._asked = asked
        try:
            answer: IHttpAnswer = await asked
            return answer
        except CancelledError:
            if not self._let_go:
                raise
            return None
        except Refused as refusal:
            # whatever happens to the connection after the last event is no matter
            if self.reader.over and refusal.where != "provider":
                return None
            raise
        finally:
            if self._letting_go is not None and self._letting_go.active():
                self._letting_go.cancel()

    def _heard(self, event: ServerSentEvent) -> None:
        if self.reader.over:
            return
        self.reader.heard(event)
        if self.reader.over:
            self._letting_go = self._clock.callLater(AFTERWARDS, self._leave)

    def _leave(self) -> None:
        self._let_go = True
        if self._asked is not None:
            self._asked.cancel()


def _fit(text: str, key: str) -> str:
    """*text* as one line for people, without the *key*."""
    line = re.sub(r"\s+", " ", text).strip()
    if key:
        line = line.replace(key, "***")
    return line if len(line) <= MAX_COMPLAINT else f"{line[:MAX_COMPLAINT]}..."


def bearer(key: str) -> Mapping[str, str]:
    """The header that most providers take a key in; none without one."""
    return {"Authorization": f"Bearer {key}"} if key else {}
