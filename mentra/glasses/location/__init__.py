"""Where the wearer is.  Source: docs/protocol/location.rst.

``manager``    the facet: what is known, and how exactly it is wanted
``polls``      who waits for an answer of the phone
``positions``  reading and writing positions
``messages``   handlers and listeners, ``routes`` the same over HTTP
"""
