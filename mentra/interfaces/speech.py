"""Engines that hear, speak and translate, and what they are asked and tell.

Sound is mono PCM, int16 little endian, 16 kHz, in whole samples, everywhere here.
"""

from typing import Any

from zope.interface import Attribute, Interface

from mentra.interfaces.engines import IEngine


class IRecogniser(IEngine):
    """Turns speech into text.  An engine, shared by all sessions."""

    def speaks(language: str) -> bool:
        """Whether it recognises *language*, a BCP 47 tag such as ``en-US`` or ``en``."""

    def open(wanted: Any, listener: Any) -> Any:
        """Begin to recognise: an :class:`IRecogniserStream`, at once; what it takes to get the
        engine going happens behind it, and sound written meanwhile is not lost.

        :param wanted: a :class:`mentra.hearing.Recognition`.
        :param listener: an :class:`IRecogniserListener`.
        :raises mentra.errors.Refused: code ``UNKNOWN_LANGUAGE`` or ``ENGINE_UNAVAILABLE``, a
            sentence that names what to install or to set.
        """


class ITranslatingRecogniser(IRecogniser):
    """A recogniser that translates on the way, where ``Recognition.translate_to`` says so."""

    def translates(source: str, target: str) -> bool:
        """Whether it does for this pair; *source* may be ``auto``.  BCP 47 tags."""


class IRecogniserStream(Interface):
    """One wearer's speech on its way through an engine.  It ends with :meth:`close`, or by itself
    when it has told its listener that it failed."""

    def write(pcm: bytes) -> None:
        """Sound that follows what came before.  Never waits: what the engine cannot take yet is
        queued up to a bound, and beyond it the oldest is dropped and counted."""

    def finalize() -> None:
        """Nobody speaks any more: what is pending becomes final; more sound may follow."""

    def close() -> None:
        """No more sound comes.  The listener hears nothing after this."""


class IOwingStream(IRecogniserStream):
    """A stream that knows what it has not answered yet.  Where much is to be recognised it is
    waited for longer than one that does not."""

    def owes() -> bool:
        """Whether something that was said is yet to be answered.  It will be, be it with nothing,
        or the stream fails."""

    def waiting() -> float:
        """Seconds of it that the engine has not heard, for it has too much to do; another stream
        of it would wait as long."""


class IRecogniserListener(Interface):
    """Whoever opened a stream.  Neither method may wait, or close over another session."""

    def heard(result: Any) -> None:
        """Something was recognised: a :class:`mentra.hearing.Heard`.  Interim results repeat the
        whole utterance so far; a final one ends it."""

    def failed(problem: Any) -> None:
        """The stream is over: a :class:`mentra.errors.Refused`, ``retryable`` if another one may
        work.  Said once."""


class IRecognition(Interface):
    """Speech to text as it is configured: the recognisers of a language in their order, the next
    one taking over from one that fails or stalls, without losing sound.  Adapt the services to it.
    """

    def why_not(language: str) -> str | None:
        """Why nobody here recognises *language*: a sentence that names what to install or to set;
        None: somebody does."""

    def translates(source: str, target: str) -> bool:
        """Whether the recogniser that hears *source* first would translate into *target* on the
        way.  BCP 47 tags."""

    def open(wanted: Any, listener: Any) -> Any:
        """As :meth:`IRecogniser.open`; the listener hears of a failure only when there is nobody
        left to take over.  Times stay those of the first sample written."""


class IVoiceDetection(IEngine):
    """Tells speech from other sound."""

    def detector() -> Any:
        """A new :class:`IVoiceDetector`, for one wearer."""


class IVoiceDetector(Interface):
    """What one wearer's sound is, piece by piece."""

    def is_speech(frame: bytes) -> bool:
        """Whether somebody speaks in *frame*: 20 ms of sound, 640 bytes."""


class IEngineFigures(Interface):
    """What engines did not manage, counted for ``/metrics``.  Adapt the services to it."""

    def dropped(engine: str, seconds: float) -> None:
        """So much sound was not recognised, because there was too much of it."""

    def refused(engine: str) -> None:
        """Somebody was not listened to, because as many as may be are already."""

    def restarted(engine: str) -> None:
        """A process of *engine* ended by itself or had to be ended."""

    def watch(engine: str, waiting: Any) -> None:
        """From now on show how far behind *engine* is.

        :param waiting: called without arguments; the seconds of speech that wait, of each one who
            is listened to.
        """


class ITranslator(IEngine):
    """Turns text of one language into another."""

    def translates(source: str, target: str) -> bool:
        """Whether it knows the pair; *source* may be ``auto``.  BCP 47 tags."""

    def translate(text: str, source: str, target: str) -> Any:
        """*text* in *target*; an awaitable of a string.  Cancelling gives it up.

        :raises mentra.errors.Refused: it cannot; ``retryable`` if it may later.
        """


class ITranslation(Interface):
    """Text of one language in another, by the translator that is configured.  Adapt the services
    to it."""

    def why_not(source: str, target: str) -> str | None:
        """Why nobody here translates the pair: a sentence that names what to set; None: somebody
        does.  *source* may be ``auto``.  BCP 47 tags.  It does not wait."""

    def translate(text: str, source: str, target: str) -> Any:
        """*text* in *target*; an awaitable of a string.  Cancelling gives it up.  What was
        translated lately is known at once.

        :raises mentra.errors.Refused: code ``NO_TRANSLATOR``, ``TEXT_TOO_LONG``, ``TOO_BUSY`` or
            what the engine says; ``retryable`` if it may go well later.
        """


class ISynthesis(IEngine):
    """Speaks.  An engine; who wants something said asks ``IUtterances`` of the services, which
    knows which one is configured."""

    voices: tuple[str, ...] = Attribute("Names of its voices as far as it knows them, best first.")

    def speak(text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """As ``ISynthesiser.speak``."""
