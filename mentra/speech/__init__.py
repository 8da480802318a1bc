"""Engines for what is heard and said, behind interfaces.

``lc3``  the codec that glasses send sound in
``translation``  who translates: ``libretranslate``, ``model_translator`` or a plugin's
``providers``  what engines behind a network have in common
"""
