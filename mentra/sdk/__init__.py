"""For people who write apps: Python, asyncio, aiohttp; ``pip install mentra[sdk]``.

::

    class Echo(AppServer):
        async def on_session(self, session: AppSession) -> None:
            session.on_transcription("en-US", lambda heard: session.show_text(heard.text))


    Echo("org.example.echo", api_key).run()

The wearer's side is here too: :class:`GlassesClient`, for tests and simulations, and
:class:`VoiceClient`, which talks to the voice assistant.  :class:`ChannelsClient` is the page's
side of browser channels, and :func:`chat_stream` has a language model answer there bit by bit.
"""

from mentra.sdk.app_server import AppServer
from mentra.sdk.app_session import AppSession
from mentra.sdk.channel_stream import chat_stream
from mentra.sdk.channels import ChannelError, ChannelsClient
from mentra.sdk.glasses import GlassesClient
from mentra.sdk.heard import Transcription
from mentra.sdk.photos import Photo
from mentra.sdk.places import Place
from mentra.sdk.voice import VoiceClient

__all__ = [
    "AppServer",
    "AppSession",
    "ChannelError",
    "ChannelsClient",
    "GlassesClient",
    "Photo",
    "Place",
    "Transcription",
    "VoiceClient",
    "chat_stream",
]
