"""Further servers that speak OpenAI's chat completions, by the names that ``[llm]`` gives them."""

from functools import partial

from mentra.extension import EngineFactory, EngineSource
from mentra.interfaces.engines import IEngineFactory
from mentra.interfaces.llm import ILanguageModel, IPrices
from mentra.interfaces.services import IServices
from mentra.llm.openai import OpenAi
from mentra.llm.remote import Place, RemoteModel
from mentra.llm.settings import Compatible, ModelSettings
from mentra.providers import read_key


def _factories(services: IServices) -> tuple[IEngineFactory, ...]:
    settings: ModelSettings = services.settings(ModelSettings)
    return tuple(
        EngineFactory(ILanguageModel, name, partial(_model, name, one))
        for name, one in settings.compatible.items()
    )


def _model(name: str, settings: Compatible, services: IServices) -> RemoteModel:
    place = Place(
        base_url=settings.base_url,
        key=read_key(services, settings.key_file, f"the API key of {name}"),
        open=True,
        section=f"llm.compatible.{name}",
        model=settings.model,
    )
    return RemoteModel(name, place, OpenAi(IPrices(services)), services)


compatible = EngineSource(ILanguageModel, _factories)
