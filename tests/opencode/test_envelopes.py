"""Frames as bytes: what protobuf makes of our classes, and of what it does not know."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import ConfigError
from mentra.extension import Asked
from mentra.messages import Fault, Unknown
from mentra.messages.opencode import (
    Addressed,
    AgentInfo,
    AgentList,
    ApiKeyAuth,
    AuthHandshake,
    AuthInfo,
    BrokenFrame,
    Cancel,
    ChatCompleted,
    CreateSession,
    ErrorResponse,
    ListSessions,
    OAuthAuth,
    Payload,
    SetAuth,
    TextFrame,
)
from mentra.protobuf.envelopes import client_envelope, server_envelope
from mentra.protobuf.messages_pb2 import ClientMessage, ServerMessage
from mentra.wire.protobuf import ProtobufDialect
from tests.opencode.conftest import EVERYTHING

ROOT = Path(__file__).parents[2]
CLIENT = [kind for kind in EVERYTHING if not kind.sent_to]
SERVER = [kind for kind in EVERYTHING if kind.sent_to]


def forms():
    """Protobuf classes of an extension: a question with a text, and an answer with a number."""
    file = descriptor_pb2.FileDescriptorProto(name="acme.proto", package="acme", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    for name, label, kind in (
        ("Ask", "city", field.TYPE_STRING),
        ("Told", "degrees", field.TYPE_INT32),
    ):
        message = file.message_type.add(name=name)
        message.field.add(name=label, number=1, type=kind, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return [GetMessageClass(pool.FindMessageTypeByName(f"acme.{name}")) for name in ("Ask", "Told")]


ASK, TOLD = forms()


class Ask(Payload, frozen=True, kw_only=True, tag="acme_ask"):
    number = 1000
    form = ASK
    city: str = ""


class Told(Payload, frozen=True, kw_only=True, tag="acme_told"):
    number = 1999
    form = TOLD
    degrees: int = 0


DIALECT = ProtobufDialect([*CLIENT, Ask, Unknown])


@pytest.mark.slow
def test_the_generated_classes_are_up_to_date(tmp_path):
    # what a make of this checkout does, elsewhere
    subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc", "-Imentra/protobuf=proto",
            f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", "mentra/protobuf/messages.proto",
        ],
        cwd=ROOT, check=True,
    )  # fmt: skip

    for name in ("messages_pb2.py", "messages_pb2.pyi"):
        made = (tmp_path / "mentra" / "protobuf" / name).read_bytes()
        assert made == (ROOT / "mentra" / "protobuf" / name).read_bytes(), "run: make proto"


def test_every_payload_of_the_file_has_a_class():
    for form, kinds in ((ClientMessage, CLIENT), (ServerMessage, SERVER)):
        names = {field.name for field in form.DESCRIPTOR.oneofs_by_name["payload"].fields}
        assert names == {kind.tag() for kind in kinds}


@pytest.mark.parametrize("kind", EVERYTHING, ids=lambda kind: kind.tag())
def test_every_message_survives(kind):
    envelope = server_envelope(SERVER) if kind.sent_to else client_envelope(CLIENT)

    @given(strategy_of(kind), st.integers(0, 2**64 - 1))
    def survives(message, request_id):
        assert envelope.read(envelope.write(request_id, message)) == (request_id, message)

    survives()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = {
    str: TEXTS,
    bool: st.booleans(),
    int: st.integers(0, 2**63 - 1),
    float: st.floats(allow_nan=False),
    type(None): st.none(),
}


def strategy_of(hint):
    if hint in PLAIN:
        return PLAIN[hint]
    if hint is AuthInfo:
        keys, grants = strategy_of(ApiKeyAuth), strategy_of(OAuthAuth)
        either = st.builds(AuthInfo, api_key=keys), st.builds(AuthInfo, oauth=grants)
        return st.one_of(st.just(AuthInfo()), *either)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        fields = msgspec.structs.fields(hint)
        return st.builds(hint, **{field.name: strategy_of(field.type) for field in fields})
    arguments = getattr(hint, "__args__", ())
    if getattr(hint, "__origin__", None) is tuple:
        return st.lists(strategy_of(arguments[0]), max_size=3).map(tuple)
    return st.one_of([strategy_of(one) for one in arguments])


def test_a_handshake_is_these_bytes():
    payload = bytes.fromhex("0801 5205 0a03 616263".replace(" ", ""))

    assert DIALECT.decode(payload, True) == Asked(1, AuthHandshake(token="abc"))


def test_an_answer_is_these_bytes():
    answer = Addressed(
        request_id=300,
        payload=AgentList(agents=(AgentInfo(name="build", built_in=True, description=""),)),
    )

    payload, is_binary = DIALECT.encode(answer)

    assert is_binary
    assert payload == bytes.fromhex("08ac02 f201 0d 0a0b 0a056275696c64 1200 2001".replace(" ", ""))


def test_what_is_not_set_is_not_sent_and_what_is_empty_is():
    read = client_envelope(CLIENT).read

    assert read(bytes.fromhex("aa0100")) == (0, CreateSession())
    assert read(bytes.fromhex("aa01020a00")) == (0, CreateSession(title=""))


def test_done_has_no_payload():
    asked = Asked(5, ListSessions())

    assert DIALECT.encode(DIALECT.reply(asked, None)) == (b"\x08\x05", True)


def test_a_failure_is_an_error_with_the_requests_id():
    fault = Fault(code="BUSY", message="busy", where="provider", retryable=True)

    reply = DIALECT.reply(Asked(7, ListSessions()), fault)

    assert reply == Addressed(request_id=7, payload=ErrorResponse(code="BUSY", message="busy"))
    assert (
        DIALECT.encode(fault)[0]
        == DIALECT.encode(
            Addressed(request_id=0, payload=ErrorResponse(code="BUSY", message="busy"))
        )[0]
    )


@pytest.mark.parametrize("payload", [b"\xff", b"\x08", b"\x52\x05\n\x03a", b"R\x03\n\x01\xff"])
def test_what_is_no_envelope_is_a_broken_frame(payload):
    assert DIALECT.decode(payload, True) == BrokenFrame()


def test_text_is_none_of_it():
    assert DIALECT.decode(b"\x08\x05", False) == TextFrame()


@pytest.mark.parametrize(
    ("payload", "name"),
    [(b"\x08\x05", "no payload"), (b"\x08\x05\xc2\x3e\x00", "field 1000"),
     (b"\x08\x05\x10\x01", "field 2"), (b"\x08\x05\xc0\x3e\x01", "field 1000")],
)  # fmt: skip
def test_what_nobody_handles_is_unknown(payload, name):
    dialect = ProtobufDialect([*CLIENT, Unknown])

    assert dialect.decode(payload, True) == Asked(5, Unknown(type_name=name))


def test_a_payload_without_a_handler_is_unknown():
    payload, _ = ProtobufDialect(CLIENT).encode(ErrorResponse())

    assert ProtobufDialect([AuthHandshake]).decode(b"\xa2\x01\x00", True) == Asked(
        0, Unknown(type_name="list_sessions")
    )
    assert payload


@given(st.binary(max_size=200))
def test_any_bytes_are_something(payload):
    decoded = DIALECT.decode(payload, True)

    assert isinstance(decoded, Asked | BrokenFrame)


def test_a_message_of_an_extension_travels_both_ways():
    payload = ASK(city="Oslo").SerializeToString()
    frame = b"\x08\x03" + bytes.fromhex("c23e") + bytes([len(payload)]) + payload

    asked = DIALECT.decode(frame, True)
    answer, _ = DIALECT.encode(DIALECT.reply(asked, Told(degrees=-3)))

    assert asked == Asked(3, Ask(city="Oslo"))
    assert server_envelope([Told]).read(answer) == (3, Told(degrees=-3))
    # whoever does not know it has an envelope without a payload
    assert ServerMessage.FromString(answer).WhichOneof("payload") is None


@pytest.mark.parametrize(
    ("number", "form", "complaint"),
    [
        (999, ASK, "those of extensions go from 1000 to 1999"),
        (1000, str, "no class that protoc generated"),
        (1000, TOLD, "differ in city, degrees"),
        (None, None, "has no number"),
    ],
)
def test_an_extension_that_cannot_work_is_refused_at_start(number, form, complaint):
    made = type("Wrong", (Ask,), {"number": number, "form": form}, frozen=True, kw_only=True)

    with pytest.raises(ConfigError, match=complaint):
        ProtobufDialect([made])


def test_two_messages_of_one_number_are_refused_at_start():
    class Rival(Ask, frozen=True, kw_only=True, tag="acme_rival"):
        """The same."""

    with pytest.raises(ConfigError, match="has the number 1000 of another message"):
        ProtobufDialect([Ask, Rival])


def test_secrets_are_not_shown():
    keys = AuthInfo(api_key=ApiKeyAuth(key="sesame"), oauth=OAuthAuth(access_token="sesame"))

    assert "sesame" not in repr(SetAuth(provider_id="x", auth=keys))


def test_numbers_stay_whole():
    sent = ChatCompleted(input_tokens=2**62, cost=0.1, error=ErrorResponse())

    asked = Cancel(target_request_id=2**64 - 1)

    assert server_envelope(SERVER).read(server_envelope(()).write(1, sent)) == (1, sent)
    assert client_envelope(CLIENT).read(client_envelope(()).write(1, asked)) == (1, asked)
