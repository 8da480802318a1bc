"""``mentra simulate`` as a program: who wears the glasses, which server, pipes and Ctrl-C."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mentra.admin import main
from mentra.admin.children import program
from mentra.admin.workplace import tokens_of
from mentra.config import load
from mentra.sdk.camera import SMALL_JPEG
from mentra.sdk.captions import Captions
from mentra.tokens import load_or_make_secret
from tests.sdk.fake_cloud import FakeCloud, fake_cloud


def simulate(*arguments: str, environ: Mapping[str, str] | None = None) -> Result:
    return CliRunner(env={"MENTRA_TOKEN": None}).invoke(main, ["simulate", *arguments], env=environ)


def test_somebody_has_to_wear_them(tmp_path: Path):
    result = simulate("--state-dir", str(tmp_path))

    assert result.exit_code == 2
    assert "--user EMAIL, or --token TOKEN" in result.output


def test_a_state_directory_without_a_secret_is_a_sentence(tmp_path: Path):
    result = simulate("--user", "ann@x.org", "--state-dir", str(tmp_path / "state"))

    assert result.exit_code == 1
    assert "no such file; start the server once" in result.output
    assert not (tmp_path / "state").exists()


def test_a_wearer_s_address_has_to_be_one(tmp_path: Path):
    result = simulate(
        "--user", "ann", "--state-dir", str(tmp_path),
        environ={"AUGMENTOS_AUTH_JWT_SECRET": "s" * 32},
    )  # fmt: skip

    assert result.exit_code == 1
    assert "no e-mail address" in result.output


def test_a_server_without_a_port_needs_a_url(tmp_path: Path):
    result = simulate(
        "--token", "t", "--state-dir", str(tmp_path),
        environ={"MENTRA__SERVER__LISTEN": "unix:/tmp/mentra.sock"},
    )  # fmt: skip

    assert result.exit_code == 1
    assert "give its address with --url" in result.output


async def wearing(
    arguments: list[str], typed: bytes, *, interrupt: FakeCloud | None = None
) -> tuple[int | None, str, str]:
    """Run the program with *typed* at its input; status, output, errors."""
    process = await asyncio.create_subprocess_exec(
        *(program("mentra"), "simulate", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(typed)
    if interrupt is None:
        process.stdin.close()
    else:
        await interrupt.until(lambda: interrupt.from_glasses)
        process.send_signal(signal.SIGINT)
    out, errors = await process.communicate()
    return process.returncode, out.decode(), errors.decode()


def greet(cloud: FakeCloud) -> None:
    """Show something as soon as the glasses have spoken."""

    async def show() -> None:
        await cloud.until(lambda: len(cloud.from_glasses) > 1)
        await cloud.to_glasses(
            {
                "type": "display_event",
                "view": "main",
                "packageName": "org.a",
                "layout": {"layoutType": "text_wall", "text": "h\x1b[31mi 日本"},
            }
        )

    cloud._tasks.add(asyncio.ensure_future(show()))


@pytest.mark.slow
def test_a_script_speaks_and_sees_with_a_token_of_the_state_directory(tmp_path: Path):
    config = load(state_dir=tmp_path, environ={}, cwd=tmp_path)
    load_or_make_secret(config.secret_path)

    async def scenario() -> None:
        async with fake_cloud() as cloud:
            greet(cloud)
            arguments = ["--user", " Ann@X.org", "--state-dir", str(tmp_path), "--url", cloud.url]

            status, out, errors = await wearing(
                arguments, b"hello\n/expect i \xe6\x97\xa5\n/quit\n"
            )

            assert (status, errors) == (0, "")
            assert "│ h[31mi 日本 " in out
            token = cloud.headers[0]["Authorization"].removeprefix("Bearer ")
            assert tokens_of(config).verify_user(token) == "ann@x.org"

    asyncio.run(scenario())


@pytest.mark.slow
def test_the_end_of_a_pipe_is_the_end_after_a_while():
    async def scenario() -> None:
        async with fake_cloud() as cloud:
            arguments = ["--token", "t", "--url", cloud.url, "--linger", "0"]

            status, out, _ = await wearing(arguments, b"hello")

            assert status == 0
            assert cloud.from_glasses[-1]["text"] == "hello"
            assert "- connected" in out

    asyncio.run(scenario())


@pytest.mark.slow
def test_the_camera_sees_the_picture_it_was_given(tmp_path: Path):
    picture = tmp_path / "view.jpg"
    picture.write_bytes(SMALL_JPEG.ljust(1234))
    typed = b"/start org.a\n/expect Captions are on.\n/button\n/expect 1,234 bytes\n/quit\n"

    async def scenario() -> None:
        app = Captions("org.a", "key", port=0)
        await app.start()
        try:
            async with fake_cloud() as cloud:
                cloud.webhooks["org.a"] = f"http://127.0.0.1:{app.port}"
                arguments = ["--token", "t", "--url", cloud.url, "--photo", str(picture)]

                status, out, errors = await wearing(arguments, typed)

                assert (status, errors) == (0, ""), out
        finally:
            await app.stop()

    asyncio.run(scenario())


@pytest.mark.slow
def test_ctrl_c_is_a_clean_end():
    async def scenario() -> None:
        async with fake_cloud() as cloud:
            status, _, errors = await wearing(
                ["--token", "t", "--url", cloud.url], b"", interrupt=cloud
            )

            assert (status, errors) == (0, "")
            await cloud.until(lambda: cloud.closes == [1000])

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_refused_token_is_a_sentence_and_status_1():
    async def scenario() -> None:
        async with fake_cloud() as cloud:
            cloud.refuse = 401

            status, _, errors = await wearing(["--token", "t", "--url", cloud.url], b"hello\n")

            assert status == 1
            assert errors.startswith("Error: ws://127.0.0.1:")
            assert "does not accept the token" in errors

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize("command", ["simulate", "demo"])
def test_without_the_extra_a_sentence_names_it(command: str):
    async def scenario() -> tuple[int | None, bytes]:
        script = (
            "import sys; sys.modules['aiohttp'] = None; sys.argv[0] = 'mentra'\n"
            "from mentra.admin import main; main()"
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", script, command), stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        return process.returncode, errors

    status, errors = asyncio.run(scenario())
    assert status == 1
    assert b"mentra[sdk]" in errors
    assert b"Traceback" not in errors
