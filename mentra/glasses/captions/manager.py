"""One recogniser's stream for each language, shared by all who want it."""

from collections.abc import Callable, Mapping, Sequence

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import Refused
from mentra.extension import ManagerFactory
from mentra.glasses.captions.backlog import Backlog
from mentra.glasses.captions.data import transcription
from mentra.glasses.captions.delivery import Delivery
from mentra.glasses.captions.refusals import Refusals
from mentra.glasses.captions.settings import CaptionsSettings
from mentra.glasses.captions.source import Source
from mentra.glasses.captions.tongues import as_spoken
from mentra.glasses.captions.translating import Said
from mentra.glasses.captions.translations import Translations
from mentra.glasses.captions.voice import Voice
from mentra.glasses.captions.wishes import Wish, base_of, wishes_of
from mentra.hearing import Heard
from mentra.interfaces.audio import IAudio, ICaptionFigures, ICaptions, ITranscripts
from mentra.interfaces.glasses import IMicrophone, ISubscriptions
from mentra.interfaces.services import IServices
from mentra.interfaces.session import IUserSession
from mentra.interfaces.speech import IRecognition
from mentra.speech.detection import new_detector
from mentra.speech.tags import AUTO


@implementer(ICaptions)
class Captions(Service):
    """Listens while anybody wants captions, and has what is said recognised, told and kept.

    Delayed calls are kept by name, one of each: ``gather``, ``away``, and ``unmute`` with the
    language.
    """

    _log = Logger()

    def __init__(self, session: IUserSession, services: IServices) -> None:
        settings: CaptionsSettings = services.settings(CaptionsSettings)
        self._session = session
        self._services = services
        self._clock = services.clock
        self._settings = settings
        self._audio = IAudio(session)
        self._subscriptions = ISubscriptions(session)
        self._transcripts = ITranscripts(session)
        self._recognition: IRecognition | None = IRecognition(services, None)
        microphone = IMicrophone(session)
        self._voice = Voice(
            services.clock,
            new_detector(services),
            settings.hangover,
            ignores_phone=lambda: bool(microphone.bypass_vad),
            began=self._began,
            ended=self._ended,
        )
        self._backlog = Backlog(
            settings.buffer_chunks,
            settings.buffer_seconds,
            ICaptionFigures(services).dropped("silence"),
        )
        self._delivery = Delivery(session)
        self._refusals = Refusals(session)
        self._translations = Translations(services, self._delivery, Refusals(session))
        self._sources: dict[str, Source] = {}
        self._calls: dict[str, IDelayedCall] = {}
        self._end_listening: Callable[[], None] | None = None
        self._checking = LoopingCall(self._check)
        self._checking.clock = services.clock
        observer = services.metrics.observer
        self._fed, self._recognised, self._finished, self._captioned = map(
            observer, ("fed", "recogniser", "recogniser_final", "caption")
        )

    def stopService(self) -> None:
        """Nobody is heard any more."""
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        self._want({})
        super().stopService()

    @property
    def languages(self) -> tuple[str, ...]:
        """Base languages that a recogniser hears now."""
        return tuple(base for base, source in self._sources.items() if source.is_hearing)

    # -- what is wanted

    def evaluate(self) -> None:
        """Subscriptions changed: look at them in a moment."""
        if "gather" not in self._calls:
            self._after("gather", self._settings.debounce, self._look)
        if self._settings.enabled and self.running and self._wishes():
            # what is said in that moment is not to be lost
            self._listen(True)

    def _wishes(self) -> dict[str, Wish]:
        finds_out = self._recognition is not None and self._recognition.why_not(AUTO) is None
        unnamed = AUTO if finds_out else self._settings.language
        return dict(wishes_of(self._subscriptions.everyone().values(), unnamed))

    def _look(self) -> None:
        self._refusals.subscribed()
        self._translations.subscribed()
        wishes = self._wishes()
        for wish in list(wishes.values())[self._settings.max_languages :]:
            most = self._settings.max_languages
            problem = f"one wearer's speech is recognised in {most} languages at most"
            self._refusals.tell(wish, Refused("TOO_MANY_LANGUAGES", problem))
            del wishes[wish.base]
        self._want(wishes if self._settings.enabled else {})

    def _want(self, wishes: Mapping[str, Wish]) -> None:
        for base in [one for one in self._sources if one not in wishes]:
            self._sources.pop(base).life.close()
        self._translations.wanted(wishes)
        # what was said while nobody was there to hear it
        sound = self._backlog.take() if self._voice.is_on else ()
        for base, wish in wishes.items():
            source = self._sources.get(base) or self._add(wish, sound)
            source.wish = wish
            self._refuse(source)
            self._translations.refuse(wish)
        self._listen(bool(wishes))

    def _add(self, wish: Wish, sound: Sequence[bytes]) -> Source:
        source = Source(wish, self._services, self._settings, self)
        self._sources[wish.base] = source
        self._sources = dict(sorted(self._sources.items()))
        if f"unmute {wish.base}" in self._calls:
            source.life.mute()
        elif self._voice.is_on:
            source.life.begin(sound)
        return source

    def _refuse(self, source: Source) -> None:
        why_not = None if f"unmute {source.wish.base}" in self._calls else source.why_not()
        if why_not is not None:
            self._refusals.tell(source.wish, Refused("UNKNOWN_LANGUAGE", why_not, where="provider"))

    def _listen(self, wanted: bool) -> None:
        if wanted and self._end_listening is None:
            self._end_listening = self._audio.listen(self._hear)
            if self._audio.speaking is not None:
                self._voice.said(self._audio.speaking)
            done = self._checking.start(self._settings.health_check, now=False)
            done.addErrback(lambda failure: self._log.failure("no more looks", failure=failure))
        elif not wanted and self._end_listening is not None:
            self._end_listening()
            self._end_listening = None
            self._checking.stop()
            self._voice.end()
            self._backlog.clear()

    # -- what is heard

    def _hear(self, pcm: bytes) -> None:
        if not self._voice.hear(pcm) or not self._sources:
            self._backlog.append(pcm)
            return
        for source in self._sources.values():
            source.life.hear(pcm)
        self._fed(max(0.0, self._clock.seconds() - self._audio.came))

    def _began(self) -> None:
        if not self._sources:
            return
        sound = self._backlog.take()
        for source in tuple(self._sources.values()):
            source.life.begin(sound)

    def _ended(self) -> None:
        for source in tuple(self._sources.values()):
            source.life.end()

    def phone_says(self, speaking: bool) -> None:
        """The phone's voice detection says that somebody speaks, or no longer."""
        if self._end_listening is not None:
            self._voice.said(speaking)

    def phone_recognised(self, language: str) -> None:
        """For a while nobody here recognises *language*."""
        source = self._sources.get(base_of(language)) or self._sources.get(AUTO)
        if source is not None:
            base = source.wish.base
            source.life.mute()
            self._after(f"unmute {base}", self._settings.phone_grace, self._unmute, base)

    def _unmute(self, base: str) -> None:
        source = self._sources.get(base)
        if source is not None:
            source.life.unmute()
            if self._voice.is_on:
                source.life.begin(())

    def glasses_left(self) -> None:
        """What was said will end in a while."""
        self._after("away", self._settings.away, self._voice.end)

    def glasses_came(self) -> None:
        """The phone is there again."""
        self._cancel("away")

    def _check(self) -> None:
        """Nobody should wait for ever: neither for an engine nor for the phone."""
        now = self._clock.seconds()
        sources = tuple(self._sources.values())
        if self._voice.is_on and all(now - one.last_sound > self._settings.idle for one in sources):
            self._voice.end()
        for source in sources:
            source.retries.rested()
            source.life.rested()
            if self._voice.is_on:
                source.life.begin(())

    # -- what is told

    def said(self, wish: Wish, heard: Heard, utterance_id: str, took: float | None) -> None:
        """Tell the apps, and keep what is final."""
        began = self._clock.seconds()
        wish = as_spoken(wish, heard, self._settings.language)
        latency = None
        if took is not None:
            (self._finished if heard.is_final else self._recognised)(took)
            latency = {"recogniser": took}
        self._delivery.send(
            "transcription",
            [(tag, None, transcription(heard, utterance_id, tag, latency)) for tag in wish.tags],
        )
        self._captioned(max(0.0, self._clock.seconds() - began))
        self._refusals.worked(wish)
        if heard.is_final:
            for tag in wish.tags:
                self._transcripts.add(
                    tag, heard.text, speaker_id=heard.speaker_id, result_id=utterance_id
                )
        self._translations.said(Said(wish, heard, utterance_id))

    def silenced(self, wish: Wish, problem: Refused) -> None:
        """Tell the apps that nothing is to come for a while."""
        self._refusals.tell(wish, problem)

    # -- delayed calls

    def _after(
        self, name: str, seconds: float, function: Callable[..., None], *arguments: str
    ) -> None:
        self._cancel(name)
        if self.running:
            self._calls[name] = self._clock.callLater(
                seconds, self._due, name, function, *arguments
            )

    def _due(self, name: str, function: Callable[..., None], *arguments: str) -> None:
        del self._calls[name]
        function(*arguments)

    def _cancel(self, name: str) -> None:
        call = self._calls.pop(name, None)
        if call is not None:
            call.cancel()


captions_manager = ManagerFactory(ICaptions, Captions)
