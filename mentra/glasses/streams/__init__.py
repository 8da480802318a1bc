"""Live video of the glasses.  Source: docs/protocol/video.rst.

``manager``        the facet: one stream per user, of either kind; ``handlers``, what leads there
``preconditions``  what must hold before glasses are asked to stream
``unmanaged``      a stream to an address of an app's choice
``managed``        a stream to a media server, for any number of apps: its ``viewers``, its
                   ``outputs``, and ``liveness``, whether it can be watched
``keeping_alive``  whether the glasses are still at it
``directory``      all managed streams of the process; ``routes``, their restreams over HTTP
``backends``       media servers
"""
