"""Live captions: what the wearer's microphone hears, as text for the apps that subscribed.

``manager``      one recogniser's stream for each language, shared by all who want it
``wishes``       which languages that is, and what they are to be translated into
``tongues``      which language was spoken, where any is wanted
``voice``        whether somebody speaks
``backlog``      sound from before somebody was known to speak
``life``         when a language is being recognised, and when tried again
``source``       the work of one language
``timeline``     when which sound came
``data``         what an app is sent
``delivery``     to whom
``translations`` the same in other languages
``translating``  one text at a time
``refusals``     who is told, once, that there is nothing to come
``figures``      what was never given to a recogniser
``events``       what makes it look up
"""
