"""Lets people in who have no token: by password, or by pairing code."""

import ipaddress
from collections.abc import Awaitable, Callable

from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from mentra.accounts.attempts import Attempts
from mentra.accounts.settings import AccountsSettings
from mentra.errors import Denied, MentraError, Refused
from mentra.extension import ComponentFactory
from mentra.identity import canonical_user_id
from mentra.interfaces.accounts import IAccounts, IAccountStore, IPasswords
from mentra.interfaces.services import IServices

WRONG = {
    "login": "Invalid email or password",
    "pair": "Invalid or expired code",
}


class TooManyAttempts(Refused):
    """Somebody tried too often.

    :ivar seconds: when to come back, whole seconds.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__("TOO_MANY_ATTEMPTS", "Too many attempts, try again later", retryable=True)
        self.seconds = seconds


@implementer(IAccounts)
class Accounts:
    """Counts attempts in memory; a restart forgives them."""

    _log = Logger()

    def __init__(self, services: IServices) -> None:
        self._services = services
        self._clock = services.clock
        settings = services.settings(AccountsSettings)
        self._delay = settings.failure_delay
        self._accounts = Attempts(
            services.clock, settings.attempts_per_account, settings.attempts_window
        )
        self._addresses = Attempts(
            services.clock, settings.attempts_per_address, settings.attempts_window
        )

    async def log_in(self, email: str, password: str, address: str) -> str:
        """The canonical user id of whoever knows that password."""

        async def proof(user_id: str) -> bool:
            known = await IAccountStore(self._services).password_hash(user_id)
            # as long for an account that does not exist
            return bool(await IPasswords(self._services).fits(password, known))

        return await self._proved("login", email, address, proof)

    async def pair(self, email: str, code: str, address: str) -> str:
        """The canonical user id of whoever was given that code."""

        async def proof(user_id: str) -> bool:
            return bool(await IAccountStore(self._services).redeem(user_id, code))

        return await self._proved("pair", email, address, proof)

    async def _proved(
        self, way: str, email: str, address: str, proof: Callable[[str], Awaitable[bool]]
    ) -> str:
        begun = self._clock.seconds()
        user_id = canonical_user_id(email)
        account, network = f"{way} {user_id}", network_of(address)
        self._admit(account, network)
        # counted before the proof, or many at once would count as none
        self._accounts.count(account)
        self._addresses.count(network)
        try:
            is_proved = await proof(user_id)
        except MentraError:
            # nothing was found out
            self._accounts.take_back(account)
            self._addresses.take_back(network)
            raise
        if is_proved:
            self._accounts.forgive(account)
            self._addresses.take_back(network)
            return user_id
        self._log.warn("{way} from {address} failed", way=way, address=address)
        self._log.debug("{way} of {user_id} failed", way=way, user_id=user_id)
        # how long the proof took tells nothing: the answer's time is set by the question's
        left = begun + self._delay - self._clock.seconds()
        await deferLater(self._clock, max(0.0, left), lambda: None)
        raise Denied(401, {"error": WRONG[way], "code": "INVALID_CREDENTIALS",
                           "message": WRONG[way]})  # fmt: skip

    def _admit(self, account: str, network: str) -> None:
        wait = max(self._accounts.wait(account), self._addresses.wait(network))
        if wait > 0:
            self._log.warn("{network} tries to log in too often", network=network)
            raise TooManyAttempts(int(wait) + 1)


def network_of(address: str) -> str:
    """What attempts from *address* are counted under: one machine can have all of a network of 64
    bits in IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


accounts = ComponentFactory(IAccounts, Accounts)
