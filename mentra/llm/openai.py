"""OpenAI's chat completions, which many other servers speak too: Ollama, vLLM, llama.cpp, ...

Source: platform.openai.com/docs/api-reference/chat, "Create chat completion" and "Streaming";
what others do differently is said where it matters.
"""

from typing import Annotated, Any
from urllib.parse import urlsplit

import attrs
import msgspec
from msgspec import Meta

from mentra.extension import ConfigSection, EngineFactory
from mentra.interfaces.llm import ILanguageModel, IPrices
from mentra.interfaces.services import IServices
from mentra.llm.answering import Answering
from mentra.llm.decoding import body_of, problem_of
from mentra.llm.openai_answer import Reader
from mentra.llm.openai_request import body_of_request
from mentra.llm.remote import Complaint, RemoteModel, bearer, place_of
from mentra.llm.settings import HostedSettings
from mentra.messages.llm import ChatRequest, ModelConfig
from mentra.providers import Provider, broken

NAME = "openai"
HOME = "https://api.openai.com/v1"
LISTING_WITHIN = 10.0


class OpenAiSettings(HostedSettings, frozen=True, kw_only=True):
    """[openai]: language models of OpenAI, or of any server that speaks its chat completions."""

    base_url: Annotated[
        str,
        Meta(
            pattern="^https?://[^/]",
            description="Where the API is, e.g. http://127.0.0.1:11434/v1 for Ollama on this "
            "machine; without a key_file only OpenAI's own is not asked.",
        ),
    ] = HOME


openai_section = ConfigSection(NAME, OpenAiSettings)


def _openai(services: IServices) -> RemoteModel:
    settings: OpenAiSettings = services.settings(OpenAiSettings)
    place = place_of(services, NAME, settings, HOME, "OpenAI's API key")
    if place.open:
        # whoever speaks like it has models of its own
        place = attrs.evolve(place, known=())
    return RemoteModel(NAME, place, OpenAi(IPrices(services)), services)


openai = EngineFactory(ILanguageModel, NAME, _openai)


class _Failure(msgspec.Struct, frozen=True):
    error: Any = None
    message: str | None = None


class _Meta(msgspec.Struct, frozen=True):
    n_ctx_train: int | None = None


class _Listed(msgspec.Struct, frozen=True):
    id: str
    max_model_len: int | None = None
    context_length: int | None = None
    meta: _Meta | None = None


class _Listing(msgspec.Struct, frozen=True):
    data: list[_Listed] | None = None


class OpenAi:
    """Spells as OpenAI does."""

    def __init__(self, prices: IPrices) -> None:
        self._prices = prices

    def question(self, base_url: str, model: str, request: ChatRequest) -> tuple[str, Any]:
        """``/chat/completions``."""
        return f"{base_url}/chat/completions", body_of_request(model, request, _limit_key(base_url))

    def headers(self, key: str) -> dict[str, str]:
        """A bearer token."""
        return {"Accept": "text/event-stream", **bearer(key)}

    def reader(self, answering: Answering, name: str) -> Reader:
        """Of chunks."""
        return Reader(answering, name)

    def complaint(self, status: int, body: bytes) -> Complaint:
        """From the error object, which some servers make a string."""
        found = body_of(_Failure, body)
        problem = problem_of(found.error) if found else None
        if found is None or problem is None:
            return Complaint((found.message or "") if found else "")
        # there is no money left, and waiting brings none
        hopeless = "insufficient_quota" in (problem.type, problem.code)
        return Complaint(problem.message or "", hopeless=hopeless)

    async def listed(self, provider: Provider, base_url: str, key: str) -> list[ModelConfig]:
        """``/models``."""
        answer = await provider.ask(
            "GET", f"{base_url}/models", within=LISTING_WITHIN, headers=bearer(key)
        )
        found = body_of(_Listing, answer.body)
        if found is None:
            raise broken(provider.name, "lists its models in a way that makes no sense")
        return [self._config(one) for one in found.data or ()]

    def _config(self, one: _Listed) -> ModelConfig:
        known: ModelConfig = self._prices.model(one.id)
        # vLLM, llama.cpp and OpenRouter say it, each in its way
        window = one.max_model_len or (one.meta or _Meta()).n_ctx_train or one.context_length
        return msgspec.structs.replace(known, context_window=window or known.context_window)


def _limit_key(base_url: str) -> str:
    # OpenAI's newer models refuse the name that everybody else knows
    at_home = urlsplit(base_url).hostname == urlsplit(HOME).hostname
    return "max_completion_tokens" if at_home else "max_tokens"
