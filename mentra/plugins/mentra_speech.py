"""The engines for what is heard and said."""

from mentra.speech.figures import engine_figures
from mentra.speech.lc3 import lc3_codec
from mentra.speech.pocketsphinx import pocketsphinx, pocketsphinx_section
from mentra.speech.recognition import recognition
from mentra.speech.settings import speech_section
from mentra.speech.sherpa import sherpa, sherpa_section
from mentra.speech.spoken_programs import espeak_ng, flite
from mentra.speech.synthesis import synthesis_section, synthesiser
from mentra.speech.voice_activity import voice_activity_section, webrtc_detection
