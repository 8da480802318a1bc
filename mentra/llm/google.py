"""Google's Gemini API.

Source: ai.google.dev/api/generate-content, "streamGenerateContent"; ai.google.dev/gemini-api/docs,
"Function calling" and "Thought signatures".
"""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta

from mentra.extension import ConfigSection, EngineFactory
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.services import IServices
from mentra.llm.answering import Answering
from mentra.llm.decoding import body_of, problem_of
from mentra.llm.google_answer import Reader, code_of
from mentra.llm.google_request import Signatures, body_of_request
from mentra.llm.remote import Complaint, RemoteModel, place_of
from mentra.llm.settings import HostedSettings
from mentra.messages.llm import ChatRequest, ModelConfig
from mentra.providers import Provider

NAME = "google"
HOME = "https://generativelanguage.googleapis.com/v1beta"


class GoogleSettings(HostedSettings, frozen=True, kw_only=True):
    """[google]: language models of Google, by its Gemini API."""

    base_url: Annotated[
        str, Meta(pattern="^https?://[^/]", description="Where the API is, with its version.")
    ] = HOME


google_section = ConfigSection(NAME, GoogleSettings)


def _google(services: IServices) -> RemoteModel:
    settings: GoogleSettings = services.settings(GoogleSettings)
    place = place_of(services, NAME, settings, HOME, "Google's API key")
    return RemoteModel(NAME, place, Google(), services)


google = EngineFactory(ILanguageModel, NAME, _google)


class _Failure(msgspec.Struct, frozen=True):
    error: Any = None


class Google:
    """Spells as Google does."""

    def __init__(self) -> None:
        self._signatures = Signatures()

    def question(self, base_url: str, model: str, request: ChatRequest) -> tuple[str, Any]:
        """``:streamGenerateContent``."""
        path = f"models/{quote(model.removeprefix('models/'), safe='')}:streamGenerateContent"
        body = body_of_request(model, request, self._signatures)
        return f"{base_url}/{path}?alt=sse", body

    def headers(self, key: str) -> dict[str, str]:
        """The key; in the URL it would end up in logs."""
        return {"x-goog-api-key": key} if key else {}

    def reader(self, answering: Answering, name: str) -> Reader:
        """Of its pieces."""
        return Reader(answering, name, self._signatures)

    def complaint(self, status: int, body: bytes) -> Complaint:
        """From the error object, which may stand in a list."""
        found = body_of(_Failure, body) or next(iter(body_of(list[_Failure], body) or ()), None)
        problem = problem_of(found.error) if found else None
        if problem is None:
            return Complaint()
        if "API_KEY_INVALID" in str(problem.details):
            # 400 like any other mistake
            return Complaint(code="AUTHENTICATION_ERROR")
        return Complaint(problem.message or "", code=code_of(problem))

    async def listed(self, provider: Provider, base_url: str, key: str) -> list[ModelConfig]:
        """Nobody asks: its models are known."""
        return []
