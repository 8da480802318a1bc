"""Engines that the whole process shares.  Adapt the services to them."""

from typing import Any

from zope.interface import Attribute, Interface


class IEngine(Interface):
    """Base of every engine's interface.  One object for the whole process, made when first asked
    for; a Twisted ``IService`` among them is started and stopped with the server."""

    name: str = Attribute("As the configuration calls it, e.g. ``pocketsphinx``.")

    def unavailable() -> str | None:
        """Why it cannot work here: a sentence that names the package to install or the setting to
        set.  None if nothing speaks against it; asked often, so it must not wait."""

    def addresses() -> Any:
        """URLs and ``host:port`` strings of every server it talks to, a tuple; empty for an engine
        that stays on this machine.  With ``[privacy] air_gap`` each must be local or private."""


class IEngineFactory(Interface):
    """Makes an engine.  A plugin; there may be many of one interface, told apart by name."""

    provides: Any = Attribute("Interface of the engine: ``IRecogniser``, ``ILanguageModel``, ...")
    name: str = Attribute("As the configuration calls it; unique among those of its interface.")

    def build(services: Any) -> Any:
        """The engine.  It may import what it needs, but must not wait: what takes long happens
        when the engine is first used, and off the reactor's thread."""


class IEngineSource(Interface):
    """Makes engines that the configuration names.  A plugin; there may be many of one interface."""

    provides: Any = Attribute("Interface of the engines.")

    def factories(services: Any) -> Any:
        """An :class:`IEngineFactory` for each name, all of *provides*: a tuple.  Asked once."""


class IEngines(Interface):
    """Every engine of this process.  Adapt the services to it."""

    def names(interface: Any) -> Any:
        """Names of the engines that provide *interface*, sorted: a tuple."""

    def get(interface: Any, name: str) -> Any:
        """The engine called *name*, built when first asked for.

        :raises mentra.errors.NotThere: no plugin makes one of that name; the sentence lists those
            that there are.
        """


class ILc3(Interface):
    """The LC3 codec."""

    def decoder(frame_bytes: int) -> Any:
        """A new stream's decoder: a function from a packet (frames of *frame_bytes*, 10 ms each,
        back to back) to PCM, 320 bytes a frame.  What is left over of a packet is dropped.  None if
        the codec is not installed here."""


class ISynthesiser(Interface):
    """Speaks."""

    def why_not() -> str | None:
        """Why nobody here speaks: a sentence that names what to install or to set; None: somebody
        does."""

    def speak(text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """Say *text*; an awaitable of an :class:`ISpeech`.

        :param voice: as the engine calls it; None is the engine's own choice, as with *model*.
        :param settings: what else the engine may be told, a dict; what it does not know it ignores.
        :raises mentra.errors.Refused: it cannot; with ``where="app"`` what was asked is to blame.
        """


class IUtterances(Interface):
    """What the synthesiser is busy with.  Adapt the services to it."""

    def say(text: str, voice: str | None, model: str | None, settings: Any) -> Any:
        """As :meth:`ISynthesiser.speak`, if it is not too busy.

        :raises mentra.errors.NotThere: no engine is installed.
        :raises mentra.errors.Refused: code ``TOO_MANY_SPEECHES``, or what the engine says.
        """


class ISpeech(Interface):
    """Something said."""

    content_type: str = Attribute("E.g. ``audio/mpeg``.")
    body: Any = Attribute("Bytes, or an ``IBodyProducer`` of ``twisted.web.iweb``.")
