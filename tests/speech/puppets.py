"""Worker processes that a test speaks for."""

import attrs
from twisted.internet.interfaces import IReactorProcess

from mentra.speech.pipe import Begin, Done, Drop, End, Frames, Guess, Ready, Sound, Taken, ToWorker
from mentra.speech.pipe import encode as frame_of


@attrs.define(eq=False)
class Puppet:
    """One process.

    :ivar told: everything it was told.
    """

    process: object
    told: list = attrs.field(factory=list)
    _obeyed: int = 0
    _frames: Frames = attrs.field(factory=lambda: Frames(ToWorker))

    def hear(self):
        """What it was told since the last time."""
        data, self.process.written[:] = bytes(self.process.written), b""
        new = list(self._frames.feed(data))
        self.told += new
        return new

    def say(self, message):
        self.process.say(frame_of(message))

    def ready(self):
        self.say(Ready())
        return self

    @property
    def number(self):
        """Of the utterance it was given last."""
        self.hear()
        return next(one.number for one in reversed(self.told) if isinstance(one, Begin))

    @property
    def sound(self):
        """All of that utterance that it was given."""
        number = self.number
        return b"".join(
            one.pcm for one in self.told if isinstance(one, Sound) and one.number == number
        )

    def obey(self, text="", words=()):
        """Take all sound there is, and say at the end of an utterance that it was *text*."""
        while self.hear() or self._obeyed < len(self.told):
            one = self.told[self._obeyed]
            self._obeyed += 1
            if isinstance(one, Sound):
                self.say(Taken(one.number, None))
            elif isinstance(one, End):
                self.say(Done(one.number, Guess(text, words) if text else None, "manner"))

    def kinds(self):
        """Classes of what it was told."""
        self.hear()
        return [type(one) for one in self.told]


@attrs.define
class Puppets:
    """All processes of a house, in the order in which they were started."""

    house: object
    _known: list = attrs.field(factory=list)

    @property
    def all(self):
        started = IReactorProcess(self.house).started
        self._known += [Puppet(process) for process in started[len(self._known) :]]
        return self._known

    def __getitem__(self, number):
        return self.all[number]

    def __len__(self):
        return len(self.all)


__all__ = ["Begin", "Done", "Drop", "End", "Guess", "Puppet", "Puppets", "Ready", "Sound", "Taken"]
