"""The glasses wing's plugins: one line per subject."""

from mentra.glasses.app_to_app.exchange import exchange
from mentra.glasses.app_to_app.fellows import (
    app_runs_for_fellows,
    app_stopped_for_fellows,
    fellows,
    session_ends_for_fellows,
)
from mentra.glasses.app_to_app.handlers import (
    app_broadcast,
    app_direct,
    app_room_join,
    app_room_leave,
    app_user_discovery,
)
from mentra.glasses.app_to_app.routes import discover_users
from mentra.glasses.app_to_app.section import app_to_app_section
from mentra.glasses.apps.entrance import app_connection_init, app_path, ownership_release
from mentra.glasses.apps.health import app_health, check_health
from mentra.glasses.apps.manager import apps
from mentra.glasses.apps.pages import (
    apps_version,
    get_app,
    list_apps,
    list_available,
    list_client_apps,
    list_installed,
    list_public,
    search_apps,
)
from mentra.glasses.apps.permissions import (
    get_permissions,
    get_public_permissions,
    patch_permissions,
)
from mentra.glasses.apps.routes import (
    goodbye,
    install_app,
    register_app_server,
    uninstall_app,
)
from mentra.glasses.apps.routes import start_app as start_app_route
from mentra.glasses.apps.routes import stop_app as stop_app_route
from mentra.glasses.apps.settings import apps_section
from mentra.glasses.apps.tools import call_tool, list_tools, list_users_tools
from mentra.glasses.apps.wishes import (
    drop_unfit_apps,
    restore_apps,
    start_app,
    stop_app,
    wake_apps,
)
from mentra.glasses.audio.manager import audio_chunk, audio_manager
from mentra.glasses.audio.routes import configure_audio, recent_audio
from mentra.glasses.audio.settings import audio_section
from mentra.glasses.audio.voice import voice_activity
from mentra.glasses.buttons import button_press, system_photo_request
from mentra.glasses.calendar import (
    calendar_event,
    calendar_manager,
    calendar_section,
    post_calendar,
    subscriptions_for_calendar,
)
from mentra.glasses.capabilities import device_section, profiles_component
from mentra.glasses.captions.events import (
    glasses_for_captions,
    glasses_left_for_captions,
    subscriptions_for_captions,
    voice_for_captions,
)
from mentra.glasses.captions.figures import caption_figures
from mentra.glasses.captions.manager import captions_manager
from mentra.glasses.captions.settings import captions_section
from mentra.glasses.custom import (
    custom_messages,
    set_datetime,
    subscriptions_for_custom_messages,
)
from mentra.glasses.dashboard.manager import (
    dashboard_app_stopped,
    dashboard_content_update,
    dashboard_manager,
    dashboard_mode_change,
    dashboard_section,
    dashboard_system_update,
    glasses_for_dashboard,
    head_position,
)
from mentra.glasses.device import (
    device_manager,
    device_state,
    glasses_battery_update,
    glasses_connection_state,
)
from mentra.glasses.display.manager import (
    display_app_starting,
    display_app_stopped,
    display_manager,
    display_request,
    glasses_for_display,
)
from mentra.glasses.display.onboarding_routes import (
    complete_onboarding,
    onboarding_instructions,
    onboarding_status,
)
from mentra.glasses.display.settings import display_section
from mentra.glasses.entrance import connection_init, glasses_path
from mentra.glasses.lights import (
    app_stop_for_lights,
    lights_manager,
    lights_section,
    rgb_led_control,
    rgb_led_control_response,
)
from mentra.glasses.live_speech import (
    app_audio_chunk,
    app_stop_for_live_speech,
    audio_stream_end,
    audio_stream_start,
    live_audio,
    live_speech,
    spoken,
)
from mentra.glasses.livekit import livekit, livekit_init, livekit_section, livekit_token
from mentra.glasses.location.manager import location_manager
from mentra.glasses.location.messages import (
    app_stopped_for_location,
    glasses_for_location,
    location_poll_request,
    location_update,
    subscriptions_for_location,
)
from mentra.glasses.location.routes import answer_location_poll, post_location
from mentra.glasses.location.section import location_section
from mentra.glasses.microphone import (
    app_stop_for_microphone,
    device_for_microphone,
    glasses_for_microphone,
    microphone_manager,
    microphone_section,
    settings_for_microphone,
    subscriptions_for_microphone,
)
from mentra.glasses.notifications import post_dismissal, post_notification
from mentra.glasses.photos.album import album
from mentra.glasses.photos.gallery import delete_gallery_photo, gallery_photo, list_gallery
from mentra.glasses.photos.manager import (
    app_stop_for_photos,
    photo_manager,
    photo_request,
    photo_response,
)
from mentra.glasses.photos.routes import answer_photo, upload_photo, uploaded_photo
from mentra.glasses.photos.settings import photos_section
from mentra.glasses.relay import (
    keep_alive,
    ping_from_app,
    ping_from_glasses,
    pong_from_app,
    pong_from_glasses,
    relay_manager,
    stream_event,
    touch_event,
    unknown_from_app,
    unknown_from_glasses,
)
from mentra.glasses.reports import post_feedback, report_error
from mentra.glasses.session import glasses_section, sessions
from mentra.glasses.settings.app_routes import (
    get_app_settings,
    get_app_settings_for_sdk,
    post_app_settings,
)
from mentra.glasses.settings.courier import settings_courier
from mentra.glasses.settings.manager import settings_manager
from mentra.glasses.settings.phone import (
    core_status_update,
    request_settings,
    settings_update_request,
    wearable_changed,
    wearable_of_new_session,
)
from mentra.glasses.settings.section import settings_section
from mentra.glasses.settings.user_routes import (
    delete_user_setting,
    get_user_setting,
    get_user_settings,
    post_user_settings,
    put_user_setting,
    put_user_settings,
)
from mentra.glasses.simple_storage import (
    delete_storage,
    delete_stored,
    get_storage,
    get_stored,
    put_storage,
    put_stored,
    storage_section,
    storage_writes,
)
from mentra.glasses.speaker import (
    app_stop_for_speaker,
    audio_play_request,
    audio_play_response,
    audio_stop_request,
    speaker_manager,
    speaker_section,
)
from mentra.glasses.speech_route import speak, utterances
from mentra.glasses.streams.backends.chosen import media_backend
from mentra.glasses.streams.backends.cloudflare import cloudflare_backend
from mentra.glasses.streams.backends.settings import media_section, media_server
from mentra.glasses.streams.backends.templates import templates_backend
from mentra.glasses.streams.directory import managed_streams
from mentra.glasses.streams.handlers import (
    app_for_streams,
    app_stop_for_streams,
    managed_stream_request,
    managed_stream_stop,
    rtmp_stream_request,
    rtmp_stream_status,
    rtmp_stream_stop,
    session_end_for_streams,
    stream_keep_alive_ack,
    stream_status_check,
)
from mentra.glasses.streams.manager import streams_manager
from mentra.glasses.streams.routes import (
    add_stream_output,
    list_stream_outputs,
    remove_stream_output,
)
from mentra.glasses.streams.settings import streams_section
from mentra.glasses.subscriptions import subscription_update, subscriptions_manager
from mentra.glasses.transcripts import (
    local_transcription,
    transcript,
    transcripts_manager,
    transcripts_section,
)
from mentra.glasses.udp.link import udp_manager, udp_register, udp_unregister
from mentra.glasses.udp.port import udp_port
from mentra.glasses.udp.settings import udp_section
from mentra.glasses.versions import (
    phone_versions,
    sdk_versions,
    versions_section,
)
from mentra.glasses.wifi import request_wifi_setup
