"""Engines behind a network, and who asks translators."""

from mentra.speech.libretranslate import libretranslate, libretranslate_section
from mentra.speech.model_translator import llm_translator
from mentra.speech.translation import translation, translation_section
