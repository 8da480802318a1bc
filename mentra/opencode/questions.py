"""Questions that the model asks the user.

The protocol has requests for consent alone, so they come and are answered as such.
Source: docs/protocol/opencode, "Questions of the model".
"""

import msgspec

from mentra.errors import Refused
from mentra.messages.opencode import PermissionRequest
from mentra.opencode.answers import QuestionAsked

PERMISSION = "question"
"""What stands where consent says what it is for."""

PREFIX = "que"
"""What the ids of questions begin with; those of permissions with ``per``."""

CONSENT = ("once", "always")
"""No answers: somebody wants it to go on, and has not read what was asked."""

Answers = tuple[tuple[str, ...], ...]


def request_of(asked: QuestionAsked) -> PermissionRequest:
    """What a client is told."""
    return PermissionRequest(
        session_id=asked.session_id,
        permission_id=asked.id,
        permission=PERMISSION,
        patterns=tuple(one.question for one in asked.questions),
        call_id=None if asked.tool is None else asked.tool.call_id,
        metadata_json=msgspec.json.encode({"questions": asked.questions}).decode(),
    )


def answers_of(reply: str) -> Answers:
    """What the server is told: of each question what was chosen or written.

    :raises Refused: ``INVALID_REQUEST``: there is nothing in it.
    """
    if reply in CONSENT:
        # each counts as unanswered, and the model goes on
        return ()
    try:
        return msgspec.json.decode(reply, type=Answers)
    except (ValueError, RecursionError):
        pass
    if not reply.strip():
        raise Refused("INVALID_REQUEST", "the reply to a question is its answer", where="app")
    return ((reply,),)
