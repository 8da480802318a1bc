"""Anthropic's Messages API.

Source: platform.claude.com/docs, "Messages", "Streaming messages" and "Errors".
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mentra.extension import ConfigSection, EngineFactory
from mentra.interfaces.llm import ILanguageModel
from mentra.interfaces.services import IServices
from mentra.llm.answering import Answering
from mentra.llm.anthropic_answer import ERRORS, Reader
from mentra.llm.blocks import Image, Part, Result, Text, Use, system_of, turns_of
from mentra.llm.decoding import body_of, problem_of
from mentra.llm.remote import Complaint, RemoteModel, place_of
from mentra.llm.settings import HostedSettings
from mentra.messages.llm import ChatRequest, ModelConfig
from mentra.providers import Provider

NAME = "anthropic"
HOME = "https://api.anthropic.com"
VERSION = "2023-06-01"
MOST_TOKENS = 4096
"""Of an answer whose request sets no bound, for this provider wants one."""


class AnthropicSettings(HostedSettings, frozen=True, kw_only=True):
    """[anthropic]: language models of Anthropic."""

    base_url: Annotated[
        str, Meta(pattern="^https?://[^/]", description="Where the API is, without /v1.")
    ] = HOME


anthropic_section = ConfigSection(NAME, AnthropicSettings)


def _anthropic(services: IServices) -> RemoteModel:
    settings: AnthropicSettings = services.settings(AnthropicSettings)
    place = place_of(services, NAME, settings, HOME, "Anthropic's API key")
    return RemoteModel(NAME, place, Anthropic(), services)


anthropic = EngineFactory(ILanguageModel, NAME, _anthropic)


class _Failure(msgspec.Struct, frozen=True):
    error: Any = None


class Anthropic:
    """Spells as Anthropic does."""

    def question(self, base_url: str, model: str, request: ChatRequest) -> tuple[str, Any]:
        """``/v1/messages``."""
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": request.max_tokens or MOST_TOKENS,
            "messages": [
                {"role": role, "content": [_block(part) for part in parts]}
                for role, parts in turns_of(request)
            ],
            "stream": True,
        }
        temperature = request.temperature
        given = {
            "system": system_of(request) or None,
            # the scale of others goes to 2
            "temperature": None if temperature is None else min(temperature, 1.0),
            "top_p": request.top_p,
            "stop_sequences": request.stop_sequences or None,
            "tools": [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": tool.input_schema,
                }
                for tool in request.tools
            ]
            or None,
            "tool_choice": _choice(request),
        }
        body |= {name: value for name, value in given.items() if value is not None}
        return f"{base_url}/v1/messages", body

    def headers(self, key: str) -> dict[str, str]:
        """The key, and the version of the API."""
        named = {"anthropic-version": VERSION, "Accept": "text/event-stream"}
        return {**named, "x-api-key": key} if key else named

    def reader(self, answering: Answering, name: str) -> Reader:
        """Of its events."""
        return Reader(answering, name)

    def complaint(self, status: int, body: bytes) -> Complaint:
        """From the error object."""
        found = body_of(_Failure, body)
        problem = problem_of(found.error) if found else None
        if problem is None:
            return Complaint()
        code = ERRORS.get(problem.type or "")
        return Complaint(problem.message or "", code=code)

    async def listed(self, provider: Provider, base_url: str, key: str) -> list[ModelConfig]:
        """Nobody asks: its models are known."""
        return []


def _block(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image", "source": _source(part)}
    if isinstance(part, Use):
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.input}
    return _result(part)


def _result(result: Result) -> dict[str, Any]:
    block: dict[str, Any] = {
        "type": "tool_result", "tool_use_id": result.id, "content": result.output,
    }  # fmt: skip
    return block | {"is_error": True} if result.is_error else block


def _source(image: Image) -> dict[str, Any]:
    if image.base64:
        return {"type": "base64", "media_type": image.media_type, "data": image.base64}
    return {"type": "url", "url": image.url}


def _choice(request: ChatRequest) -> Any:
    choice = request.tool_choice
    if choice is None or not request.tools:
        return None
    if choice == "required":
        return {"type": "any"}
    if choice in ("auto", "none"):
        return {"type": choice}
    return {"type": "tool", "name": choice}
