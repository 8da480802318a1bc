"""Who has seen which onboarding, over HTTP.  Source: docs/protocol/http.rst, "onboarding"."""

import msgspec

from mentra.errors import Denied, NotThere
from mentra.extension import Access, route
from mentra.glasses.callers import user_of
from mentra.glasses.display.onboarding import with_onboarded
from mentra.identity import canonical_user_id
from mentra.interfaces.session import ISessions
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.interfaces.web import ICall

_NOBODYS = "That is another user"


class OnboardingQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose onboarding, and of which app.

    :ivar email: the caller's own, or left out.
    """

    package_name: str
    email: str | None = None


class OnboardingStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether it was seen."""

    has_completed_onboarding: bool


class OnboardingCompleted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """It is remembered that it was seen."""

    success: bool = True
    has_completed_onboarding: bool = True


class InstructionsQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of which app."""

    package_name: str


class Instructions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What new users are shown."""

    instructions: str


@route(
    "GET", "/api/onboarding/status",
    access=Access.USER, query=OnboardingQuery, answer=OnboardingStatus, errors={403: _NOBODYS},
)  # fmt: skip
async def onboarding_status(call: ICall) -> OnboardingStatus:
    """Whether the caller has seen an app's onboarding."""
    user_id = _own(call, call.asked.email)
    session = ISessions(call.services).get(user_id)
    user = session.user if session is not None else await IUserStore(call.services).load(user_id)
    seen = user is not None and call.asked.package_name in user.onboarded
    return OnboardingStatus(has_completed_onboarding=seen)


@route(
    "POST", "/api/onboarding/complete",
    access=Access.USER, body=OnboardingQuery, answer=OnboardingCompleted,
    errors={403: _NOBODYS, 404: "There is no such app"},
)  # fmt: skip
async def complete_onboarding(call: ICall) -> OnboardingCompleted:
    """The caller has seen an app's onboarding: it is not shown again."""
    user_id, package_name = _own(call, call.body.email), call.body.package_name
    users = IUserStore(call.services)
    await users.create(user_id)
    await users.complete_onboarding(user_id, package_name)
    session = ISessions(call.services).get(user_id)
    if session is not None:
        session.remember(with_onboarded(session.user, package_name))
    return OnboardingCompleted()


@route(
    "GET", "/api/onboarding/instructions",
    access=Access.PUBLIC, query=InstructionsQuery, answer=Instructions,
    errors={404: "There is no such app, or it has none"},
)  # fmt: skip
def onboarding_instructions(call: ICall) -> Instructions:
    """What an app shows its new users."""
    app = IAppStore(call.services).get(call.asked.package_name)
    if app is None or not app.onboarding_instructions:
        raise NotThere("there are no instructions for this app")
    return Instructions(instructions=app.onboarding_instructions)


def _own(call: ICall, email: str | None) -> str:
    user_id = user_of(call)
    if email is not None and canonical_user_id(email) != user_id:
        raise Denied(403, {"error": _NOBODYS, "message": _NOBODYS})
    return user_id
