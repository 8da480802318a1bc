"""Which media server the configuration chose."""

import pytest
from zope.interface import implementer, taggedValue
from zope.interface.verify import verifyObject

from mentra.config import load
from mentra.errors import ConfigError
from mentra.extension import ComponentFactory
from mentra.glasses.streams.backends.chosen import media_backend
from mentra.glasses.streams.backends.settings import MediaSettings
from mentra.glasses.streams.backends.templates import TemplatesBackend, templates_backend
from mentra.interfaces.services import IPublicAddress
from mentra.interfaces.streams import IMediaBackend
from mentra.testing.glasses import FakeAddress
from mentra.testing.house import house_with
from mentra.testing.media import FakeMediaBackend


class IAcmeBackend(IMediaBackend):
    """Somebody else's."""

    taggedValue("name", "acme")


@implementer(IAcmeBackend)
class AcmeBackend(FakeMediaBackend):
    """Goes nowhere."""


acme = ComponentFactory(IAcmeBackend, lambda services: AcmeBackend())


def chosen(name: str) -> IMediaBackend:
    house = house_with(
        media_backend, templates_backend, acme,
        sections=(MediaSettings(backend=name),), parts={IPublicAddress: FakeAddress()},
    )  # fmt: skip
    return IMediaBackend(house)


def test_ours_is_the_default():
    assert isinstance(chosen(MediaSettings().backend), TemplatesBackend)


def test_a_plugin_may_bring_one():
    backend = chosen("acme")

    assert isinstance(backend, AcmeBackend)
    assert verifyObject(IMediaBackend, backend)


def test_one_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match="backend is 'acne'; there are acme, templates"):
        chosen("acne")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("ingest", "rtmp://x.test/live", "no {stream} in it"),
        ("hls", "http://x.test/{stream}/{quality}", "other places than"),
        ("thumbnail", "http://x.test/{}", "other places than"),
        ("live", "perhaps", "it is one of glasses, playlist"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(tmp_path, key, value, problem):
    file = tmp_path / "mentra.toml"
    file.write_text(f'[media]\n{key} = "{value}"\n')

    with pytest.raises(ConfigError) as refused:
        load(file, environ={})

    assert f"$.media.{key}" in str(refused.value)
    assert problem in str(refused.value)
