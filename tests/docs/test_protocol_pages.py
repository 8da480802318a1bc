"""The protocol pages and the code agree: on what comes in, what goes out, and what is in it."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import msgspec
import pytest

import mentra.messages
from mentra.errors import Malformed
from mentra.extension import Access, provider_of
from mentra.glasses.apps.life import EVERYWHERE
from mentra.glasses.settings.keys import DEFAULTS
from mentra.messages import Message, Unknown
from mentra.messages.channels import Event, Request
from mentra.messages.opencode import Payload
from mentra.messages.streams import PERMISSIONS, STREAM_TYPES
from mentra.messages.subscriptions import StreamEvent
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.voice.turn_taking import MOVES
from mentra.web.control_routes import CONTROL_ROUTES
from mentra.web.site import main_routes
from mentra.wire.mentraos import MentraosDialect
from tests.docs.manual import ROOT
from tests.docs.tables import first_words, headings, rows_of, words_of

INBOUND = {"glasses": ("protocol/glasses.rst", "glasses-inbound"),
           "app": ("protocol/app.rst", "app-inbound"),
           "voice": ("protocol/voice.rst", "voice-inbound")}  # fmt: skip
OUTBOUND = (
    ("protocol/glasses.rst", "glasses-outbound"),
    ("protocol/app.rst", "app-outbound"),
    ("protocol/voice.rst", "voice-outbound"),
)

OF_THE_PROTOCOL = {
    "glasses": """
        connection_init request_settings start_app stop_app dashboard_state open_dashboard
        photo_response local_transcription rtmp_stream_status keep_alive_ack button_press
        head_position touch_event glasses_battery_update phone_battery_update
        glasses_connection_state location_update vps_coordinates VAD phone_notification
        phone_notification_dismissed calendar_event settings_update_request core_status_update
        photo_taken audio_play_response rgb_led_control_response livekit_init udp_register
        udp_unregister
        notification_dismissed stream_status ping pong keep_alive video_stream_response
        swipe_volume_status switch_status
    """,
    "app": """
        tpa_connection_init subscription_update location_poll_request display_event photo_request
        audio_play_request audio_stop_request rgb_led_control request_wifi_setup
        rtmp_stream_request rtmp_stream_stop managed_stream_request managed_stream_stop
        stream_status_check dashboard_content_update dashboard_mode_change dashboard_system_update
        app_broadcast_message app_direct_message app_user_discovery app_room_join app_room_leave
        ownership_release
        ping pong stream_request stream_stop camera_fov_set audio_stream_start audio_stream_end
    """,
    "voice": "ping pong audio_chunk end_utterance interruption text retry_asr",
}
"""What clients of the protocol send: today's names, and after them older and newer ones."""

NOT_MADE_OF_A_CLASS = {"connection_error", "tpa_connection_error", "data_stream"}
"""Frames that the dialect and the relay put together themselves."""

WITHIN_THE_WING = {
    "ANSWER_TOO_LONG", "HANDLER_ERROR", "NO_SYNTHESISER", "NOTHING_TO_SAY", "TOO_MANY_SPEECHES",
    "UNUSABLE_SPEECH", "UNKNOWN_TIME_ZONE", "NO_GLASSES", "NOT_SHOWN", "ENGINE_BUSY",
}  # fmt: skip
"""Codes of failures that clients of the assistant hear of by another name, or the model alone."""

PATHS = ("glasses", "app", "voice")
PLUGINS = [one for one in discover().plugins if provider_of(one).startswith("mentra.")]
CATALOGUE = Catalogue(PLUGINS)


def handled(path: str) -> dict[str, type[Message]]:
    """Name on the wire to the class that somebody handles."""
    found: dict[str, type[Message]] = {}
    for message_type in CATALOGUE.handlers(path):
        if message_type.spoken:
            found |= dict.fromkeys((message_type.tag(), *message_type.aliases), message_type)
    return found


def fate(path: str, name: str) -> str:
    """What becomes of a frame of that type, asked of the dialect itself."""
    dialect = MentraosDialect(tuple(CATALOGUE.handlers(path)), "error", lambda: 0.0)
    try:
        message = dialect.decode(msgspec.json.encode({"type": name}), False)
    except Malformed:
        return "handled"  # it has fields to look at
    if isinstance(message, StreamEvent):
        return "relayed"
    return "ignored" if isinstance(message, Unknown) else "handled"


def fields_of(message_type: type[msgspec.Struct]) -> set[str]:
    """Those of its data, too."""
    found = msgspec.structs.fields(message_type)
    names = {one.encode_name for one in found} - {"(raw)"}
    data = next((one.type for one in found if one.name == "data"), None)
    within = isinstance(data, type) and issubclass(data, msgspec.Struct)
    return names | fields_of(data) if within else names


def spoken_classes() -> Iterator[type[Message]]:
    for found in pkgutil.iter_modules(mentra.messages.__path__):
        module = importlib.import_module(f"mentra.messages.{found.name}")
        for one in vars(module).values():
            is_ours = isinstance(one, type) and one.__module__ == module.__name__
            if is_ours and issubclass(one, Message) and one.spoken:
                yield one


@pytest.mark.parametrize("path", PATHS)
def test_every_message_of_the_protocol_is_on_its_page(path):
    documented = first_words(*INBOUND[path])

    assert set(OF_THE_PROTOCOL[path].split()) <= set(documented)
    assert len(documented) == len(set(documented))


@pytest.mark.parametrize("path", PATHS)
def test_every_handler_is_on_its_page(path):
    assert set(handled(path)) <= set(first_words(*INBOUND[path]))


@pytest.mark.parametrize("path", PATHS)
def test_the_pages_say_what_becomes_of_a_message(path):
    said = {name: row[1] for row in rows_of(*INBOUND[path]) for name in words_of(row[0])}

    assert said == {name: fate(path, name) for name in said}


@pytest.mark.parametrize("path", PATHS)
def test_what_is_ignored_has_a_reason(path):
    for row in rows_of(*INBOUND[path]):
        assert row[1] != "ignored" or row[3].endswith("."), row[0]


@pytest.mark.parametrize("path", PATHS)
def test_the_fields_that_are_read_are_on_the_page(path):
    classes = handled(path)
    for row in rows_of(*INBOUND[path]):
        for name in words_of(row[0]):
            if name in classes:
                assert fields_of(classes[name]) <= set(words_of(row[2])), name


def test_what_the_server_says_is_on_its_page_with_its_fields():
    said: dict[str, list[set[str]]] = {}
    for page, name in OUTBOUND:
        for row in rows_of(page, name):
            said.setdefault(words_of(row[0])[0], []).append(set(words_of(" ".join(row[1:]))))
    inbound = {one for path in PATHS for one in handled(path).values()}
    # those of channels have a page that is made of them, those of the bridge a .proto file
    elsewhere = (Request, Event, Payload)
    outbound = [
        one for one in spoken_classes() if one not in inbound and not issubclass(one, elsewhere)
    ]

    for one in outbound:
        assert any(fields_of(one) <= fields for fields in said.get(one.tag(), [])), one
    assert set(said) <= {one.tag() for one in (*outbound, *inbound)} | NOT_MADE_OF_A_CLASS


def test_streams_and_their_permissions_are_on_the_page():
    said = {
        words_of(row[0])[0]: (words_of(row[1]) or [None])[0]
        for row in rows_of("protocol/streams.rst", "streams")
    }

    assert said == {name: PERMISSIONS.get(name) for name in STREAM_TYPES}


def test_routes_and_who_may_call_them_are_on_the_page():
    said = {(row[0], row[1]) for row in rows_of("protocol/http.rst", "routes")}
    routes = (*main_routes(CATALOGUE), *CONTROL_ROUTES)

    assert said == {
        (f"``{one.access.name}``", f"``{one.method} {template}``")
        for one in routes
        for template in one.templates
    }


def test_every_kind_of_access_is_on_the_page():
    assert set(first_words("protocol/http.rst", "access")) == {one.name for one in Access}


def test_states_of_an_app_are_on_the_page():
    assert first_words("protocol/lifecycle.rst", "app-states") == [one.name for one in EVERYWHERE]


def test_defaults_of_the_users_settings_are_on_the_page():
    said = {
        words_of(row[0])[0]: msgspec.json.decode(words_of(row[1])[0])
        for row in rows_of("protocol/settings.rst", "user-settings")
    }

    assert said == dict(DEFAULTS)


def codes_in_use() -> set[str]:
    """Codes that the glasses wing, the wire and the router put into error frames."""
    found: set[str] = set()
    for package in ("glasses", "wire", "routing"):
        for file in (ROOT / "mentra" / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and _name_of(node) in (
                    "Refused",
                    "Fault",
                    "Dismissed",
                ):
                    found |= set(_codes(node))
    return found


def _name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _codes(call: ast.Call) -> Iterator[str]:
    for value in (*call.args, *(one.value for one in call.keywords if one.arg == "code")):
        for node in ast.walk(value):
            if isinstance(node, ast.Constant) and re.fullmatch(
                r"[A-Z]+(_[A-Z]+)+", str(node.value)
            ):
                yield node.value


def test_every_code_of_an_error_frame_is_on_the_page():
    assert set(first_words("protocol/index.rst", "codes")) == codes_in_use()


def test_states_of_the_assistant_and_their_moves_are_on_the_page():
    said = {words_of(row[0])[0]: set(words_of(row[1])) for row in
            rows_of("protocol/voice.rst", "voice-states")}  # fmt: skip

    assert said == {state: set(moves.values()) for state, moves in MOVES.items()}


def test_every_code_of_the_assistant_is_on_the_page():
    page = ("voice-codes", "voice-auth-codes")
    said = {code for name in page for code in first_words("protocol/voice.rst", name)}
    used = {
        node.value
        for file in (ROOT / "mentra" / "voice").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and re.fullmatch(r"[A-Z]+(_[A-Z]+)+", str(node.value))
    }

    assert said - {"ENGINE_UNAVAILABLE"} <= used
    # these never leave the wing
    assert used - said <= {"TIMEOUT", *WITHIN_THE_WING}


def test_what_docstrings_name_as_their_source_is_there():
    titles = headings()
    for file in (ROOT / "mentra").rglob("*.py"):
        for place in re.findall(r"Source: docs/(\S+?)[,.\s]", file.read_text("utf-8")):
            path = ROOT / "docs" / place
            assert path.is_dir() or path.with_suffix(".rst").exists(), f"{file}: {place}"
        for title in re.findall(r'Source: docs/[\w/]+, "([^"]+)"', file.read_text("utf-8")):
            assert title.lower() in titles, f"{file}: {title}"
