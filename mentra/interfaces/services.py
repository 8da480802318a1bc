"""What the house offers to everything inside it."""

from typing import Any

from zope.interface import Attribute, Interface


class IServices(Interface):
    """Collaborators that every manager may need.

    Adapt it to ``ISessions``, ``ITokens``, ``IAppStore``, ``IUserStore``, ``IMetrics`` and what
    ``IComponentFactory`` plugins provide; each is built once, when first asked for.
    """

    clock: Any = Attribute("``IReactorTime``: durations and timers.")
    http: Any = Attribute(
        "The :class:`IHttpClient` for the servers of apps; for what the configuration names see "
        ":class:`mentra.interfaces.network.IGuardedHttpClient`."
    )
    metrics: Any = Attribute("The :class:`IMetrics`.")

    def now() -> float:
        """Wall time, POSIX seconds: only for what goes on the wire or into a store."""

    def settings(section: type) -> Any:
        """The configuration of a declared section: an instance of that struct class.

        :raises LookupError: no such section was declared.
        """


class IComponentFactory(Interface):
    """Makes something the whole process shares.  A plugin."""

    provides: Any = Attribute("The interface that the services adapt to through it.")

    def build(services: Any) -> Any:
        """A new component; a Twisted ``IService`` among them is started and stopped with the
        server."""


class IConfigSection(Interface):
    """Declares a section of the configuration file.  A plugin."""

    section: str = Attribute("The table's name in the file.")
    struct: type = Attribute(
        "A frozen ``msgspec.Struct`` with a default for every field and ``forbid_unknown_fields``; "
        "each field's text comes from ``Annotated[..., msgspec.Meta(description=...)]``."
    )


class ITokens(Interface):
    """Issues and verifies tokens: JWT, HS256 alone."""

    def issue_user(user_id: str, seconds: float) -> str:
        """A token for glasses and the API, valid for *seconds*."""

    def verify_user(token: str) -> str:
        """The canonical user id.

        :raises mentra.errors.Refused: code ``INVALID_TOKEN`` (bad, expired, revoked) or
            ``NO_USER_ID``.
        """

    def issue_app(package_name: str, api_key: str) -> str:
        """A token for an app's ``Authorization`` header."""

    def verify_app(token: str) -> tuple[str, str]:
        """Package name and API key; whether the key is right is not looked at.

        :raises mentra.errors.Refused: code ``JWT_INVALID``.
        """


class IAssistantTokens(Interface):
    """Verifies the tokens of those who talk to the voice assistant: JWT, HS256 alone."""

    def verify(token: str) -> Any:
        """Who it is: a :class:`mentra.identity.Speaker`.

        :raises mentra.errors.Refused: code ``AUTH_EXPIRED``, or ``AUTH_INVALID`` for whatever else
            is wrong.
        """


class ISecretFiles(Interface):
    """Reads files with secrets that the configuration names.  Only while things are put together,
    for it waits for the disk."""

    def read(path: str, what: str) -> str:
        """The text in the file at *path*, relative to the configuration's folder.

        :param what: names it in the error.
        :raises mentra.errors.ConfigError: it is not there or empty, or others can read it.
        """


class IStateFolder(Interface):
    """Where this server keeps what outlives it.  Adapt the services to it."""

    path: Any = Attribute("The state directory, a ``pathlib.Path``: made, and only its owner's.")


class IPublicAddress(Interface):
    """Where this server is found, and who is one of the house."""

    def base_url() -> str:
        """``http://`` or ``https://`` URL that phones and apps reach, without trailing slash."""

    def local_url() -> str | None:
        """``http://`` or ``https://`` URL by which this machine itself reaches the server, without
        trailing slash; None if it listens on a Unix socket."""

    def app_websocket_url(system: bool) -> str:
        """The URL an app is told to connect to; a *system* app may have a nearer one."""

    def is_system_address(address: str) -> bool:
        """Whether a system app may connect from the IP *address*; true where no networks are
        configured."""


class IHttpClient(Interface):
    """HTTP towards other servers.  Cancelling what is awaited hangs up at once."""

    def request(
        method: str,
        url: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Any = None,
        timeout: float = 10.0,
        max_bytes: int = 1_048_576,
    ) -> Any:
        """Do it; an awaitable of an :class:`IHttpAnswer`.

        :param json: what to send as a JSON body (anything msgspec encodes), or None.
        :param body: what to send as it is, where there is no *json*.
        :param content_type: what the body is, if not JSON.
        :param timeout: seconds for the whole exchange.
        :param max_bytes: a longer answer is refused.
        :raises mentra.errors.Refused: code ``UNREACHABLE``, ``TIMEOUT`` or ``TOO_LARGE``, a
            sentence why, ``where="app"``.
        """

    def stream(
        method: str,
        url: str,
        received: Any,
        *,
        json: Any = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Any = None,
        begun: Any = None,
        begin_within: float = 30.0,
        silence: float = 60.0,
    ) -> Any:
        """Do it, and have the body bit by bit; an awaitable of an :class:`IHttpAnswer` without
        body, there once it has ended.

        An answer whose status is not 2xx is not handed on: it comes back with the first 65,536
        bytes of its body.

        :param received: called with each piece of the body, bytes, as it comes; never after the
            awaitable was cancelled.  What it raises ends the exchange and is raised.
        :param begun: called with the :class:`IHttpAnswer`, still without body, before the first
            piece; what it raises counts like that of *received*.
        :param begin_within: seconds until the headers are there.
        :param silence: seconds without a byte of the body.
        :raises mentra.errors.Refused: code ``UNREACHABLE`` (the body breaking off is that too) or
            ``TIMEOUT``, a sentence why, ``where="app"``.
        """


class IHttpAnswer(Interface):
    """What came back."""

    status: int = Attribute("HTTP status.")
    body: bytes = Attribute("The whole body.")

    def header(name: str) -> str | None:
        """The header *name*, its first if there are several; None without."""


class IThreads(Interface):
    """Threads for what would keep the reactor's waiting.  Adapt the services to it."""

    def run(function: Any) -> Any:
        """Call *function* in one of a few threads when its turn comes; an awaitable of what it
        returns or raises.  Whoever gives up does not stop it."""


class IMetrics(Interface):
    """Figures for ``/metrics`` and ``/health``.

    For anything outside the hot path, make ``prometheus_client`` metrics with
    ``registry=metrics.registry`` and keep their bound children.
    """

    registry: Any = Attribute("The ``prometheus_client.CollectorRegistry`` of this server.")

    def received(path: str, message_type: type) -> None:
        """A message of *path* was decoded."""

    def counts(path: str) -> Any:
        """Message class (of a relayed event its stream type) to how many of them *path* received,
        zero where there is none yet: a dict to count up, where :meth:`received` would be a call
        too many."""

    def failed(path: str, handler: str) -> None:
        """A handler of *path* raised, or answered nonsense."""

    def opened(path: str) -> None:
        """A peer of *path* is there."""

    def closed(path: str, code: int) -> None:
        """A peer of *path* is gone."""

    def observe(stage: str, seconds: float) -> None:
        """*seconds* were spent in *stage* (``relay``, ``received``, ``fanned_out``, ...)."""

    def observer(stage: str) -> Any:
        """:meth:`observe` of *stage*: a function of seconds, to be kept."""

    def show(name: str, read: Any) -> None:
        """``/health`` shows under *name* what the function *read* returns, a dict for JSON."""


class IObserved(Interface):
    """Figures put together for people: what ``/health`` shows."""

    def health() -> Any:
        """``connections``, ``messages``, ``loopLag`` and, by stage, ``latency`` (seconds): a
        dict."""


class IReadiness(Interface):
    """What still stands between this process and its work.  Adapt the services to it."""

    def missing() -> Any:
        """What is missing, name to reason: a dict; empty means ready."""

    def lacks(name: str, reason: str) -> None:
        """*name* (``stores``, ``listening``, ...) is not there, because of *reason*."""

    def has(name: str) -> None:
        """*name* is there (again)."""


class IAuthRules(Interface):
    """What the configuration says of coming in."""

    first_message: bool = Attribute("Glasses may send their token in their first message.")
    create_users: bool = Attribute("A valid token of a new address makes that user.")
    assistants: tuple[str, ...] = Attribute("Packages that may act for users who have them.")
    bare_email_routes: bool = Attribute("Routes that take an address without proof are served.")


class ICatalogue(Interface):
    """Every plugin that takes part in this process, sorted by what it is for."""

    managers: Any = Attribute("Interface to its ``IManagerFactory``: a read-only mapping.")
    components: Any = Attribute("Interface to its ``IComponentFactory``: a read-only mapping.")
    paths: Any = Attribute("The ``IPath`` plugins, a tuple.")
    routes: Any = Attribute("The ``IRoute`` plugins, a tuple.")
    tools: Any = Attribute("The ``IAssistantTool`` plugins by name: a read-only mapping.")

    outgoing: Any = Attribute("The ``IOutgoing`` plugins, a tuple.")

    engine_kinds: Any = Attribute("Interfaces that engines of plugins provide, a tuple.")

    def handlers(path: str) -> Any:
        """Message class to its ``IMessageHandler`` on *path*: a read-only mapping."""

    def engines(interface: Any) -> Any:
        """Name to the ``IEngineFactory`` of *interface*: a read-only mapping."""

    def engine_sources(interface: Any) -> Any:
        """The ``IEngineSource`` plugins of *interface*: a tuple."""

    def interceptors(path: str) -> Any:
        """The ``IInterceptor`` plugins of *path*, in their order: a tuple."""

    def listeners(event_type: type) -> Any:
        """The ``IListener`` plugins of exactly *event_type*, in their order: a tuple."""
