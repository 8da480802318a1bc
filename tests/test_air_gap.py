"""An air gap is looked at before anything runs: which engines would talk to strangers."""

from typing import Annotated, Any

import attrs
import msgspec
import pytest
from msgspec import Meta
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from mentra.air_gap import house_to_look_at, refuse_strangers
from mentra.config.declared import declare
from mentra.config.loading import Config
from mentra.config.sections import CORE
from mentra.engines import engines
from mentra.errors import ConfigError
from mentra.extension import ConfigSection, EngineFactory, Section
from mentra.interfaces.engines import IEngine
from mentra.routing.catalogue import Catalogue


class ILamp(IEngine):
    """Gives light."""


class LampSettings(Section, frozen=True, kw_only=True):
    """[lamp]: a lamp far away."""

    base_url: Annotated[str, Meta(description="Where.")] = "https://lamps.example/v1"
    more: Annotated[dict[str, str], Meta(description="Others.")] = {}  # noqa: RUF012 - msgspec copies it


class UseSettings(Section, frozen=True, kw_only=True):
    """[use]: who uses it."""

    lamps: Annotated[tuple[str, ...], Meta(description="Which.")] = ()


class PlainLogSettings(Section, frozen=True, kw_only=True):
    """[plain]: nothing to do with it."""

    level: Annotated[int, Meta(description="How much.")] = 1


@implementer(ILamp)
@attrs.define
class Lamp:
    told: tuple[str, ...]
    lacking: str | None = None
    name: str = "lamp"

    def unavailable(self) -> str | None:
        return self.lacking

    def addresses(self) -> tuple[str, ...]:
        return self.told


def names(host):
    known = {
        "lamps.example": ["8.8.8.8"],
        "lamps.lan": ["10.0.0.1"],
        "both.lan": ["10.0.0.1", "::"],
    }
    return known.get(host, ())


def check(tmp_path, lamp=None, look_up=names, origins=None, build=None, **settings):
    sections = declare(
        [
            *CORE,
            ConfigSection("lamp", LampSettings),
            ConfigSection("use", UseSettings),
            ConfigSection("plain", PlainLogSettings),
        ]
    )
    lamps = LampSettings(**{key: value for key, value in settings.items() if key != "lamps"})
    values: dict[Any, msgspec.Struct] = {one.struct: one.struct() for one in sections.values()} | {
        LampSettings: lamps,
        UseSettings: UseSettings(lamps=settings.get("lamps", ())),
    }
    given = {f"lamp.{key}": "mentra.toml" for key in settings if key != "lamps"}
    config = Config(
        path=None,
        folder=tmp_path,
        state_dir=tmp_path,
        sections=values,
        declared=sections,
        origins=given | (origins or {}),
    )
    made = lamp or Lamp((lamps.base_url.rstrip("/"),))
    factory = EngineFactory(ILamp, "lamp", build or (lambda services: made))
    house = house_to_look_at(config, Catalogue([engines, factory]), MemoryReactorClock())
    refuse_strangers(config, house, look_up)


def test_an_engine_that_nobody_uses_talks_to_nobody(tmp_path):
    check(tmp_path)


def test_an_engine_that_is_configured_far_away_is_refused_by_name_setting_and_address(tmp_path):
    with pytest.raises(ConfigError) as refused:
        check(tmp_path, base_url="https://lamps.example/v2/")

    text = str(refused.value)
    assert text.startswith("mentra.toml: $.lamp.base_url: the engine 'lamp' talks to ")
    assert "https://lamps.example/v2, which is 8.8.8.8 and neither local nor private" in text
    assert "privacy.air_gap" in text


def test_so_is_one_that_a_setting_names_at_its_default(tmp_path):
    with pytest.raises(ConfigError, match=r"defaults: \$\.lamp\.base_url: the engine 'lamp'"):
        check(tmp_path, lamps=("lamp",))


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:1", "http://localhost", "http://a.localhost", "http://[fd00::1]/",
     "http://lamps.lan", "unix:/run/lamp", "10.1.1.1:5"],
)  # fmt: skip
def test_what_is_near_may_be_used(tmp_path, base_url):
    check(tmp_path, base_url=base_url)


@pytest.mark.parametrize(
    ("base_url", "why"),
    [
        ("http://8.8.8.8/", "which is neither local nor private"),
        ("http://both.lan/", "which is :: and neither local nor private"),
        ("http://unknown.example/", "a name that cannot be looked up here"),
        ("nonsense", "it is no address"),
    ],
)
def test_what_is_not_near_for_sure_is_refused(tmp_path, base_url, why):
    with pytest.raises(ConfigError, match=why):
        check(tmp_path, base_url=base_url)


def test_an_engine_that_lacks_something_is_not_asked(tmp_path):
    check(tmp_path, Lamp(("http://8.8.8.8/",), "set lamp.key"), base_url="http://8.8.8.8/")


def test_an_address_of_no_setting_is_refused_all_the_same(tmp_path):
    with pytest.raises(ConfigError, match=r"the engine 'lamp' talks to 8\.8\.8\.8:1, "):
        check(tmp_path, Lamp(("8.8.8.8:1",)))


def test_an_address_deep_in_a_setting_is_found(tmp_path):
    with pytest.raises(ConfigError, match=r"\$\.lamp\.more: "):
        check(tmp_path, Lamp(("http://8.8.8.8",)), more={"big": "http://8.8.8.8/"})


def test_an_engine_that_cannot_be_made_is_not_trusted(tmp_path):
    def build(services):
        raise RuntimeError

    with pytest.raises(ConfigError, match="'lamp' cannot be made"):
        check(tmp_path, build=build)


def test_where_names_are_not_looked_up_they_are_left_for_later(tmp_path):
    check(tmp_path, look_up=None, base_url="http://lamps.example")

    with pytest.raises(ConfigError):
        check(tmp_path, look_up=None, base_url="http://8.8.8.8")


def test_a_house_without_engines_has_nothing_to_check(tmp_path):
    sections = declare(CORE)
    config = Config(
        path=None,
        folder=tmp_path,
        state_dir=tmp_path,
        sections={one.struct: one.struct() for one in sections.values()},
        declared=sections,
        origins={},
    )

    refuse_strangers(config, house_to_look_at(config, Catalogue([]), MemoryReactorClock()))
