"""Invariant 7: how long it took from the read to the writes is known."""


def latencies(stage) -> list[float]:
    return [one[2] for one in stage.house.metrics.told if one[:2] == ("observe", "relay")]


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
