"""Chats in a database: paging, searching, and whose they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.interfaces.channel_stores import IChats
from mentra.messages.channels.chat import (
    ChatAddMessage,
    ChatSearch,
    ChatUpdate,
    CodeBlock,
    ImageBlock,
    TextBlock,
    ToolUseBlock,
)

ANN, BOB = "ann@x.org", "bob@x.org"


@pytest.fixture
def chats(kept):
    for user_id in (ANN, BOB):
        kept.wait(kept.users.create(user_id))
    return kept.chats


def begin(kept, user_id=ANN, title="Tea", most=100):
    kept.now += 1
    return kept.wait(kept.chats.create(user_id, title, None, most))


def write(kept, chat, text, user_id=ANN, most=100, **fields):
    kept.now += 1
    new = ChatAddMessage(chat_id=chat.id, role="user", content=text, **fields)
    return kept.wait(kept.chats.add(user_id, new, most))[0]


def find(kept, query, user_id=ANN, limit=20, chat_id=None):
    asked = ChatSearch(query=query, limit=limit, chat_id=chat_id)
    return kept.wait(kept.chats.find(user_id, asked))


def page(kept, chat, limit=2, before=None, user_id=ANN):
    return kept.wait(kept.chats.messages(user_id, chat.id, limit, before))


def texts(found):
    return [one.content[0].value for one in found.messages]


def test_the_interface_is_provided(chats):
    assert verifyObject(IChats, chats)


def test_a_chat_is_kept(kept, chats):
    chat = kept.wait(chats.create(ANN, None, "Be brief\0.", 10))

    kept.reopen()
    assert kept.wait(kept.chats.get(ANN, chat.id)) == chat
    assert (chat.title, chat.system_prompt, chat.message_count) == ("New Chat", "Be brief .", 0)
    assert chat.created_at == chat.updated_at == "1970-01-01T00:16:40.000Z"


def test_the_last_changed_comes_first(kept, chats):
    first, second, third = (begin(kept, title=title) for title in "abc")
    write(kept, first, "hello")

    listed = kept.wait(chats.chats(ANN, 2, 0))
    rest = kept.wait(chats.chats(ANN, 2, 2))

    assert [one.id for one in (*listed, *rest)] == [first.id, third.id, second.id]


def test_only_what_is_given_changes(kept, chats):
    chat = kept.wait(chats.create(ANN, "Tea", "Be brief.", 10))

    changed = kept.wait(chats.change(ANN, ChatUpdate(id=chat.id, title="Milk")))
    cleared = kept.wait(chats.change(ANN, ChatUpdate(id=chat.id, title=UNSET, system_prompt=None)))

    assert (changed.title, changed.system_prompt) == ("Milk", "Be brief.")
    assert (cleared.title, cleared.system_prompt) == ("Milk", None)


def test_pages_go_back_to_the_first_message(kept, chats):
    chat, other = begin(kept), begin(kept)
    for number in range(5):
        write(kept, chat, str(number))
        write(kept, other, "other")

    newest = page(kept, chat)
    middle = page(kept, chat, before=newest.next_before)
    oldest = page(kept, chat, before=middle.next_before)

    assert [texts(one) for one in (newest, middle, oldest)] == [["3", "4"], ["1", "2"], ["0"]]
    assert [one.has_more for one in (newest, middle, oldest)] == [True, True, False]
    assert oldest.next_before is None
    assert texts(page(kept, chat, before="msg_none")) == []


def test_a_message_is_kept_with_all_its_pieces(kept, chats):
    chat = begin(kept)
    content = [
        TextBlock(text="as models say \0 \u2713"), CodeBlock(value="x = 1", language="python"),
        ImageBlock(url="http://x/y.png"),
        ToolUseBlock(tool_call_id="t", name="n", input={"a": [1]}),
    ]  # fmt: skip

    message = write(
        kept, chat, content, model="echo-1", token_count=7, parent_id="msg_0", metadata={"a": None}
    )

    kept.reopen()
    assert page(kept, chat).messages == [message]
    assert message.content == content
    assert (message.model, message.token_count, message.metadata) == ("echo-1", 7, {"a": None})


def test_a_chat_counts_its_messages(kept, chats):
    chat = begin(kept)
    write(kept, chat, "a")
    last = write(kept, chat, "b")

    counted = kept.wait(chats.get(ANN, chat.id))

    assert (counted.message_count, counted.last_message_at) == (2, last.timestamp)
    assert counted.updated_at == last.timestamp


def test_what_is_deleted_is_gone_with_its_messages(kept, chats):
    chat = begin(kept)
    write(kept, chat, "peppermint")

    gone = [kept.wait(chats.remove(ANN, chat.id)) for _ in range(2)]

    assert gone == [True, False]
    assert kept.wait(chats.get(ANN, chat.id)) is None
    assert find(kept, "peppermint") == []
    assert texts(page(kept, chat)) == []


def test_it_goes_with_its_user(kept, chats):
    chat = begin(kept)
    write(kept, chat, "peppermint")
    kept.wait(kept.users.remove(ANN))
    kept.wait(kept.users.create(ANN))

    assert kept.wait(chats.chats(ANN, 10, 0)) == []
    assert find(kept, "peppermint") == []


# -- bounds ----------------------------------------------------------------------------------------


def test_so_many_chats_and_messages_and_no_more(kept, chats):
    chat = begin(kept, most=1)
    write(kept, chat, "a", most=1)

    with pytest.raises(Refused) as chats_refused:
        begin(kept, most=1)
    with pytest.raises(Refused) as messages_refused:
        write(kept, chat, "b", most=1)

    assert chats_refused.value.code == "TOO_MANY_CHATS"
    assert messages_refused.value.code == "CHAT_FULL"
    assert texts(page(kept, chat)) == ["a"]
    assert kept.wait(chats.get(ANN, chat.id)).message_count == 1
    assert begin(kept, BOB, most=1)


@pytest.mark.parametrize("chat_id", ["chat_none", "", "\0", "x" * 600])
def test_an_unknown_chat_is_refused(kept, chats, chat_id):
    with pytest.raises(Refused) as refused:
        kept.wait(chats.change(ANN, ChatUpdate(id=chat_id, title="x")))

    assert refused.value.code == "NOT_FOUND"
    assert kept.wait(chats.get(ANN, chat_id)) is None


def test_nobody_begins_a_chat_for_whom_there_is_no_user(kept, chats):
    with pytest.raises(Refused) as refused:
        begin(kept, "carol@x.org")

    assert refused.value.code == "NO_SUCH_USER"


def test_nobody_reaches_what_is_anothers(kept, chats):
    chat = begin(kept)
    message = write(kept, chat, "peppermint")

    for attempt in (
        lambda: kept.wait(chats.change(BOB, ChatUpdate(id=chat.id, title="mine"))),
        lambda: write(kept, chat, "mine", BOB),
    ):
        with pytest.raises(Refused):
            attempt()

    assert kept.wait(chats.chats(BOB, 10, 0)) == []
    assert kept.wait(chats.get(BOB, chat.id)) is None
    assert kept.wait(chats.remove(BOB, chat.id)) is False
    assert texts(page(kept, chat, user_id=BOB)) == []
    assert find(kept, "peppermint", BOB) == find(kept, "peppermint", BOB, chat_id=chat.id) == []
    assert page(kept, chat).messages == [message]


# -- searching -------------------------------------------------------------------------------------


def test_a_word_is_found_in_any_of_its_forms(kept, chats):
    chat = begin(kept, title="Kitchen")
    write(kept, chat, "Nothing here")
    wanted = write(kept, chat, "She was brewing teas all afternoon")

    (found,) = find(kept, "brew TEA")

    assert (found.message_id, found.chat_id) == (wanted.id, chat.id)
    assert (found.chat_title, found.timestamp) == ("Kitchen", wanted.timestamp)
    assert found.snippet == "She was brewing teas all afternoon"


def test_every_word_must_be_there_and_the_best_is_first(kept, chats):
    chat = begin(kept)
    once = write(kept, chat, "tea " + "and many words about other things " * 20)
    often = write(kept, chat, "tea tea tea")
    write(kept, chat, "milk")

    assert [one.message_id for one in find(kept, "tea")] == [often.id, once.id]
    assert find(kept, "tea milk") == []
    assert len(find(kept, "tea", limit=1)) == 1


def test_one_chat_alone_can_be_searched(kept, chats):
    chat, other = begin(kept), begin(kept)
    wanted = write(kept, chat, "tea")
    write(kept, other, "tea")

    assert [one.message_id for one in find(kept, "tea", chat_id=chat.id)] == [wanted.id]
    assert find(kept, "tea", chat_id="chat_none") == []


def test_a_snippet_is_the_text_around_the_word(kept, chats):
    chat = begin(kept)
    write(kept, chat, "x " * 200 + "the kettle sings " + "y " * 200)

    (found,) = find(kept, "kettles")

    assert "the kettle sings" in found.snippet
    assert found.snippet[0] == found.snippet[-1] == "…"
    assert len(found.snippet) <= 162


def test_any_query_is_safe(kept, chats):
    chat = begin(kept)
    write(kept, chat, "tea AND milk: owner")

    for query in ('"', "tea AND", "NEAR(", "text:", "-tea*", "a OR b)", "'; DROP", "%_", "\0", " "):
        assert isinstance(find(kept, query), list)
    assert find(kept, "") == find(kept, '"*') == []
    assert len(find(kept, 'milk" AND "tea')) == 1

    @settings(max_examples=30, deadline=None)
    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
    def search(query):
        assert isinstance(find(kept, query), list)

    search()


def test_likes_are_kept_and_counted(kept, chats):
    chat, other = begin(kept), begin(kept)
    first = write(kept, chat, "tea")
    write(kept, chat, "coffee")
    write(kept, other, "milk")

    liked = kept.wait(chats.like(ANN, first.id, True))

    assert liked.is_liked
    assert kept.wait(chats.liked(ANN)) == (1, 3)
    assert [one.message_id for one in find(kept, "tea")] == [first.id]
    kept.wait(chats.like(ANN, first.id, False))
    assert kept.wait(chats.liked(ANN)) == (0, 3)


@pytest.mark.parametrize("message_id", ["msg_none", "", "\0"])
def test_only_ones_own_messages_are_liked(kept, chats, message_id):
    hers = write(kept, begin(kept), "tea")

    for user_id, name in ((BOB, hers.id), (ANN, message_id)):
        with pytest.raises(Refused):
            kept.wait(chats.like(user_id, name, True))

    assert kept.wait(chats.liked(ANN)) == (0, 1)
