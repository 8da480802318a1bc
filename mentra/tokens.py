"""Tokens of users and apps: JWT, signed with HS256 and nothing else."""

import base64
import contextlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import jwt
import msgspec
from msgspec import UNSET, UnsetType
from twisted.logger import Logger
from zope.interface import implementer

from mentra.errors import ConfigError, Refused
from mentra.identity import canonical_user_id
from mentra.interfaces.accounts import ILoginTokens
from mentra.interfaces.services import ISecretFiles, ITokens

ALGORITHM = "HS256"
MAX_TOKEN = 8192
"""Longest token looked at, characters; it has to fit into a header line anyway."""

MAX_USER_ID = 320
"""Longest e-mail address, characters.  Source: RFC 3696, section 3."""

SAFE_SECRET = 32
"""A shorter secret works and is warned of, bytes.  Source: RFC 7518, section 3.2."""

_OPTIONS: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}


class _Claims(msgspec.Struct, frozen=True):
    """What we look at in a token; null is not absent, and other claims are ignored."""

    email: str | None = None
    packageName: str | None = None  # noqa: N815 - the claim's name
    apiKey: str | None = None  # noqa: N815 - the claim's name
    iat: int | float | UnsetType = UNSET
    exp: int | float | UnsetType = UNSET
    nbf: int | float | UnsetType = UNSET
    sub: str | UnsetType = UNSET
    jti: str | UnsetType = UNSET
    aud: Any = UNSET


def _segment(header: bytes) -> bytes:
    return base64.urlsafe_b64encode(header).rstrip(b"=")


_PLAIN_HEADERS = frozenset(
    _segment(header) for header in (b'{"alg":"HS256","typ":"JWT"}', b'{"typ":"JWT","alg":"HS256"}')
)


@implementer(ITokens)
class Tokens:
    """Issues and verifies tokens.

    :param secret: the signing secret, any text.
    :param now: wall time, POSIX seconds.
    :param revoked_before: from a user id to the POSIX seconds up to which that user's tokens are
        revoked; None: none are.
    :param foreign: they are somebody else's, who may say in them whom they are meant for.
    :raises ConfigError: the secret is empty or no secret but a key of another kind.
    """

    _log = Logger()

    def __init__(
        self,
        secret: str,
        *,
        now: Callable[[], float],
        revoked_before: Callable[[str], float | None] = lambda user_id: None,
        foreign: bool = False,
    ) -> None:
        self._now = now
        # ours name no audience, so one that does is not meant for us
        self._options: Any = {**_OPTIONS, "verify_aud": not foreign}
        self._revoked_before = revoked_before
        self._key = self._usable(secret)

    def issue_user(self, user_id: str, seconds: float) -> str:
        """A token for glasses and the API, valid for *seconds*."""
        now = self._now()
        claims: dict[str, Any] = {
            "sub": user_id,
            "userId": user_id,
            "email": user_id,
            "organizations": [],
            "defaultOrg": None,
            # to the millisecond: a token issued right after a revocation is not a revoked one
            "iat": round(now, 3),
            "exp": int(now + seconds),
        }
        return jwt.encode(claims, self._key, ALGORITHM)

    def issue_app(self, package_name: str, api_key: str) -> str:
        """A token for an app's ``Authorization`` header."""
        return jwt.encode({"packageName": package_name, "apiKey": api_key}, self._key, ALGORITHM)

    def verify_user(self, token: str) -> str:
        """The canonical user id.

        :raises Refused: ``INVALID_TOKEN`` (bad, expired, revoked) or ``NO_USER_ID``.
        """
        claims = self._verified(token)
        if claims is None:
            raise Refused("INVALID_TOKEN", "the token is invalid or has expired")
        user_id = canonical_user_id(claims.email or "")
        if not user_id:
            raise Refused("NO_USER_ID", "the token names no user")
        if len(user_id) > MAX_USER_ID or not user_id.isprintable():
            raise Refused("INVALID_TOKEN", "the token's user cannot be one")
        before = self._revoked_before(user_id)
        # not "<=", for a NaN is not later than anything either
        if before is not None and (claims.iat is UNSET or not claims.iat > before):
            raise Refused("INVALID_TOKEN", "the token was revoked")
        return user_id

    def verify_app(self, token: str) -> tuple[str, str]:
        """Package name and API key; whether the key is right is not looked at.

        :raises Refused: ``JWT_INVALID``.
        """
        claims = self._verified(token)
        if claims is None or not (claims.packageName and claims.apiKey):
            raise Refused("JWT_INVALID", "the token is no app's, or has expired")
        return claims.packageName, claims.apiKey

    def _usable(self, secret: str) -> bytes:
        if not secret.strip():
            raise ConfigError(
                "the secret that signs tokens is empty; delete its file for a new one"
            )
        key = secret.encode()
        if len(key) < SAFE_SECRET:
            self._log.warn("the secret that signs tokens is shorter than {safe} bytes: it could "
                           "be guessed", safe=SAFE_SECRET)  # fmt: skip
            # HMAC pads with zeros by itself; PyJWT would warn at every token
            key = key.ljust(SAFE_SECRET, b"\0")
        try:
            jwt.encode({}, key, ALGORITHM)
        except jwt.InvalidKeyError as problem:
            raise ConfigError(f"the secret that signs tokens cannot be one: {problem}") from None
        return key

    def _verified(self, token: str) -> _Claims | None:
        """The claims of a token that is good now, None for any other."""
        if len(token) > MAX_TOKEN or not token.isascii():
            return None
        claims = self._quickly(token.encode()) or self._thoroughly(token)
        return claims if claims is not None and _is_time_for(claims, self._now()) else None

    def _quickly(self, token: bytes) -> _Claims | None:
        """What PyJWT would find in a token of the plainest kind, ten times faster.

        None is "ask PyJWT": this must never accept what that would refuse.
        """
        signed, _, signature = token.rpartition(b".")
        header, _, payload = signed.partition(b".")
        if header not in _PLAIN_HEADERS:
            return None
        expected = _segment(hmac.digest(self._key, signed, "sha256"))
        if not hmac.compare_digest(signature, expected):
            return None
        try:
            data = base64.b64decode(payload + b"=" * (-len(payload) % 4), b"-_", validate=True)
            claims = msgspec.convert(json.loads(data), _Claims)
        except (ValueError, RecursionError):
            return None
        return None if claims.aud or _segment(data) != payload else claims

    def _thoroughly(self, token: str) -> _Claims | None:
        try:
            found = jwt.decode(token, self._key, algorithms=[ALGORITHM], options=self._options)
            return msgspec.convert(found, _Claims)
        except Exception:  # noqa: BLE001 - whatever a stranger's token does to the parser: refused
            return None


@implementer(ILoginTokens)
class LoginTokens:
    """Believes what any of several believes.

    :param tokens: asked one after the other.
    """

    def __init__(self, *tokens: Tokens) -> None:
        self._tokens = tokens

    def verify_user(self, token: str) -> str:
        """The canonical user id.

        :raises Refused: as the last one says.
        """
        for one in self._tokens[:-1]:
            with contextlib.suppress(Refused):
                return one.verify_user(token)
        return self._tokens[-1].verify_user(token)


def _is_time_for(claims: _Claims, now: float) -> bool:
    try:
        # whole seconds, as PyJWT has it
        expired = claims.exp is not UNSET and int(claims.exp) <= now
        premature = claims.nbf is not UNSET and int(claims.nbf) > now
    except (ValueError, OverflowError):
        # JSON as Python reads it can spell Infinity and NaN
        return False
    return not (expired or premature)


# -- the secret ------------------------------------------------------------------------------


def load_or_make_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_hex(32)) -> str:
    """The secret in the file at *path*; without a file a new one, 32 random bytes or what *make*
    returns.

    :raises ConfigError: the file is empty, cannot be read, or others can read it.
    """
    try:
        if not path.exists():
            _make_secret(path, make())
    except OSError as problem:
        raise _unusable(path, problem) from problem
    return load_secret(path)


def credential_keys(state_dir: Path) -> Path:
    """The file with the keys that credentials are encrypted with."""
    return state_dir / "secrets" / "credentials.keys"


def new_credential_key() -> str:
    """A key for that file."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SIGNING = "the secret that signs tokens"


def load_secret(path: Path, what: str = SIGNING) -> str:
    """The secret in the file at *path*.

    :param what: names it in errors.
    :raises ConfigError: the file is not there or empty, cannot be read, or others can read it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            _refuse_public(path, os.fstat(file.fileno()), what)
            secret = file.read(65_536).strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise _unusable(path, problem, what) from problem
    if not secret:
        remedy = "delete the file for a new one" if what == SIGNING else "write it there"
        raise ConfigError(f"{path}: the secret is empty; {remedy}")
    return secret


def _unusable(path: Path, problem: Exception, what: str = SIGNING) -> ConfigError:
    reason = getattr(problem, "strerror", None) or "it is not text"
    return ConfigError(f"{path}: {reason}; {what} must be a file we can read")


def _refuse_public(path: Path, status: os.stat_result, what: str) -> None:
    # what root hands out (systemd credentials, mounted secrets) may be meant for a group
    handed_out = status.st_uid == 0 != os.geteuid()
    if status.st_mode & (0o037 if handed_out else 0o077):
        raise ConfigError(f"{path}: others can read {what}; chmod 600 {path}")


@implementer(ISecretFiles)
@attrs.frozen
class SecretFiles:
    """Secrets of others that were given to us.

    :ivar folder: what relative paths start from.
    """

    folder: Path

    def read(self, path: str, what: str) -> str:
        """The text in the file at *path*.

        :raises ConfigError: there is none that only its owner can read.
        """
        return load_secret(self.folder / path, what)


def replace_secret(path: Path, secret: str) -> None:
    """Write another secret in place of the one at *path*: whole or not at all.

    :raises ConfigError: it cannot be written.
    """
    try:
        draft = _draft(path, secret)
        draft.replace(path)
        _sync(path.parent)
    except OSError as problem:
        raise _unusable(path, problem) from problem


def _make_secret(path: Path, secret: str) -> None:
    """Write the file beside its place and link it there: whole or not at all."""
    draft = _draft(path, secret)
    try:
        # another process may have been quicker; then its secret is the one
        if not path.exists():
            _link(draft, path)
    finally:
        draft.unlink()


def _draft(path: Path, secret: str) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secret.strip() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _link(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    _sync(path.parent)


def _sync(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
