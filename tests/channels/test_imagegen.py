"""The imagegen channels, frame by frame."""

import base64

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.channels.imagegen.wishes import wanted_of
from mentra.drawing.sketch import sketch
from mentra.engines import engines
from mentra.interfaces.analytics import IAnalytics
from mentra.interfaces.images import IImageEngine, IImageFiles, IImageStore, IImageWork
from mentra.interfaces.stores import IUserStore
from mentra.messages.channels.imagegen import (
    CancelJob,
    CreateEntry,
    CreateGroup,
    GetImage,
    ListEntries,
    ListGroups,
    ListImages,
    ListJobs,
    PauseJob,
    ResumeJob,
    RetryJob,
    RunEntry,
    UpdateImage,
)
from mentra.testing.channels import WING, checked, page_at_door, page_of
from mentra.testing.house import house_with, success_of
from mentra.testing.images import PNG, FakeImageEngine


@pytest.fixture
def engine():
    return FakeImageEngine()


@pytest.fixture
def open_wing(open_port, kept_parts, engine):
    """A house of the wing with two makers of pictures, at work, and its ports."""

    def make(**imagegen):
        settings = ImageGenSettings(**{"engine": "fake", **imagegen})
        house, port = open_port(
            engines, sketch, engine.factory(), parts=kept_parts, sections=(settings,)
        )
        IImageWork(house)
        return house, port

    return make


@pytest.fixture
def port(open_wing):
    return open_wing()[1]


@pytest.fixture
def page(port):
    page = page_at_door(port)
    page.take()
    return page


def group_of(page):
    return page.ask("imagegen:list-groups")[0]["id"]


def create(page, prompt="a cat", **fields):
    """A new entry."""
    payload = {"groupId": group_of(page), "prompt": prompt, **fields}
    return checked(CreateEntry, page.ask("imagegen:create-entry", payload))


def jobs(page, **asked):
    return checked(ListJobs, page.ask("imagegen:list-jobs", asked))


def told(page):
    """What is told, in short."""
    return [
        (channel.removeprefix("imagegen:"), payload.get("batchIndex"))
        for channel, payload in page.events()
        if channel.startswith("imagegen:")
    ]


def finish_all(engine):
    """Bring whatever is wanted until nothing is."""
    finish_all_from(engine, 0)


def finish_all_from(engine, done):
    """The same, the first *done* left out."""
    while done < len(engine.batches):
        engine.batches[done].finish()
        done += 1


# -- groups and entries ----------------------------------------------------------------------


def test_there_is_always_a_group_called_default(page):
    [group] = checked(ListGroups, page.ask("imagegen:list-groups"))
    cats = checked(CreateGroup, page.ask("imagegen:create-group", {"name": "Cats"}))

    assert (group["name"], group["collapsed"], group["sortOrder"]) == ("Default", False, 0)
    assert page.ask("imagegen:list-groups") == [group, cats]


def test_an_entry_has_everything_filled_in(page):
    entry = create(page)

    assert checked(ListEntries, page.ask("imagegen:list-entries", {"groupId": group_of(page)})) == [
        entry
    ]
    assert entry["prompt"] == {"type": "inline", "value": "a cat"}
    assert entry["resolution"] == {"width": 512, "height": 512}
    assert entry["imagesPerBatch"] == entry["batchCount"] == 1
    assert (entry["model"], entry["style"], entry["references"]) == (None, None, [])
    assert (entry["enabled"], entry["executionMode"], entry["extParams"]) == (True, "fixed", {})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"prompt": None}, "prompt"), ({"prompt": ""}, "prompt"), ({"prompt": "  "}, "prompt"),
        ({"prompt": {"type": "inline"}}, "prompt.value"),
        ({"prompt": {"type": "inline", "value": []}}, "prompt.value"),
        ({"prompt": {"type": "what", "value": "x"}}, "prompt.type"),
        ({"groupId": None}, "groupId"), ({"imagesPerBatch": 17}, "imagesPerBatch"),
        ({"batchCount": 0}, "batchCount"), ({"executionMode": "target"}, "targetImages"),
        ({"resolution": {"width": 512}}, "resolution"),
        ({"resolution": {"width": 8192, "height": 8192}}, "resolution"),
        ({"resolution": {"type": "preset"}}, "resolution"),
        ({"resolution": {"type": "preset", "aspectRatio": "0:1"}}, "resolution.aspectRatio"),
        ({"references": "x"}, "references"), ({"extParams": []}, "extParams"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_said_to_be_wrong_and_where(page, change, path):
    payload = {"groupId": group_of(page), "prompt": "a cat", **change}

    error = page.answer(page.request("imagegen:create-entry", payload))["error"]

    assert (error["code"], error["details"][0]["path"]) == ("INVALID_MESSAGE", path)
    assert told(page) == []


def test_what_is_not_there_cannot_be_used(page):
    asked = {"groupId": "group_none", "prompt": "a cat"}

    assert page.refusal("imagegen:create-entry", asked)[1] == "there is no such group"
    assert page.refusal("imagegen:run", {"entryId": "none"})[1] == "there is no such entry"
    for channel in ("cancel", "pause", "resume", "retry"):
        refusal = page.refusal(f"imagegen:{channel}", {"jobId": "none"})
        assert refusal == ("HANDLER_ERROR", "there is no such job")
    assert page.ask("imagegen:list-entries", {"groupId": "group_none"}) == []
    assert page.ask("imagegen:delete-image", {"id": "none"}) is False
    for channel in ("get-image", "update-image"):
        assert page.refusal(f"imagegen:{channel}", {"id": "none"})[1] == "there is no such picture"


# -- jobs ------------------------------------------------------------------------------------


def test_a_job_is_told_in_order_and_its_pictures_are_in_the_gallery(page, engine):
    entry = create(page, batchCount=2, imagesPerBatch=2, extParams={"seed": 7})
    finish_all(engine)

    events = page.events()
    assert [channel for channel, _ in events] == [
        "imagegen:job-created",
        "imagegen:batch-started",
        "imagegen:batch-completed",
        "imagegen:batch-started",
        "imagegen:batch-completed",
        "imagegen:job-completed",
    ]
    [job] = jobs(page)
    assert {payload["jobId"] for _, payload in events} == {job["id"]}
    assert [payload.get("batchIndex") for _, payload in events] == [None, 0, 0, 1, 1, None]
    assert (events[0][1]["job"]["state"], events[-1][1]["job"]) == ("queued", job)
    assert (job["queueEntryId"], job["state"]) == (entry["id"], "completed")
    assert job["stats"] == {
        "totalBatches": 2, "successfulBatches": 2, "failedBatches": 0, "totalImages": 4,
        "expectedBatches": 2, "expectedImages": 4,
    }  # fmt: skip
    gallery = checked(ListImages, page.ask("imagegen:list-images"))
    shown = [one for _, payload in events for one in payload.get("images", ())]
    assert gallery == {"images": shown[::-1], "total": 4, "hasMore": False}
    assert len({one["batchId"] for one in shown}) == 2
    assert (shown[0]["model"], shown[0]["prompt"], shown[0]["width"]) == ("fake", "a cat", 512)
    assert shown[0]["filename"].startswith("a-cat-")
    assert shown[0]["filename"].endswith(".png")


def test_each_picture_has_a_seed_of_its_own(page, engine):
    create(page, batchCount=2, imagesPerBatch=2, extParams={"seed": 7, "steps": 3})
    finish_all(engine)

    assert [batch.asked.seed for batch in engine.batches] == [7, 9]
    assert engine.batches[0].asked.params == {"seed": 7, "steps": 3}


def test_a_picture_itself_is_given(page, engine):
    create(page, extParams={"seed": 7})
    finish_all(engine)
    [image] = page.ask("imagegen:list-images")["images"]

    shown = checked(GetImage, page.ask("imagegen:get-image", {"id": image["id"]}))

    assert base64.b64decode(shown["data"]) == PNG + b"7"
    assert (shown["contentType"], shown["filename"]) == ("image/png", image["filename"])


def test_a_picture_that_is_too_large_or_gone_is_told(open_wing, engine, kept_parts):
    _, port = open_wing(max_shown=65_536)
    page = page_at_door(port)
    create(page)
    finish_all(engine)
    [image] = page.ask("imagegen:list-images")["images"]

    kept_parts[IImageFiles].files.clear()

    assert page.refusal("imagegen:get-image", {"id": image["id"]})[1] == (
        "the picture's file is gone"
    )


def test_what_one_thinks_of_a_picture_is_kept_and_it_can_be_deleted(page, engine, kept_parts):
    create(page)
    finish_all(engine)
    [image] = page.ask("imagegen:list-images")["images"]
    liked = {"id": image["id"], "favorite": True, "rating": 5, "tags": ["pet"], "notes": "soft"}

    changed = checked(UpdateImage, page.ask("imagegen:update-image", liked))

    assert changed == image | liked
    assert page.ask("imagegen:list-images", {"tags": ["pet"], "minRating": 5})["total"] == 1
    assert page.refusal("imagegen:list-images", {"minRating": 6})[0] == "INVALID_MESSAGE"
    wrong = {"dateRange": {"start": "soon"}}
    assert page.refusal("imagegen:list-images", wrong)[0] == "INVALID_MESSAGE"
    assert page.ask("imagegen:delete-image", {"id": image["id"]}) is True
    assert page.ask("imagegen:list-images")["total"] == 0
    assert kept_parts[IImageFiles].files == {}


def test_without_auto_run_an_entry_waits_to_be_run(page, engine):
    page.ask("settings:set", {"key": "imageGen.autoRun", "value": False})
    entry = create(page)
    before = list(engine.batches)

    job = checked(RunEntry, page.ask("imagegen:run", {"entryId": entry["id"]}))

    assert before == []
    assert (job["state"], job["queueEntryId"]) == ("queued", entry["id"])
    assert len(engine.batches) == 1


def test_a_failing_batch_is_tried_again_after_growing_pauses(page, engine, clock):
    create(page)
    for pause in (2.0, 8.0):
        engine.batches[-1].fail()
        clock.advance(pause)

    engine.batches[-1].finish()

    assert len(engine.batches) == 3
    assert told(page) == [
        ("job-created", None), ("batch-started", 0), ("batch-completed", 0),
        ("job-completed", None),
    ]  # fmt: skip


def test_a_batch_that_keeps_failing_costs_itself_alone(page, engine, clock):
    create(page, batchCount=2)
    for pause in (2.0, 8.0, 0.0):
        engine.batches[-1].fail()
        clock.advance(pause)

    engine.batches[-1].finish()

    [job] = jobs(page)
    assert told(page) == [
        ("job-created", None), ("batch-started", 0), ("batch-failed", 0), ("batch-started", 1),
        ("batch-completed", 1), ("job-completed", None),
    ]  # fmt: skip
    assert (job["state"], job["lastError"]) == ("completed", "SERVER_ERROR: it is broken")
    assert (job["stats"]["failedBatches"], job["stats"]["successfulBatches"]) == (1, 1)


def test_what_trying_again_does_not_help_ends_the_job(page, engine):
    create(page, batchCount=5)

    engine.batches[0].fail("INVALID_REQUEST", retryable=False)

    [job] = jobs(page)
    assert (job["state"], job["stats"]["totalBatches"]) == ("failed", 1)
    assert job["finishedAt"] is not None
    assert len(engine.batches) == 1


def test_an_engine_that_hangs_is_given_up(open_wing, engine, clock):
    page = page_at_door(open_wing(attempts=1, batch_within=10.0)[1])
    create(page)

    clock.advance(10.0)

    assert engine.batches[0].cancelled
    assert jobs(page)[0]["lastError"] == "TIMEOUT: it took longer than 10 s"


def test_an_engine_with_a_bug_costs_its_job_alone(page, engine, logged_failures):
    create(page)
    engine.batches[0].answer.errback(LookupError("a bug"))
    create(page)
    engine.batches[1].finish()

    assert [job["state"] for job in jobs(page)] == ["completed", "failed"]
    assert told(page)[2] == ("job-completed", None)
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_an_engine_that_is_not_there_is_told(page, engine):
    engine.why_not = "install it"
    create(page)
    create(page, model="gone/model")

    errors = [job["lastError"] for job in jobs(page)]
    assert errors[1] == "ENGINE_UNAVAILABLE: install it"


def test_with_a_target_batches_are_made_until_there_is_enough(page, engine):
    create(page, executionMode="target", targetImages=5, imagesPerBatch=2)

    for batch in range(3):
        engine.batches[batch].finish(1 if batch == 0 else None)

    [job] = jobs(page)
    assert [len(batch.asked.prompts) for batch in engine.batches] == [2, 2, 2]
    assert (job["state"], job["stats"]["totalImages"]) == ("completed", 5)


def test_with_a_target_three_failures_in_a_row_are_the_end(open_wing, engine):
    page = page_at_door(open_wing(attempts=1)[1])
    create(page, executionMode="target", targetImages=5)

    for _ in range(3):
        engine.batches[-1].fail()

    assert (jobs(page)[0]["state"], len(engine.batches)) == ("failed", 3)


def test_with_a_tolerance_a_failure_is_the_end_once_there_is_nearly_enough(open_wing, engine):
    page = page_at_door(open_wing(attempts=1)[1])
    create(page, executionMode="target", targetImages=3, tolerance=1)
    engine.batches[0].finish()
    engine.batches[1].finish()

    engine.batches[2].fail()

    assert (jobs(page)[0]["state"], len(engine.batches)) == ("completed", 3)


def test_a_running_job_is_cancelled_at_once(page, engine, clock):
    create(page, batchCount=3)
    [job] = jobs(page)

    over = checked(CancelJob, page.ask("imagegen:cancel", {"jobId": job["id"]}))

    assert (over["state"], engine.batches[0].cancelled) == ("cancelled", True)
    assert told(page)[-1] == ("job-completed", None)
    assert page.refusal("imagegen:cancel", {"jobId": job["id"]})[1].endswith("it is cancelled")
    assert len(engine.batches) == 1


def test_a_waiting_job_is_cancelled_without_having_run(page, engine):
    create(page)
    create(page)
    waiting, running = jobs(page)

    page.ask("imagegen:cancel", {"jobId": waiting["id"]})
    engine.batches[0].finish()

    assert (running["state"], len(engine.batches)) == ("running", 1)
    assert [job["state"] for job in jobs(page)] == ["cancelled", "completed"]


def test_a_paused_job_finishes_its_batch_and_goes_on_when_it_may(page, engine):
    create(page, batchCount=2)
    [job] = jobs(page)
    paused = checked(PauseJob, page.ask("imagegen:pause", {"jobId": job["id"]}))
    engine.batches[0].finish()
    early = len(engine.batches)
    resumed = checked(ResumeJob, page.ask("imagegen:resume", {"jobId": job["id"]}))

    engine.batches[1].finish()

    assert (paused["state"], early, resumed["state"]) == ("paused", 1, "queued")
    assert told(page) == [
        ("job-created", None), ("batch-started", 0), ("job-updated", None), ("batch-completed", 0),
        ("job-updated", None), ("batch-started", 1), ("batch-completed", 1),
        ("job-completed", None),
    ]  # fmt: skip
    assert jobs(page)[0]["state"] == "completed"


def test_a_job_paused_in_its_last_batch_is_complete(page, engine):
    create(page)
    [job] = jobs(page)
    page.ask("imagegen:pause", {"jobId": job["id"]})

    engine.batches[0].finish()

    assert jobs(page)[0]["state"] == "completed"


def test_a_job_resumed_before_its_batch_was_finished_goes_on(page, engine):
    create(page, batchCount=2)
    [job] = jobs(page)
    for channel in ("pause", "resume"):
        page.ask(f"imagegen:{channel}", {"jobId": job["id"]})

    finish_all(engine)

    [job] = jobs(page)
    assert (job["state"], job["stats"]["totalImages"], len(engine.batches)) == ("completed", 2, 2)


def test_a_job_that_failed_makes_what_is_missing(page, engine):
    create(page, prompt={"type": "inline", "value": ["a", "b"]}, batchCount=2)
    engine.batches[0].fail("INVALID_REQUEST", retryable=False)
    [job] = jobs(page)

    again = checked(RetryJob, page.ask("imagegen:retry", {"jobId": job["id"]}))
    finish_all_from(engine, 1)

    [done] = jobs(page)
    assert (job["state"], again["state"], again["lastError"]) == ("failed", "queued", None)
    assert [batch.asked.prompts for batch in engine.batches] == [("a",), ("a",), ("b",)]
    assert (done["state"], done["stats"]["totalImages"]) == ("completed", 2)
    assert page.refusal("imagegen:retry", {"jobId": job["id"]})[1].endswith("it is completed")


def test_prompts_take_turns_and_wildcards_are_drawn(page, engine):
    create(page, prompt={"type": "library", "value": ["a", " ", "b"]}, batchCount=3)
    finish_all(engine)
    wild = {"type": "wildcard", "value": "a {red|green|blue} cat"}
    create(page, prompt=wild, imagesPerBatch=16, extParams={"seed": 1})
    engine.batches[3].finish()
    create(page, prompt=wild, imagesPerBatch=16, extParams={"seed": 1})

    drawn = engine.batches[3].asked.prompts
    assert [batch.asked.prompts for batch in engine.batches[:3]] == [("a",), ("b",), ("a",)]
    assert set(drawn) == {"a red cat", "a green cat", "a blue cat"}
    assert engine.batches[4].asked.prompts == drawn


@pytest.mark.parametrize(
    ("resolution", "size"),
    [
        ({"width": 64, "height": 32}, (64, 32)),
        ({"type": "preset", "preset": "wide"}, (1536, 864)),
        ({"type": "preset", "aspectRatio": "1:1"}, (1024, 1024)),
        ({"type": "preset", "aspectRatio": "16:9"}, (1360, 768)),
    ],
)
def test_sizes_are_worked_out(page, engine, resolution, size):
    create(page, resolution=resolution)

    asked = engine.batches[0].asked
    assert (asked.width, asked.height) == size


# -- whose turn it is ------------------------------------------------------------------------


def test_of_one_person_one_job_runs_and_of_everybody_a_few(open_wing, engine):
    _, port = open_wing(at_a_time=2)
    ann, bob, cid = (page_of(port, f"{name}@x.org") for name in ("ann", "bob", "cid"))
    for page, prompt in ((ann, "a1"), (ann, "a2"), (bob, "b1"), (cid, "c1")):
        create(page, prompt=prompt)

    def running():
        return [batch.asked.prompts[0] for batch in engine.batches]

    early = running()
    engine.batches[0].finish()
    later = running()
    engine.batches[1].finish()

    assert early == ["a1", "b1"]
    assert later == ["a1", "b1", "a2"]
    assert running() == ["a1", "b1", "a2", "c1"]


def test_two_people_never_see_each_others_pictures(port, engine):
    ann, bob = page_of(port, "ann@x.org"), page_of(port, "bob@x.org")
    for one in (ann, bob):
        one.take()
    create(ann)
    finish_all(engine)
    [image] = ann.ask("imagegen:list-images")["images"]
    [job] = jobs(ann)

    assert bob.events() == []
    assert bob.ask("imagegen:list-images")["total"] == 0
    assert jobs(bob) == []
    assert bob.refusal("imagegen:get-image", {"id": image["id"]})[0] == "HANDLER_ERROR"
    assert bob.refusal("imagegen:retry", {"jobId": job["id"]})[0] == "HANDLER_ERROR"
    assert bob.ask("imagegen:list-entries", {"groupId": group_of(ann)}) == []


def test_there_is_a_bound_for_what_waits(open_wing):
    page = page_at_door(open_wing(max_jobs=1, max_groups=1, max_entries=2)[1])
    entry = create(page)

    for channel, payload in (
        ("imagegen:run", {"entryId": entry["id"]}),
        ("imagegen:create-group", {"name": "more"}),
    ):
        code, text = page.refusal(channel, payload)
        assert (code, text.startswith("there are too many")) == ("HANDLER_ERROR", True)


def test_a_restart_goes_on_with_what_was_left(open_wing, engine):
    house, port = open_wing()
    page = page_at_door(port)
    create(page, batchCount=2, imagesPerBatch=2, extParams={"seed": 7})
    create(page, prompt="later")
    engine.batches[0].finish()
    house.stopService()
    left = [batch.cancelled for batch in engine.batches]

    _, port = open_wing()
    for batch in (2, 3):
        engine.batches[batch].finish()

    page = page_at_door(port)
    assert left == [False, True]
    assert [(batch.asked.prompts[0], batch.asked.seed) for batch in engine.batches[:3]] == [
        ("a cat", 7), ("a cat", 9), ("a cat", 9)
    ]  # fmt: skip
    assert [job["state"] for job in jobs(page)] == ["completed", "completed"]
    assert page.ask("imagegen:list-images")["total"] == 5


def test_stopping_leaves_no_timer(kept_parts, engine, clock):
    settings = ImageGenSettings(engine="fake")
    house = house_with(
        *WING, engines, engine.factory(), clock=clock, parts=kept_parts, sections=[settings]
    )
    work, store = IImageWork(house), IImageStore(house)
    success_of(IUserStore(house).create("ann@x.org"))
    group = success_of(store.groups("ann@x.org"))[0]
    wanted = wanted_of(CreateEntry(group_id=group.id, prompt="a cat"), 1_000_000)
    entry = success_of(store.create_entry("ann@x.org", group.id, wanted, 9))
    success_of(work.run("ann@x.org", entry.id))
    engine.batches[0].fail()
    waiting = len(clock.getDelayedCalls())

    house.stopService()

    assert waiting >= 2
    assert clock.getDelayedCalls() == []


def test_files_that_are_nobodys_are_swept(open_wing, engine, kept_parts, clock):
    files = kept_parts[IImageFiles]
    _, port = open_wing()
    page = page_at_door(port)
    create(page)
    finish_all(engine)
    [held] = files.files
    files.files["orphan.png"], files.written["orphan.png"] = PNG, files.written[held]

    clock.advance(6 * 3600)

    assert list(files.files) == [held]


# -- keys, and what is counted ---------------------------------------------------------------


def test_a_persons_own_key_is_used(page, engine):
    engine.credential = "fake-key"
    page.ask("credentials:set", {"key": "fake-key", "token": "mine"})

    create(page)

    assert engine.batches[0].credential == "mine"


def test_the_person_says_who_draws(page, engine):
    page.ask("settings:set", {"key": "imageGen.defaultModel", "value": "fake/big"})

    create(page)
    engine.batches[0].finish()
    create(page, model="other-model")

    assert [batch.asked.model for batch in engine.batches] == ["big", "other-model"]
    assert page.ask("imagegen:list-images")["images"][0]["model"] == "fake/big"


def test_only_engines_that_are_let_in_are_asked(open_wing, engine):
    page = page_at_door(open_wing(engines=("sketch",))[1])

    create(page)

    assert jobs(page)[0]["lastError"] == "UNKNOWN_ENGINE: fake makes no pictures here"
    assert engine.batches == []


@implementer(IAnalytics)
class Counting:
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def record(self, user_id, happened):
        self.told.append(happened)


def test_batches_are_counted(kept_parts, open_wing, engine, clock):
    counting = kept_parts[IAnalytics] = Counting()
    page = page_at_door(open_wing(attempts=1)[1])
    create(page, batchCount=2, imagesPerBatch=2)
    clock.advance(1.5)
    engine.batches[0].finish()

    engine.batches[1].fail("RATE_LIMITED")

    assert [(one.kind, one.ok, one.code, one.images, one.seconds) for one in counting.told] == [
        ("images", True, "", 2, 1.5),
        ("images", False, "RATE_LIMITED", 0, 0.0),
    ]
    assert [(one.provider, one.model) for one in counting.told] == [("fake", "fake")] * 2


# -- for real --------------------------------------------------------------------------------


def test_the_sketch_draws_a_real_picture(open_wing, engine):
    assert verifyObject(IImageEngine, engine)
    page = page_at_door(open_wing(engine="sketch")[1])
    create(page, resolution={"width": 64, "height": 48}, extParams={"seed": 1})

    [image] = page.ask("imagegen:list-images")["images"]

    shown = base64.b64decode(page.ask("imagegen:get-image", {"id": image["id"]})["data"])
    assert shown.startswith(b"\x89PNG\r\n\x1a\n")
    assert (image["size"], image["model"]) == (len(shown), "sketch")
