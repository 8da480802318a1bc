"""The program that runs an artifact, as a program."""

import json
import subprocess
import sys

import pytest

from mentra.channels.artifacts.launcher import CannotRun, check, fill
from mentra.channels.artifacts.runner import LAUNCHER

LIMITS = {
    "seconds": 2, "output": 100_000, "memory": 64 * 1024 * 1024, "fuel": 200_000_000,
}  # fmt: skip

ECHO = """
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 4096))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
"""
FOREVER = '(module (func (export "_start") (loop $again (br $again))))'
GREEDY = """
(module (memory 1) (func (export "_start")
  (if (i32.eq (memory.grow (i32.const 30000)) (i32.const -1)) (then unreachable))))
"""
OPENS = """
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open
    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "etc/passwd")
  (func (export "_start")
    (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 10)
      (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 100)))))
"""


def launch(folder, mode, entry, text, given=None, schema=None, output=None, **limits):
    (folder / entry).write_text(text)
    job = {
        "mode": mode, "folder": str(folder), "entry": entry, "schema": schema, "input": given,
        "outputSchema": output, "limits": {**LIMITS, **limits},
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", str(LAUNCHER)], input=json.dumps(job).encode(), env={}, cwd=folder,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return json.loads(done.stdout) if done.stdout else None


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("Hi {{name}}{{ name }}", {"name": "Ann"}, "Hi AnnAnn"),
        ("{{a.b}}", {"a": {"b": [1]}}, "[1]"),
        ("{{n}}", {"n": None}, "null"), ("{{{}}} {{ }}", {}, "{{{}}} {{ }}"), ("x", 5, "x"),
    ],
)  # fmt: skip
def test_a_prompt_is_filled(template, values, text):
    assert fill(template, values) == text


@pytest.mark.parametrize("values", [{}, None, "text", {"name": {"x": 1}}])
def test_a_prompt_that_lacks_something_is_not_filled(values):
    with pytest.raises(CannotRun) as problem:
        fill("{{name.first}}", values)

    assert (problem.value.code, problem.value.path) == ("INVALID_INPUT", "input.name.first")


def test_an_input_that_does_not_fit_is_told_with_its_place():
    schema = {"properties": {"a": {"items": {"type": "string"}}}}

    check(schema, {"a": ["x"]}, "the input", "INVALID_INPUT")
    with pytest.raises(
        CannotRun, match=r"the input does not fit at a\.1: 5 is not of type 'string'"
    ) as problem:
        check(schema, {"a": ["x", 5]}, "the input", "INVALID_INPUT")

    assert (problem.value.code, problem.value.path) == ("INVALID_INPUT", "input.a.1")


def test_a_schema_fetches_nothing_from_anywhere():
    with pytest.raises(CannotRun, match="broken"):
        check({"$ref": "http://127.0.0.1:1/schema"}, 1, "the input", "INVALID_INPUT")


@pytest.mark.slow
def test_a_prompt_in_a_process(tmp_path):
    said = launch(
        tmp_path, "prompt", "p.txt", "About {{topic}}.", {"topic": "tea"}, {"type": "object"}
    )
    refused = launch(tmp_path, "prompt", "p.txt", "x", [], {"type": "object"})

    assert said == {"output": "About tea."}
    assert refused["code"] == "INVALID_INPUT"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "entry", "text"),
    [("prompt", "p.txt", "12"), ("wasm", "a.wat", ECHO), ("python", "a.py", "print('[5]')")],
)
def test_what_it_gives_is_checked_as_well(tmp_path, mode, entry, text):
    fits = {"prompt": "string", "wasm": "object", "python": "array"}[mode]

    good = launch(tmp_path, mode, entry, text, {}, output={"type": fits})
    bad = launch(tmp_path, mode, entry, text, {}, output={"type": "boolean"})

    assert "output" in good
    assert bad["code"] == "BAD_OUTPUT"
    assert "what it gives does not fit" in bad["error"]


@pytest.mark.slow
def test_a_schema_that_never_ends_costs_its_own_process_alone(tmp_path):
    schema = {"type": "string", "pattern": "^(a+)+$"}

    assert launch(tmp_path, "prompt", "p.txt", "x", "a" * 60 + "!", schema, seconds=1) is None


@pytest.mark.slow
def test_webassembly_reads_its_input_and_writes_its_output(tmp_path):
    assert launch(tmp_path, "wasm", "a.wat", ECHO, {"a": [1, None]}) == {"output": {"a": [1, None]}}


@pytest.mark.slow
@pytest.mark.parametrize("module", [FOREVER, GREEDY, OPENS, "nonsense", "(module)"])
def test_webassembly_has_bounds_and_no_files(tmp_path, module):
    said = launch(tmp_path, "wasm", "a.wat", module)

    assert said["code"] == "FAILED"


@pytest.mark.slow
def test_a_python_program_reads_its_input_and_prints_its_output(tmp_path):
    program = "import json, sys, os\nprint(json.dumps([json.load(sys.stdin), dict(os.environ)]))"

    output, environment = launch(tmp_path, "python", "a.py", program, {"a": 1})["output"]

    assert output == {"a": 1}
    assert set(environment) <= {"LC_CTYPE"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "program",
    [
        "raise ValueError('x')", "print('no json')", "import sys; sys.exit(3)", "1/0", "",
        "x = bytearray(10**10)", "open('big', 'wb').write(b'x' * 10**6)",
    ],
)  # fmt: skip
def test_a_python_program_that_fails_says_so(tmp_path, program):
    assert launch(tmp_path, "python", "a.py", program)["code"] == "FAILED"


@pytest.mark.slow
@pytest.mark.parametrize(
    "program", ["while True: pass", "import os; os._exit(0)", "import os; os.abort()"]
)
def test_a_python_program_that_does_not_end_well_says_nothing(tmp_path, program):
    assert launch(tmp_path, "python", "a.py", program, seconds=1) is None
