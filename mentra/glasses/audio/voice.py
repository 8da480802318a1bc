"""The phone's own voice detection."""

from mentra.extension import handler
from mentra.interfaces.audio import IAudio
from mentra.interfaces.glasses import IRelay
from mentra.interfaces.messaging import IContext
from mentra.messages.audio import Vad


@handler("glasses", Vad)
def voice_activity(message: Vad, context: IContext) -> None:
    """Pass it on, and tell whoever recognises speech in here.  What is neither true nor false is
    passed on alone."""
    session = context.session
    IRelay(session).relay("VAD", message.raw)
    speaking = message.status == "true" if isinstance(message.status, str) else message.status
    if message.status in (True, False, "true", "false"):
        IAudio(session).voice(bool(speaking))
