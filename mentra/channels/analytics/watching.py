"""Sees what happens on the channels: what is begun, written and looked for, and what fails."""

from mentra.extension import Answer, Interceptor
from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.messaging import IContext
from mentra.messages import Fault, Message
from mentra.messages.channels import INVALID_MESSAGE, PATH, UNAUTHORIZED, UNKNOWN_CHANNEL
from mentra.messages.channels.ai import AiChat, AiChatStream
from mentra.messages.channels.chat import ChatAddMessage, ChatCreate, ChatSearch
from mentra.messages.channels.code import CodeAddEntry, CodeSearchTranscript, ToolCallData
from mentra.records import Happened

SEEN: dict[type[Message], Happened] = {
    ChatCreate: Happened(kind="chat"),
    ChatAddMessage: Happened(kind="message"),
    ChatSearch: Happened(kind="search", name=ChatSearch.tag()),
    CodeSearchTranscript: Happened(kind="search", name=CodeSearchTranscript.tag()),
}

PAGES_OWN = frozenset({UNAUTHORIZED, UNKNOWN_CHANNEL, INVALID_MESSAGE})
"""Codes of what was no request that anything could be done about."""


FAILED = frozenset({"error", "failed", "cancelled"})
"""What coding assistants call a call that brought nothing."""


LONGEST = 31_536_000.0
"""Seconds that a call of a tool is believed to have taken."""


def came(message: Message, context: IContext) -> None:
    """Somebody is there."""
    if context.session is not None:
        context.session.asked(context.services.clock.seconds())


def answered(message: Message, answer: Answer, context: IContext) -> None:
    """Count what was done, or could not be."""
    if context.session is None:
        return
    happened = _tool(message) if isinstance(message, CodeAddEntry) else SEEN.get(type(message))
    if type(answer) is Fault:
        if answer.code in PAGES_OWN:
            return
        happened = _error(message, answer)
    if happened is not None:
        analytics = IAnalytics(context.services, None)
        if analytics is not None:
            analytics.record(context.session.user_id, happened)


def _tool(entry: CodeAddEntry) -> Happened | None:
    """The call of a tool that an entry tells of."""
    call = entry.tool_call_data
    if entry.type != "tool_call" or not isinstance(call, ToolCallData):
        return None
    milliseconds = call.duration if isinstance(call.duration, int | float) else 0.0
    is_good = call.status not in FAILED
    seconds = min(max(0.0, milliseconds / 1000), LONGEST)
    return Happened(kind="tool", name=call.name, ok=is_good, seconds=seconds)


def _error(message: Message, fault: Fault) -> Happened:
    provider = model = ""
    if isinstance(message, AiChat | AiChatStream):
        provider, model = message.provider, message.model
    return Happened(
        kind="error",
        name=message.tag(),
        ok=False,
        code=fault.code,
        retryable=fault.retryable,
        provider=provider,
        model=model,
    )


channels_watcher = Interceptor(
    name=f"{__name__}:channels_watcher", path=PATH, before=came, after=answered
)
