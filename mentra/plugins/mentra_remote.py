"""Engines behind a network, and who asks translators."""

from mentra.speech.deepgram import deepgram, deepgram_section
from mentra.speech.libretranslate import libretranslate, libretranslate_section
from mentra.speech.model_translator import llm_translator
from mentra.speech.openai_recogniser import openai_recogniser
from mentra.speech.openai_speech import openai_speech_section
from mentra.speech.openai_synthesis import openai_synthesis
from mentra.speech.soniox import soniox, soniox_section
from mentra.speech.translation import translation, translation_section
from mentra.speech.wyoming_recogniser import wyoming_recogniser
from mentra.speech.wyoming_settings import wyoming_section
from mentra.speech.wyoming_synthesis import wyoming_synthesis
