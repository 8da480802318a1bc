"""What a sysadmin may set of the voice assistant."""

from typing import Annotated

from msgspec import Meta

from mentra.extension import ConfigSection, Section

SYSTEM_PROMPT = (
    "You are a voice assistant. Your answers are spoken: answer in one to three short sentences, "
    "in plain words, without lists, markup or emoji."
)


class VoiceSettings(Section, frozen=True, kw_only=True):
    """[voice]: the voice assistant."""

    secret_file: Annotated[
        str,
        Meta(
            description="File with the secret that signs tokens of the assistant, relative to this "
            "one; empty: that of the glasses."
        ),
    ] = ""
    guests: Annotated[
        bool, Meta(description="Whether clients may come in with a token that they made.")
    ] = True
    guest_lifetime: Annotated[
        float, Meta(gt=0, description="Seconds that a guest's token is good.")
    ] = 86_400.0
    max_guests: Annotated[int, Meta(ge=0, description="Sessions of guests at a time.")] = 20
    max_guests_each: Annotated[
        int, Meta(ge=1, description="Of them those of guests of one address.")
    ] = 5
    guest_seconds: Annotated[
        float,
        Meta(ge=0, description="Seconds an hour that engines work for guests, all together."),
    ] = 1800.0
    guest_seconds_each: Annotated[
        float,
        Meta(
            ge=0,
            description="Seconds an hour of them that engines work for guests of one address.",
        ),
    ] = 600.0
    max_sessions: Annotated[int, Meta(ge=1, description="Sessions at a time, guests' too.")] = 1000
    max_connections: Annotated[int, Meta(ge=1, description="Connections of one session.")] = 8
    create_timeout: Annotated[
        float, Meta(gt=0, le=10, description="Seconds until a session has to stand.")
    ] = 2.0
    ping_interval: Annotated[
        float, Meta(gt=0, description="Seconds between two questions for a sign of life.")
    ] = 25.0
    timeout: Annotated[
        float, Meta(gt=0, description="Seconds without a sign of life until close 4002.")
    ] = 60.0
    grace: Annotated[
        float, Meta(ge=0, description="Seconds that a session waits for a connection.")
    ] = 60.0
    lifetime: Annotated[
        float, Meta(gt=0, description="Seconds without speech or text until a session expires.")
    ] = 7200.0
    max_frame: Annotated[
        int, Meta(ge=1024, description="Longest message from a client, bytes.")
    ] = 524_288
    max_queue: Annotated[
        int, Meta(ge=65_536, description="Bytes queued towards a client that does not read.")
    ] = 4 * 1024 * 1024
    max_rate: Annotated[
        float,
        Meta(
            gt=0,
            description="Messages a second from one connection, over 10 s; what is more is refused "
            "(RATE_LIMITED), and with five times as much the connection is closed (1008).",
        ),
    ] = 100.0

    # -- what is heard
    language: Annotated[
        str, Meta(min_length=2, max_length=35, description="Language that is spoken, BCP 47.")
    ] = "en-US"
    silence: Annotated[
        float, Meta(ge=0.2, le=5, description="Seconds of silence that end what is said.")
    ] = 0.8
    max_utterance: Annotated[
        float, Meta(ge=1, le=600, description="Seconds of sound that are heard in one go.")
    ] = 60.0
    transcript_timeout: Annotated[
        float, Meta(gt=0, description="Seconds until what was said has to be understood.")
    ] = 10.0
    lc3_frame: Annotated[
        int, Meta(ge=20, le=400, description="Bytes of an LC3 frame of 10 ms.")
    ] = 40

    interrupt_by_voice: Annotated[
        bool,
        Meta(
            description="Whether speech during an answer interrupts it; for clients whose "
            "microphone does not hear their loudspeaker."
        ),
    ] = False

    # -- what is thought
    engine: Annotated[
        str, Meta(description="Language model's engine; echo says what it was told.")
    ] = "echo"
    model: Annotated[str, Meta(description="Its model; empty: the engine's own choice.")] = ""
    system_prompt: Annotated[
        str, Meta(max_length=32_768, description="What the model is told of itself.")
    ] = SYSTEM_PROMPT
    max_tokens: Annotated[int, Meta(ge=1, description="Tokens of an answer.")] = 500
    answer_timeout: Annotated[
        float, Meta(gt=0, description="Seconds in which the model has to say something more.")
    ] = 30.0
    memory_turns: Annotated[int, Meta(ge=0, description="Turns that the model is reminded of.")] = (
        20
    )
    memory_characters: Annotated[int, Meta(ge=0, description="Characters of them at most.")] = (
        16_000
    )
    tool_rounds: Annotated[
        int, Meta(ge=0, le=20, description="How often in one turn the model may use tools.")
    ] = 4
    tool_timeout: Annotated[float, Meta(gt=0, le=300, description="Seconds a tool may take.")] = (
        10.0
    )

    time_zone: Annotated[
        str, Meta(max_length=64, description="IANA name of the time zone that the clock tells.")
    ] = "UTC"

    # -- what is said
    speak: Annotated[bool, Meta(description="Whether answers are spoken, too.")] = True
    voice: Annotated[str, Meta(description="Voice; empty: the engine's own choice.")] = ""
    chunk: Annotated[
        float, Meta(ge=0.1, le=0.2, description="Seconds of sound in one piece of an answer.")
    ] = 0.2
    pace: Annotated[
        float,
        Meta(ge=1, le=10, description="How many times faster than it is spoken sound is sent."),
    ] = 3.0


voice_section = ConfigSection("voice", VoiceSettings)
