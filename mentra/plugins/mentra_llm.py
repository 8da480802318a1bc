"""Language models."""

from mentra.llm.anthropic import anthropic, anthropic_section
from mentra.llm.compatible import compatible
from mentra.llm.echo import echo, echo_section
from mentra.llm.google import google, google_section
from mentra.llm.openai import openai, openai_section
from mentra.llm.prices import prices
from mentra.llm.settings import llm_section
