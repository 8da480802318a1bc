"""What the clients of a bridge share, put together from the configuration."""

import hmac
import os
from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorProcess
from zope.interface import implementer

from mentra.extension import ComponentFactory
from mentra.interfaces.network import IGuardedHttpClient
from mentra.interfaces.opencode import IOpencode
from mentra.interfaces.services import ISecretFiles, IServices, IStateFolder, IThreads
from mentra.opencode import handout
from mentra.opencode.api import OpencodeApi
from mentra.opencode.confidential import Confidential
from mentra.opencode.conversations import Conversations
from mentra.opencode.credentials import CredentialsFile, default_path
from mentra.opencode.feed import Feed
from mentra.opencode.handout import Handout
from mentra.opencode.process import OpencodeProcess
from mentra.opencode.recording import recorder
from mentra.opencode.settings import OpencodeSettings
from mentra.opencode.watch import Watch


@implementer(IOpencode)
class Bridge(MultiService):
    """One server, one token, and what goes on.

    :raises ConfigError: the password cannot be read, or the program is not there.
    """

    def __init__(self, services: IServices) -> None:
        super().__init__()
        settings: OpencodeSettings = services.settings(OpencodeSettings)
        self._folder: Path = IStateFolder(services).path
        self._token = handout.new_token()
        self._handout: Handout | None = None
        self.confidential = Confidential()
        login = self._login(services, settings)
        if login is not None:
            self.confidential.remember(login[1])
        self.confidential.remember(self._token)
        directory = os.path.expanduser(settings.directory)
        process = self._process = self._process_of(services, settings, login)
        self.api = OpencodeApi(
            IGuardedHttpClient(services),
            settings.url,
            directory=directory,
            login=login,
            confidential=self.confidential,
            starter=process,
            clock=services.clock,
        )
        auth = settings.auth_file
        path = Path(auth).expanduser() if auth else default_path(os.environ)
        self.credentials = CredentialsFile(path, IThreads(services))
        feed = Feed(self.api, services.clock)
        self.conversations = Conversations(self.api, feed, services.clock, self.confidential)
        watch = Watch(self.api, services.clock, self.conversations.__len__)
        services.metrics.show("opencode", watch.health)
        services.metrics.registry.register(watch)
        recording = recorder(services, self.api, feed, directory)
        for service in (feed, self.conversations, watch, *recording):
            service.setServiceParent(self)

    @staticmethod
    def _process_of(
        services: IServices, settings: OpencodeSettings, login: tuple[str, str] | None
    ) -> OpencodeProcess | None:
        """The server, where it is ours to start."""
        if not settings.command or login is None:
            return None
        return OpencodeProcess(
            settings.command,
            settings.url,
            directory=os.path.expanduser(settings.directory),
            login=login,
            processes=IReactorProcess(services),
            clock=services.clock,
            environ=os.environ,
        )

    @staticmethod
    def _login(services: IServices, settings: OpencodeSettings) -> tuple[str, str] | None:
        """What the server wants; one of our own is for nobody else on this machine."""
        if settings.password_file:
            secrets = ISecretFiles(services)
            password = secrets.read(settings.password_file, "[opencode] password_file")
            return settings.username, password
        return (settings.username, handout.new_token()) if settings.command else None

    def is_token(self, text: str) -> bool:
        """Whether *text* opens this bridge."""
        return hmac.compare_digest(text.encode(), self._token.encode())

    def listening(self, port: int) -> None:
        """Hand out *port* and token.

        :raises ConfigError: the file cannot be written.
        """
        made = Handout(port=port, token=self._token)
        handout.write(self._folder, made)
        self._handout = made

    def startService(self) -> None:
        """Start the server, if that is ours to do, and look at it."""
        if self._process is not None:
            self._process.startService()
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Take the file away, end what goes on, and then the server, if it is ours."""
        made, self._handout = self._handout, None
        if made is not None:
            handout.remove(self._folder, made)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await super().stopService()
        # runs are told to stop before that which they run in
        stopped = None if self._process is None else self._process.stopService()
        if stopped is not None:
            await stopped


bridge = ComponentFactory(IOpencode, Bridge)
