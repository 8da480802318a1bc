"""The plugins of accounts."""

from mentra.accounts.manager import accounts
from mentra.accounts.routes import exchange_token, login, pair
from mentra.accounts.settings import accounts_section
