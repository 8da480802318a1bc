"""What the tests of language models say to them."""

from mentra.messages.llm import ChatRequest, Turn


def ask(*said, **how):
    """A request: strings are the user's, pairs name the role."""
    pairs = [("user", one) if isinstance(one, str) else one for one in said]
    turns = [Turn(role=role, content=content) for role, content in pairs]
    return ChatRequest(messages=turns, **how)


def text(content):
    """A block of text."""
    return {"type": "text", "text": content}


def shape(chunks):
    """Chunks as short tuples: the type and what it brings."""
    brings = [(one.text, one.tool_call, one.usage, one.error) for one in chunks]
    return [
        (chunk.type, *(it for it in given if it is not None))
        for chunk, given in zip(chunks, brings, strict=True)
    ]
