"""The backend that the configuration chose, of all that are there."""

from mentra.errors import ConfigError
from mentra.extension import ComponentFactory
from mentra.glasses.streams.backends.settings import MediaSettings
from mentra.interfaces.services import ICatalogue, IServices
from mentra.interfaces.streams import IMediaBackend


def _chosen(services: IServices) -> IMediaBackend:
    named = {
        interface.queryTaggedValue("name"): factory
        for interface, factory in ICatalogue(services).components.items()
        if interface is not IMediaBackend and interface.isOrExtends(IMediaBackend)
    }
    settings: MediaSettings = services.settings(MediaSettings)
    factory = named.get(settings.backend)
    if factory is None:
        known = ", ".join(sorted(str(name) for name in named if name))
        raise ConfigError(f"[media] backend is {settings.backend!r}; there are {known or 'none'}")
    backend: IMediaBackend = factory.build(services)
    return backend


media_backend = ComponentFactory(IMediaBackend, _chosen)
