"""The user's settings and those of the apps.  Source: docs/protocol/settings.rst.

``keys``         the user's settings as apps see them, made of what phones store
``declared``     what an app may declare, and which values fit
``manager``      the facet: answers from memory, tells apps what is new
``writing``      puts changes into the store, then into the user's session
``phone``        what phones say by message, ``user_routes`` what they say by HTTP
``app_routes``   the pages on which a user sets up an app
``courier``      tells the servers of apps
``section``      what a sysadmin may set
"""
