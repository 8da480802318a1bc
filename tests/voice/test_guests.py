"""Tokens that clients make themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.voice.guests import guest_of

NOW = 1_748_779_200.0
DAY = 86_400.0
UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


def token(seconds: float = NOW, uuid: str = UUID) -> str:
    return f"guest_{uuid}_{round(seconds * 1000)}"


def code_of(text: str) -> str:
    with pytest.raises(Refused) as refusal:
        guest_of(text, NOW, DAY)
    return refusal.value.code


@pytest.mark.parametrize("seconds", [NOW, NOW - DAY, NOW + 300])
def test_a_guest_is_named_by_the_uuid(seconds):
    guest = guest_of(token(seconds), NOW, DAY)

    assert guest.user_id == f"guest-{UUID}"
    assert guest.is_guest
    assert guest.person is None


def test_the_uuid_may_be_in_any_case_and_is_the_same_guest():
    assert guest_of(token(uuid=UUID.upper()), NOW, DAY).user_id == f"guest-{UUID}"


def test_an_old_token_has_expired():
    assert code_of(token(NOW - DAY - 0.001)) == "AUTH_EXPIRED"


def test_a_token_of_the_future_would_never_expire():
    assert code_of(token(NOW + 300.001)) == "AUTH_INVALID"


@pytest.mark.parametrize(
    "text",
    [
        "guest_", "guest_x_1", f"guest_{UUID}", f"guest_{UUID}_", f"guest_{UUID}_x",
        f"guest_{UUID}_-1", f"guest_{UUID}_1.5", f"guest_{UUID}_1e12", f"guest_{UUID}_ 1",
        f"guest_{UUID}_١٧٤٨٧٧٩٢٠٠٠٠٠", f"guest_{UUID}_1748779200000\n",
        f"guest-{UUID}-1748779200000", f"GUEST_{UUID}_1748779200000",
        "guest_3f2504e0-4f89-11d3-9a0c-0305e82c3301_1748779200000",
        "guest_3f2504e0-4f89-41d3-7a0c-0305e82c3301_1748779200000",
        "guest_3f2504e04f8941d39a0c0305e82c3301_1748779200000",
        f"guest_{{{UUID}}}_1748779200000", f"guest_{UUID}_1748779200000_",
        f"guest_{UUID}_{'9' * 40}",
    ],
)  # fmt: skip
def test_what_is_formed_otherwise_is_invalid(text):
    assert code_of(text) == "AUTH_INVALID"


@given(st.text(max_size=80))
def test_any_text_is_a_guest_or_is_refused(text):
    try:
        guest_of(f"guest_{text}", NOW, DAY)
    except Refused as refusal:
        assert refusal.code in ("AUTH_INVALID", "AUTH_EXPIRED")  # noqa: PT017 - either way
