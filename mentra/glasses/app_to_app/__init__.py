"""Messages between users of one app.  Source: docs/protocol/company.rst.

``circles``   who is there: for each app its members, their rooms, letters and what was said last
``exchange``  carries broadcasts, letters and the news of who comes and goes
``fellows``   the facet: the part that a session's user has in it
``handlers``  what apps say on their sockets, and which turns of a session matter
``routes``    who is there, by HTTP
``section``   what a sysadmin may set
"""
