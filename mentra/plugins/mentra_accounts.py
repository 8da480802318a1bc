"""The plugins of accounts."""

from mentra.accounts.manager import accounts
from mentra.accounts.routes import exchange_token, login, pair
from mentra.accounts.settings import accounts_section, webviews_section
from mentra.accounts.temporary import temporary_tokens
from mentra.accounts.webviews import (
    exchange_store_token,
    exchange_user_token,
    generate_signed_user_token,
    generate_webview_token,
    hash_with_api_key,
)
