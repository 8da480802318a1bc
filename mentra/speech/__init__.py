"""Engines for what is heard and said, behind interfaces.

``lc3``                 the codec that glasses send sound in
``translation``         who translates: ``libretranslate``, ``model_translator`` or a plugin's
``recognition``         speech to text as it is configured: who hears, and who takes over
``fail_over``           one wearer's speech, through one engine after another
``leg``                 the part of the way that one of them goes
``circuits``            engines that fail are left alone for a while
``replay``              sound that may have to be heard again
``patience``            how long speech may stay without an answer
``detection``           the detector of speech that is configured
``loudness``            speech or not, where nothing better is installed
``pieces``              pieces of one length out of chunks of any
``deepgram``, ``soniox``  recognisers behind a WebSocket, each with its dialect
``far_stream``          one wearer's speech on its way to one of these
``timeline``            where it is in what was said
``wyoming_recogniser``, ``wyoming_synthesis``  Wyoming servers that hear and speak
``openai_recogniser``, ``openai_synthesis``  servers with OpenAI's interface
``utterances``          a stream for engines that take whole utterances
``sound_files``         sound as a file
``tags``                names of languages
``voice_activity``      whether somebody speaks
``endpointing``         where an utterance begins and ends
``pocketsphinx``        a recogniser
``sherpa``              another, for models of sherpa-onnx
``worker_recogniser``   what recognisers in processes of their own have in common
``job``                 one utterance for them
``gated``               a stream that has them work while somebody speaks
``synthesis``           who speaks, within bounds; by ``spoken_programs`` for instance
``wav``                 the plain sound in such files
``workers``             these processes; ``worker`` is what runs in them
``queue``, ``load``     which utterance is next, and whether there are too many
``doubts``              engines that are configured and cannot work here
"""
