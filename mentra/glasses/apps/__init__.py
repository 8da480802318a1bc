"""The apps of a session.  Source: docs/protocol/lifecycle.rst.

``manager``    the facet: start, stop, attach, detach, send
``life``       the state machine of one app, and ``effects``, what follows its turns
``standing``   what is known of one app while it is not stopped
``entrance``   the path of the apps' sockets and their handshakes
``webhooks``   calling the servers of apps; ``addresses``, what they are told to connect to
``wishes``     what wearers and events ask for
``routes``     the same by HTTP
``pages``      lists of apps by HTTP, made in ``listing``; ``acting``, for whom they are asked
``health``     whether servers of apps answer; ``permissions``, what apps may do; ``tools``, what
               assistants may have them do
``memory``     which apps to start with the next session
"""
