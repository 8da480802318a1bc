"""Requests made from the API document, right ones and wrong ones: no failure, no surprise.

``MENTRA_FUZZ_EXAMPLES`` says how many of each are tried; a few, unless told otherwise.
"""

from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransportWithDisconnection

from mentra.routing.catalogue import Catalogue
from mentra.web.metrics import Metrics
from mentra.web.openapi import document
from mentra.web.site import main_routes, make_site
from tests.fuzz.scene import ANN, CAPTIONS, KEY, Scene, plugins
from tests.fuzz.test_every_registered_message import EXAMPLES

pytestmark = pytest.mark.slow

ROUTES = main_routes(Catalogue(plugins()))
SCHEMA = schemathesis.openapi.from_dict(document(ROUTES))
OPERATIONS = [one.ok() for one in SCHEMA.get_all_operations()]
FIRST = {(one.method.lower(), one.templates[0].rstrip("/")) for one in ROUTES}
TOKENS = {"user": f"user:{ANN}", "app": f"{CAPTIONS}:{KEY}", "key": KEY}
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

FAILURES = (500, 502, 504)


def has_input(operation: Any) -> bool:
    """Whether anything can be wrong in a request; any name in a path is a good one."""
    return bool(operation.body) or bool(operation.query)


CASES = [
    pytest.param(one, mode, id=f"{one.label} {mode.value}")
    for one in OPERATIONS
    for mode in GenerationMode
    if (one.method.lower(), one.path) in FIRST
    and (mode is GenerationMode.POSITIVE or has_input(one))
]


class Door:
    """The site of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        # the real one, for some routes tell what it counted
        scene.house.metrics = Metrics(scene.clock)
        self.site = make_site(scene.house)

    def ask(self, prepared: requests.PreparedRequest) -> Response:
        """The answer to a request, waited for."""
        address = IPv4Address("TCP", "127.0.0.1", 4711)
        transport = StringTransportWithDisconnection(peerAddress=address)
        channel = self.site.buildProtocol(address)
        transport.protocol = channel
        channel.makeConnection(transport)
        channel.dataReceived(_spelt(prepared))
        for _ in range(70):
            if transport.value():
                break
            self.scene.clock.advance(1)
        return _parsed(transport.value(), prepared)


def _spelt(prepared: requests.PreparedRequest) -> bytes:
    body = prepared.body or b""
    if isinstance(body, str):
        body = body.encode()
    headers = {**prepared.headers, "Host": "glasses.test", "Content-Length": str(len(body))}
    lines = [f"{prepared.method} {prepared.path_url} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def _parsed(data: bytes, prepared: requests.PreparedRequest) -> Response:
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = (line.partition(": ") for line in lines)
    return Response(
        status_code=int(status.split()[1]),
        headers={name.lower(): [value] for name, _, value in headers},
        content=body,
        request=prepared,
        elapsed=0.0,
        verify=False,
    )


def keeps_its_word(case: Any) -> None:
    """Ask, and compare the answer with what the document says."""
    for scheme in (name for one in case.operation.definition.raw["security"] for name in one):
        case.headers["Authorization"] = f"Bearer {TOKENS[scheme]}"
    wanted = case.as_transport_kwargs(base_url="http://glasses.test")
    wanted.pop("cookies", None)
    prepared = requests.Request(**wanted).prepare()

    answer = Door(Scene()).ask(prepared)

    assert answer.status_code not in FAILURES, answer.text
    if answer.status_code >= 400:
        assert answer.json()["code"].isupper()
    case.validate_response(answer, checks=CHECKS)


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_answers_are_what_the_document_says(operation, mode):
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case):
        keeps_its_word(case)

    # where any body is a right one there is no wrong one
    with suppress(Unsatisfiable):
        ask()
