"""Signs what an app's web page can check by itself: RS256, with a key of this server.

Source: docs/protocol/webviews.rst.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from mentra.errors import ConfigError, Refused
from mentra.interfaces.accounts import IWebviewSigner

ALGORITHM = "RS256"
KEY_ID = "v1"
KEY_BITS = 2048


@implementer(IWebviewSigner)
class WebviewSigner:
    """Reads the key when it is first needed, and signs in a thread.

    :param load: returns the private key as PEM text.
    :param now: wall time, POSIX seconds.
    """

    def __init__(self, load: Callable[[], str], reactor: Any, now: Callable[[], float]) -> None:
        self._load = load
        self._reactor = reactor
        self._now = now
        self._key: Any = None

    def sign(self, claims: dict[str, Any], seconds: float) -> Deferred[str]:
        """A token with *claims*, good for *seconds* from now.

        :raises Refused: ``NO_KEY``: the key cannot be used.
        """
        now = int(self._now())
        whole = {**claims, "iat": now, "exp": now + int(seconds)}
        pool = self._reactor.getThreadPool()
        return deferToThreadPool(self._reactor, pool, partial(self._sign, whole))

    def _sign(self, claims: dict[str, Any]) -> str:
        # two threads may both read it: they read the same
        self._key = self._key or self._read()
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": KEY_ID})

    def _read(self) -> Any:
        try:
            key = serialization.load_pem_private_key(self._load().encode(), password=None)
        except ConfigError as problem:
            raise Refused("NO_KEY", "this server has no key for that") from problem
        except ValueError as problem:
            raise Refused("NO_KEY", "this server's key for that is no private key") from problem
        if not isinstance(key, rsa.RSAPrivateKey):
            raise Refused("NO_KEY", "this server's key for that is no RSA key")
        return key


def new_private_key() -> str:
    """A new key as PEM text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")
