"""Language models."""

from mentra.llm.echo import echo, echo_section
from mentra.llm.openai import openai, openai_section
from mentra.llm.prices import prices
from mentra.llm.settings import llm_section
