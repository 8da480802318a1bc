"""Pocketsphinx in its worker process.  The package brings a model of American English along.

Times are counted in its frames of 10 ms.
"""

from pathlib import Path
from typing import Any

from mentra.speech.decoding import CannotBegin, CannotLoad
from mentra.speech.pipe import Guess

RATE = 16_000

LOOK_EVERY = 3200
"""Bytes of sound between two looks at what it sounds like: 100 ms."""

GRAMMAR = "wanted"
"""What the search by a grammar is called inside pocketsphinx."""


class PocketsphinxDecoder:
    """One decoder, for one utterance at a time.

    :param decoder: a ``pocketsphinx.Decoder``.
    :param usual: the grammar of utterances that bring none.
    """

    def __init__(self, decoder: Any, usual: str = "") -> None:
        self._decoder = decoder
        self._usual = usual
        self._first_manner: str = decoder.get_cmn(False)
        self._grammar = ""
        self._interim = True
        self._unseen = 0
        self._last = ""
        self._is_open = False

    def begin(self, grammar: str, interim: bool, manner: str) -> None:
        """A new utterance; its manner is the mean of the cepstrum.

        :raises CannotBegin: the grammar is none, or has a word that is not in the dictionary.
        """
        grammar = grammar or self._usual
        if grammar != self._grammar:
            self._change_grammar(grammar)
        # another wearer was heard before this one
        self._decoder.set_cmn(manner or self._first_manner)
        self._decoder.start_utt()
        self._interim = interim
        self._is_open = True
        self._unseen = 0
        self._last = ""

    def sound(self, pcm: bytes, look: bool = True) -> Guess | None:
        """More of it."""
        self._decoder.process_raw(pcm, False, False)
        self._unseen += len(pcm)
        if not (look and self._interim) or self._unseen < LOOK_EVERY:
            return None
        self._unseen = 0
        found = self._decoder.hyp()
        text = found.hypstr if found is not None else ""
        if not text or text == self._last:
            return None
        self._last = text
        return self._guess(text)

    def end(self) -> tuple[Guess | None, str]:
        """It is over."""
        self._close()
        found = self._decoder.hyp()
        text = found.hypstr if found is not None else ""
        return (self._guess(text) if text else None), self._decoder.get_cmn(False)

    def drop(self) -> None:
        """It is over."""
        self._close()

    def try_grammar(self, grammar: str) -> None:
        """See whether *grammar* can be used.

        :raises CannotBegin: it cannot.
        """
        self._change_grammar(grammar)
        self._change_grammar("")

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._decoder.end_utt()

    def _guess(self, text: str) -> Guess:
        words = tuple(
            (_plain(one.word), one.start_frame * 10, (one.end_frame + 1) * 10, _sure(one.prob))
            for one in self._decoder.seg()
            # silence, noise and marks are in brackets of some kind
            if one.word[:1] not in "<[(+"
        )
        return Guess(text, words)

    def _change_grammar(self, grammar: str) -> None:
        self._grammar = ""
        self._decoder.activate_search()
        if not grammar:
            return
        try:
            self._decoder.add_jsgf_string(GRAMMAR, grammar)
            self._decoder.activate_search(GRAMMAR)
        except (ValueError, RuntimeError, KeyError) as problem:
            raise CannotBegin(
                "The grammar is not JSGF, or has words that pocketsphinx does not know"
            ) from problem
        self._grammar = grammar


def _plain(word: str) -> str:
    """*word* without the number of its pronunciation, as in ``to(3)``."""
    return word.partition("(")[0]


def _sure(probability: float) -> float:
    return max(0.0, min(1.0, probability))


def load(settings: dict[str, Any]) -> PocketsphinxDecoder:
    """Load the model, which takes a moment.

    :param settings: ``model``, ``language_model`` and ``dictionary``: paths, empty for those of
        the package; ``grammar``: path of a JSGF file, empty for none.
    :raises CannotLoad: the package is not installed, or a file is not what it should be.
    """
    try:
        from pocketsphinx import Decoder
    except ImportError as problem:
        raise CannotLoad("Pocketsphinx is not installed: pip install 'mentra[speech]'") from problem
    names = {"model": "hmm", "language_model": "lm", "dictionary": "dict"}
    given = {key: settings[name] for name, key in names.items() if settings.get(name)}
    try:
        decoder = Decoder(samprate=RATE, loglevel="FATAL", **given)
    except (RuntimeError, ValueError, TypeError) as problem:
        raise CannotLoad(
            "Pocketsphinx cannot load its model: see model, language_model and dictionary in "
            "[pocketsphinx]"
        ) from problem
    return PocketsphinxDecoder(decoder, _usual_grammar(settings.get("grammar", ""), decoder))


def _usual_grammar(path: str, decoder: Any) -> str:
    if not path:
        return ""
    try:
        grammar = Path(path).read_text("utf-8")
        PocketsphinxDecoder(decoder).try_grammar(grammar)
    except (OSError, UnicodeDecodeError, CannotBegin) as problem:
        raise CannotLoad(
            f"The file that [pocketsphinx] grammar names cannot be used: {path}"
        ) from problem
    return grammar
