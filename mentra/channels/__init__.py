"""The wing of browser channels: requests, answers and events for pages.

``entrance``  the path: who may come in, and what is said at the door
``clients``   the pages that are connected
``section``   what a sysadmin may set
"""
