"""Language models."""

from mentra.llm.echo import echo, echo_section
