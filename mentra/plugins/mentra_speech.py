"""The engines for what is heard and said."""

from mentra.speech.lc3 import lc3_codec
from mentra.speech.recognition import recognition
from mentra.speech.settings import speech_section
