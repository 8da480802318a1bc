"""What leads to a stream: messages of apps and glasses, and events of the session."""

from collections.abc import Callable

from mentra.errors import Refused
from mentra.events import AppRunning, AppStopped, SessionEnding
from mentra.extension import handler, listener
from mentra.identity import app_session_id
from mentra.interfaces.messaging import IContext
from mentra.interfaces.session import IUserSession
from mentra.interfaces.streams import IStreams
from mentra.messages import Message
from mentra.messages.video import (
    ManagedStreamRequest,
    ManagedStreamStatus,
    ManagedStreamStop,
    RtmpStreamRequest,
    RtmpStreamStatus,
    RtmpStreamStop,
    StreamKeepAliveAck,
    StreamStatusCheck,
    StreamStatusCheckResponse,
)

# -- apps


def _telling(context: IContext, act: Callable[[], None], told: Callable[[str], Message]) -> None:
    """SDKs wait for a status, not for an error frame: a refusal is told in both forms."""
    try:
        act()
    except Refused as refusal:
        context.peer.send(told(refusal.message))
        raise


@handler("app", RtmpStreamRequest)
def rtmp_stream_request(message: RtmpStreamRequest, context: IContext) -> None:
    """Begin an unmanaged stream."""
    session, package_name = context.session, context.peer.identity.package_name
    _telling(
        context,
        lambda: IStreams(session).start(package_name, message),
        lambda reason: RtmpStreamStatus(
            session_id=app_session_id(session.user_id, package_name),
            status="error",
            error_details=reason,
            app_id=package_name,
        ),
    )


@handler("app", RtmpStreamStop)
def rtmp_stream_stop(message: RtmpStreamStop, context: IContext) -> None:
    """End it."""
    IStreams(context.session).stop(context.peer.identity.package_name, message.stream_id)


@handler("app", ManagedStreamRequest)
def managed_stream_request(message: ManagedStreamRequest, context: IContext) -> None:
    """Begin or join a managed stream."""
    package_name = context.peer.identity.package_name
    _telling(
        context,
        lambda: IStreams(context.session).start_managed(package_name, message),
        lambda reason: ManagedStreamStatus(status="error", message=reason),
    )


@handler("app", ManagedStreamStop)
def managed_stream_stop(message: ManagedStreamStop, context: IContext) -> None:
    """Leave it."""
    IStreams(context.session).stop_managed(context.peer.identity.package_name)


@handler("app", StreamStatusCheck)
def stream_status_check(message: StreamStatusCheck, context: IContext) -> StreamStatusCheckResponse:
    """Say whether the user has a stream."""
    info = IStreams(context.session).info_for(context.peer.identity.package_name)
    return StreamStatusCheckResponse(has_active_stream=info is not None, stream_info=info)


# -- glasses


@handler("glasses", RtmpStreamStatus)
def rtmp_stream_status(message: RtmpStreamStatus, context: IContext) -> None:
    """The glasses say how a stream is doing."""
    IStreams(context.session).reported(message)


@handler("glasses", StreamKeepAliveAck)
def stream_keep_alive_ack(message: StreamKeepAliveAck, context: IContext) -> None:
    """The glasses answer a keep-alive."""
    IStreams(context.session).acknowledged(message.stream_id, message.ack_id)


# -- events


@listener(AppRunning)
def app_for_streams(event: AppRunning, session: IUserSession) -> None:
    """A new connection has been told nothing."""
    streams = session.built(IStreams)
    if streams is not None:
        streams.app_running(event.package_name)


@listener(AppStopped)
def app_stop_for_streams(event: AppStopped, session: IUserSession) -> None:
    """A stream does not outlive its app."""
    streams = session.built(IStreams)
    if streams is not None:
        streams.app_stopped(event.package_name)


@listener(SessionEnding)
def session_end_for_streams(event: SessionEnding, session: IUserSession) -> None:
    """Tell glasses and apps, while they can still be told."""
    streams = session.built(IStreams)
    if streams is not None:
        streams.end()
