"""What makes captions look up."""

from mentra.events import GlassesAttached, GlassesLeft, SubscriptionsChanged, VoiceActivity
from mentra.extension import listener
from mentra.interfaces.audio import ICaptions
from mentra.interfaces.session import IUserSession
from mentra.messages.streams import kind_of

SPOKEN = frozenset({"transcription", "translation"})


@listener(SubscriptionsChanged)
def subscriptions_for_captions(event: SubscriptionsChanged, session: IUserSession) -> None:
    """Look again if captions came or went."""
    if any(kind_of(stream) in SPOKEN for stream in event.before ^ event.after):
        ICaptions(session).evaluate()


@listener(VoiceActivity)
def voice_for_captions(event: VoiceActivity, session: IUserSession) -> None:
    """The phone's word."""
    captions = session.built(ICaptions)
    if captions is not None:
        captions.phone_says(event.speaking)


@listener(GlassesLeft)
def glasses_left_for_captions(event: GlassesLeft, session: IUserSession) -> None:
    """What is being said is cut off, unless they are back at once."""
    captions = session.built(ICaptions)
    if captions is not None:
        captions.glasses_left()


@listener(GlassesAttached)
def glasses_for_captions(event: GlassesAttached, session: IUserSession) -> None:
    """They are back."""
    captions = session.built(ICaptions)
    if captions is not None:
        captions.glasses_came()
