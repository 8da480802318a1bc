"""The chat channels, frame by frame."""

import pytest

from mentra.channels.section import ChannelsSettings
from mentra.messages.channels.chat import (
    ChatAddMessage,
    ChatCreate,
    ChatGet,
    ChatGetMessages,
    ChatList,
    ChatSearch,
    ChatUpdate,
    ChatUpdateMessage,
)
from mentra.testing.channels import checked, page_at_door, page_of


@pytest.fixture
def port(open_port, kept_parts):
    return open_port(parts=kept_parts)[1]


@pytest.fixture
def page(port):
    page = page_at_door(port)
    page.take()
    return page


def test_a_chat_from_beginning_to_end(page):
    chat = checked(ChatCreate, page.ask("chat:create"))
    named = checked(ChatUpdate, page.ask("chat:update", {"id": chat["id"], "title": "Tea"}))
    added = checked(
        ChatAddMessage,
        page.ask("chat:add-message", {"chatId": chat["id"], "role": "user", "content": "Hi"}),
    )
    got = checked(ChatGet, page.ask("chat:get", {"id": chat["id"]}))
    listed = checked(ChatList, page.ask("chat:list"))
    messages = checked(ChatGetMessages, page.ask("chat:get-messages", {"chatId": chat["id"]}))
    found = checked(ChatSearch, page.ask("chat:search", {"query": "hi"}))
    gone = [page.ask("chat:delete", {"id": chat["id"]}) for _ in range(2)]

    assert (chat["title"], chat["systemPrompt"], chat["lastMessageAt"]) == ("New Chat", None, None)
    assert named["title"] == "Tea"
    assert added["content"] == [{"type": "text", "value": "Hi"}]
    assert (got["messageCount"], listed) == (1, [got])
    assert messages == {"messages": [added], "hasMore": False, "nextBefore": None}
    assert found[0]["messageId"] == added["id"]
    assert (gone, page.ask("chat:get", {"id": chat["id"]})) == ([True, False], None)
    assert page.events() == [
        ("chat:created", chat),
        ("chat:updated", named),
        ("chat:message-added", added),
        ("chat:updated", got),
        ("chat:deleted", {"id": chat["id"]}),
    ]


def test_a_chat_may_have_a_model_of_its_own(page):
    chat = page.ask("chat:create", {"defaultModel": "echo/echo-1"})
    changes = ({"title": "Tea"}, {"defaultModel": "openai/x"}, {"defaultModel": None})
    changed = [page.ask("chat:update", {"id": chat["id"], **one}) for one in changes]

    assert chat["defaultModel"] == "echo/echo-1"
    assert [one["defaultModel"] for one in changed] == ["echo/echo-1", "openai/x", None]
    assert page.ask("chat:create")["defaultModel"] is None


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("chat:update", {"id": "chat_none", "title": "x"}),
        ("chat:add-message", {"chatId": "chat_none", "role": "user", "content": "x"}),
    ],
)
def test_what_is_not_there_cannot_be_changed(page, channel, payload):
    assert page.refusal(channel, payload) == ("HANDLER_ERROR", "there is no such chat")
    assert page.events() == []


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("chat:get", {}), ("chat:get", {"id": 1}), ("chat:get", {"id": ""}),
        ("chat:list", {"limit": 0}),
        ("chat:list", {"limit": "5"}), ("chat:list", {"offset": -1}), ("chat:create", {"title": 5}),
        ("chat:update-message", {"id": "m"}), ("chat:update-message", {"id": "m", "isLiked": 1}),
        ("chat:update", {"title": "x"}), ("chat:search", {}), ("chat:search", {"query": None}),
        ("chat:add-message", {"chatId": "c", "role": "robot", "content": "x"}),
        ("chat:add-message", {"chatId": "c", "role": "user"}),
        ("chat:add-message", {"chatId": "c", "role": "user", "content": [{"type": "what"}]}),
        ("chat:add-message", {"chatId": "c", "role": "user", "content": [{"type": "text"}]}),
        ("chat:add-message", {"chatId": "c", "role": "user", "content": "x", "metadata": []}),
        ("chat:get-messages", {"chatId": "c", "limit": 501}),
    ],
)  # fmt: skip
def test_a_wrong_payload_is_said_to_be_wrong(page, channel, payload):
    assert page.refusal(channel, payload)[0] == "INVALID_MESSAGE"


def test_every_page_of_the_person_is_told_and_nobody_else(port):
    ann, also_ann, bob = (page_of(port, f"{name}@x.org") for name in ("ann", "ann", "bob"))
    for one in (ann, also_ann, bob):
        one.take()

    chat = ann.ask("chat:create", {"title": "Ann's"})
    ann.ask("chat:add-message", {"chatId": chat["id"], "role": "user", "content": "secret"})

    assert len(ann.events()) == len(also_ann.events()) == 3
    assert bob.events() == bob.ask("chat:list") == bob.ask("chat:search", {"query": "secret"}) == []
    assert bob.ask("chat:get", {"id": chat["id"]}) is None
    assert also_ann.ask("chat:list")[0]["title"] == "Ann's"


def test_a_message_is_liked_and_that_is_counted(port):
    ann, also_ann, bob = (page_of(port, f"{name}@x.org") for name in ("ann", "ann", "bob"))
    chat = ann.ask("chat:create")
    first, second = (
        ann.ask("chat:add-message", {"chatId": chat["id"], "role": "assistant", "content": text})
        for text in ("tea", "coffee")
    )
    for one in (ann, also_ann, bob):
        one.take()

    payload = {"id": first["id"], "isLiked": True}
    liked = checked(ChatUpdateMessage, ann.ask("chat:update-message", payload))
    hers = bob.refusal("chat:update-message", {"id": second["id"], "isLiked": True})

    assert liked == {**first, "isLiked": True}
    assert ann.events() == also_ann.events() == [("chat:message-updated", liked)]
    assert hers == ("HANDLER_ERROR", "there is no such message")
    assert bob.events() == []
    shown = ann.ask("chat:get-messages", {"chatId": chat["id"]})["messages"]
    assert [one["isLiked"] for one in shown] == [True, False]
    engagement = ann.ask("analytics:dashboard")["engagement"]
    assert engagement["likedMessagesRatio"] == 0.5
    assert ann.ask("chat:search", {"query": "tea"})[0]["messageId"] == first["id"]


def test_there_is_a_bound(open_port, kept_parts):
    page = page_at_door(open_port(parts=kept_parts, sections=(ChannelsSettings(max_chats=1),))[1])
    page.ask("chat:create")

    code, text = page.refusal("chat:create")

    assert (code, text) == ("HANDLER_ERROR", "there are 1 chats already: delete some")
