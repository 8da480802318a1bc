"""What recognisers are asked and what they tell."""

import attrs


@attrs.frozen(kw_only=True)
class Recognition:
    """What is wanted of a recogniser's stream.

    :ivar language: BCP 47 tag, e.g. ``en-US``; a recogniser may know its base language alone.
    :ivar hints: words or phrases that are likely.
    :ivar languages: BCP 47 tags of what may be spoken besides, for engines that tell them apart.
    :ivar grammar: a JSGF grammar: nothing else is said.  Engines without grammars ignore it.
    :ivar interim: whether results are wanted before they are final.
    :ivar translate_to: a language to translate into on the way, for engines that do; None: none.
    """

    language: str
    hints: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    grammar: str | None = None
    interim: bool = True
    translate_to: str | None = None


@attrs.frozen(kw_only=True)
class Word:
    """A word, or a piece of one, as the engine heard it.

    :ivar start_ms: milliseconds since the stream's first sample, likewise ``end_ms``.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None
    is_final: bool = True
    speaker_id: str | None = None


@attrs.frozen(kw_only=True)
class Heard:
    """What was recognised.

    :ivar text: the whole utterance so far; an interim one may be corrected later.
    :ivar is_final: the utterance is over; what is heard next belongs to another.
    :ivar start_ms: where the utterance begins, milliseconds of sound since the stream's first
        sample; ``end_ms``: how far this result reaches.
    :ivar language: what the engine found, if it looks.
    :ivar confidence: 0 to 1.
    :ivar translation: the text in the language that was wanted besides; empty while the engine is
        still at it, None of one that does not translate.
    :ivar engine: name of the recogniser; whoever chose it fills it in.
    """

    text: str
    is_final: bool
    start_ms: int
    end_ms: int
    language: str | None = None
    confidence: float | None = None
    speaker_id: str | None = None
    words: tuple[Word, ...] = ()
    translation: str | None = None
    engine: str | None = None
