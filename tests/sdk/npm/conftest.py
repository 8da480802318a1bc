"""One server for all these tests, an app of each SDK, and somebody who wears each."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.sdk.npm.apps import AppSession, NpmApp, app_folder, installed, put_on
from tests.sdk.npm.phones import Background, Phone, token_of
from tests.server.conftest import Running, free_port, is_ready, launch, wait_until

Made = TypeVar("Made")
SDKS = ["@mentra/sdk", "@mentra/sdk3"]
QUICKLY = """
[display]
boot = 0.05
throttle = 0.05
[microphone]
settle = 0.2
debounce = 0.05
subscription_debounce = 0.01
keep_alive = 0.5
[apps]
subscription_grace = 1.0
[streams]
keep_alive = 1.0
[webviews]
key_file = "pages.pem"
urls = ["http://127.0.0.1:PORT"]
[media]
preview = "http://{host}/watch/{stream}"
"""
KEY = "0123456789abcdef" * 4
RECORD: dict[str, Any] = {
    "name": "Remote",
    "description": "Does what it is told.",
    "version": "1.0.0",
    "permissions": [{"type": "ALL"}],
    "settings": [
        {"type": "group", "title": "All"},
        {"type": "text", "key": "name", "label": "Name", "defaultValue": "nobody"},
        {"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False},
        {"type": "slider", "key": "size", "label": "Size", "min": 1, "max": 9, "defaultValue": 5},
    ],
    "tools": [{"id": "tell", "description": "Tells", "parameters": {}}],
}


def make_key(file: Path) -> str:
    """A private key of RSA in *file*; returns the public one, PEM."""
    key = rsa.generate_private_key(65537, 2048)
    with open(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as kept:
        kept.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


class Cloud:
    """A server that is filled by commands, and the phones and apps that know it."""

    def __init__(self, folder: Path, settings: str = QUICKLY) -> None:
        self._modules = installed()
        self.folder, self.port = folder, free_port()
        self._settings = settings.replace("PORT", str(self.port))
        self._public_key = make_key(folder / "pages.pem")
        self._background = Background()
        self._phones: list[Phone] = []
        self._apps: list[NpmApp] = []
        self._made: dict[str, Any] = {}
        self.running: Running
        self.start()

    def start(self) -> None:
        """Start it, on the state directory of the last time."""
        self.running = launch(self.folder, self.port, self.folder / "state", self._settings)
        wait_until(lambda: is_ready(self.running), "the server")

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What *make* returned the first time."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def phone(self, user_id: str) -> Phone:
        """A phone of a person, who need not be known; not connected yet."""
        phone = Phone(self._background, self.port, user_id, token_of(self.running, user_id))
        self._phones.append(phone)
        return phone

    def second_phone(self, phone: Phone) -> Phone:
        """Another one of the same person."""
        other = Phone(self._background, self.port, phone.user_id, phone.token)
        self._phones.append(other)
        return other

    def app(self, sdk: str, package: str, **record: Any) -> NpmApp:
        """An app that the server knows, running."""
        port, file = free_port(), self.folder / f"{package}.json"
        file.write_text(json.dumps(RECORD | record | {"publicUrl": f"http://127.0.0.1:{port}"}))
        self.running.command("app", "add", package, "--record", str(file), "--api-key", KEY)
        folder = self.folder / package
        made = NpmApp(app_folder(folder, self._modules), sdk, package, KEY, port, self._public_key)
        self._apps.append(made)
        made.start()
        return made

    def install(self, app: NpmApp, phone: Phone) -> None:
        self.running.command("app", "install", app.package, "--user", phone.user_id)

    def close(self) -> None:
        for phone in self._phones:
            phone.disconnect()
        self._background.close()
        for app in self._apps:
            app.kill()
        self.running.end()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    made = Cloud(tmp_path_factory.mktemp("npm-sdk"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def other_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A server that is not always there, and has a dashboard."""
    made = Cloud(tmp_path_factory.mktemp("npm-sdk-other"))
    yield made
    made.close()


@pytest.fixture(params=SDKS, ids=["2", "3"])
def app(cloud: Cloud, request: pytest.FixtureRequest) -> NpmApp:
    """The app of an SDK; it is started once for all tests."""
    version = "three" if request.param == SDKS[1] else "two"
    package = f"com.example.remote-{version}"
    return cloud.once(package, lambda: cloud.app(request.param, package))


@pytest.fixture
def wearer(cloud: Cloud, app: NpmApp) -> Phone:
    """The phone of somebody who has the app."""

    def first() -> Phone:
        phone = cloud.phone(f"ann-{app.package[-3:]}@ex-ample.org")
        phone.connect()
        cloud.install(app, phone)
        return phone

    return cloud.once(f"wearer of {app.package}", first)


@pytest.fixture
def session(app: NpmApp, wearer: Phone) -> Iterator[AppSession]:
    """The wearer's session in the app; handlers end with the test."""
    made = put_on(wearer, app)
    yield made
    made.forget()


@pytest.fixture
def phone(wearer: Phone, session: AppSession) -> Phone:
    """The wearer's phone, with the app running and nothing heard yet."""
    return wearer
