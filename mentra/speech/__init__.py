"""Engines for what is heard and said, behind interfaces.

``lc3``  the codec that glasses send sound in
"""
