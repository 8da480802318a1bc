"""Language models: engines behind :class:`mentra.interfaces.llm.ILanguageModel`.

``answering``  what every engine does with an answer that comes bit by bit
``echo``       says what it was told
``sse``        server-sent events
"""
