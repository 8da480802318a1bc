"""All rules, in the order in which they are tried."""

from mentra.conformance import apps, connecting, glasses, streams
from mentra.conformance.rules import Rule

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            one
            for module in (connecting, apps, streams, glasses)
            for one in vars(module).values()
            if isinstance(one, Rule)
        ),
        key=lambda one: one.number,
    )
)
