"""Who makes apps start and stop: the wearer, and the turns a session takes."""

from mentra.events import DeviceChanged, GlassesAttached, SessionStarted
from mentra.extension import handler, listener
from mentra.interfaces.glasses import IApps, IRelay
from mentra.interfaces.messaging import IContext
from mentra.interfaces.session import IUserSession
from mentra.messages.apps import StartApp, StopApp


@listener(SessionStarted)
def restore_apps(event: SessionStarted, session: IUserSession) -> None:
    """Start what ran when the user's last session ended."""
    IApps(session).restore()


@listener(GlassesAttached)
def wake_apps(event: GlassesAttached, session: IUserSession) -> None:
    """Bring back the apps that were lost while the glasses were away."""
    if event.reconnected:
        IApps(session).wake()


@listener(DeviceChanged)
def drop_unfit_apps(event: DeviceChanged, session: IUserSession) -> None:
    """Other glasses can do other things."""
    if event.arrived:
        IApps(session).drop_unfit()


@handler("glasses", StartApp)
def start_app(message: StartApp, context: IContext) -> None:
    """The wearer starts an app; apps that subscribed hear of it too."""
    IRelay(context.session).relay(StartApp.tag(), message.raw)
    IApps(context.session).start(message.package_name)


@handler("glasses", StopApp)
def stop_app(message: StopApp, context: IContext) -> None:
    """The wearer stops an app; apps that subscribed hear of it too."""
    IRelay(context.session).relay(StopApp.tag(), message.raw)
    IApps(context.session).stop(message.package_name)
