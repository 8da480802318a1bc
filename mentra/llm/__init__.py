"""Language models: engines behind :class:`mentra.interfaces.llm.ILanguageModel`.

``echo``       says what it was told
``openai``     OpenAI, and whoever speaks its chat completions
``compatible`` further ones of those, by the names that the configuration gives them
``anthropic``  Anthropic's Messages API
``google``     Google's Gemini API
``remote``     what all those behind HTTP have in common
``sse``        server-sent events
``answering``  an answer that comes bit by bit
``blocks``     what the turns of a conversation say
``prices``     what models are known to do and to cost
"""
