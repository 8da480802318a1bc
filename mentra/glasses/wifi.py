"""The network of the glasses: an app asks, the phone shows how.  Source: docs/protocol."""

from mentra.extension import handler
from mentra.interfaces.messaging import IContext
from mentra.messages.wifi import RequestWifiSetup, ShowWifiSetup


@handler("app", RequestWifiSetup)
def request_wifi_setup(message: RequestWifiSetup, context: IContext) -> None:
    """Have the phone show it; nothing happens while it is away."""
    context.session.to_glasses(
        ShowWifiSetup(reason=message.reason, app_package_name=context.peer.identity.package_name)
    )
