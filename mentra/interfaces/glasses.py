"""The managers of the glasses wing: what subjects may ask of one another."""

from typing import Any

from zope.interface import Attribute, Interface


class IApps(Interface):
    """The apps of a session: their life from start to stop.  Source: docs/protocol."""

    def start(package_name: str) -> Any:
        """Start an app; an awaitable of a :class:`mentra.glasses.apps.standing.StartResult`.

        Running already: success at once.  Starting already: the same result.
        """

    def stop(package_name: str) -> Any:
        """Stop an app, whatever its state; an awaitable that ends when it has stopped."""

    def attach(package_name: str, peer: Any) -> None:
        """An app's socket has proved its key: take it.

        :raises mentra.errors.Dismissed: the app is in no state to be connected.
        """

    def key_refused(package_name: str) -> None:
        """A socket came with a wrong key: a start waiting for it fails at once."""

    def detach(package_name: str, peer: Any) -> None:
        """An app's socket is gone; only the current one counts."""

    def release(package_name: str, peer: Any, reason: str = "") -> None:
        """The app said ``ownership_release``: the close to come is meant, unless it only obeys our
        own call to connect anew."""

    def recover(package_name: str) -> None:
        """The app's server is back: call its webhook again if the app is running or in grace."""

    def restore() -> None:
        """The session is new: start, in the background, what ran when the last one ended."""

    def wake() -> None:
        """The glasses are back: restart, one after another, the apps that were lost meanwhile."""

    def drop_unfit() -> None:
        """The glasses changed: stop what needs hardware that these lack."""

    def state(package_name: str) -> str:
        """``stopped``, ``connecting``, ``running``, ``grace_period``, ``resurrecting``,
        ``dormant`` or ``stopping``."""

    def is_running(package_name: str) -> bool:
        """Whether the state is exactly ``running``."""

    def running() -> Any:
        """Package name to :class:`IPeer` of the apps in state running, a live read-only mapping in
        order of attachment: never change it, never keep it across an await."""

    def loading() -> Any:
        """Packages in state connecting or resurrecting, a tuple."""

    def send(package_name: str, message: Any) -> None:
        """Send to a running app.

        :raises mentra.errors.Refused: code ``APP_NOT_REACHABLE``, a sentence why.
        """


class ISubscriptions(Interface):
    """Who wants what.  Source: docs/protocol."""

    def update(package_name: str, requested: Any) -> Any:
        """Replace an app's list; return the entries left out for want of a permission, a tuple of
        :class:`mentra.messages.subscriptions.StreamRejection`."""

    def began(package_name: str) -> None:
        """The app (re)connected: an empty list is not believed for a while from now."""

    def of(package_name: str) -> Any:
        """The app's subscription strings, a frozenset."""

    def everyone() -> Any:
        """Package name to subscription strings, for every app that has any: a dict copy."""

    def rate(package_name: str) -> str | None:
        """The app's location rate, None without a location subscription."""

    version: int = Attribute("Rises with every change of a list.")

    def matching(stream_type: str, language: str | None = None, target: str | None = None) -> Any:
        """Who gets an event: (package name, the app's own subscription string) pairs, a tuple;
        one pair per distinct matching string.  Remembered until a list changes.

        :param language: of a transcription, source of a translation, gesture of a touch, key of
            a setting.
        """

    def remove(package_name: str) -> None:
        """The app is gone for good: forget its list."""


class IRelay(Interface):
    """Carries what glasses say to the apps that subscribed."""

    def relay(
        stream_type: str, raw: bytes, language: str | None = None, target: str | None = None
    ) -> int:
        """Wrap *raw* (JSON text) as ``data_stream`` for every running subscriber that may see it;
        how many frames were sent.

        :param language: of a transcription, source of a translation, or gesture of a touch.
        :param target: target language of a translation.
        """

    def audio(chunk: Any) -> int:
        """Pass an :class:`mentra.messages.audio.AudioChunk` of whole samples to every
        ``audio_chunk`` subscriber; how many frames were sent."""

    def to_app(package_name: str, stream: str, raw: bytes) -> bool:
        """One event to one app under the given stream string; False if it is not running or may not
        see it."""

    def unknown(path: str, type_name: str) -> None:
        """A frame came that nobody handles: named in the log, once per type."""


class IDisplay(Interface):
    """What the wearer sees: throttle, boot screen, locks.  Source: docs/protocol."""

    def request(package_name: str, message: Any) -> bool:
        """An app's :class:`mentra.messages.display.DisplayRequest`; whether it was accepted (shown,
        held back or queued).

        :raises mentra.errors.Refused: code ``LAYOUT_TOO_LARGE``.
        """

    def app_starting(package_name: str, name: str, app_type: str) -> None:
        """Show the boot screen."""

    def app_stopped(package_name: str) -> None:
        """Take everything of the app off."""

    def resend() -> None:
        """The phone came back on a new socket: show again what is to be seen now."""

    def notice(text: str, seconds: float) -> bool:
        """A few words of the house's own over what apps show, for a while; False if they cannot be
        seen now."""


class IMicrophone(Interface):
    """Whether the phone's microphone is wanted.  Source: docs/protocol."""

    is_on: bool = Attribute("What the phone was told last.")
    bypass_vad: bool = Attribute("Whether it was told to send silence too.")

    def evaluate() -> None:
        """Subscriptions changed: on at once, off after a settle time."""

    def resend() -> None:
        """Tell the phone now, past all debounces."""

    def resend_soon() -> None:
        """The phone came back on a new socket: tell it once it has read its welcome."""

    def heard() -> None:
        """Audio came."""


class IDevice(Interface):
    """The glasses as a device.  Source: docs/protocol."""

    def update(fields: Any) -> None:
        """Merge a partial state (wire names to values); what is new is announced as
        ``DeviceChanged`` and told to the running apps."""

    def state() -> Any:
        """Every known field, a dict copy; always has ``connected`` and ``modelName``."""

    def capabilities() -> Any:
        """The profile of the current model, a dict, or None."""

    def missing(app: Any) -> Any:
        """REQUIRED hardware of a :class:`mentra.records.App` that the glasses lack, a tuple of
        types; empty if capabilities are unknown."""


class ISettings(Interface):
    """The user's settings and the apps' settings, resolved.  Source: docs/protocol."""

    def mentraos() -> Any:
        """The user's settings, every key, a dict."""

    def of_app(package_name: str) -> Any:
        """One entry per declared setting of the app, each with its ``value``: a list of dicts."""

    def reported(status: Any) -> Any:
        """What of a phone's ``core_status_update`` is news, by the keys it is stored under: a dict,
        empty if nothing is."""

    def replaced(stored: Any) -> None:
        """The store has other settings of the user now, all of which are *stored*: running apps are
        told if what they know is different, and ``UserSettingsChanged`` is announced."""

    def app_replaced(package_name: str, stored: Any) -> None:
        """The same for the user's settings of one app, which is told if it runs."""


class ISpeaker(Interface):
    """Sound for the wearer, played by the phone.  Source: docs/protocol."""

    def play(package_name: str, message: Any) -> Any:
        """Have a sound played (:class:`mentra.messages.speaker.AudioPlayRequest`); the
        ``AudioPlayResponse`` if it cannot be, else None."""

    def played(message: Any) -> bool:
        """The phone's :class:`mentra.messages.speaker.AudioPlayResponse`; whether an app was told
        of it."""

    def stop(package_name: str, track_id: int | None) -> None:
        """End the app's sound on one track, or all of it."""

    def app_stopped(package_name: str) -> None:
        """The app waits for no sound any more."""


class ILights(Interface):
    """Lights on the glasses.  Source: docs/protocol."""

    def switch(package_name: str, message: Any) -> Any:
        """Switch the light (:class:`mentra.messages.lights.RgbLedControl`); the
        ``RgbLedControlResponse`` if it cannot be, else None."""

    def switched(message: Any) -> None:
        """The phone's :class:`mentra.messages.lights.RgbLedControlResponse`: tell the app that
        asked, or all if none did."""

    def app_stopped(package_name: str) -> None:
        """The app waits for no light any more."""


class ILiveSpeech(Interface):
    """What an app says while the phone listens: one at a time.  Source: docs/protocol."""

    def start(package_name: str, message: Any) -> Any:
        """An :class:`mentra.messages.speaker.AudioStreamStart`; the ``AudioStreamReady``.  Whatever
        was being said ends."""

    def heard(package_name: str, frame: bytes) -> None:
        """A binary frame of the app: the stream's id and sound.  What belongs to no stream of the
        app is dropped.

        :raises mentra.errors.Refused: code ``STREAM_OVERFLOW``: the phone does not keep up, and the
            stream is over.
        """

    def end(package_name: str, stream_id: str) -> None:
        """The app has said it all."""

    def app_stopped(package_name: str) -> None:
        """The app says nothing any more."""


class ISpoken(Interface):
    """Live speech of all sessions, by the name in its address.  Adapt the services to it."""

    def publish(stream: Any) -> str:
        """Let a :class:`mentra.glasses.live_speech.Stream` be fetched; its name, which nobody can
        guess."""

    def find(name: str) -> Any:
        """The stream, or None."""

    def withdraw(name: str) -> None:
        """It can be fetched no more."""


class IFellows(Interface):
    """Other users of this session's apps.  Source: docs/protocol/company.rst."""

    def came(package_name: str) -> None:
        """The app runs, or runs again."""

    def gone(package_name: str) -> None:
        """The app has stopped."""

    def over() -> None:
        """The session ends."""

    def member(package_name: str) -> Any:
        """The user's :class:`mentra.glasses.app_to_app.circles.Member`, None if the app does not
        run."""
