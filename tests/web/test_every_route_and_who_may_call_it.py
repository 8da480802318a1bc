"""Every HTTP route there is, and who may call it: a new one fails here until it is listed."""

from zope.interface.verify import verifyObject

from mentra.extension import Access
from mentra.interfaces.web import IRoute
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.web.control_routes import CONTROL_ROUTES
from mentra.web.site import MAIN_PORT, main_routes

WHO_MAY_CALL = """
APP      DELETE /api/sdk/simple-storage/{email}
APP      DELETE /api/sdk/simple-storage/{email}/{key}
APP      DELETE /api/streams/{stream_id}/outputs/{output_id}
APP      GET    /api/sdk/simple-storage/{email}
APP      GET    /api/sdk/simple-storage/{email}/{key}
APP      GET    /api/streams/{stream_id}/outputs
APP      POST   /api/streams/{stream_id}/outputs
APP      PUT    /api/sdk/simple-storage/{email}
APP      PUT    /api/sdk/simple-storage/{email}/{key}
ASSISTANT GET    /api/apps
ASSISTANT GET    /api/tools/apps/{package_name}/tools
ASSISTANT GET    /api/tools/users/{user_id}/tools
ASSISTANT GET    /apps
ASSISTANT POST   /api/tools/apps/{package_name}/tool
CONTROL  GET    /address
CONTROL  GET    /sessions
CONTROL  POST   /refresh
CONTROL  POST   /users/{user_id}/apps/{package_name}/start
CONTROL  POST   /users/{user_id}/apps/{package_name}/stop
CONTROL  POST   /users/{user_id}/end
KEY      GET    /api/audio/{user_id}
KEY      GET    /api/transcripts/{app_session_id}
KEY      POST   /api/app-communication/discover-users
KEY      POST   /api/app-server/register
KEY      POST   /api/auth/exchange-user-token
KEY      POST   /api/tpa-communication/discover-users
KEY      POST   /auth/exchange-user-token
OPERATOR GET    /metrics
PUBLIC   GET    /
PUBLIC   GET    /api/apps/public
PUBLIC   GET    /api/apps/search
PUBLIC   GET    /api/apps/version
PUBLIC   GET    /api/apps/{package_name}
PUBLIC   GET    /api/audio/stream/{name}
PUBLIC   GET    /api/audio/tts
PUBLIC   GET    /api/client/min-version
PUBLIC   GET    /api/onboarding/instructions
PUBLIC   GET    /api/public/permissions/{package_name}
PUBLIC   GET    /api/sdk/version
PUBLIC   GET    /api/tts
PUBLIC   GET    /apps/public
PUBLIC   GET    /apps/search
PUBLIC   GET    /apps/version
PUBLIC   GET    /apps/{package_name}
PUBLIC   GET    /appsettings/user/{package_name}
PUBLIC   GET    /asyncapi.json
PUBLIC   GET    /examples/chat
PUBLIC   GET    /examples/chat/where
PUBLIC   GET    /examples/chat/{name}
PUBLIC   GET    /health
PUBLIC   GET    /livez
PUBLIC   GET    /openapi.json
PUBLIC   GET    /readyz
PUBLIC   GET    /tpasettings/user/{package_name}
PUBLIC   GET    /uploads/{name}
PUBLIC   POST   /api/app-uptime/app-pkg-health-check
PUBLIC   POST   /api/auth/exchange-store-token
PUBLIC   POST   /api/auth/exchange-token
PUBLIC   POST   /api/auth/login
PUBLIC   POST   /api/auth/pair
PUBLIC   POST   /api/error-report
PUBLIC   POST   /app/error-report
PUBLIC   POST   /auth/exchange-store-token
PUBLIC   POST   /auth/exchange-token
PUBLIC   POST   /auth/login
PUBLIC   POST   /auth/pair
USER     DELETE /api/client/user/settings/key/{key}
USER     DELETE /api/gallery/{photo_id}
USER     GET    /api/apps/available
USER     GET    /api/apps/installed
USER     GET    /api/client/apps
USER     GET    /api/client/livekit/token
USER     GET    /api/client/user/settings
USER     GET    /api/client/user/settings/key/{key}
USER     GET    /api/gallery
USER     GET    /api/gallery/{photo_id}
USER     GET    /api/hardware/system-photo-request/{request_id}
USER     GET    /api/onboarding/status
USER     GET    /api/permissions/{package_name}
USER     GET    /apps/available
USER     GET    /apps/installed
USER     GET    /appsettings/{package_name}
USER     GET    /tpasettings/{package_name}
USER     PATCH  /api/permissions/{package_name}
USER     POST   /api/apps/install/{package_name}
USER     POST   /api/apps/uninstall/{package_name}
USER     POST   /api/apps/{package_name}/start
USER     POST   /api/apps/{package_name}/stop
USER     POST   /api/auth/generate-webview-signed-user-token
USER     POST   /api/auth/generate-webview-token
USER     POST   /api/auth/hash-with-api-key
USER     POST   /api/client/audio/configure
USER     POST   /api/client/calendar
USER     POST   /api/client/device/state
USER     POST   /api/client/feedback
USER     POST   /api/client/goodbye
USER     POST   /api/client/location
USER     POST   /api/client/location/poll-response/{correlation_id}
USER     POST   /api/client/notifications
USER     POST   /api/client/notifications/dismissed
USER     POST   /api/client/photo/response
USER     POST   /api/client/user/settings
USER     POST   /api/hardware/button-press
USER     POST   /api/onboarding/complete
USER     POST   /api/photos/upload
USER     POST   /api/store/install/{package_name}
USER     POST   /api/store/uninstall/{package_name}
USER     POST   /api/user-data/set-datetime
USER     POST   /apps/install/{package_name}
USER     POST   /apps/uninstall/{package_name}
USER     POST   /apps/{package_name}/start
USER     POST   /apps/{package_name}/stop
USER     POST   /appsettings/{package_name}
USER     POST   /auth/generate-webview-signed-user-token
USER     POST   /auth/generate-webview-token
USER     POST   /auth/hash-with-api-key
USER     POST   /tpasettings/{package_name}
USER     PUT    /api/client/user/settings
USER     PUT    /api/client/user/settings/key/{key}
"""


def every_route():
    """All routes of a server without extensions."""
    catalogue = Catalogue(discover().plugins)
    control = [one for one in catalogue.routes if one.access not in MAIN_PORT]
    return (*main_routes(catalogue), *CONTROL_ROUTES, *control)


def test_every_route_is_listed_with_who_may_call_it():
    served = {
        f"{one.access.name:8} {one.method:6} {template}"
        for one in every_route()
        for template in one.templates
    }

    assert sorted(served) == sorted(WHO_MAY_CALL.strip().splitlines())


def test_every_route_keeps_its_promise_and_says_who_may_call_it():
    for one in every_route():
        assert verifyObject(IRoute, one)
        assert isinstance(one.access, Access), one.name
        assert 0 < one.max_body <= 64 * 1024 * 1024, one.name
