"""The wearer's voice on its way: to the apps, to listeners inside, and kept for a while."""

import math
import struct
from typing import Any

import attrs
import lc3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mentra.events import VoiceActivity
from mentra.extension import ComponentFactory, listener
from mentra.glasses.audio.manager import audio_chunk, audio_manager
from mentra.glasses.audio.recent import SECOND, Recent
from mentra.glasses.audio.settings import AudioSettings
from mentra.glasses.audio.unpacking import Unpacker
from mentra.glasses.audio.voice import voice_activity
from mentra.glasses.relay import relay_manager
from mentra.glasses.subscriptions import subscriptions_manager
from mentra.interfaces.audio import IAudio
from mentra.interfaces.engines import ILc3
from mentra.interfaces.glasses import IApps, IMicrophone, ISubscriptions
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore
from mentra.messages.audio import AudioChunk, Vad
from mentra.records import App, Permission
from mentra.speech.lc3 import lc3_codec
from mentra.speech.pieces import Pieces
from mentra.testing.glasses import fake_microphone
from mentra.testing.house import FakeContext, house_with, session_in, success_of
from mentra.testing.peers import FakePeer
from mentra.testing.running_apps import fake_apps

ACME = "com.acme.app"
TENTH = bytes(3200)
PLUGINS = (subscriptions_manager, relay_manager, fake_apps, fake_microphone, audio_manager)


@attrs.define
class Stage:
    """A session with an app that hears everything."""

    clock: Clock
    house: Any
    session: Any
    app: FakePeer

    @property
    def audio(self) -> Any:
        return IAudio(self.session)

    def say(self, *chunks: bytes) -> None:
        """Sound comes through the glasses' socket."""
        context = FakeContext(self.house, self.session, self.session.glasses)
        for data in chunks:
            audio_chunk.handle(AudioChunk(data=data), context)

    def heard(self) -> list[bytes]:
        """What the app was sent since the last call; voice activity as it came."""
        return [one.data if isinstance(one, AudioChunk) else one for one in self.app.take()]

    def stages(self, name: str) -> list[float]:
        """What was observed of one stage."""
        told = self.house.metrics.told
        return [one[2] for one in told if one[:2] == ("observe", name)]


def stage_with(clock: Clock, *plugins: object, sections: tuple[Any, ...] = ()) -> Stage:
    house = house_with(*PLUGINS, *plugins, clock=clock, sections=sections)
    app = App(package_name=ACME, permissions=(Permission(type="MICROPHONE"),))
    success_of(IAppStore(house).save(app))
    session = session_in(house)
    peer = IApps(session).run(ACME)
    ISubscriptions(session).update(ACME, ["audio_chunk", "VAD"])
    return Stage(clock, house, session, peer)


@pytest.fixture
def stage(clock: Clock) -> Stage:
    return stage_with(clock, lc3_codec)


# -- to the apps


def test_the_usual_chunk_is_passed_on_as_it_came(stage):
    chunk = AudioChunk(data=TENTH)

    sent = stage.audio.heard(chunk)

    assert sent == 1
    assert stage.app.sent[0] is chunk


def test_the_microphone_hears_of_every_chunk(stage):
    stage.say(b"ab", b"c", b"", b"de")

    assert IMicrophone(stage.session).chunks == 4


def test_sound_is_cut_to_whole_samples(stage):
    stage.say(b"abc", b"defg", b"", b"h", b"ij")

    assert stage.heard() == [b"ab", b"cdef", b"gh", b"ij"]


def test_half_a_sample_of_an_older_socket_is_dropped(stage):
    stage.say(b"abc")

    stage.session.glasses = FakePeer()
    stage.say(b"de")

    assert stage.heard() == [b"ab", b"de"]


def test_half_a_sample_of_a_socket_is_not_joined_with_what_came_another_way(stage):
    stage.say(b"abc")

    sent = stage.audio.heard_apart(b"de", came=0.0)

    assert sent == 1
    assert stage.heard() == [b"ab", b"de"]


@given(st.lists(st.binary(max_size=9), max_size=20))
def test_however_it_is_cut_the_sound_is_the_same(chunks):
    stage = stage_with(Clock())

    stage.say(*chunks)

    whole = b"".join(chunks)
    assert b"".join(stage.heard()) == whole[: len(whole) & ~1]
    assert stage.audio.recent() == whole[: len(whole) & ~1]


# -- kept for a while


def test_the_last_ten_seconds_are_kept(stage):
    for number in range(150):
        stage.say(bytes([number]) * 3200)

    recent = stage.audio.recent()

    assert len(recent) == 10 * SECOND
    assert (recent[0], recent[-1]) == (50, 149)


def test_what_is_kept_is_bounded_however_it_comes(stage):
    stage.say(bytes(100 * SECOND))
    assert len(stage.audio.recent()) == 10 * SECOND

    stage.say(*[b"ab"] * (3 * SECOND))

    assert len(stage.audio.recent()) == 10 * SECOND
    assert len(stage.audio._recent._ring) == 10 * SECOND


def test_after_a_silence_nothing_is_kept(stage):
    stage.say(*[TENTH] * 30)
    stage.clock.advance(9.9)
    stage.say(b"newest")
    stage.clock.advance(0.2)
    kept = stage.audio.recent()

    stage.clock.advance(10)

    assert len(kept) == 30 * 3200 + 6
    assert stage.audio.recent() == b""
    assert stage.clock.getDelayedCalls() == []


def test_after_a_silence_it_is_kept_anew(stage):
    stage.say(TENTH)
    stage.clock.advance(20)

    stage.say(b"ab")

    assert stage.audio.recent() == b"ab"
    assert len(stage.clock.getDelayedCalls()) == 1


def test_where_nothing_is_to_be_kept_nothing_is(clock):
    stage = stage_with(clock, sections=(AudioSettings(keep=0.0),))

    stage.say(*[TENTH] * 25)

    assert stage.audio.recent() == b""
    assert len(stage.heard()) == 25
    assert clock.getDelayedCalls() == []


def test_a_fraction_of_a_second_is_kept_in_whole_samples():
    recent = Recent(0.33333)

    for _ in range(SECOND):
        recent.append(b"ab")

    assert len(recent.sound()) % 2 == 0
    assert len(recent.sound()) == int(0.33333 * SECOND) & ~1


@given(st.lists(st.binary(max_size=90).map(lambda data: data[: len(data) & ~1]), max_size=30))
def test_whatever_comes_the_last_of_it_is_kept(chunks):
    recent = Recent(64 / SECOND)

    for chunk in chunks:
        recent.append(chunk)

    assert recent.sound() == b"".join(chunks)[-64:]


def test_it_ends_with_the_session(stage):
    stage.say(TENTH)
    heard = []
    stage.audio.listen(heard.append)
    audio = stage.audio

    success_of(ISessions(stage.house).end(stage.session, "test"))
    audio.heard(AudioChunk(data=TENTH))

    assert heard == []
    assert stage.clock.getDelayedCalls() == []


# -- listeners inside


def test_a_listener_hears_all_sound_from_now_on_as_it_comes(stage):
    stage.say(b"before")
    heard: list[bytes] = []

    end = stage.audio.listen(heard.append)
    stage.say(b"ab", b"cde")
    stage.audio.heard_apart(b"fg", came=0.0)
    end()
    stage.say(b"after!")

    assert heard == [b"ab", b"cd", b"fg"]
    assert len(stage.heard()) == 5


def test_a_listener_gets_pieces_of_the_length_it_wants(stage):
    tens: list[bytes] = []
    thirties: list[bytes] = []
    stage.audio.listen(tens.append, milliseconds=10)
    stage.audio.listen(thirties.append, milliseconds=30)
    sound = bytes(number % 256 for number in range(3200))

    stage.say(sound[:700], sound[700:701], sound[701:])

    assert tens == [sound[start : start + 320] for start in range(0, 3200, 320)]
    assert thirties == [sound[start : start + 960] for start in range(0, 2880, 960)]


def test_one_listeners_bug_costs_itself_alone(stage, logged_failures):
    heard: list[bytes] = []

    def broken(data: bytes) -> None:
        raise RuntimeError("no")

    stage.audio.listen(broken)
    stage.audio.listen(heard.append)

    stage.say(b"ab", b"cd")

    assert heard == stage.heard() == [b"ab", b"cd"]
    assert len(logged_failures) == 2
    logged_failures.clear()


@given(st.integers(1, 12), st.lists(st.binary(max_size=30), max_size=20))
def test_pieces_are_of_one_length_and_lose_nothing(size, chunks):
    pieces = Pieces(size)

    cut = [piece for chunk in chunks for piece in pieces.cut(chunk)]

    whole = b"".join(chunks)
    assert all(len(piece) == size for piece in cut)
    assert b"".join(cut) == whole[: len(whole) - len(whole) % size]


def test_a_piece_has_a_length():
    with pytest.raises(ValueError, match="one byte at least"):
        Pieces(0)


# -- LC3


def tone(milliseconds: int) -> bytes:
    samples = (8000 * math.sin(2 * math.pi * 440 * n / 16_000) for n in range(milliseconds * 16))
    return b"".join(struct.pack("<h", int(sample)) for sample in samples)


def encoded(pcm: bytes, frame_bytes: int) -> bytes:
    encoder = lc3.Encoder(10_000, 16_000)
    frames = (pcm[start : start + 320] for start in range(0, len(pcm), 320))
    return b"".join(encoder.encode(frame, frame_bytes, 16) for frame in frames)


def likeness(one: bytes, other: bytes) -> float:
    """1 for the same sound, 0 for another."""
    a, b = (struct.unpack(f"<{len(data) // 2}h", data) for data in (one, other))
    norm = math.sqrt(sum(x * x for x in a) * sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / norm


@pytest.mark.parametrize("frame_bytes", [20, 40, 60])
def test_lc3_is_decoded_before_everything_else(stage, frame_bytes):
    packets = encoded(tone(100), frame_bytes)
    heard: list[bytes] = []
    stage.audio.listen(heard.append)

    configured = stage.audio.configure(frame_bytes)
    stage.say(packets[: 4 * frame_bytes], packets[4 * frame_bytes :])

    sound = b"".join(stage.heard())
    delay = 2 * 40  # what the codec itself holds back, 2.5 ms
    assert configured is True
    assert len(sound) == 3200
    assert likeness(tone(100)[: 3200 - delay], sound[delay:]) > 0.98
    assert b"".join(heard) == stage.audio.recent() == sound


def test_pcm_can_be_had_again(stage):
    stage.audio.configure(20)

    stage.audio.configure(None)
    stage.say(b"abcd")

    assert stage.heard() == [b"abcd"]


def test_a_rest_and_damage_of_lc3_are_no_matter(stage):
    stage.audio.configure(20)

    stage.say(b"\xff" * 47, b"x" * 19, b"")

    assert [len(one) for one in stage.heard()] == [640]


def test_decoding_is_measured(stage):
    stage.audio.configure(20)

    stage.say(bytes(20))

    assert stage.stages("decoded") == [0.0]


def test_without_the_codec_nothing_changes(clock):
    class NoLc3:
        def decoder(self, frame_bytes: int) -> None:
            return None

    for plugins in ((), (ComponentFactory(ILc3, lambda services: _provided(NoLc3())),)):
        stage = stage_with(clock, *plugins)

        assert stage.audio.configure(20) is False

        stage.say(b"abcd")
        assert stage.heard() == [b"abcd"]


def _provided(one: Any) -> Any:
    from zope.interface import alsoProvides

    alsoProvides(one, ILc3)
    return one


def test_no_more_is_decoded_than_a_microphone_hears():
    clock = Clock()
    unpacker = Unpacker(lambda packet: packet, 20, clock, burst=2.0)

    assert unpacker.unpack(bytes(20 * 101)) == b""  # more than a second at once
    assert [len(unpacker.unpack(bytes(20 * 100))) for _ in range(3)] == [2000, 2000, 0]
    clock.advance(0.5)
    assert [len(unpacker.unpack(bytes(20 * 100))) for _ in range(2)] == [2000, 0]


# -- measured


def test_one_chunk_in_two_seconds_of_sound_is_measured(stage):
    stage.clock.advance(5)
    stage.session.glasses.last_seen = 4.75

    stage.say(*[TENTH] * 50)

    assert stage.stages("received") == [0.25] * 3
    assert stage.stages("fanned_out") == [0.0] * 3


def test_listeners_may_know_when_their_sound_came(stage):
    came: list[float] = []
    stage.clock.advance(5)
    stage.session.glasses.last_seen = 4.75
    stage.audio.listen(lambda data: came.append(stage.audio.came))

    stage.say(b"ab")
    stage.audio.heard_apart(b"cd", came=4.5)

    assert came == [4.75, 4.5]


def test_what_came_another_way_is_measured_from_its_own_arrival(stage):
    stage.clock.advance(5)

    stage.audio.heard_apart(TENTH, came=4.5)

    assert stage.stages("received") == [0.5]


# -- voice detection


@listener(VoiceActivity)
def keep_voice(event: VoiceActivity, session: Any) -> None:
    """Where tests look."""
    session.told = [*getattr(session, "told", []), event.speaking]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([True, False], [True, False]),
        (["true", "true", "false"], [True, False]),
        ([False, True, True], [False, True]),
        (["maybe", None, "True"], []),
    ],
)
def test_changes_of_voice_are_told_once_and_every_message_is_relayed(clock, statuses, expected):
    stage = stage_with(clock, keep_voice)
    context = FakeContext(stage.house, stage.session, stage.session.glasses)

    for status in statuses:
        voice_activity.handle(Vad(status=status, raw=b'{"type":"VAD"}'), context)

    assert getattr(stage.session, "told", []) == expected
    assert stage.audio.speaking is (expected[-1] if expected else None)
    assert len(stage.heard()) == len(statuses)
