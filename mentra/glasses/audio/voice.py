"""The phone's own voice detection."""

from mentra.extension import handler
from mentra.interfaces.audio import IAudio
from mentra.interfaces.glasses import IRelay
from mentra.interfaces.messaging import IContext
from mentra.messages.audio import Vad

SAID = {True: True, False: False, "true": True, "false": False}
"""What phones say, as text or not."""


@handler("glasses", Vad)
def voice_activity(message: Vad, context: IContext) -> None:
    """Pass it on, and tell whoever recognises speech in here.  What is neither true nor false is
    passed on alone."""
    session = context.session
    IRelay(session).relay("VAD", message.raw)
    speaking = SAID.get(message.status)
    if speaking is not None:
        IAudio(session).voice(speaking)
