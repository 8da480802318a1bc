"""References made from the code while the manual is built."""

from collections.abc import Iterator
from typing import Any

import click
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from mentra.admin import COMMANDS, main
from mentra.config.declared import discover
from mentra.config.reference import render


class ConfigReference(SphinxDirective):
    """``.. config-reference::`` lists every section and key of the configuration."""

    def run(self) -> list[nodes.Node]:
        """Sections of the page."""
        text = render(discover().sections)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class CommandReference(SphinxDirective):
    """``.. command-reference::`` lists every ``mentra`` command with its options."""

    def run(self) -> list[nodes.Node]:
        """Sections of the page."""
        text = "\n".join(_lines())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name, groups left out."""
    context = click.Context(main, info_name="mentra")
    for name in COMMANDS:
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                if found is not None:
                    yield f"mentra {name} {inner}", found
        elif command is not None:
            yield f"mentra {name}", command


def _lines() -> Iterator[str]:
    for name, command in commands():
        context = click.Context(command, info_name=name)
        usage = " ".join([name, *command.collect_usage_pieces(context)])
        yield from (f".. _{name.replace(' ', '-')}:", "", name, "-" * len(name), "")
        yield from ("::", "", f"    {usage}", "")
        yield from (_escaped(command.help or "").strip(), "")
        for parameter in command.params:
            record = parameter.get_help_record(context)
            if record is not None:
                yield from (f"``{record[0]}``", f"    {_escaped(record[1]) or 'no value'}", "")


def _escaped(text: str) -> str:
    for special in ("\\", "*", "`", "|", "_"):
        text = text.replace(special, f"\\{special}")
    return "\n".join(line.strip() for line in text.splitlines())


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("config-reference", ConfigReference)
    app.add_directive("command-reference", CommandReference)
    return {"parallel_read_safe": True}
