"""Captions: shows on the glasses what is said around the wearer.

The button takes a photo, and the dashboard says how much was heard.  Started with three environment
variables: PACKAGE_NAME, MENTRAOS_API_KEY and PORT.
"""

import logging
import os
from collections import deque
from itertools import count
from typing import Any

from mentra.errors import Refused
from mentra.sdk import AppServer, AppSession, Transcription

log = logging.getLogger("captions")

LINES = 3
"""How many utterances stay on the display."""


class Captions(AppServer):
    """One session per wearer."""

    async def on_session(self, session: AppSession) -> None:
        """The wearer started the app: listen, and say so."""
        said: deque[str] = deque(maxlen=LINES - 1)
        heard_so_far = count(1)

        def caption(heard: Transcription) -> None:
            session.show_text("\n".join((*said, heard.text)))
            if heard.is_final:  # until then the recogniser may still change its mind
                said.append(heard.text)
                session.write_dashboard(f"Captions: {next(heard_so_far)} so far")

        async def photograph(press: dict[str, Any]) -> None:
            try:
                photo = await session.request_photo(size="small")
            except Refused as problem:
                session.show_text(f"No photo: {problem}")
            else:
                session.show_text(f"A photo: {len(photo.data):,} bytes.")

        session.on_transcription("en-US", caption)
        session.on("button_press", photograph)
        session.show_text("Captions are on.")
        session.write_dashboard("Captions are on.")
        log.info("captions are on for one more wearer")

    async def on_stop(self, session: AppSession, reason: str) -> None:
        """The wearer stopped the app, or went away."""
        session.show_text("Goodbye.", duration_ms=2000)
        log.info("captions are off for a wearer: %s", reason)


def main() -> None:
    """Run until Ctrl-C."""
    package_name, api_key = os.environ.get("PACKAGE_NAME"), os.environ.get("MENTRAOS_API_KEY")
    if not package_name or not api_key:
        raise SystemExit(
            "set PACKAGE_NAME and MENTRAOS_API_KEY, as given to and printed by: mentra app add"
        )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Captions(package_name, api_key, port=int(os.environ.get("PORT", "7010"))).run()


if __name__ == "__main__":
    main()
