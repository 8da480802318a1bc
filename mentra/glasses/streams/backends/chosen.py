"""The backend that the configuration chose."""

from mentra.extension import ComponentFactory
from mentra.glasses.streams.backends.templates import TemplatesBackend
from mentra.interfaces.services import IServices
from mentra.interfaces.streams import IMediaBackend


def _chosen(services: IServices) -> IMediaBackend:
    return TemplatesBackend(services)


media_backend = ComponentFactory(IMediaBackend, _chosen)
