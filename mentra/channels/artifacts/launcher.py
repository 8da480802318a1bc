"""Runs one artifact, in a process of its own.

Started by path, with nothing of the server's environment.  A job comes on standard input as JSON:
``mode``, ``folder``, ``entry``, ``schema``, ``outputSchema``, ``input`` and ``limits``; one line
goes to standard output: ``{"output": ...}`` or ``{"error": ..., "code": ..., "path": ...}``.
"""

import io
import json
import os
import re
import resource
import runpy
import sys
from pathlib import Path
from typing import Any

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,100})\s*\}\}")


class CannotRun(Exception):
    """It cannot be done, and why; fit for people.

    :ivar path: where in the payload, for ``INVALID_INPUT``.
    """

    def __init__(self, code: str, message: str, path: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


def main() -> int:
    """Do the job; the exit status."""
    job: dict[str, Any] = json.load(sys.stdin)
    out = os.dup(1)
    # what the artifact prints is not for us
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        said = {"output": run(job)}
        text = json.dumps(said)
        if len(text) > job["limits"]["output"]:
            raise CannotRun("TOO_LARGE", "what it gives is too large")
    except CannotRun as problem:
        text = json.dumps({"error": problem.message, "code": problem.code, "path": problem.path})
    except (RecursionError, MemoryError) as problem:
        text = json.dumps({"error": f"it failed: {type(problem).__name__}", "code": "FAILED"})
    os.write(out, text.encode() + b"\n")
    return 0


def run(job: dict[str, Any]) -> Any:
    """What the artifact gives.

    :raises CannotRun: the input does not fit, it fails, or what it gives does not fit.
    """
    bound(job["mode"], job["limits"])
    check(job["schema"], job["input"], "the input", "INVALID_INPUT")
    output = work(job)
    check(job["outputSchema"], output, "what it gives", "BAD_OUTPUT")
    return output


def work(job: dict[str, Any]) -> Any:
    """What comes of the input.

    :raises CannotRun: it fails.
    """
    entry = Path(job["folder"], job["entry"])
    if job["mode"] == "prompt":
        return fill(entry.read_text("utf-8", "replace"), job["input"])
    os.chdir(job["folder"])
    return (run_wasm if job["mode"] == "wasm" else run_python)(entry, job["input"], job["limits"])


def bound(mode: str, limits: dict[str, Any]) -> None:
    """Have the kernel end or refuse what takes too much."""
    seconds = int(limits["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["output"], limits["output"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    if mode != "wasm":
        # the sandbox reserves address space that it never uses, and has a bound of its own
        memory = limits["memory"] + 512 * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if mode == "python":
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def check(schema: Any, value: Any, what: str, code: str) -> None:
    """Let a value by that fits.

    :raises CannotRun: *code*; ``FAILED``: the schema itself is broken.
    """
    if schema is None:
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # an empty registry: what a schema refers to is in itself, or nowhere
    nowhere: Registry[Any] = Registry()
    validator = Draft202012Validator(schema, registry=nowhere)
    try:
        problem = next(validator.iter_errors(value), None)
    except (Unresolvable, RecursionError, re.error, ValidationError) as error:
        raise CannotRun("FAILED", f"its schema is broken: {type(error).__name__}") from None
    if problem is not None:
        place = ".".join(str(part) for part in problem.absolute_path)
        message = f"{what} does not fit{' at ' + place if place else ''}: {problem.message}"
        path = ".".join(("input", place)) if place else "input"
        raise CannotRun(code, message[:500], path[:500])


def fill(template: str, values: Any) -> str:
    """*template* with the values in it.

    :raises CannotRun: ``INVALID_INPUT``: one is missing.
    """

    def value_of(found: re.Match[str]) -> str:
        value = values
        for name in found[1].split("."):
            if not isinstance(value, dict) or name not in value:
                why = f"the input has no {found[1]!r}"
                raise CannotRun("INVALID_INPUT", why, f"input.{found[1]}")
            value = value[name]
        return value if isinstance(value, str) else json.dumps(value)

    return PLACEHOLDER.sub(value_of, template)


def run_wasm(entry: Path, value: Any, limits: dict[str, Any]) -> Any:
    """Run a WASI command: its input is JSON on standard input, what it gives on standard output.

    :raises CannotRun: ``FAILED``, or the package is not there.
    """
    try:
        import wasmtime
    except ImportError:
        message = "WebAssembly needs a package: pip install mentra[channels]"
        raise CannotRun("ENGINE_UNAVAILABLE", message) from None
    given, got = Path(".mentra-input"), Path(".mentra-output")
    given.write_text(json.dumps(value), "utf-8")
    config = wasmtime.Config()
    config.consume_fuel = True
    wasi = wasmtime.WasiConfig()
    wasi.stdin_file, wasi.stdout_file = str(given), str(got)
    try:
        engine = wasmtime.Engine(config)
        store = wasmtime.Store(engine)
        store.set_fuel(limits["fuel"])
        store.set_limits(memory_size=limits["memory"], instances=4, tables=16, memories=4)
        store.set_wasi(wasi)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        content = entry.read_bytes()
        module = wasmtime.Module(engine, content.decode() if entry.suffix == ".wat" else content)
        start: Any = linker.instantiate(store, module).exports(store)["_start"]
        start(store)
    except wasmtime.ExitTrap as ended:
        if ended.code != 0:
            raise CannotRun("FAILED", f"it ended with {ended.code}") from None
    except (wasmtime.WasmtimeError, wasmtime.Trap, KeyError, UnicodeDecodeError) as problem:
        first_line = str(problem).strip().partition("\n")[0]
        raise CannotRun("FAILED", f"it failed: {first_line}"[:300]) from None
    return given_back(got.read_bytes() if got.exists() else b"")


def run_python(entry: Path, value: Any, limits: dict[str, Any]) -> Any:
    """Run a Python program likewise.

    :raises CannotRun: ``FAILED``.
    """
    sys.stdin = io.StringIO(json.dumps(value))
    sys.stdout = printed = io.StringIO()
    sys.argv = [str(entry)]
    try:
        runpy.run_path(str(entry), run_name="__main__")
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise CannotRun("FAILED", f"it ended with {ended.code}"[:300]) from None
    except Exception as problem:  # noqa: BLE001 - whatever an artifact raises is its own
        raise CannotRun("FAILED", f"it failed: {type(problem).__name__}: {problem}"[:300]) from None
    return given_back(printed.getvalue().encode("utf-8", "replace"))


def given_back(printed: bytes) -> Any:
    """The JSON that was printed.

    :raises CannotRun: ``FAILED``: it is none.
    """
    try:
        return json.loads(printed)
    except ValueError:
        raise CannotRun("FAILED", "what it printed is no JSON") from None


if __name__ == "__main__":
    sys.exit(main())
