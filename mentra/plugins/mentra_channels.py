"""The plugins of browser channels: one line per subject."""

from mentra.channels.ai import ai_cancel, ai_chat, ai_chat_stream, ai_has_credentials, ai_models
from mentra.channels.analytics.handlers import (
    analytics_cost_summary,
    analytics_cost_timeseries,
    analytics_dashboard,
    analytics_error_summary,
    analytics_error_timeseries,
    analytics_imagegen_timeseries,
    analytics_lifetime_totals,
    analytics_model_usage,
    analytics_run_aggregation,
    analytics_run_cleanup,
    analytics_session_stats,
    analytics_token_timeseries,
    analytics_tool_usage,
)
from mentra.channels.analytics.recorder import recorder
from mentra.channels.analytics.watching import channels_watcher
from mentra.channels.artifacts.handlers import (
    artifact_disable,
    artifact_enable,
    artifact_get,
    artifact_install,
    artifact_invoke,
    artifact_list,
    artifact_remove,
)
from mentra.channels.artifacts.runner import artifact_runner
from mentra.channels.asking import ai_section, asking
from mentra.channels.chat import (
    chat_add_message,
    chat_create,
    chat_delete,
    chat_get,
    chat_get_messages,
    chat_list,
    chat_search,
    chat_update,
    chat_update_message,
)
from mentra.channels.chat_page import chat_page, where_channels_are
from mentra.channels.clients import clients
from mentra.channels.code import (
    code_add_entry,
    code_create_restore_point,
    code_create_session,
    code_get_session,
    code_get_transcript,
    code_list_restore_points,
    code_list_sessions,
    code_restore,
    code_search_transcript,
)
from mentra.channels.credentials import (
    credentials_delete,
    credentials_get,
    credentials_list,
    credentials_set,
)
from mentra.channels.entrance import channel_door, channels_path, system_auth, unknown_channel
from mentra.channels.housekeeping import channel_keeper
from mentra.channels.imagegen.changes import (
    imagegen_delete_entry,
    imagegen_delete_group,
    imagegen_update_entry,
    imagegen_update_group,
)
from mentra.channels.imagegen.gallery import (
    imagegen_delete_image,
    imagegen_get_image,
    imagegen_list_images,
    imagegen_update_image,
)
from mentra.channels.imagegen.queue import (
    imagegen_cancel,
    imagegen_create_entry,
    imagegen_create_group,
    imagegen_list_entries,
    imagegen_list_groups,
    imagegen_list_jobs,
    imagegen_pause,
    imagegen_resume,
    imagegen_retry,
    imagegen_run,
)
from mentra.channels.imagegen.section import imagegen_section
from mentra.channels.imagegen.work import image_work
from mentra.channels.section import channels_section
from mentra.channels.settings import (
    page_settings,
    settings_get,
    settings_get_all,
    settings_reset,
    settings_set,
    settings_update,
)
