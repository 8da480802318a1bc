"""What the wearer sees when looking up.  Source: docs/protocol/dashboard.rst.

``manager``   the facet, its handlers and listeners
``content``   what apps wrote, and whose turn it is
``drawing``   text into layouts, and layouts into text
"""
