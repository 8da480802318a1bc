"""What each model of glasses can do."""

from typing import Any

from zope.interface import Interface


class IProfiles(Interface):
    """The profiles of the models.  Adapt the services to it.  Source: docs/protocol/glasses.rst."""

    def of(model_name: str | None) -> Any:
        """The profile of a model, the dict that apps are sent; None for one nobody described."""
