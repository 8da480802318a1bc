"""The voice assistant: who talks to it, what is said in turn, and what it can do.

``entrance``       the path: who may come in, and how they go
``guests``         tokens that clients make themselves
``connections``    sockets, and whether they show signs of life
``sessions``       one conversation each, from its first connection to its end
``handlers``       what clients say, and ``speaking``, how a function becomes one

``conversation``   turn after turn, made of these:
``turn_taking``    whose turn it is
``microphones``    who has the word, and who interrupts (``overhearing``)
``sounding``       pieces of speech in any form, as sound
``utterance``      sound as text: where it begins, where it ends, what was understood
``feeding``        sound that came at once, given on at a pace
``answer``         what becomes of a question, told as it comes:
``thinking``       a text as an answer, with ``tools``, ``memory`` and ``sentences``
``mouth``          an answer as sound, at a pace
``own_tools``      a clock, and the glasses
``telling``        what clients are told of all that
"""
