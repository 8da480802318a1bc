"""Files with secrets, in memory."""

from collections.abc import Mapping

import attrs
from zope.interface import implementer

from mentra.errors import ConfigError
from mentra.interfaces.services import ISecretFiles


@implementer(ISecretFiles)
@attrs.frozen
class FakeSecretFiles:
    """Knows the files a test names."""

    files: Mapping[str, str] = attrs.field(factory=dict)

    def read(self, path: str, what: str) -> str:
        """The text at *path*.

        :raises ConfigError: no such file.
        """
        if path not in self.files:
            raise ConfigError(f"{path}: No such file or directory; {what} must be a file")
        return self.files[path]
