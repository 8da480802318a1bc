"""Makers of pictures: engines behind :class:`mentra.interfaces.images.IImageEngine`.

``sketch``   draws on this machine, the same for the same words
``openai``   OpenAI's images API, and whoever speaks it
"""
