"""Engines for what is heard and said, behind interfaces.

``lc3``          the codec that glasses send sound in
``translation``  who translates: ``libretranslate``, ``model_translator`` or a plugin's
``recognition``  speech to text as it is configured: which engine, and who takes over from it
``fail_over``    one wearer's speech, through one engine after another
``leg``          the part of the way that one of them goes
``circuits``     engines that fail are left alone for a while
``replay``       sound that may have to be heard again
``patience``     how long speech may stay without an answer
``loudness``     speech or not, where nothing better is installed
``pieces``       pieces of one length out of chunks of any
"""
