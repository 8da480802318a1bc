"""Nothing that the npm SDK offers to apps is left untried here."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.npm.apps import HERE, installed
from tests.sdk.npm.conftest import SDKS

pytestmark = pytest.mark.slow

OWN = {
    # what the SDK's parts say to one another; each is behind a method that is tried
    "configureApiClient", "fetchSettings", "setUserId", "setWebSocketUrl", "updateSettings",
    "updateMentraosSettings", "updateFromMessage", "updateStreamState", "updateSessionId",
    "handleAudioPlayResponse", "handleManagedStreamStatus", "handleStreamCheckResponse",
    "setCurrentMode", "emit", "cleanup", "cancelAllRequests", "cancelAllPhotoRequests",
    "updateSettingsForTesting", "findMatchingStream", "sendBinary", "sendMessage",
    # called by the SDK's server for each session
    "connect",
    # nothing of them leaves the app, or reaches the app's author
    "getManagedStreamStatus", "loadConfigFromJson", "flush", "open", "write",
    # the SDK asks an address that cannot be
    "getInstructions",
    # nobody sends what it waits for
    "onDashboardAlwaysOnChange",
}  # fmt: skip


def methods(sdk: str) -> Iterator[str]:
    """The public methods of a session and of what hangs off it, by the SDK's own declarations."""
    folder = installed() / "node_modules" / sdk / "dist" / "app" / "session"
    for file in sorted(folder.rglob("*.d.ts")):
        for line in file.read_text().splitlines():
            if found := re.match(r"    (\w+)(<[^>]*>)?\(", line):
                yield found[1]


@pytest.mark.parametrize("sdk", SDKS, ids=["2", "3"])
def test_every_public_method_of_a_session_is_called_by_a_test(sdk):
    tests = [one for one in HERE.glob("*") if one.suffix in (".py", ".js")]
    tried = "".join(one.read_text() for one in tests if one != Path(__file__))

    untried = {
        name
        for name in methods(sdk)
        if name not in OWN | {"constructor"} and not re.search(rf"\b{name}\b", tried)
    }

    assert len(set(methods(sdk))) > 100
    assert not untried
