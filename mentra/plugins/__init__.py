"""Dropins: modules of ready-made plugin instances.  Others may add modules to this package."""

from twisted.plugin import pluginPackagePaths

__path__.extend(pluginPackagePaths(__name__))
__all__: list[str] = []
