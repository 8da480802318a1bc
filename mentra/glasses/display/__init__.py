"""What the wearer sees.  Source: docs/protocol/display.rst.

``manager``    the facet: who may draw, and what comes next
``screen``     what is up, ``frames`` that want to be, and the ``throttle`` between them
``boot``       the screen while apps start
``lock``       which background app may draw
"""
