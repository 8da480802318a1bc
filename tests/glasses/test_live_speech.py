"""What an app says while the phone listens."""

import attrs
import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import NotThere, Refused
from mentra.events import AppStopped
from mentra.glasses.live_speech import (
    PATH,
    app_audio_chunk,
    app_stop_for_live_speech,
    audio_stream_end,
    audio_stream_start,
    live_audio,
    live_speech,
    spoken,
)
from mentra.glasses.speaker import SpeakerSettings
from mentra.interfaces.glasses import IApps, ILiveSpeech, ISpoken
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.session import ISessions
from mentra.messages.audio import AudioChunk
from mentra.messages.speaker import AudioStreamEnd, AudioStreamStart
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.requests import FakeCall
from mentra.testing.running_apps import fake_apps

ACME, OTHER = "com.acme", "com.other"
ID, NEXT = "0b7a1f0e-2f6d-4b0e-9e7f-1a2b3c4d5e6f", "1c7a1f0e-2f6d-4b0e-9e7f-1a2b3c4d5e6f"
SETTINGS = SpeakerSettings(max_buffer=65_536)


@attrs.define
class Phone:
    """Fetches a body."""

    data: bytes = b""
    body: object = None
    done: object = None

    def write(self, data):
        self.data += data

    def fetch(self, house, url):
        name = url.removeprefix(f"https://mentra.test{PATH}")
        answer = live_audio.handle(FakeCall(house, {"name": name}))
        self.body = answer.body
        self.done = answer.body.startProducing(self)
        return answer

    @property
    def is_over(self):
        return self.done.called


@attrs.define
class Stage:
    """Ann's phone is there, two apps run."""

    clock: Clock
    house: object
    session: object
    peers: dict

    def say(self, handler, message, app=ACME):
        context = FakeContext(self.house, session=self.session, peer=self.peers[app])
        return handler.handle(message, context)

    def start(self, stream_id=ID, app=ACME, **fields):
        """An app begins; where it is heard."""
        return self.say(audio_stream_start, AudioStreamStart(stream_id=stream_id, **fields), app)

    def send(self, sound, stream_id=ID, app=ACME):
        self.say(app_audio_chunk, AudioChunk(data=stream_id.encode() + sound), app)

    def end(self, stream_id=ID, app=ACME):
        self.say(audio_stream_end, AudioStreamEnd(stream_id=stream_id), app)

    def listen(self, url):
        phone = Phone()
        phone.fetch(self.house, url)
        return phone


@pytest.fixture
def stage():
    clock = Clock()
    house = house_with(
        live_speech, spoken, app_stop_for_live_speech, fake_apps,
        clock=clock, sections=[SETTINGS], parts={IPublicAddress: FakeAddress()},
    )  # fmt: skip
    session = session_in(house)
    peers = {name: IApps(session).run(name) for name in (ACME, OTHER)}
    return Stage(clock, house, session, peers)


def test_the_parts_keep_their_promises(stage):
    assert verifyObject(ILiveSpeech, ILiveSpeech(stage.session))
    assert verifyObject(ISpoken, ISpoken(stage.house))


def test_an_app_is_told_an_address_that_nobody_can_guess(stage):
    one, other = stage.start(), stage.start()

    assert one.stream_id == ID
    assert one.stream_url.startswith(f"https://mentra.test{PATH}")
    assert len(one.stream_url) == len(f"https://mentra.test{PATH}") + 32
    assert one.stream_url != other.stream_url


def test_the_phone_hears_what_is_said_as_it_is_said(stage):
    ready = stage.start()
    stage.send(b"one ")
    phone = stage.listen(ready.stream_url)
    early = phone.data

    stage.send(b"two")
    stage.end()

    assert early == b"one "
    assert phone.data == b"one two"
    assert phone.is_over


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("audio/wav", "audio/wav"),
        ("text/html", "audio/mpeg"),
        ("audio/mpeg\r\nSet-Cookie: a=b", "audio/mpeg"),
        ("", "audio/mpeg"),
    ],
)
def test_the_kind_of_sound_is_told_if_it_is_one(stage, said, told):
    ready = stage.start(content_type=said)

    answer = Phone().fetch(stage.house, ready.stream_url)

    assert answer.content_type == told


def test_a_slow_phone_hears_all_of_it(stage):
    phone = stage.listen(stage.start().stream_url)
    phone.body.pauseProducing()
    stage.send(b"one ")
    stage.send(b"two")
    stage.end()
    early = (phone.data, phone.is_over)

    phone.body.resumeProducing()

    assert early == (b"", False)
    assert (phone.data, phone.is_over) == (b"one two", True)


def test_what_is_said_can_be_heard_for_a_while_after_its_end(stage):
    url = stage.start().stream_url
    stage.send(b"all")
    stage.end()

    phone = stage.listen(url)
    stage.clock.advance(SETTINGS.linger)

    assert (phone.data, phone.is_over) == (b"all", True)
    with pytest.raises(NotThere):
        stage.listen(url)
    assert stage.clock.getDelayedCalls() == []


def test_who_asks_again_is_the_one_that_counts(stage):
    url = stage.start().stream_url
    stage.send(b"one ")
    first = stage.listen(url)

    second = stage.listen(url)
    stage.send(b"two")

    assert (first.data, first.is_over) == (b"one ", True)
    assert second.data == b"one two"


def test_a_phone_that_leaves_is_told_nothing_more(stage):
    phone = stage.listen(stage.start().stream_url)

    phone.body.stopProducing()
    stage.send(b"nobody hears this")

    assert phone.data == b""


# -- whose it is


@pytest.mark.parametrize("frame", [b"", b"short", ID.encode(), NEXT.encode() + b"sound"])
def test_what_belongs_to_no_stream_is_dropped(stage, frame):
    phone = stage.listen(stage.start().stream_url)

    stage.say(app_audio_chunk, AudioChunk(data=frame))

    assert phone.data == b""


def test_frames_without_any_stream_are_dropped(stage):
    stage.send(b"sound")
    stage.end()

    assert stage.clock.getDelayedCalls() == []


def test_another_app_can_neither_speak_into_it_nor_end_it(stage):
    phone = stage.listen(stage.start().stream_url)

    stage.send(b"intruder", app=OTHER)
    stage.end(app=OTHER)

    assert (phone.data, phone.is_over) == (b"", False)


def test_the_newest_is_what_the_wearer_hears(stage):
    phone = stage.listen(stage.start(app=ACME).stream_url)

    url = stage.start(NEXT, app=OTHER).stream_url
    stage.send(b"too late", app=ACME)
    stage.send(b"now", NEXT, app=OTHER)

    assert (phone.data, phone.is_over) == (b"", True)
    assert stage.listen(url).data == b"now"


# -- bounds


def test_a_phone_that_is_too_far_behind_ends_it(stage):
    url = stage.start().stream_url
    stage.send(b"x" * SETTINGS.max_buffer)

    with pytest.raises(Refused) as refused:
        stage.send(b"one byte more")

    assert refused.value.code == "STREAM_OVERFLOW"
    stage.send(b"dropped without a word")
    with pytest.raises(NotThere):
        stage.listen(url)


def test_what_was_heard_makes_room(stage):
    phone = stage.listen(stage.start().stream_url)

    for _ in range(5):
        stage.send(b"x" * SETTINGS.max_buffer)
    stage.end()

    assert len(phone.data) == 5 * SETTINGS.max_buffer
    assert phone.is_over


def test_it_lasts_so_long_and_no_longer(stage):
    phone = stage.listen(stage.start().stream_url)

    stage.clock.advance(SETTINGS.max_stream)

    assert phone.is_over
    stage.send(b"too late")
    assert phone.data == b""


def test_it_ends_with_its_app(stage):
    phone = stage.listen(stage.start().stream_url)
    stage.session.announce(AppStopped(OTHER, was_running=True))
    before = phone.is_over

    stage.session.announce(AppStopped(ACME, was_running=True))

    assert not before
    assert phone.is_over
    assert stage.clock.getDelayedCalls() == []


def test_nothing_is_left_of_it_after_the_session(stage):
    url = stage.start().stream_url
    phone = stage.listen(url)

    success_of(ISessions(stage.house).end(stage.session, "over"))

    assert phone.is_over
    assert stage.clock.getDelayedCalls() == []
    with pytest.raises(NotThere):
        stage.listen(url)
