"""``load``, which everyone calls, and the :class:`Config` it returns."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs
import msgspec

from mentra.config.declared import Declared, Discovery, declare, discover
from mentra.config.decoding import decode, refuse_strays, refuse_unknown
from mentra.config.legacy import FOREIGN_SECRET_VARIABLES, SECRET_VARIABLE, WEBVIEW_KEY_VARIABLE
from mentra.config.sections import CORE, AuthSettings, PluginsSettings
from mentra.config.sources import Values, gather, read_file
from mentra.errors import ConfigError

FILE_NAME = "mentra.toml"
STATE_NAME = "mentra-state"
DEFAULT = "default"

SectionT = TypeVar("SectionT", bound=msgspec.Struct)


@attrs.frozen
class Config:
    """The configuration of one process.

    :ivar path: the file, absolute; None if there is none.
    :ivar folder: what relative paths in it are relative to: the file's folder, or else the
        working directory.
    :ivar state_dir: absolute; made by :meth:`make_state_dir`, not by loading.
    :ivar sections: struct class to its instance, every declared section.
    :ivar declared: section name to its declaration, in the order of the file.
    :ivar auth_secret: the signing secret if the environment gave it; else it is in
        :attr:`secret_path`.
    :ivar foreign_secrets: those that sign the tokens of identity providers, as far as the
        environment gave them; one more may be in :attr:`foreign_secret_path`.
    :ivar webview_key: the key that signs tokens for web pages, if the environment gave one.
    :ivar broken: sentences about plugin modules that could not be imported.
    """

    path: Path | None
    folder: Path
    state_dir: Path
    sections: Mapping[type[msgspec.Struct], msgspec.Struct]
    declared: Mapping[str, Declared]
    auth_secret: str | None = attrs.field(default=None, repr=False)
    foreign_secrets: tuple[str, ...] = attrs.field(default=(), repr=False)
    webview_key: str | None = attrs.field(default=None, repr=False)
    broken: tuple[str, ...] = ()
    _origins: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    def section(self, struct: type[SectionT]) -> SectionT:
        """The section declared with *struct*.

        :raises LookupError: there is none.
        """
        found = self.sections.get(struct)
        if not isinstance(found, struct):
            raise LookupError(f"no section is declared with {struct.__name__}")
        return found

    def value(self, key: str) -> Any:
        """The value of ``section.key``.

        :raises LookupError: no such key.
        """
        field = self._declared(key)
        section = self.sections[self.declared[field.section].struct]
        return getattr(section, field.attribute)

    def origin(self, key: str) -> str:
        """Where the value of ``section.key`` comes from: ``default``, the file's path,
        ``environment variable X`` or ``flag --x``; ``state_dir`` has an origin too.

        :raises LookupError: no such key.
        """
        if key != "state_dir":
            self._declared(key)
        return self._origins.get(key, DEFAULT)

    @property
    def secret_path(self) -> Path:
        """The file with the signing secret; see :func:`mentra.tokens.load_or_make_secret`."""
        named = self.section(AuthSettings).secret_file
        return self.folder / named if named else self.state_dir / "secrets" / "jwt"

    @property
    def foreign_secret_path(self) -> Path | None:
        """The file with the secret of an identity provider, if one is named."""
        named = self.section(AuthSettings).supabase_secret_file
        return self.folder / named if named else None

    def make_state_dir(self) -> Path:
        """The state directory, made (0700) if it is missing.

        :raises ConfigError: it cannot be made.
        """
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise ConfigError(
                f"{self.state_dir}: {problem.strerror}; name another with --state-dir"
            ) from problem
        return self.state_dir

    def _declared(self, key: str) -> Any:
        section, _, name = key.partition(".")
        if section not in self.declared or name not in self.declared[section].fields:
            raise LookupError(f"no such key: {key}")
        return self.declared[section].fields[name]


def load(
    path: str | Path | None = None,
    *,
    state_dir: str | Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Config:
    """Read the configuration; nothing is written.

    :param path: the file; None takes ``mentra.toml`` in *cwd* if there is one.
    :param flags: ``section.key`` to the value of the flag ``--key``; None is "not given".
    :param environ: the environment, this process's if None.
    :param cwd: the working directory, this process's if None.
    :raises ConfigError: something is wrong; one sentence with file, key and remedy.
    """
    environ = os.environ if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    file = _find(path, cwd)
    folder = file.parent if file else cwd
    where, where_from = _state_dir(state_dir, environ, folder, cwd)
    values, discovery = _values_and_sections(file, folder, environ, flags or {})
    return Config(
        path=file,
        folder=folder,
        state_dir=where,
        sections={
            section.struct: decode(section, values.get(name, {}))
            for name, section in discovery.sections.items()
        },
        declared=discovery.sections,
        auth_secret=_secret(environ, values),
        foreign_secrets=_foreign_secrets(environ),
        webview_key=environ.get(WEBVIEW_KEY_VARIABLE, "").strip() or None,
        broken=discovery.broken,
        origins=_origins(values) | {"state_dir": where_from},
    )


def _find(path: str | Path | None, cwd: Path) -> Path | None:
    if path is not None:
        return _absolute(cwd, path)
    here = _absolute(cwd, FILE_NAME)
    return here if here.exists() else None


def _absolute(folder: Path, path: str | Path) -> Path:
    # links stay: the state directory is beside the file's name, not beside what it points to
    return Path(os.path.abspath(folder / path))


def _state_dir(
    flag: str | Path | None, environ: Mapping[str, str], folder: Path, cwd: Path
) -> tuple[Path, str]:
    if flag:
        return _absolute(cwd, flag), "flag --state-dir"
    # systemd separates several by colons; ours is the first
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return _absolute(cwd, given), "environment variable STATE_DIRECTORY"
    return _absolute(folder, STATE_NAME), DEFAULT


def _values_and_sections(
    file: Path | None, folder: Path, environ: Mapping[str, str], flags: Mapping[str, Any]
) -> tuple[Values, Discovery]:
    """Two phases: [plugins] says where plugins are, and plugins declare the other sections."""
    core = declare(CORE)
    read = read_file(file) if file else {}
    tables = {name: table for name, table in read.items() if isinstance(table, dict)}
    defaults = {field.key: field.default for one in core.values() for field in one.fields.values()}
    values = gather(tables, str(file), environ, flags, defaults)
    plugins = decode(core["plugins"], values.get("plugins", {}))
    assert isinstance(plugins, PluginsSettings)
    discovery = discover(folder / name for name in plugins.path)
    refuse_strays(read, str(file), discovery.sections)
    refuse_unknown(values, str(file), discovery)
    return values, discovery


def _secret(environ: Mapping[str, str], values: Values) -> str | None:
    """The secret in the environment, unless something stronger names a file for it."""
    secret = environ.get(SECRET_VARIABLE, "")
    named = values.get("auth", {}).get("secret_file")
    stronger = named is not None and named.origin.startswith(("environment", "flag"))
    return None if stronger or not secret.strip() else secret


def _foreign_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    found = (environ.get(name, "").strip() for name in FOREIGN_SECRET_VARIABLES)
    return tuple(secret for secret in found if secret)


def _origins(values: Values) -> dict[str, str]:
    return {
        f"{section}.{name}": given.origin
        for section, table in values.items()
        for name, given in table.items()
    }
