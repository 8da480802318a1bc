"""What phones and people report to whoever runs this server.  Source: docs/protocol/http.rst."""

from typing import Any

import msgspec
from twisted.logger import Logger

from mentra.errors import Denied
from mentra.extension import Access, route
from mentra.glasses.callers import user_of
from mentra.interfaces.stores import IUserStore
from mentra.interfaces.web import ICall

MAX_FEEDBACK = 10_000
"""Longest feedback, characters."""

MAX_LOGGED = 300
"""Characters of an error report in a log line."""

_NO_FEEDBACK = f"feedback must be a text of 1 to {MAX_FEEDBACK} characters"


_log = Logger()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It was taken."""

    success: bool = True


@route(
    "POST", "/api/error-report", "/app/error-report",
    access=Access.PUBLIC, body=Any, answer=Done,
)  # fmt: skip
def report_error(call: ICall) -> Done:
    """Something went wrong on a phone or in an app; any JSON will do."""
    # whatever is in it, it is one short line, and only for who asked to see that much
    text = ascii(msgspec.json.encode(call.body).decode())[:MAX_LOGGED]
    _log.debug("a phone or an app reports an error: {text}", text=text)
    return Done()


class FeedbackText(msgspec.Struct, frozen=True, kw_only=True):
    """What a user has to say."""

    feedback: Any = None


@route(
    "POST", "/api/client/feedback",
    access=Access.USER, body=FeedbackText, answer=Done, errors={400: _NO_FEEDBACK},
)  # fmt: skip
async def post_feedback(call: ICall) -> Done:
    """Keep what the caller has to say for the sysadmin."""
    text = call.body.feedback
    if not isinstance(text, str) or not 0 < len(text.strip()) <= len(text) <= MAX_FEEDBACK:
        raise Denied(400, {"success": False, "error": _NO_FEEDBACK, "message": _NO_FEEDBACK})
    users = IUserStore(call.services)
    await users.create(user_of(call))
    await users.add_feedback(user_of(call), text)
    return Done()
