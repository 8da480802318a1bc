"""The Twisted Web resource tree: REST, health, metrics, and the control socket.

``site``       everything on one port; ``tree`` and ``templates`` find the route
``access``     the one place that decides who may call what
``observing``  health, readiness and metrics; ``metrics`` counts them
``client``     HTTP towards app servers
``control``    the operator's socket in the state directory
"""
