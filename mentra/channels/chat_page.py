"""The chat page: an example of a page that uses channels.  Its source is in ``examples/chat``."""

from functools import cache
from importlib.resources import files

import msgspec

from mentra.channels.section import ChannelsSettings
from mentra.errors import NotThere
from mentra.extension import Access, HttpAnswer, route
from mentra.interfaces.channels import IChannelDoor
from mentra.interfaces.web import ICall

KINDS = {
    "index.html": "text/html; charset=utf-8",
    "chat.js": "text/javascript; charset=utf-8",
    "chat.css": "text/css; charset=utf-8",
}
"""What the page consists of."""

HEADERS = {
    # pictures come as data, and channels may be at another port
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
}

MISSING = "There is no such page here, or [channels] chat_page is false."


class Where(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a page finds the channels.

    :ivar open_port: their own port, if it is open and wants no token; None otherwise.
    :ivar here: whether they are at ``/channels`` of this server as well.
    """

    open_port: int | None
    here: bool


@route(
    "GET",
    "/examples/chat",
    "/examples/chat/{name}",
    access=Access.PUBLIC,
    answer_type="text/html",
    errors={404: MISSING},
    listed_as=lambda services: "Chat" if services.settings(ChannelsSettings).chat_page else "",
)
def chat_page(call: ICall) -> HttpAnswer:
    """A chat page: chats, answers of language models as they come, search, settings.

    It holds nothing of anybody: what it shows it asks for on the channels.
    """
    name = call.values.get("name", "index.html")
    kind = KINDS.get(name)
    if kind is None or not call.services.settings(ChannelsSettings).chat_page:
        raise NotThere(MISSING)
    return HttpAnswer(body=_content(name), content_type=kind, headers=HEADERS)


@route("GET", "/examples/chat/where", access=Access.PUBLIC, answer=Where)
def where_channels_are(call: ICall) -> Where:
    """Where pages connect to channels."""
    settings = call.services.settings(ChannelsSettings)
    door = IChannelDoor(call.services)
    is_open = settings.own_port and door.is_open
    return Where(open_port=door.port if is_open else None, here=settings.main_port)


@cache
def _content(name: str) -> bytes:
    """Some kilobytes, read once."""
    return (files("mentra.channels") / "page" / name).read_bytes()
