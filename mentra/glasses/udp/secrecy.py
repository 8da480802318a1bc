"""Datagrams that only the phone and this server can read: NaCl's secretbox, by PyNaCl
(``pip install mentra[udp]``).  Source: docs/protocol/glasses, "Sound over UDP"."""

import base64
from typing import Any

NONCE, TAG = 24, 16
ALGORITHM = "xsalsa20-poly1305"

SHORTEST = NONCE + TAG
"""Bytes of a payload that may be one."""


def secret_box() -> "SecretBox | None":
    """One with a new key; None if PyNaCl is not installed."""
    try:
        from nacl.secret import SecretBox as Box
        from nacl.utils import random
    except ImportError:
        return None
    key = random(Box.KEY_SIZE)
    return SecretBox(Box(key), key)


class SecretBox:
    """Opens what one phone encrypted.

    :ivar offer: what the acknowledgement tells the phone.
    """

    def __init__(self, box: Any, key: bytes) -> None:
        self._box = box
        self.offer = {"key": base64.b64encode(key).decode(), "algorithm": ALGORITHM}

    def open(self, payload: bytes) -> bytes | None:
        """What is in it; None if it was not made with our key."""
        from nacl.exceptions import CryptoError

        if len(payload) < SHORTEST:
            return None
        try:
            return bytes(self._box.decrypt(payload[NONCE:], payload[:NONCE]))
        except CryptoError:
            return None
