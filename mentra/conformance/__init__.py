"""Rules of the protocol, tried on a running server from outside.

``party``  one WebSocket and what it was told
``stage``  the server, two users, an app, and the webhook that the server calls
``rules``  what a rule is, and how they are run
The other modules hold the rules, by subject.  docs/conformance says what each number means.
"""
