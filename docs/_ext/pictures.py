"""Pictures drawn from text: by graphviz where it is installed, else the text itself is shown."""

import shutil
import tomllib
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
CONTRACT = "Imports point down, and never sideways"


class Picture(SphinxDirective):
    """``.. picture:: what it shows`` with a graph in the DOT language below."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The picture, or its text."""
        code = "\n".join(self.content)
        return [drawn(code, self.arguments[0], otherwise=code)]


class Layers(SphinxDirective):
    """``.. layers::`` draws the contract that the import linter checks."""

    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """The picture, or its text."""
        self.env.note_dependency(str(PYPROJECT))
        stacked = layers(PYPROJECT)
        about = "the layers, the highest first"
        return [drawn(layers_graph(stacked), about, otherwise=layers_text(stacked))]


def drawn(code: str, about: str, *, otherwise: str) -> nodes.Node:
    """A graph as a node of the document; the text *otherwise* where nobody can draw."""
    if not dot_is_here():
        return nodes.literal_block(otherwise, otherwise)
    from sphinx.ext.graphviz import graphviz

    return graphviz("", code=code, options={}, alt=about, align="center")


def dot_is_here() -> bool:
    """Whether there is a program that draws."""
    return shutil.which("dot") is not None


def layers(pyproject: Path) -> list[list[str]]:
    """The layers, the highest first; a package that is not there yet stands in parentheses."""
    contracts = tomllib.loads(pyproject.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    contract = next(one for one in contracts if one["name"] == CONTRACT)
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def layers_graph(stacked: list[list[str]]) -> str:
    """A stack of layers in the DOT language: whoever is above may import what is below."""
    rows = "".join(f"<tr><td>{_row(row)}</td></tr>" for row in stacked)
    table = f'<table border="0" cellspacing="4" cellpadding="2">{rows}</table>'
    return f'digraph layers {{ stack [shape=plain, fontname="sans-serif", label=<{table}>]; }}'


def layers_text(stacked: list[list[str]]) -> str:
    """The same without a picture: one line a layer."""
    return "\n".join("  |  ".join(_title(name) for name in row) for row in stacked)


def _row(row: list[str]) -> str:
    cells = "".join(f"<td {_style(name)}>{_title(name)}</td>" for name in row)
    return f'<table border="0" cellspacing="3" cellpadding="5"><tr>{cells}</tr></table>'


def _title(name: str) -> str:
    title = name.strip("()").removeprefix("mentra.")
    return f"({title})" if name.startswith("(") else title


def _style(name: str) -> str:
    return 'border="1" style="dashed"' if name.startswith("(") else 'border="1" bgcolor="#e6eef6"'


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    if dot_is_here():
        # without dot it would warn at every picture
        app.setup_extension("sphinx.ext.graphviz")
        app.config.graphviz_output_format = "svg"
    app.add_directive("picture", Picture)
    app.add_directive("layers", Layers)
    return {"parallel_read_safe": True}
