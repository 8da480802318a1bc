"""What is typed, as lines: whole ones from a pipe, or letter by letter from a terminal."""

import asyncio
import codecs
import os
import re
import threading
from collections.abc import AsyncIterator, Iterator

MAX_LINE = 1000
"""Characters; what is typed beyond is not taken."""

KEYS = {
    "\t": "/button",
    "\x1b[Z": "/button long",
    "\x1b[A": "/head up",
    "\x1bOA": "/head up",
    "\x1b[B": "/head down",
    "\x1bOB": "/head down",
    "\x01": "/start",
    "\x18": "/stop",
}
"""What a key sends, and the command it stands for: Tab, Shift-Tab, arrows, Ctrl-A, Ctrl-X."""

HELP = "Tab button · Shift-Tab long · ↑↓ head · ^A start · ^X stop · ^C quit · /help"

_STROKE = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1bO.|.", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(?:O|\[[0-9;?]{0,16})?\Z")


class LineEditor:
    """The line being typed.

    :ivar text: what there is of it.
    """

    def __init__(self) -> None:
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._unfinished = ""

    def feed(self, data: bytes) -> list[str]:
        """Take what the terminal sent; the lines and commands that it finished."""
        typed = self._unfinished + self._decoder.decode(data)
        cut_short = _UNFINISHED.search(typed)
        self._unfinished = cut_short.group() if cut_short else ""
        strokes = _STROKE.findall(typed[: cut_short.start()] if cut_short else typed)
        return [line for stroke in strokes for line in self._stroke(stroke)]

    def _stroke(self, stroke: str) -> Iterator[str]:
        if stroke in KEYS:
            yield KEYS[stroke]
        elif stroke in "\r\n":
            line, self.text = self.text, ""
            yield line
        elif stroke in "\x7f\b":
            self.text = self.text[:-1]
        elif stroke == "\x15":
            self.text = ""
        elif stroke == "\x17":
            self.text = self.text.rstrip().rpartition(" ")[0]
        elif stroke == "\x04" and not self.text:
            yield "/quit"
        elif stroke.isprintable() and len(self.text) < MAX_LINE:
            self.text += stroke


async def lines_from(descriptor: int) -> AsyncIterator[str]:
    """The lines that can be read from a file, a pipe or a terminal in line mode, to its end.

    A thread reads, for asyncio cannot wait for files; it is left behind when the caller is done.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        chunk = b"?"
        while chunk:
            try:
                chunk = os.read(descriptor, 65_536)
            except OSError:
                chunk = b""
            try:
                loop.call_soon_threadsafe(queue.put_nowait, chunk)
            except RuntimeError:
                return  # the loop has ended: nobody listens any more

    threading.Thread(target=read, daemon=True, name="stdin").start()
    rest = b""
    while chunk := await queue.get():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")


class Typed:
    """Lines as they are typed, to be waited for by whoever may stop waiting.

    :param descriptor: of the file they come from.
    """

    def __init__(self, descriptor: int) -> None:
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._pump = asyncio.ensure_future(self._read(descriptor))

    async def _read(self, descriptor: int) -> None:
        async for line in lines_from(descriptor):
            self._lines.put_nowait(line)
        self._lines.put_nowait(None)

    async def line(self) -> str | None:
        """The next one, None at the end and from then on."""
        line = await self._lines.get()
        if line is None:
            self._lines.put_nowait(None)
        return line

    def close(self) -> None:
        """Nobody wants to know any more."""
        self._pump.cancel()
