"""OpenAI's images API, which other servers speak too.

Source: platform.openai.com/docs/api-reference/images, "Create image".
"""

import base64
import binascii
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.interfaces.images import IImageEngine
from mentra.interfaces.services import IServices
from mentra.pictures import Picture, PictureRequest, type_of
from mentra.providers import KeyFile, Provider, broken, read_key

NAME = "openai"
HOME = "https://api.openai.com/v1"
MAX_BYTES = 64 * 1024 * 1024
PASSED_ON = ("quality", "background", "moderation", "steps", "negative_prompt", "cfg_scale")
"""What else of a request's parameters the server is told."""


class OpenAiImagesSettings(Section, frozen=True, kw_only=True):
    """[openai_images]: pictures by OpenAI, or by any server that speaks its images API."""

    base_url: Annotated[
        str,
        Meta(
            pattern="^https?://[^/]",
            description="Where the API is; without a key_file only OpenAI's own is not asked.",
        ),
    ] = HOME
    key_file: KeyFile = ""
    model: Annotated[str, Meta(description="Model that is asked where nobody names one.")] = (
        "gpt-image-1"
    )
    within: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds for a batch, all attempts together.")
    ] = 180.0


openai_images_section = ConfigSection("openai_images", OpenAiImagesSettings)


class _Made(msgspec.Struct, frozen=True):
    b64_json: str | None = None
    url: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    data: list[_Made] = []


@implementer(IImageEngine)
class OpenAiImages:
    """Asks for each batch at once, or picture by picture where the prompts differ."""

    name = NAME
    credential = "openai"

    def __init__(self, services: IServices) -> None:
        self._settings: OpenAiImagesSettings = services.settings(OpenAiImagesSettings)
        self._base_url = self._settings.base_url.rstrip("/")
        self._key = read_key(services, self._settings.key_file, "OpenAI's API key")
        self._services = services

    def unavailable(self) -> str | None:
        """Whether the file with the key is missing."""
        return self._key.problem

    def addresses(self) -> tuple[str, ...]:
        """Its base URL."""
        return (self._base_url,)

    def has_credential(self) -> bool:
        """Whether there is a key, or none is needed."""
        return bool(self._key.value) or self._base_url != HOME

    async def generate(
        self, asked: PictureRequest, *, credential: str | None = None
    ) -> tuple[Picture, ...]:
        """Ask for them."""
        key = credential or self._key.value
        if not key and not self.has_credential():
            raise Refused(
                "NO_CREDENTIAL",
                "there is no key for openai: set openai_images.key_file, or store one",
                where="provider",
            )
        if asked.references:
            raise Refused(
                "INVALID_REQUEST", "openai cannot go by other pictures here", where="provider"
            )
        provider = Provider(NAME, self._services)
        made: list[Picture] = []
        for prompt, count in _counted(asked.prompts):
            made += await self._ask(provider, asked, prompt, count, key)
        return tuple(made)

    async def _ask(
        self, provider: Provider, asked: PictureRequest, prompt: str, count: int, key: str
    ) -> list[Picture]:
        answer = await provider.ask(
            "POST",
            f"{self._base_url}/images/generations",
            within=self._settings.within,
            headers={"Authorization": f"Bearer {key}"} if key else None,
            max_bytes=MAX_BYTES,
            json=self._body(asked, prompt, count),
        )
        try:
            found = msgspec.json.decode(answer.body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise broken(NAME) from problem
        if not found.data:
            raise broken(NAME, "answered with no picture")
        # more than were asked for are nobody's
        return [await self._picture(provider, one, asked, prompt) for one in found.data[:count]]

    def _body(self, asked: PictureRequest, prompt: str, count: int) -> dict[str, Any]:
        model = asked.model or self._settings.model
        size = f"{asked.width}x{asked.height}"
        text = f"{prompt}\n\nStyle: {asked.style}" if asked.style else prompt
        body: dict[str, Any] = {"model": model, "prompt": text, "n": count, "size": size}
        if not model.startswith("gpt-image"):
            # which always does, and refuses to be told
            body["response_format"] = "b64_json"
        if urlsplit(self._base_url).hostname != urlsplit(HOME).hostname:
            body["seed"] = asked.seed
        return body | {name: asked.params[name] for name in PASSED_ON if name in asked.params}

    async def _picture(
        self, provider: Provider, made: _Made, asked: PictureRequest, prompt: str
    ) -> Picture:
        content = await self._content(provider, made)
        content_type = type_of(content)
        if content_type is None:
            raise broken(NAME, "answered with something that is no picture")
        return Picture(
            content=content, content_type=content_type, width=asked.width, height=asked.height,
            prompt=prompt,
        )  # fmt: skip

    async def _content(self, provider: Provider, made: _Made) -> bytes:
        if made.b64_json is not None:
            try:
                return base64.b64decode(made.b64_json, validate=True)
            except (binascii.Error, ValueError) as problem:
                raise broken(NAME) from problem
        if made.url is None or not self._may_fetch(made.url):
            raise broken(NAME, "answered with no picture")
        answer = await provider.ask(
            "GET", made.url, within=self._settings.within, max_bytes=MAX_BYTES
        )
        return answer.body

    def _may_fetch(self, url: str) -> bool:
        # a server must not have us look around in our own network
        place = urlsplit(url)
        return place.scheme == "https" or place.netloc == urlsplit(self._base_url).netloc


def _counted(prompts: tuple[str, ...]) -> list[tuple[str, int]]:
    """Neighbours that are the same, and how many."""
    counted: list[tuple[str, int]] = []
    for prompt in prompts:
        if counted and counted[-1][0] == prompt:
            counted[-1] = (prompt, counted[-1][1] + 1)
        else:
            counted.append((prompt, 1))
    return counted


openai_images = EngineFactory(IImageEngine, NAME, OpenAiImages)
