"""``python -m mentra.config [template | reference]`` prints what is made from the structs."""

import sys

from mentra.config import reference, template
from mentra.config.declared import discover

_RENDERERS = {"template": template.render, "reference": reference.render}


def main(arguments: list[str]) -> int:
    """Print one of the two; the exit status."""
    wanted = arguments[0] if arguments else "template"
    if wanted not in _RENDERERS or len(arguments) > 1:
        sys.stderr.write("usage: python -m mentra.config [template | reference]\n")
        return 2
    sys.stdout.write(_RENDERERS[wanted](discover().sections))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
