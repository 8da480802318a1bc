"""What people had to say, read by a command."""

from mentra.records import Feedback
from mentra.stores import experiences, users
from mentra.stores.opening import open_for_command


def test_feedback_is_read_in_order_and_the_oldest_of_a_person_is_forgotten(tmp_path):
    with open_for_command(None, tmp_path) as store:
        for user_id in ("ann@x.org", "bob@x.org"):
            store.run(users.create, user_id, 1.0)
        store.run(experiences.add_feedback, "bob@x.org", "fine", 2.0)
        for number in range(experiences.MOST_KEPT + 1):
            store.run(experiences.add_feedback, "ann@x.org", f"no. {number}", 3.0)

        said = store.run(experiences.all_feedback)

    assert said[:2] == (
        Feedback(user_id="bob@x.org", created_at=2.0, text="fine"),
        Feedback(user_id="ann@x.org", created_at=3.0, text="no. 1"),
    )
    assert len(said) == experiences.MOST_KEPT + 1


def test_feedback_goes_with_its_person(tmp_path):
    with open_for_command(None, tmp_path) as store:
        store.run(users.create, "ann@x.org", 1.0)
        store.run(experiences.add_feedback, "ann@x.org", "good", 2.0)

        store.run(users.remove, "ann@x.org", 3.0)

        assert store.run(experiences.all_feedback) == ()
