"""HTTP routes."""

from collections.abc import Mapping
from typing import Any

from zope.interface import Attribute, Interface


class IRoute(Interface):
    """One method of one URL template.  A plugin."""

    method: str = Attribute("``GET``, ``POST``, ...")
    templates: tuple[str, ...] = Attribute(
        "URL paths, e.g. ``/apps/{package_name}/start``; a name in braces is one segment, decoded."
    )
    access: Any = Attribute("Who may call it: an ``extension.Access``; there is no default.")
    body: Any = Attribute(
        "Type of the JSON body as msgspec reads types, mostly a ``Struct`` class; None for no body."
    )
    answer: Any = Attribute(
        "Type of the JSON answer as msgspec reads types: a ``Struct`` class (the route answers an "
        "instance then), a ``TypedDict``, ...; None for free form."
    )
    max_body: int = Attribute("Longest body, bytes.")
    query: Any = Attribute(
        "``msgspec.Struct`` class of the query parameters, checked like a body; None if there are "
        "none, or the route reads them by itself.  Others are ignored."
    )
    status: int = Attribute("Status of a good answer.")
    errors: Mapping[int, Any] = Attribute(
        "Statuses the route itself answers besides, each with a sentence (the body is like every "
        "error's then), or with the type of its body.  Those that follow from access, body and "
        "query need not be said."
    )
    body_type: str = Attribute(
        "Content type of the body; where it is not JSON ``body`` only describes it, and the route "
        "reads ``call.content``."
    )
    answer_type: str = Attribute(
        "Content type of a good answer; where it is not JSON ``answer`` is None."
    )
    listed_as: Any = Attribute(
        "For a page that people open: called with the :class:`IServices` for the words under which "
        "the page at ``/`` leads to the first template; none while they are empty.  None: never."
    )
    description: str = Attribute("What it does, for the API document; its first line stands alone.")
    name: str = Attribute("``module:function``, for logs and listings.")

    def handle(call: Any) -> Any:
        """Answer: an :class:`extension.HttpAnswer`, something msgspec encodes (status 200), or an
        awaitable of either.

        :param call: an :class:`ICall`.
        :raises mentra.errors.Denied: status and body as it says.
        :raises mentra.errors.Refused: 400 with the code.
        :raises mentra.errors.NotThere: 404.
        """


class ICall(Interface):
    """One HTTP request that was let in."""

    services: Any = Attribute("The :class:`mentra.interfaces.services.IServices`.")
    values: dict[str, str] = Attribute("What stood in the braces of the template.")
    user_id: str | None = Attribute("Canonical user id where a user's token was shown, else None.")
    package_name: str | None = Attribute("The app's where its name and key were shown, else None.")
    body: Any = Attribute("The decoded body, or None.")
    content: Any = Attribute(
        "With a ``body_type`` that is no JSON: the body as a binary file at its start, on the disk "
        "if it is long: read it in a thread.  It is closed when the client leaves.  Else None."
    )
    asked: Any = Attribute("The decoded query where the route has a struct for it, else None.")
    address: str = Attribute("IP address of the client.")
    correlation_id: str = Attribute("Names this request in logs and error bodies.")

    def query(name: str) -> str | None:
        """The query parameter's first value; None if absent."""

    def header(name: str) -> str | None:
        """The header's value; None if absent."""
