"""The credentials channels: what goes in does not come out."""

import pytest

from mentra.channels.section import ChannelsSettings
from mentra.interfaces.channel_stores import ICredentials
from mentra.messages.channels.credentials import CredentialsGet, CredentialsList
from mentra.testing.channels import checked, page_at_door, page_of
from mentra.testing.house import success_of

TOKEN = "sk-very-secret"


@pytest.fixture
def page(open_port, kept_parts):
    page = page_at_door(open_port(parts=kept_parts)[1])
    page.take()
    return page


def test_a_credential_from_beginning_to_end(page):
    before = checked(CredentialsGet, page.ask("credentials:get", {"key": "openai"}))
    said = page.ask("credentials:set", {"key": "openai", "token": TOKEN, "metadata": {"a": 1}})
    page.ask("credentials:set", {"key": "anthropic", "token": TOKEN})
    got = [page.ask("credentials:get", {"key": key}) for key in ("openai", "anthropic")]
    keys = checked(CredentialsList, page.ask("credentials:list"))
    gone = [page.ask("credentials:delete", {"key": "openai"}) for _ in range(2)]

    assert before == {"exists": False, "metadata": None}
    assert said is None
    assert got == [{"exists": True, "metadata": {"a": 1}}, {"exists": True, "metadata": None}]
    assert (keys, gone) == (["anthropic", "openai"], [True, False])
    assert page.ask("credentials:list") == ["anthropic"]


def test_the_token_is_in_no_frame_and_not_in_the_clear_in_the_store(page, database, capsys):
    page.ask("credentials:set", {"key": "openai", "token": TOKEN, "metadata": {"a": 1}})
    page.ask("credentials:get", {"key": "openai"})
    page.refusal("credentials:set", {"key": "x", "token": 5, "metadata": TOKEN})

    rows = success_of(database.read(lambda c: c.exec_driver_sql("SELECT * FROM credentials").all()))

    assert TOKEN not in repr(page.take())
    assert TOKEN not in repr(rows)
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("credentials:set", {"key": "x", "token": ""}), ("credentials:set", {"key": "x"}),
        ("credentials:set", {"key": "", "token": "t"}), ("credentials:get", {}),
        ("credentials:set", {"key": "x", "token": "t", "metadata": "m"}),
    ],
)  # fmt: skip
def test_a_wrong_payload_is_said_to_be_wrong(page, channel, payload):
    assert page.refusal(channel, payload)[0] == "INVALID_MESSAGE"


def test_there_is_a_bound(open_port, kept_parts):
    section = ChannelsSettings(max_credentials=1)
    page = page_at_door(open_port(parts=kept_parts, sections=(section,))[1])
    page.ask("credentials:set", {"key": "a", "token": "1"})
    page.ask("credentials:set", {"key": "a", "token": "2"})

    assert page.refusal("credentials:set", {"key": "b", "token": "1"})[0] == "HANDLER_ERROR"


def test_everybody_has_their_own_and_the_server_can_use_it(open_port, kept_parts):
    house, port = open_port(parts=kept_parts)
    ann, bob = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")

    ann.ask("credentials:set", {"key": "openai", "token": TOKEN})

    assert bob.ask("credentials:list") == []
    assert success_of(ICredentials(house).token("ann@x.org", "openai")) == TOKEN
    assert success_of(ICredentials(house).token("bob@x.org", "openai")) is None
