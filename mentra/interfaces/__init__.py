"""Where the layers meet: every zope Interface, no code, one module per subject.

``messaging``  handlers, interceptors, peers, paths and the router
``session``    a user's session, the sessions, managers and listeners
``services``   what the house offers: clock, tokens, HTTP client, metrics, configuration
``stores``     what outlives the process
``web``        HTTP routes
``glasses``    the managers of the glasses wing
``audio``      the managers of sound, and of what was said
``engines``    codecs and the like
``streams``    live video, and the servers it goes to
"""
