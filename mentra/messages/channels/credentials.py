"""Tokens of other services: they go in, and do not come out."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mentra.messages.channels import Record, Request

Key = Annotated[str, Meta(min_length=1, max_length=128)]


class Credential(Record, frozen=True, kw_only=True):
    """What a page may know of a token.

    :ivar metadata: what was said about it.
    """

    exists: bool
    metadata: dict[str, Any] | None


class CredentialsList(Request, frozen=True, kw_only=True, tag="credentials:list"):
    """The keys of what there is, sorted."""

    answers: ClassVar[Any] = list[str]


class CredentialsGet(Request, frozen=True, kw_only=True, tag="credentials:get"):
    """Whether there is one, and what was said about it; never the token.

    :ivar key: for instance the provider's name.
    """

    answers: ClassVar[Any] = Credential
    key: Key


class CredentialsSet(Request, frozen=True, kw_only=True, tag="credentials:set"):
    """Keep a token, in place of the one before.

    :ivar key: for instance the provider's name.
    :ivar metadata: whatever the page wants to know later.
    """

    refusals: ClassVar[tuple[str, ...]] = ("there are too many",)
    key: Key
    token: Annotated[str, Meta(min_length=1, max_length=16_384)]
    metadata: dict[str, Any] | None = None


class CredentialsDelete(Request, frozen=True, kw_only=True, tag="credentials:delete"):
    """Forget a token; false where there is none.

    :ivar key: for instance the provider's name.
    """

    answers: ClassVar[Any] = bool
    key: Key
