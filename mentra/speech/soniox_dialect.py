"""How Soniox' real-time transcription is spoken to.

Source: soniox.com/docs, "WebSocket API", "Real-time transcription", "Endpoint detection", "Manual
finalization", "Connection keepalive", "Real-time translation", "WebSocket authentication".
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mentra.errors import Refused
from mentra.hearing import Heard, Recognition, Word
from mentra.providers import broken, refusal
from mentra.speech.tags import AUTO, base_of

LONGEST_UTTERANCE = 4000
"""Characters; a longer one is made final."""

MOST_TOKENS = 5000
"""Of one message."""

MOST_HINTS = 100
MOST_LANGUAGES = 20
LONGEST_HINT = 100

ENDPOINT, FINALIZED = "<end>", "<fin>"
TRANSLATED = "translation"


class _Token(msgspec.Struct, frozen=True):
    text: str
    is_final: bool = False
    start_ms: float | None = None
    end_ms: float | None = None
    confidence: float | None = None
    speaker: str | int | None = None
    language: str | None = None
    translation_status: str | None = None


class _Message(msgspec.Struct, frozen=True):
    tokens: list[_Token] = []
    finished: bool = False
    error_code: int | None = None


_message = msgspec.json.Decoder(_Message)


def configuration(wanted: Recognition, *, key: str, model: str, diarize: bool) -> dict[str, Any]:
    """The first message, for what is *wanted*."""
    configured: dict[str, Any] = {
        "model": model,
        "audio_format": "pcm_s16le",
        "sample_rate": 16_000,
        "num_channels": 1,
        "enable_language_identification": True,
        "enable_speaker_diarization": diarize,
        "enable_endpoint_detection": True,
    }
    if key:
        # newer servers have it from the header; older ones know this place alone
        configured["api_key"] = key
    if wanted.language != AUTO:
        likely = (wanted.language, *wanted.languages[:MOST_LANGUAGES])
        configured["language_hints"] = list(dict.fromkeys(map(base_of, likely)))
    terms = [hint[:LONGEST_HINT] for hint in wanted.hints[:MOST_HINTS] if hint.strip()]
    if terms:
        configured["context"] = {"terms": terms}
    if wanted.translate_to is not None:
        configured["translation"] = {
            "type": "one_way",
            "target_language": base_of(wanted.translate_to),
        }
    return configured


class SonioxDialect:
    """Keeps the utterance that is being spoken, in two languages if so wanted."""

    name = "soniox"
    keep_alive_every = 8.0

    def __init__(
        self, url: str, key: str, configured: dict[str, Any], *, interim: bool = True
    ) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._configured = configured
        self._target: str | None = configured.get("translation", {}).get("target_language")
        self._interim = interim
        self._certain: list[_Token] = []
        self._pending: list[_Token] = []
        self._shown = ("", "")
        self._settled = 0
        self._is_stale = False

    def opening(self) -> str:
        """The configuration."""
        return msgspec.json.encode(self._configured).decode()

    def finalizing(self) -> str:
        """Answered by a token of its own."""
        return '{"type":"finalize"}'

    def keeping_alive(self) -> str:
        """Twenty seconds without sound would end the connection."""
        return '{"type":"keepalive"}'

    def closing(self) -> bytes:
        """An empty message ends the sound."""
        return b""

    def read(self, message: str) -> Iterable[Heard]:
        """What is heard in *message*.

        :raises Refused: it is an error, the end, or nothing of this protocol.
        """
        try:
            said = _message.decode(message)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
            raise broken(self.name) from problem
        if said.error_code is not None:
            # its text may repeat what it was sent
            raise refusal(self.name, said.error_code)
        if len(said.tokens) > MOST_TOKENS:
            raise broken(self.name, "says too much at once")
        heard = tuple(self._tokens(said.tokens))
        if said.finished:
            raise Refused(
                "CONNECTION_LOST", "soniox has ended by itself", where="provider", retryable=True
            )
        return heard

    def settle(self) -> Iterable[Heard]:
        """The utterance, without waiting for the server's last word on it."""
        self._certain += self._pending
        heard = tuple(self._finish())
        self._settled = max([self._settled, *(one.end_ms for one in heard)])
        return heard

    def _finish(self) -> Iterator[Heard]:
        """The utterance, if there is one."""
        heard = self._heard(self._certain, is_final=True)
        self._certain, self._pending, self._shown = [], [], ("", "")
        if heard is not None:
            yield heard

    def _tokens(self, tokens: list[_Token]) -> Iterator[Heard]:
        # what is not final is said anew each time
        self._pending = []
        for token in tokens:
            if token.text in (ENDPOINT, FINALIZED):
                if token.is_final:
                    yield from self._finish()
            elif not (self._was_settled(token) or self._is_late(token)):
                (self._certain if token.is_final else self._pending).append(token)
        if sum(len(one.text) for one in self._certain) > LONGEST_UTTERANCE:
            yield from self._finish()
        elif self._interim:
            yield from self._news()

    def _is_late(self, token: _Token) -> bool:
        """Whether *token* translates what came before this utterance: the words come first."""
        return token.translation_status == TRANSLATED and not any(
            one.translation_status != TRANSLATED for one in (*self._certain, *self._pending)
        )

    def _was_settled(self, token: _Token) -> bool:
        """Whether *token* is of what was made final without the server; those that have no time,
        as translations have not, are of what those before them are of."""
        if token.start_ms is not None:
            self._is_stale = token.start_ms < self._settled
        return self._is_stale

    def _news(self) -> Iterator[Heard]:
        """The utterance so far, if it reads otherwise than before."""
        heard = self._heard([*self._certain, *self._pending], is_final=False)
        if heard is None:
            return
        shown = (heard.text, heard.translation or "")
        if shown != self._shown:
            self._shown = shown
            yield heard

    def _heard(self, tokens: list[_Token], *, is_final: bool) -> Heard | None:
        spoken = [one for one in tokens if one.translation_status != TRANSLATED]
        text = "".join(one.text for one in spoken).strip()
        if not text:
            return None
        words = tuple(self._words(spoken))
        translation = "".join(
            one.text for one in tokens if one.translation_status == TRANSLATED
        ).strip()
        known = [one.confidence for one in words if one.confidence is not None]
        return Heard(
            text=text,
            is_final=is_final,
            start_ms=words[0].start_ms,
            end_ms=words[-1].end_ms,
            language=next((one.language for one in spoken if one.language), None),
            confidence=sum(known) / len(known) if known else None,
            speaker_id=words[0].speaker_id,
            words=words,
            translation=self._translated(spoken, text, translation),
        )

    def _translated(self, spoken: list[_Token], text: str, translation: str) -> str | None:
        if self._target is None:
            return None
        # what is in that language already is not translated
        is_done = all(one.language == self._target for one in spoken)
        return text if is_done and not translation else translation

    def _words(self, tokens: list[_Token]) -> Iterator[Word]:
        """Tokens as words or pieces of such; times never go back."""
        at = None
        for token in tokens:
            start = _ms(token.start_ms, at or 0)
            start = start if at is None else max(at, start)
            at = max(start, _ms(token.end_ms, start))
            yield Word(
                text=token.text,
                start_ms=start,
                end_ms=at,
                confidence=None
                if token.confidence is None
                else min(1.0, max(0.0, token.confidence)),
                is_final=token.is_final,
                speaker_id=None if token.speaker is None else str(token.speaker)[:20],
            )


def _ms(told: float | None, otherwise: int) -> int:
    return otherwise if told is None else max(0, round(told))
