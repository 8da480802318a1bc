"""Makers of pictures."""

from mentra.drawing.openai import openai_images, openai_images_section
from mentra.drawing.sketch import sketch
