"""A server that speaks Google's Gemini API, for tests.

Source: ai.google.dev/api/generate-content.
"""

from typing import Any

import msgspec

from mentra.testing.model_stubs import Fail, ModelStub, Say


class GoogleDialect:
    """Spells as Google does."""

    def frames(self, say: Say, asked: Any) -> list[bytes]:
        """Pieces; the last has the reason to end and the usage."""
        parts: list[dict[str, Any]] = [{"text": piece} for piece in say.pieces]
        parts += [
            {
                "functionCall": {
                    "name": call.name,
                    "args": msgspec.json.decode("".join(call.arguments)),
                },
                "thoughtSignature": f"signed-{call.id}",
            }
            for call in say.calls
        ]
        given, made = say.tokens
        pieces = [_piece([part]) for part in parts]
        last = _piece([{"text": ""}], say.stop or "STOP")
        last["usageMetadata"] = {
            "promptTokenCount": given, "candidatesTokenCount": made,
            "totalTokenCount": given + made,
        }  # fmt: skip
        # lines end the way they do there
        return [b"data: " + msgspec.json.encode(piece) + b"\r\n\r\n" for piece in (*pieces, last)]

    def failure(self, fail: Fail) -> Any:
        """An error object."""
        return {"error": {"code": fail.status, "message": fail.error, "status": fail.kind}}

    def listing(self, models: tuple[str, ...]) -> Any:
        """A list of models."""
        return {"models": [{"name": f"models/{name}"} for name in models]}

    def words(self, asked: Any) -> str:
        """The text of the last turn."""
        return " ".join(part["text"] for part in asked["contents"][-1]["parts"] if "text" in part)


def google_stub(clock: Any, pause: float = 0.0) -> ModelStub:
    """A stub; its base URL ends in ``/v1beta``."""
    return ModelStub(GoogleDialect(), clock, pause)


def _piece(parts: list[dict[str, Any]], reason: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "modelVersion": "stub-1", "responseId": "answer-stub"}
