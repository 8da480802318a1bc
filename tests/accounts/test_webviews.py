"""How web pages of apps learn who their user is."""

import hashlib
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from zope.interface import implementer

from mentra.accounts import webviews
from mentra.accounts.settings import WebviewSettings
from mentra.accounts.signing import KEY_ID, WebviewSigner, new_private_key
from mentra.accounts.temporary import temporary_tokens
from mentra.accounts.webviews import Hashed, Page, Redeemed
from mentra.errors import ConfigError, Denied, Refused
from mentra.extension import Access
from mentra.interfaces.accounts import ITemporaryTokens, IWebviewSigner
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.stores import IAppStore, IUserStore
from mentra.records import App
from mentra.stores.registry import hash_of
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import WALL_TIME, house_with, success_of
from mentra.testing.requests import FakeCall

ANN, BOB, APP, STORE = "ann@x.org", "bob@x.org", "org.x.captions", "org.augmentos.store"
PACKAGE = Page(package_name=APP)


@implementer(IWebviewSigner)
class KeepingSigner:
    """Keeps what it should sign."""

    signed: tuple[dict[str, Any], float]

    async def sign(self, claims: dict[str, Any], seconds: float) -> str:
        self.signed = (claims, seconds)
        if claims["sub"] == BOB:
            raise Refused("NO_KEY", "this server has no key for that")
        return "signed"


@pytest.fixture
def signer() -> KeepingSigner:
    return KeepingSigner()


@pytest.fixture
def house(signer):
    made = house_with(
        temporary_tokens, parts={IWebviewSigner: signer, IPublicAddress: FakeAddress()},
        sections=[WebviewSettings(most=4, most_of_user=3, urls=("http://lan:1/",))],
    )  # fmt: skip
    for package_name in (APP, "org.other"):
        success_of(IAppStore(made).save(App(package_name=package_name)))
        for key in ("older", "newer"):
            success_of(IAppStore(made).add_key(package_name, f"{key} of {package_name}"))
    success_of(IUserStore(made).create(BOB))
    return made


def call(house, route: Any, body: Any, user_id: str | None = ANN, bearer: str = "") -> Any:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    outcome = route.handle(FakeCall(house, user_id=user_id, body=body, headers=headers))
    return outcome if isinstance(outcome, dict) else success_of(outcome)


def denial(house, route: Any, body: Any, **how: Any) -> int:
    with pytest.raises(Denied) as denied:
        call(house, route, body, **how)
    assert denied.value.body["success"] is False
    assert denied.value.body["error"]
    return denied.value.status


def token_of(house, user_id: str = ANN, package_name: str = APP) -> str:
    page = Page(package_name=package_name)
    return str(call(house, webviews.generate_webview_token, page, user_id)["token"])


def exchanged(house, token: str, package_name: str = APP, bearer: str | None = None) -> Any:
    key = f"newer of {package_name}" if bearer is None else bearer
    body = Redeemed(token=token, package_name=package_name)
    return call(house, webviews.exchange_user_token, body, user_id=None, bearer=key)


def refused(house, token: str, **how: Any) -> int:
    with pytest.raises(Denied) as denied:
        exchanged(house, token, **how)
    return denied.value.status


# -- temporary tokens


def test_a_page_learns_its_user_once(house):
    token = token_of(house)

    answer = exchanged(house, token)

    assert len(bytes.fromhex(token)) == 32
    assert answer == {"success": True, "userId": ANN}
    assert refused(house, token) == 401


def test_a_token_is_good_for_a_minute(house):
    first, second = token_of(house), token_of(house)
    house.clock.advance(59.9)
    assert exchanged(house, first)["success"]

    house.clock.advance(0.2)

    assert refused(house, second) == 401


@pytest.mark.parametrize("bearer", ["newer of org.x.captions", "older of org.x.captions",
                                    "org.x.captions:newer of org.x.captions"])  # fmt: skip
def test_sdks_show_the_bare_key_or_the_package_too(house, bearer):
    assert exchanged(house, token_of(house), bearer=bearer)["userId"] == ANN


@pytest.mark.parametrize(
    "bearer",
    ["", "guess", "newer of org.other", "org.other:newer of org.other",
     "org.other:newer of org.x.captions"],
)  # fmt: skip
def test_without_its_key_an_app_learns_nothing_and_the_token_stays_good(house, bearer):
    token = token_of(house)

    assert refused(house, token, bearer=bearer) == 401
    assert exchanged(house, token)["success"]


def test_another_app_cannot_use_the_token(house):
    token = token_of(house)

    assert refused(house, token, package_name="org.other") == 401
    assert exchanged(house, token)["success"]


def test_of_too_many_tokens_the_oldest_are_worthless(house):
    others = token_of(house, BOB)
    tokens = [token_of(house) for _ in range(4)]

    fates = [refused(house, tokens[0]), *[exchanged(house, one)["userId"] for one in tokens[1:]]]

    assert fates == [401, ANN, ANN, ANN]
    assert exchanged(house, others)["userId"] == BOB


def test_there_are_never_more_tokens_than_allowed(house):
    tokens = [token_of(house, f"{number}@x.org") for number in range(6)]

    assert [ITemporaryTokens(house).redeem(one, APP) is None for one in tokens] == [
        True, True, False, False, False, False
    ]  # fmt: skip


@pytest.mark.parametrize("body", [Redeemed(), Redeemed(token="t"), Redeemed(package_name=APP)])
@pytest.mark.parametrize("route", [webviews.exchange_user_token, webviews.exchange_store_token])
def test_an_exchange_without_token_or_package_is_refused(house, route, body):
    assert denial(house, route, body, bearer="newer of org.x.captions") == 400


def test_an_exchange_is_spelt_as_sdks_spell_it():
    written = {"aos_temp_token": "t", "packageName": "p"}

    assert msgspec.convert(written, Redeemed) == Redeemed(token="t", package_name="p")


# -- the store


def test_the_store_gets_a_users_token(house):
    body = Redeemed(token=token_of(house, package_name=STORE), package_name=STORE)

    answer = call(house, webviews.exchange_store_token, body, user_id=None)

    tokens = {"supabaseToken": None, "coreToken": f"user:{ANN}"}
    assert answer == {"success": True, "userId": ANN, "tokens": tokens}
    assert denial(house, webviews.exchange_store_token, body) == 401


def test_no_other_package_gets_one(house):
    body = Redeemed(token=token_of(house), package_name=APP)

    assert denial(house, webviews.exchange_store_token, body) == 403


# -- hashes


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "text", [ANN, " Ann@X.org", "https://mentra.test", "https://mentra.test/", "http://lan:1", "hi"]
)
def test_a_hash_is_made_with_the_hash_of_the_newest_key(house, text):
    answer = call(house, webviews.hash_with_api_key, Hashed(string_to_hash=text, package_name=APP))

    assert answer == {"success": True, "hash": sha256(text + hash_of(f"newer of {APP}"))}


@pytest.mark.parametrize(
    "text",
    ["https://evil.test", " https://evil.test", "HTTPS:evil.test", "http:\\\\evil.test",
     "//evil.test", "/\\evil.test", "https://mentra.test.evil.test", "https://mentra.test/x"],
)  # fmt: skip
def test_pages_are_told_to_believe_no_other_server(house, text):
    body = Hashed(string_to_hash=text, package_name=APP)

    assert denial(house, webviews.hash_with_api_key, body) == 403


@pytest.mark.parametrize("text", [BOB, "carol@x.org", f" {BOB.upper()}"])
def test_nobody_gets_the_hash_of_another_users_id(house, text):
    body = Hashed(string_to_hash=text, package_name=APP)

    assert denial(house, webviews.hash_with_api_key, body) == 403


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        (webviews.hash_with_api_key, Hashed(package_name=APP), 400),
        (webviews.hash_with_api_key, Hashed(string_to_hash="x"), 400),
        (webviews.hash_with_api_key, Hashed(string_to_hash="x", package_name="org.none"), 404),
        (webviews.generate_webview_token, Page(), 400),
        (webviews.generate_webview_token, Page(package_name="org.none"), 404),
        (webviews.generate_signed_user_token, Page(), 400),
        (webviews.generate_signed_user_token, Page(package_name="org.none"), 404),
    ],
)
def test_what_is_about_no_app_is_refused(house, route, body, status):
    assert denial(house, route, body) == status


# -- signed tokens


def test_a_signed_token_says_who_and_proves_it_to_the_app(house, signer):
    answer = call(house, webviews.generate_signed_user_token, PACKAGE)

    assert answer == {"success": True, "token": "signed", "expiresIn": "10m"}
    assert signer.signed == (
        {
            "sub": ANN,
            "iss": "https://prod.augmentos.cloud",
            "frontendToken": f"{ANN}:{sha256(ANN + hash_of(f'newer of {APP}'))}",
        },
        600,
    )


def test_without_a_key_nothing_is_signed(house):
    assert denial(house, webviews.generate_signed_user_token, PACKAGE, user_id=BOB) == 501


class HereAndNow:
    """As much of a reactor as a thread needs that is none."""

    def getThreadPool(self):  # noqa: N802 - the reactor's name for it
        return self

    def callFromThread(self, function, *arguments):  # noqa: N802 - the reactor's name for it
        function(*arguments)

    def callInThreadWithCallback(self, told, function, *arguments):  # noqa: N802 - the pool's name
        try:
            outcome = function(*arguments)
        except Exception:  # noqa: BLE001 - as the pool does it
            from twisted.python.failure import Failure

            told(False, Failure())
        else:
            told(True, outcome)


def test_the_signature_is_the_keys():
    pem = new_private_key()
    signer = WebviewSigner(lambda: pem, HereAndNow(), lambda: WALL_TIME)

    token = success_of(signer.sign({"sub": ANN}, 600))

    public = serialization.load_pem_private_key(pem.encode(), None).public_key()
    claims = jwt.decode(token, public, ["RS256"], options={"verify_exp": False})
    assert claims == {"sub": ANN, "iat": WALL_TIME, "exp": WALL_TIME + 600}
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}


def no_file() -> str:
    raise ConfigError("others can read it")


def other_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.mark.parametrize("load", [lambda: "no key", no_file, other_key])
def test_what_is_no_key_signs_nothing(load):
    signer = WebviewSigner(load, HereAndNow(), lambda: WALL_TIME)

    with pytest.raises(Refused) as refusal:
        success_of(signer.sign({"sub": ANN}, 600))

    assert refusal.value.code == "NO_KEY"


def test_who_may_call():
    everyones = {"exchange_user_token": Access.KEY, "exchange_store_token": Access.PUBLIC}
    for name, one in vars(webviews).items():
        if type(one).__name__ == "Route":
            assert one.access is everyones.get(name, Access.USER), name
            assert one.templates[1] == f"/api{one.templates[0]}"
