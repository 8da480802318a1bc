"""What a sysadmin may set: one TOML file, the environment and a few flags, decoded strictly.

``sections``   the core sections; wings and extensions declare theirs as ``IConfigSection`` plugins
``loading``    ``load``, which everyone calls, and the ``Config`` it returns
``declared``   which sections there are, and the fields in them
``sources``    where values come from, and which source wins
``legacy``     variables that other servers of this protocol are configured with
``decoding``   values into structs, and the sentences that say what is wrong with them
``template``   the whole file with every default explained: ``etc/mentra.toml``
``reference``  the same as reStructuredText

``python -m mentra.config > etc/mentra.toml`` writes the template after a section has changed,
``python -m mentra.config reference`` prints the reference.
"""

from mentra.config.loading import Config, load

__all__ = ["Config", "load"]
