"""``mentra talk``: who talks, files, what is shown, and Ctrl-C."""

import asyncio
import io
import signal
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mentra.admin import main, talk
from mentra.admin.children import program
from mentra.admin.machine_voice import speak
from mentra.admin.talk import Conversation, plain, read_wav
from mentra.errors import MentraError
from mentra.sdk.voice import VoiceClient
from mentra.speech.sound_files import wav_of
from tests.sdk.fake_assistant import ENDED, FakeAssistant, fake_assistant, grown, spoken


def run(*arguments: str) -> Result:
    return CliRunner(env={"MENTRA_TOKEN": None}).invoke(main, ["talk", *arguments])


def test_somebody_has_to_talk(tmp_path: Path):
    result = run("--state-dir", str(tmp_path))

    assert result.exit_code == 2
    assert "say who talks: --user EMAIL, or --token TOKEN" in result.output


def test_a_file_that_cannot_be_said_is_a_sentence(tmp_path: Path):
    file = tmp_path / "x.wav"
    file.write_bytes(b"hello")

    result = run("--guest", "--url", "http://127.0.0.1:1", "--mic", str(file))

    assert result.exit_code == 1
    assert "it is no WAV file" in result.output


@pytest.mark.parametrize(("channels", "rate"), [(2, 16_000), (1, 11_025)])
def test_only_sound_that_the_server_takes_is_said(tmp_path: Path, channels, rate):
    file = tmp_path / "x.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((channels, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(400))

    with pytest.raises(MentraError, match="only mono files"):
        read_wav(file)


def test_a_file_is_read(tmp_path: Path):
    file = tmp_path / "x.wav"
    file.write_bytes(wav_of(b"\1\0" * 10, rate=8000))

    assert read_wav(file) == (b"\1\0" * 10, 8000)


def test_what_would_move_the_cursor_is_not_shown():
    assert plain("a\x1b[2J\tb\nc\r\x07") == "a[2Jb\nc"


def conversation(assistant_says, *, say=(), mic=()) -> tuple[str, FakeAssistant, bytes]:
    """Say files and texts; what was shown, who heard it, and the sound of the answers."""
    out = io.StringIO()

    async def scenario() -> tuple[FakeAssistant, bytes]:
        async with fake_assistant() as assistant:
            assistant.answers = assistant_says
            async with VoiceClient(assistant.url, "t") as voice:
                talk_to = Conversation(voice, out)
                await talk_to.run(list(mic), tuple(say))
                return assistant, bytes(talk_to.sound)

    assistant, sound = asyncio.run(scenario())
    return out.getvalue(), assistant, sound


def test_a_turn_is_shown_as_it_goes():
    said = [
        ("transcript", {"text": "what", "isFinal": False}),
        ("transcript", {"text": "what time is it", "isFinal": True}),
        grown("It is"), grown("It is noon."), grown("It is noon.", is_final=True),
        spoken(b"\1\0" * 5, is_last=True), ENDED,
    ]  # fmt: skip

    shown, assistant, sound = conversation(said, mic=[(bytes(320), 16_000)])

    assert shown == "you: what time is it\nassistant: It is noon.\n(after 1.5 s)\n"
    assert sound == b"\1\0" * 5
    assert assistant.types() == ["audio_chunk", "end_utterance"]


def test_a_refusal_is_shown_and_the_next_thing_is_said():
    error = ("error", {"code": "ASR_ERROR", "message": "Say it again.", "recoverable": True})

    shown, assistant, _ = conversation([error], mic=[(bytes(320), 16_000)] * 2)

    assert shown == "(ASR_ERROR: Say it again.)\n" * 2
    assert assistant.types().count("end_utterance") == 2


@pytest.mark.slow
def test_texts_are_said_by_a_voice_of_this_machine():
    _, assistant, _ = conversation([ENDED], say=["-t is no option"])

    assert assistant.types().count("audio_chunk") > 5


@pytest.mark.slow
def test_without_a_voice_here_that_is_a_sentence(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MentraError, match="apt install flite"):
        asyncio.run(speak("hello"))


async def talking(
    arguments: list[str], typed: bytes, interrupt: FakeAssistant | None = None
) -> tuple[int | None, str]:
    """Run the program with *typed* at its input; status and output."""
    process = await asyncio.create_subprocess_exec(
        *(program("mentra"), "talk", *arguments),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(typed)
    if interrupt is not None:
        await interrupt.until(lambda: "text" in interrupt.types())
        process.send_signal(signal.SIGINT)
        await interrupt.until(lambda: "interruption" in interrupt.types())
    process.stdin.close()
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.slow
def test_lines_of_a_pipe_are_asked_and_sound_is_written(tmp_path: Path):
    file = tmp_path / "out.wav"

    async def scenario() -> tuple[int | None, str]:
        async with fake_assistant() as assistant:
            assistant.answers = [grown("Yes.", is_final=True), spoken(b"\1\0" * 9), ENDED]
            return await talking(
                ["--token", "t", "--url", assistant.url, "--out", str(file)], b"one\n\ntwo\n"
            )

    status, shown = asyncio.run(scenario())

    assert status == 0
    assert shown == "assistant: Yes.\n(after 1.5 s)\n" * 2
    assert read_wav(file) == (b"\1\0" * 18, 16_000)


@pytest.mark.slow
def test_ctrl_c_stops_an_answer_and_not_the_conversation():
    async def scenario() -> tuple[int | None, str]:
        async with fake_assistant() as assistant:
            assistant.answers = [grown("Once upon")]
            return await talking(["--token", "t", "--url", assistant.url], b"a story\n", assistant)

    status, shown = asyncio.run(scenario())

    assert status == 0
    assert shown == "assistant: Once upon\n(interrupted)\n"


def test_the_command_is_listed():
    assert talk.talk.help is not None
    assert "talk" in CliRunner().invoke(main, ["--help"]).output
