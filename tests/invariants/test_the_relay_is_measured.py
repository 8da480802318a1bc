"""Invariant 7: how long it took from the read to the writes is known."""

from mentra.testing.wire import client_frame


def latencies(stage, name: str = "relay") -> list[float]:
    return [one[2] for one in stage.house.metrics.told if one[:2] == ("observe", name)]


def test_what_a_read_brings_on_is_measured_until_all_of_it_is_written(set_stage):
    stage = set_stage()
    glasses = stage.glasses()
    app = stage.running(glasses)
    before = len(latencies(stage))

    glasses.say(type="button_press", buttonId="main", pressType="short")
    measured = latencies(stage)[before:]

    assert app.messages()[-1]["type"] == "data_stream"
    # the port's timer moves on by itself
    assert len(measured) == 1
    assert measured[0] > 0


def test_sound_is_measured_on_its_way(set_stage):
    stage = set_stage()
    glasses = stage.glasses()
    app = stage.running(glasses)
    app.frames()

    for _ in range(30):
        glasses.send_bytes(client_frame(bytes(3200), 2))

    assert len(app.frames()) == 30
    # one chunk in two seconds of sound
    assert len(latencies(stage, "received")) == 2
    assert len(latencies(stage, "fanned_out")) == 2
