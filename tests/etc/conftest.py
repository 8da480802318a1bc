"""Programs that check or run the files of etc/, and copies of these files that they can."""

import datetime
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ETC = Path(__file__).parents[2] / "etc"


@pytest.fixture
def program() -> Callable[[str], str]:
    """Where a program is; the test is skipped if it is nowhere."""

    def find(name: str) -> str:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if found is None:
            pytest.skip(f"{name} is not installed")
        return found

    return find


@pytest.fixture
def shipped() -> Callable[[str, Mapping[str, str]], str]:
    """The text of a file in etc/ with some passages exchanged, all of which it must have."""

    def read(name: str, exchanged: Mapping[str, str]) -> str:
        text = (ETC / name).read_text()
        for old, new in exchanged.items():
            assert old in text, f"{name} does not say {old!r}"
            text = text.replace(old, new)
        return text

    return read


@pytest.fixture
def checked() -> Callable[..., str]:
    """Run a command that must succeed; what it printed."""

    def run(*words: str, **environment: str) -> str:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with ``fullchain.pem``, ``privkey.pem`` and both in ``both.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mentra.example.org")])
    today = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    chain = signed.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "fullchain.pem").write_bytes(chain)
    (tmp_path / "privkey.pem").write_bytes(private)
    (tmp_path / "both.pem").write_bytes(chain + private)
    return tmp_path


@attrs.frozen
class Started:
    """A program that runs.

    :ivar said: the file with what it prints.
    """

    process: "subprocess.Popen[bytes]"
    said: Path

    def stop(self) -> None:
        """End it, gently at first."""
        self.process.terminate()
        if not _ended(self.process, 10):
            self.process.kill()
            self.process.wait()


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Start a program and wait until it listens on a port; ended with the test."""
    running: list[Started] = []

    def start(words: Sequence[str], port: int, **environment: str) -> Started:
        said = tmp_path / f"said-{len(running)}.log"
        with said.open("wb") as output:
            process = subprocess.Popen(
                words, stdout=output, stderr=output, env={**os.environ, **environment}
            )
        running.append(Started(process, said))
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                if _ended(process, 0.05):
                    break
            else:
                return running[-1]
        pytest.fail(f"{words[0]} does not listen: {said.read_text()}")

    yield start
    for each in running:
        each.stop()


def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A port of the loopback interface that nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find
