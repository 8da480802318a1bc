"""What was said, in other languages."""

from collections.abc import Iterable, Mapping

import attrs

from mentra.errors import Refused
from mentra.glasses.captions.data import Spoken, translation
from mentra.glasses.captions.delivery import Delivery
from mentra.glasses.captions.refusals import Refusals
from mentra.glasses.captions.translating import Lane, Said
from mentra.glasses.captions.wishes import Wish, base_of
from mentra.glasses.stream_names import ANY_SOURCE
from mentra.interfaces.services import IServices
from mentra.interfaces.speech import IRecognition, ITranslation
from mentra.speech.tags import AUTO

Way = tuple[str, str]
"""Two base languages."""

NOBODY = "nobody translates here: no plugin brings a translator"


class Translations:
    """One lane for each pair of languages, whoever and how many they are that want it."""

    def __init__(self, services: IServices, delivery: Delivery, refusals: Refusals) -> None:
        self._translation: ITranslation | None = ITranslation(services, None)
        self._recognition: IRecognition | None = IRecognition(services, None)
        self._delivery = delivery
        self._refusals = refusals
        self._lanes: dict[Way, Lane] = {}

    def refuse(self, wish: Wish) -> None:
        """Tell whoever wants a translation that nobody here makes why there is none."""
        for target in wish.targets:
            source, wanted = wish.language, wish.tag_of(target)
            why_not = self._why_not(source, wanted)
            if why_not is not None and not self._is_done_on_the_way(wish, source, wanted):
                problem = Refused("NO_TRANSLATOR", why_not, where="provider")
                self._refusals.tell_translation(wish, target, problem)

    def subscribed(self) -> None:
        """Lists have changed."""
        self._refusals.subscribed()

    def wanted(self, wishes: Mapping[str, Wish]) -> None:
        """What is not among *wishes* is not translated any more."""
        ways = {(wish.base, target) for wish in wishes.values() for target in wish.targets}
        for source, target in [*self._lanes]:
            # where any language is wanted its lanes are of those that were spoken
            if not ways & {(source, target), (AUTO, target)}:
                self._lanes.pop((source, target)).stop()

    def stop(self) -> None:
        """Nothing is translated any more."""
        self.wanted({})

    def said(self, said: Said) -> None:
        """Tell it in every language that it is wanted in."""
        wish, heard = said.wish, said.heard
        if any(base_of(target) == wish.base for _, target in wish.pairs):
            # whoever wants all languages in one gets this one as it is
            self._deliver(said, wish.base, heard.text)
        for target in wish.targets:
            if heard.translation and wish.targets == (target,):
                self._deliver(said, target, heard.translation)
            elif heard.translation is None or heard.is_final:
                self._lane(wish, target).put(said)
            # else the recogniser is still at it

    def _lane(self, wish: Wish, target: str) -> Lane:
        lane = self._lanes.get((wish.base, target))
        if lane is None:
            source = wish.language
            wanted = wish.tag_of(target)

            async def translate(text: str) -> str:
                if self._translation is None:
                    raise Refused("NO_TRANSLATOR", NOBODY)
                translated: str = await self._translation.translate(text, source, wanted)
                return translated

            lane = self._lanes[wish.base, target] = Lane(
                translate,
                lambda said, text: self._deliver(said, target, text),
                lambda said, problem: self._missed(said, target, problem),
            )
        return lane

    def _is_done_on_the_way(self, wish: Wish, source: str, target: str) -> bool:
        """Whether the recogniser sees to it, which it can for one language."""
        recognition = self._recognition
        if recognition is None or len(wish.targets) != 1:
            return False
        return bool(recognition.translates(source, target))

    def _why_not(self, source: str, target: str) -> str | None:
        if self._translation is None:
            return NOBODY
        reason: str | None = self._translation.why_not(source, target)
        return reason

    def _missed(self, said: Said, target: str, problem: Refused) -> None:
        """Better the words that were said than none."""
        self._refusals.tell_translation(said.wish, target, problem)
        if said.heard.is_final:
            self._deliver(said, target, said.heard.text)

    def _deliver(self, said: Said, target: str, text: str) -> None:
        spoken = list(_as_told(said, target, text))
        if spoken:
            self._delivery.send("translation", spoken)


def _as_told(said: Said, target: str, text: str) -> Iterable[tuple[str, str | None, Spoken]]:
    """Language, target language, and what subscribers of these get."""
    wish = said.wish
    told = dict.fromkeys(
        (wish.language if source == ANY_SOURCE else source, tag)
        for source, tag in wish.pairs
        if base_of(tag) == target
    )
    heard = attrs.evolve(said.heard, words=())
    for source, tag in told:
        yield source, tag, translation(heard, said.utterance_id, source, tag, text)
