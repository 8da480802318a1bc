"""Groups, entries, jobs and pictures in a database."""

import msgspec
import pytest
from msgspec import UNSET
from zope.interface.verify import verifyObject

from mentra.errors import Refused
from mentra.interfaces.images import IImageFiles, IImageStore
from mentra.messages.channels.imagegen import DateRange, ListImages, ListJobs, UpdateImage
from mentra.messages.channels.imagegen_changes import UpdateEntry, UpdateGroup
from mentra.messages.channels.images import Prompt, Resolution, Wanted
from mentra.pictures import NewImage

ANN, BOB = "ann@x.org", "bob@x.org"


class Suffix:
    suffix = ".png"


@pytest.fixture
def images(kept):
    for user_id in (ANN, BOB):
        kept.wait(kept.users.create(user_id))
    return kept.images


def wanted(text="a cat", **fields):
    defaults = {
        "prompt": Prompt(value=text), "resolution": Resolution(width=64, height=64),
        "model": None, "style": None, "images_per_batch": 2, "batch_count": 3, "references": [],
        "ext_params": {}, "execution_mode": "fixed", "target_images": None, "tolerance": 0,
    }  # fmt: skip
    return Wanted(**{**defaults, **fields})


def group_of(kept, user_id=ANN):
    return kept.wait(kept.images.groups(user_id))[0]


def entry_of(kept, user_id=ANN, most=100, **fields):
    group = group_of(kept, user_id)
    return kept.wait(kept.images.create_entry(user_id, group.id, wanted(**fields), most))


def job_of(kept, user_id=ANN, most=100):
    kept.now += 1
    return kept.wait(kept.images.create_job(user_id, entry_of(kept, user_id).id, most))


def made(kept, user_id=ANN, count=1, **fields):
    """Pictures of a batch."""
    kept.now += 1
    job = job_of(kept, user_id)
    defaults = {
        "batch_id": "batch", "filename": "cat.png", "size": 10, "width": 64, "height": 64,
        "model": "sketch", "prompt": "a cat",
    }  # fmt: skip
    new = [NewImage(file=f"{job.id}-{n}.png", **{**defaults, **fields}) for n in range(count)]
    return kept.wait(kept.images.add_images(user_id, job.id, new))[1]


def gallery(kept, user_id=ANN, **asked):
    return kept.wait(kept.images.gallery(user_id, ListImages(**asked)))


def refusal_of(kept, awaitable):
    with pytest.raises(Refused) as refused:
        kept.wait(awaitable)
    return refused.value.code


def test_the_interfaces_are_provided(kept, images):
    assert verifyObject(IImageStore, images)
    assert verifyObject(IImageFiles, kept.image_files)


def test_there_is_always_a_group(kept, images):
    first, again = (kept.wait(images.groups(ANN)) for _ in range(2))
    other = kept.wait(images.create_group(ANN, "Cats\0", 2))

    assert [one.name for one in first] == ["Default"]
    assert first == again
    assert (other.name, other.sort_order, other.collapsed) == ("Cats ", 1, False)
    assert kept.wait(images.groups(ANN)) == [*first, other]
    assert refusal_of(kept, images.create_group(ANN, "x", 2)) == "TOO_MANY"
    assert refusal_of(kept, images.groups("nobody@x.org")) == "NO_SUCH_USER"


def test_an_entry_is_kept_as_it_was_wanted(kept, images):
    entry = entry_of(kept, text="ein Kätzchen", ext_params={"seed": 7, "odd": None})
    second = entry_of(kept)
    kept.reopen()

    group = group_of(kept)
    assert kept.wait(kept.images.entries(ANN, group.id)) == [entry, second]
    assert (entry.prompt.value, entry.ext_params) == ("ein Kätzchen", {"seed": 7, "odd": None})
    assert (entry.enabled, entry.sort_order, second.sort_order) == (True, 0, 1)
    assert kept.wait(kept.images.entries(BOB, group.id)) == []


def test_an_entry_needs_a_group_of_ones_own_and_room(kept, images):
    group = group_of(kept)

    for user_id, group_id in ((ANN, "group_none"), (BOB, group.id)):
        made = images.create_entry(user_id, group_id, wanted(), 9)
        assert refusal_of(kept, made) == "NOT_FOUND"
    entry_of(kept)
    assert refusal_of(kept, images.create_entry(ANN, group.id, wanted(), 1)) == "TOO_MANY"


def test_a_job_goes_its_way(kept, images):
    job = job_of(kept)
    begun, what = kept.wait(images.begin(ANN, job.id))
    again = kept.wait(images.begin(ANN, job.id))
    new = NewImage(
        batch_id="b", file="f.png", filename="cat.png", size=1, width=2, height=3, model="m",
        prompt="p", references=("r",),
    )  # fmt: skip
    after, [image] = kept.wait(images.add_images(ANN, job.id, [new]))
    failed = kept.wait(images.batch_failed(ANN, job.id, "SERVER_ERROR: no\0"))
    kept.now += 5
    done = kept.wait(images.move(ANN, job.id, "completed", ("running",)))

    assert (job.state, job.started_at, job.stats.expected_batches) == ("queued", None, 3)
    assert job.stats.expected_images == 6
    assert (begun.state, begun.started_at is not None, again) == ("running", True, None)
    assert what == wanted()
    assert (after.stats.successful_batches, after.stats.total_images) == (1, 1)
    assert (image.job_id, image.references, image.path) == (job.id, ["r"], "images/f.png")
    assert (failed.stats.failed_batches, failed.stats.total_batches) == (1, 2)
    assert failed.last_error == "SERVER_ERROR: no "
    assert (done.state, done.finished_at > begun.started_at) == ("completed", True)


def test_a_target_says_how_many_batches_are_expected(kept, images):
    entry = entry_of(kept, execution_mode="target", target_images=5, batch_count=1)

    job = kept.wait(images.create_job(ANN, entry.id, 9))

    assert (job.stats.expected_images, job.stats.expected_batches) == (5, 3)


def test_what_was_running_waits_again_after_a_restart(kept, images):
    first, second, third = (job_of(kept) for _ in range(3))
    kept.wait(images.begin(ANN, first.id))
    kept.wait(images.move(ANN, third.id, "paused", ("queued",)))
    kept.reopen()

    waiting = kept.wait(kept.images.requeue())

    assert waiting == [(ANN, first.id), (ANN, second.id)]
    assert kept.wait(kept.images.begin(ANN, first.id))[0].state == "running"


def test_a_job_moves_only_from_where_it_may(kept, images):
    job = job_of(kept)

    assert refusal_of(kept, images.move(ANN, job.id, "queued", ("failed",))) == "WRONG_STATE"
    assert refusal_of(kept, images.move(BOB, job.id, "cancelled", ("queued",))) == "NOT_FOUND"
    kept.wait(images.batch_failed(ANN, job.id, "x"))
    kept.wait(images.move(ANN, job.id, "failed", ("queued",)))
    again = kept.wait(images.move(ANN, job.id, "queued", ("failed",)))
    assert (again.finished_at, again.last_error, again.stats.failed_batches) == (None, None, 0)


def test_there_is_a_bound_for_what_waits(kept, images):
    job = job_of(kept, most=1)

    assert refusal_of(kept, images.create_job(ANN, job.queue_entry_id, 1)) == "TOO_MANY"
    assert refusal_of(kept, images.create_job(BOB, job.queue_entry_id, 9)) == "NOT_FOUND"
    kept.wait(images.move(ANN, job.id, "cancelled", ("queued",)))
    assert kept.wait(images.create_job(ANN, job.queue_entry_id, 1)).state == "queued"


def test_jobs_are_listed_the_newest_first(kept, images):
    first, second = job_of(kept), job_of(kept)
    kept.wait(images.begin(ANN, first.id))

    def ids(**asked):
        return [one.id for one in kept.wait(images.jobs(ANN, ListJobs(**asked)))]

    assert ids() == [second.id, first.id]
    assert ids(states=["running"]) == ids(entry_id=first.queue_entry_id) == [first.id]
    assert (ids(limit=1), ids(states=[])) == ([second.id], [])
    assert kept.wait(images.jobs(BOB, ListJobs())) == []


def test_the_gallery_finds_what_fits(kept, images):
    [cat] = made(kept)
    [dog] = made(kept, prompt="a 100% dog", model="big", filename="a-dog.png")
    made(kept, prompt="a bird", filename="b.png")
    for change in (
        UpdateImage(id=cat.id, favorite=True, rating=5, tags=["pet", "soft", "pet"]),
        UpdateImage(id=dog.id, rating=3, tags=["pet"], notes="Good_boy"),
    ):
        kept.wait(images.change_image(ANN, change))

    def names(**asked):
        return [one.prompt for one in gallery(kept, **asked).images]

    everything = ["a bird", "a 100% dog", "a cat"]
    assert names() == everything
    assert names(sort_by="oldest") == everything[::-1]
    assert names(sort_by="name") == ["a 100% dog", "a bird", "a cat"]
    assert names(sort_by="rating") == ["a cat", "a 100% dog", "a bird"]
    assert names(models=["big"]) == names(search="100%") == names(search="good_") == ["a 100% dog"]
    assert names(search="0_") == names(models=[]) == []
    assert names(favorite=True) == names(min_rating=4) == names(tags=["soft", "pet"]) == ["a cat"]
    assert names(favorite=False) == ["a bird", "a 100% dog"]
    assert names(tags=["pet"]) == ["a 100% dog", "a cat"]
    assert names(date_range=DateRange(start=dog.created_at)) == ["a bird", "a 100% dog"]
    assert names(date_range=DateRange(end="1970-01-01T00:00:00+00:00")) == []
    assert names(date_range=DateRange(start=cat.created_at, end=cat.created_at)) == ["a cat"]


def test_the_gallery_comes_page_by_page(kept, images):
    made(kept, count=5)

    first, last = gallery(kept, limit=2), gallery(kept, limit=2, offset=4)

    assert (len(first.images), first.total, first.has_more) == (2, 5, True)
    assert (len(last.images), last.total, last.has_more) == (1, 5, False)


@pytest.mark.parametrize("text", ["soon", "", "2025-13-01", "9999-99", "\0"])
def test_a_date_that_is_none_is_refused(text):
    with pytest.raises(msgspec.ValidationError, match="no date"):
        msgspec.convert({"dateRange": {"start": text}}, ListImages)


def test_what_one_thinks_of_a_picture_is_kept_and_taken_back(kept, images):
    [cat] = made(kept)
    kept.wait(
        images.change_image(
            ANN, UpdateImage(id=cat.id, favorite=True, rating=1, tags=["a"], notes="x\0")
        )
    )
    kept.reopen()

    held = gallery(kept).images[0]
    back = kept.wait(
        kept.images.change_image(ANN, UpdateImage(id=cat.id, rating=None, tags=[], notes=None))
    )
    same = kept.wait(kept.images.change_image(ANN, UpdateImage(id=cat.id, favorite=UNSET)))

    assert (held.favorite, held.rating, held.tags, held.notes) == (True, 1, ["a"], "x ")
    assert (back.favorite, back.rating, back.tags, back.notes) == (True, None, [], None)
    assert same == back
    assert gallery(kept, tags=["a"]).total == 0


def test_nobody_reaches_what_is_anothers(kept, images):
    [cat] = made(kept)

    assert gallery(kept, BOB).total == 0
    assert kept.wait(images.file_of(BOB, cat.id)) is None
    assert kept.wait(images.remove_image(BOB, cat.id)) is None
    assert refusal_of(kept, images.change_image(BOB, UpdateImage(id=cat.id))) == "NOT_FOUND"
    assert refusal_of(kept, images.add_images(BOB, cat.job_id, [])) == "NOT_FOUND"
    assert refusal_of(kept, images.batch_failed(BOB, cat.job_id, "x")) == "NOT_FOUND"
    assert kept.wait(images.begin(BOB, cat.job_id)) is None


def test_a_picture_is_forgotten_and_its_file_named(kept, images):
    [cat] = made(kept)
    kept.wait(images.change_image(ANN, UpdateImage(id=cat.id, tags=["pet"])))
    found, name = kept.wait(images.file_of(ANN, cat.id))

    assert found.id == cat.id
    assert kept.wait(images.files()) == {name}
    assert kept.wait(images.remove_image(ANN, cat.id)) == name
    assert kept.wait(images.remove_image(ANN, cat.id)) is None
    assert kept.wait(images.files()) == frozenset()


def test_everything_goes_with_its_person(kept, images):
    kept_name, _ = kept.wait(kept.image_files.keep(lambda file: file.write(b"x") and Suffix()))
    job = job_of(kept)
    new = NewImage(
        batch_id="b", file=kept_name, filename="cat.png", size=1, width=2, height=3, model="m",
        prompt="p",
    )  # fmt: skip
    kept.wait(images.add_images(ANN, job.id, [new]))

    kept.wait(kept.users.remove(ANN))

    assert kept.wait(kept.image_files.read(kept_name)) is None
    assert kept.wait(images.files()) == frozenset()
    assert kept.wait(images.requeue()) == []


# -- changed and deleted -----------------------------------------------------------------------


def keep_all(before):
    return before


@pytest.mark.parametrize("name", ["none", "", "\0"])
def test_nobody_changes_or_deletes_what_is_anothers_or_nowhere(kept, images, name):
    group, entry = group_of(kept), entry_of(kept)
    acts = (
        lambda user_id, one: images.change_group(user_id, UpdateGroup(id=one or group.id)),
        lambda user_id, one: images.change_entry(
            user_id, UpdateEntry(id=one or entry.id), keep_all
        ),
    )

    for act in acts:
        with pytest.raises(Refused):
            kept.wait(act(ANN, name or "none"))
        with pytest.raises(Refused):
            kept.wait(act(BOB, None))
    with pytest.raises(Refused):
        kept.wait(
            images.change_entry(
                BOB, UpdateEntry(id=entry_of(kept, BOB).id, group_id=group.id), keep_all
            )
        )

    for remove, own in ((images.remove_group, group.id), (images.remove_entry, entry.id)):
        assert kept.wait(remove(BOB, own)) is kept.wait(remove(ANN, name)) is False
    assert kept.wait(images.entries(ANN, group.id)) == [entry]


def test_changes_are_kept_and_what_was_deleted_is_gone(kept, images):
    group, entry = group_of(kept), entry_of(kept)
    job = kept.wait(images.create_job(ANN, entry.id, 10))
    kept.now += 5

    def more(before):
        return msgspec.structs.replace(before, batch_count=5)

    changed = kept.wait(images.change_entry(ANN, UpdateEntry(id=entry.id, enabled=False), more))

    kept.reopen()
    again = kept.images
    assert kept.wait(again.entries(ANN, group.id)) == [changed]
    assert (changed.enabled, changed.batch_count) == (False, 5)
    assert changed.updated_at > entry.updated_at
    assert kept.wait(again.jobs(ANN, ListJobs()))[0].stats.expected_batches == 5
    with pytest.raises(Refused):
        kept.wait(again.create_job(ANN, entry.id, 10))
    kept.wait(again.move(ANN, job.id, "cancelled", ("queued",)))
    assert kept.wait(again.remove_entry(ANN, entry.id)) is True
    assert kept.wait(again.jobs(ANN, ListJobs())) == []
    assert kept.wait(again.remove_group(ANN, group.id)) is True
    assert kept.wait(again.groups(ANN))[0].id != group.id


def test_an_entry_with_pictures_stays(kept, images):
    made(kept)
    job = kept.wait(images.jobs(ANN, ListJobs()))[0]
    kept.wait(images.move(ANN, job.id, "cancelled", ("queued",)))

    with pytest.raises(Refused):
        kept.wait(images.remove_entry(ANN, job.queue_entry_id))

    assert kept.wait(images.gallery(ANN, ListImages())).total == 1
