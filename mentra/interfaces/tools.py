"""Functions that the voice assistant's model may call."""

from typing import Any

from zope.interface import Attribute, Interface


class IAssistantTool(Interface):
    """A function that the model may call.  A plugin: stateless, shared by all sessions."""

    name: str = Attribute("As the model calls it: letters, digits, ``_`` and ``-``; unique.")
    description: str = Attribute("What it does and when it is of use, for the model.")
    input_type: type = Attribute("A ``msgspec.Struct``: its fields are the function's arguments.")

    def call(asked: Any, use: Any) -> Any:
        """Do it.  The answer is for the model: a text, or whatever msgspec encodes as JSON; or an
        awaitable of either.

        :param asked: an ``input_type`` with what the model wants.
        :param use: an :class:`IToolUse`.
        :raises mentra.errors.Refused: it cannot be done; the model is told the sentence.
        """


class IToolUse(Interface):
    """On whose behalf a tool is called."""

    session: Any = Attribute("The :class:`mentra.interfaces.voice.IVoiceSession`.")
    services: Any = Attribute("The :class:`mentra.interfaces.services.IServices`.")
