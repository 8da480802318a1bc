"""Speech on its way to a recogniser behind a WebSocket: what waits, what is lost, and when it is
given up."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from mentra.errors import Refused, UpgradeRefused
from mentra.hearing import Heard, Word
from mentra.interfaces.network import IWebSocketClient, IWebSocketListener
from mentra.interfaces.speech import IRecogniserStream
from mentra.providers import Rest
from mentra.speech.far_stream import FINAL_WITHIN, MOST_WAITING, STALL, FarStream
from mentra.speech.figures import engine_figures
from mentra.testing.engines import FakeListener
from mentra.testing.house import house_with
from mentra.testing.network import FakeWebSocketClient

SECOND = bytes(32_000)


class Plain:
    """A dialect that says what it means: JSON of what is heard."""

    name, url, headers, keep_alive_every = "plain", "wss://far/x", {"Key": "k"}, 5.0

    def __init__(self):
        self.pending = []

    def opening(self):
        return "hello"

    def finalizing(self):
        return "finalize"

    def keeping_alive(self):
        return "still here"

    def closing(self):
        return "bye"

    def read(self, message):
        if message == "trouble":
            raise Refused("SERVER_ERROR", "plain has trouble", retryable=True)
        for text, final, start, end in json.loads(message):
            word = Word(text=text, start_ms=start, end_ms=end)
            yield Heard(text=text, is_final=final, start_ms=start, end_ms=end, words=(word,))

    def settle(self):
        yield Heard(text="settled", is_final=True, start_ms=0, end_ms=1)


class Closing(FakeListener):
    """Closes its stream as soon as it hears something."""

    stream = None

    def heard(self, result):
        super().heard(result)
        self.stream.close()


@pytest.fixture
def sockets():
    return FakeWebSocketClient()


@pytest.fixture
def house(clock, sockets):
    return house_with(engine_figures, clock=clock, parts={IWebSocketClient: sockets})


@pytest.fixture
def rest(clock):
    return Rest("plain", clock)


@pytest.fixture
def listener():
    return FakeListener()


@pytest.fixture
def stream(house, rest, listener):
    return FarStream(house, Plain(), rest, listener)


@pytest.fixture
def socket(stream, sockets, clock):
    clock.advance(0)
    sockets.sockets[0].accept()
    return sockets.sockets[0]


def dropped_seconds(house):
    return house.metrics.registry.get_sample_value(
        "mentra_engine_dropped_seconds_total", {"engine": "plain"}
    )


def test_it_keeps_its_promises(stream):
    assert verifyObject(IRecogniserStream, stream)
    assert verifyObject(IWebSocketListener, stream)
    stream.close()


def test_it_connects_once_whoever_opened_it_has_it(stream, sockets, clock):
    assert sockets.sockets == []

    clock.advance(0)

    assert (sockets.sockets[0].url, sockets.sockets[0].headers) == ("wss://far/x", {"Key": "k"})


def test_sound_written_before_the_connection_is_not_lost(stream, sockets, clock):
    clock.advance(0)
    stream.write(b"ab")
    stream.finalize()
    stream.write(b"cd")

    sockets.sockets[0].accept()

    assert sockets.sockets[0].sent == ["hello", b"ab", "finalize", b"cd"]


def test_so_much_sound_waits_and_no_more(stream, sockets, clock, house):
    clock.advance(0)
    for number in range(12):
        stream.write(bytes([number]) * 32_000)

    sockets.sockets[0].accept()

    sound = sockets.sockets[0].sent[1:]
    assert [one[0] for one in sound] == list(range(2, 12))
    assert sum(map(len, sound)) == MOST_WAITING
    assert dropped_seconds(house) == 2.0


def test_times_are_those_of_what_was_said_though_some_was_lost(stream, sockets, clock, listener):
    clock.advance(0)
    for _ in range(12):
        stream.write(SECOND)
    sockets.sockets[0].accept()

    sockets.sockets[0].hear('[["hi", true, 500, 1000]]')

    (one,) = listener.results
    assert (one.start_ms, one.end_ms, one.words[0].start_ms) == (2500, 3000, 2500)


def test_what_the_connection_drops_is_counted_and_moves_the_times(stream, socket, house, listener):
    stream.write(SECOND)
    socket.queued = 32_000

    class Full:
        dropped, queued = 0, 32_000

        def send(self, payload, *, may_drop=False):
            self.dropped += 32_000

    stream._socket = Full()
    stream.write(SECOND)
    stream.text('[["before", true, 0, 0], ["after", true, 100, 200]]')
    stream._socket = socket

    assert dropped_seconds(house) == 1.0
    assert [one.start_ms for one in listener.results] == [1000, 1100]


def test_no_time_is_beyond_what_was_written(stream, socket, listener):
    stream.write(SECOND)

    socket.hear('[["hi", true, 900, 1300]]')

    assert listener.results[0].end_ms == listener.results[0].words[0].end_ms == 1000


def test_finalizing_without_new_sound_is_not_said(stream, socket):
    stream.finalize()
    stream.write(SECOND)
    stream.finalize()
    stream.finalize()

    assert socket.sent == ["hello", SECOND, "finalize"]


def test_a_server_that_does_not_finalize_is_not_waited_for(stream, socket, listener, clock):
    stream.write(SECOND)
    stream.finalize()

    clock.pump([1.0] * int(FINAL_WITHIN + 1))

    assert listener.text == "settled"


def test_one_that_does_is_believed(stream, socket, listener, clock):
    stream.write(SECOND)
    stream.finalize()
    socket.hear('[["done", true, 0, 1000]]')

    clock.pump([1.0] * int(FINAL_WITHIN + 1))

    assert listener.text == "done"


def test_silence_is_filled_with_signs_of_life(stream, socket, clock):
    clock.pump([1.0] * 11)

    assert socket.sent == ["hello", "still here", "still here"]


def test_sound_is_a_sign_of_life(stream, socket, clock):
    for _ in range(8):
        stream.write(b"ab")
        socket.hear("[]")
        clock.advance(1.0)

    assert "still here" not in socket.sent


def test_a_server_that_is_sent_sound_and_says_nothing_is_given_up(stream, socket, listener, clock):
    stream.write(SECOND)

    clock.pump([1.0] * int(STALL + 1))

    (problem,) = listener.problems
    assert (problem.code, problem.retryable, problem.where) == ("TIMEOUT", True, "provider")
    assert socket.code == 1006
    assert clock.getDelayedCalls() == []


def test_one_that_is_sent_nothing_may_say_nothing(stream, socket, listener, clock):
    clock.pump([1.0] * int(STALL * 3))

    assert listener.problems == []


def test_closing_says_goodbye_and_nothing_is_heard(stream, socket, listener, clock):
    stream.close()
    stream.close()
    stream.write(SECOND)
    stream.finalize()
    socket.listener.text('[["late", true, 0, 1]]')
    socket.listener.closed(1000, "")

    assert (socket.sent, socket.code) == (["hello", "bye"], 1000)
    assert (listener.results, listener.problems) == ([], [])
    assert clock.getDelayedCalls() == []


def test_closing_at_once_never_connects(stream, sockets, listener, clock):
    stream.close()

    clock.advance(1)

    assert sockets.sockets == []
    assert listener.problems == []
    assert clock.getDelayedCalls() == []


def test_closing_while_it_connects_gives_that_up(stream, sockets, listener, clock):
    clock.advance(0)

    stream.close()

    assert sockets.sockets[0].opened.called
    assert listener.problems == []
    assert clock.getDelayedCalls() == []


def test_a_listener_may_close_while_it_hears(house, rest, sockets, clock):
    listener = Closing()
    listener.stream = FarStream(house, Plain(), rest, listener)
    clock.advance(0)
    sockets.sockets[0].accept()

    sockets.sockets[0].hear('[["one", true, 0, 0], ["two", true, 0, 0]]')

    assert listener.text == "one"


def test_trouble_is_told_once_and_ends_it(stream, socket, listener, clock):
    socket.hear("trouble")
    socket.listener.closed(1011, "")

    assert [one.code for one in listener.problems] == ["SERVER_ERROR"]
    assert socket.code == 1006
    assert clock.getDelayedCalls() == []


def test_a_binary_message_is_none_of_the_protocol(stream, socket, listener):
    socket.hear(b"\x00")

    assert [one.code for one in listener.problems] == ["BAD_ANSWER"]


@pytest.mark.parametrize(("code", "retryable"), [(1006, True), (1011, True), (1008, False)])
def test_an_end_in_mid_sentence_is_a_failure(stream, socket, listener, clock, code, retryable):
    stream.write(SECOND)

    socket.end(code, "reasons")

    (problem,) = listener.problems
    assert (problem.code, problem.retryable) == ("CONNECTION_LOST", retryable)
    assert "reasons" not in problem.message
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("refusal", "code", "retryable"),
    [
        (UpgradeRefused(401), "AUTHENTICATION_ERROR", False),
        (UpgradeRefused(429, "12"), "RATE_LIMITED", True),
        (UpgradeRefused(503), "SERVER_ERROR", True),
        (UpgradeRefused(0), "UPGRADE_REFUSED", True),
        (Refused("UNREACHABLE", "the host name is not known", retryable=True), "NETWORK_ERROR",
         True),
        (Refused("TIMEOUT", "no WebSocket within 8 s", retryable=True), "TIMEOUT", True),
        (Refused("AIR_GAP", "far is public"), "AIR_GAP", False),
    ],
)  # fmt: skip
def test_no_connection_is_a_failure(stream, sockets, listener, clock, refusal, code, retryable):
    clock.advance(0)

    sockets.sockets[0].refuse(refusal)

    (problem,) = listener.problems
    assert (problem.code, problem.retryable, problem.where) == (code, retryable, "provider")
    assert problem.message.startswith("plain")
    assert clock.getDelayedCalls() == []


def test_a_rest_that_was_asked_for_is_kept(stream, sockets, rest, clock):
    clock.advance(0)

    sockets.sockets[0].refuse(UpgradeRefused(429, "12"))

    assert rest.left == 12.0


def test_a_bug_in_the_client_is_logged_and_told(stream, sockets, listener, clock, logged_failures):
    clock.advance(0)

    sockets.sockets[0].refuse(RuntimeError("a bug"))

    assert [one.code for one in listener.problems] == ["BAD_ANSWER"]
    assert len(logged_failures) == 1
    logged_failures.clear()


DEEDS = st.lists(
    st.sampled_from(
        ["write", "finalize", "close", "accept", "refuse", "interim", "final", "trouble", "end",
         "second", "half a minute"]
    ),
    max_size=25,
)  # fmt: skip


@given(DEEDS)
def test_whatever_happens_it_ends_once_and_leaves_nothing_behind(deeds):
    clock, sockets, listener = Clock(), FakeWebSocketClient(), FakeListener()
    house = house_with(engine_figures, clock=clock, parts={IWebSocketClient: sockets})
    stream = FarStream(house, Plain(), Rest("plain", clock), listener)
    is_over, told = False, 0

    for deed in deeds:
        (socket,) = sockets.sockets or (None,)
        is_opening = socket is not None and not socket.opened.called
        match deed:
            case "write":
                stream.write(SECOND)
            case "finalize":
                stream.finalize()
            case "close":
                stream.close()
            case "accept" if is_opening:
                socket.accept()
            case "refuse" if is_opening:
                socket.refuse(UpgradeRefused(503))
            case "interim" | "final" | "trouble" if socket and not is_opening:
                said = {"trouble": "trouble", "final": '[["x", true, 0, 9]]'}
                socket.hear(said.get(deed, '[["x", false, 0, 9]]'))
            case "end" if socket and not is_opening:
                socket.end(1011)
            case "second":
                clock.advance(1.0)
            case "half a minute":
                clock.pump([1.0] * 30)
        assert not is_over or len(listener.results) == told
        is_over = is_over or deed == "close" or bool(listener.problems)
        told = len(listener.results)

    stream.close()
    assert len(listener.problems) <= 1
    assert clock.getDelayedCalls() == []
