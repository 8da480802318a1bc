"""The voice assistant: who talks to it, what is said in turn, and what it can do.

``entrance``       the path: who may come in, and how they go
``guests``         tokens that clients make themselves
``connections``    sockets, and whether they show signs of life
``sessions``       one conversation each, from its first connection to its end
``handlers``       what clients say
"""
