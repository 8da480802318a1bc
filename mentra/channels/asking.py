"""Language models, asked on behalf of whoever's page it is: with their key, and within bounds."""

from collections import Counter
from typing import Annotated, Any

from msgspec import Meta
from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer

from mentra.channels.ai_counting import Counted, Told
from mentra.errors import NotThere, Refused
from mentra.extension import ComponentFactory, ConfigSection, Section
from mentra.interfaces.ai import IAsking
from mentra.interfaces.channel_stores import ICredentials
from mentra.interfaces.channels import IChannelClient, IPageSettings
from mentra.interfaces.engines import IEngines
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.services import IServices
from mentra.messages.llm import ChatRequest, ChatResponse, ModelConfig


class AiSettings(Section, frozen=True, kw_only=True):
    """[ai]: language models for browser channels."""

    providers: Annotated[
        tuple[str, ...],
        Meta(description="Engines that pages may ask, by name; none here: all of them."),
    ] = ()
    own_keys: Annotated[
        tuple[str, ...],
        Meta(
            description="Engines that people must have a key of their own for, kept by "
            "credentials:set; the configured one is not used for them."
        ),
    ] = ()
    at_a_time: Annotated[
        int, Meta(ge=1, le=1000, description="Answers on their way to one person.")
    ] = 8


ai_section = ConfigSection("ai", AiSettings)


@implementer(IAsking)
class Asking:
    """Knows what is on its way to whom."""

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._settings: AiSettings = services.settings(AiSettings)
        self._engines = IEngines(services)
        self._running: dict[tuple[str, str], Deferred[ChatResponse]] = {}
        self._given_up: set[tuple[str, str]] = set()
        self._by_user: Counter[str] = Counter()

    async def ask(
        self,
        client: IChannelClient,
        request_id: str,
        request: ChatRequest,
        told: Told | None = None,
    ) -> ChatResponse:
        """Have a model answer."""
        user_id = client.user_id or ""
        if self._by_user[user_id] >= self._settings.at_a_time:
            raise Refused(
                "TOO_MANY_ANSWERS",
                f"there are {self._settings.at_a_time} answers on their way already",
                retryable=True,
            )
        self._by_user[user_id] += 1
        try:
            return await self._ask(user_id, (client.client_id, request_id), request, told)
        finally:
            self._by_user[user_id] -= 1
            if not self._by_user[user_id]:
                del self._by_user[user_id]

    def cancel(self, client: IChannelClient, request_id: str) -> bool:
        """Give it up."""
        key = client.client_id, request_id
        running = self._running.get(key)
        if running is None:
            return False
        self._given_up.add(key)
        running.cancel()
        return True

    async def models(self, provider: str) -> tuple[ModelConfig, ...]:
        """What it has."""
        found: tuple[ModelConfig, ...] = await self._engine(provider).models()
        return found

    async def may_ask(self, user_id: str, provider: str) -> bool:
        """Whether there is such a provider, and a key for it."""
        try:
            engine = self._engine(provider)
        except Refused:
            return False
        if provider not in self._settings.own_keys and engine.has_credential():
            return True
        exists, _ = await ICredentials(self._services).metadata(user_id, provider)
        return bool(exists)

    async def _ask(
        self, user_id: str, key: tuple[str, str], request: ChatRequest, told: Told | None
    ) -> ChatResponse:
        engine = self._engine(request.provider)
        on = await IPageSettings(self._services).get(user_id, f"providers.{request.provider}")
        if isinstance(on, dict) and on.get("enabled") is False:
            raise Refused("PROVIDER_OFF", f"{request.provider} is switched off in the settings")
        credential = await ICredentials(self._services).token(user_id, request.provider)
        if credential is None and request.provider in self._settings.own_keys:
            raise Refused(
                "NO_CREDENTIAL",
                f"put a key for {request.provider} into the credentials first",
                where="provider",
            )
        counted = Counted(self._services, user_id, request, told)
        answer: Deferred[ChatResponse] = engine.chat(request, counted.told, credential=credential)
        try:
            response = await self._followed(key, answer)
        except CancelledError:
            counted.failed("ABORTED", retryable=False)
            raise
        except Refused as refusal:
            counted.failed(refusal.code, refusal.retryable)
            raise
        counted.done(response)
        return response

    async def _followed(self, key: tuple[str, str], answer: Deferred[ChatResponse]) -> ChatResponse:
        self._running[key] = answer
        try:
            return await answer
        except CancelledError:
            if key in self._given_up:
                raise Refused("ABORTED", "the page gave it up", where="provider") from None
            raise
        finally:
            # a page may have used the id once more meanwhile
            if self._running.get(key) is answer:
                del self._running[key]
            self._given_up.discard(key)

    def _engine(self, name: str) -> Any:
        allowed = self._settings.providers
        try:
            if allowed and name not in allowed:
                raise NotThere(f"there is no provider {name!r} here")
            return self._engines.get(ILanguageModel, name)
        except NotThere as problem:
            raise Refused("UNKNOWN_PROVIDER", str(problem)) from problem


asking = ComponentFactory(IAsking, Asking)
