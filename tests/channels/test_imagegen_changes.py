"""Groups and entries of pictures are changed and deleted."""

import pytest

from mentra.channels.imagegen.section import ImageGenSettings
from mentra.engines import engines
from mentra.interfaces.images import IImageWork
from mentra.messages.channels import imagegen_changes as said
from mentra.testing.channels import checked, page_at_door
from mentra.testing.images import FakeImageEngine


@pytest.fixture
def engine():
    return FakeImageEngine()


@pytest.fixture
def page(open_port, kept_parts, engine):
    settings = ImageGenSettings(engine="fake", max_pixels=1_000_000)
    house, port = open_port(engines, engine.factory(), parts=kept_parts, sections=(settings,))
    IImageWork(house)
    page = page_at_door(port)
    page.ask("settings:set", {"key": "imageGen.autoRun", "value": False})
    page.take()
    return page


@pytest.fixture
def group(page):
    return page.ask("imagegen:list-groups")[0]


@pytest.fixture
def entry(page, group):
    return page.ask("imagegen:create-entry", {"groupId": group["id"], "prompt": "a cat"})


def listed(page, group):
    return page.ask("imagegen:list-entries", {"groupId": group["id"]})


def test_a_group_is_renamed_folded_up_and_put_elsewhere(page, group):
    cats = page.ask("imagegen:create-group", {"name": "Cats"})
    changes = {"name": "Best cats", "collapsed": True, "sortOrder": -1}

    changed = checked(
        said.UpdateGroup, page.ask("imagegen:update-group", {"id": cats["id"], **changes})
    )

    assert {**cats, **changes} == {**changed, "updatedAt": cats["updatedAt"]}
    assert page.events() == [("imagegen:group-updated", changed)]
    assert page.ask("imagegen:list-groups") == [changed, group]


def test_only_an_empty_group_is_deleted(page, group, entry):
    refused = page.refusal("imagegen:delete-group", {"id": group["id"]})
    page.ask("imagegen:delete-entry", {"id": entry["id"]})
    page.take()

    gone = [page.ask("imagegen:delete-group", {"id": group["id"]}) for _ in range(2)]

    assert refused == ("HANDLER_ERROR", "there are entries in the group")
    assert gone == [True, False]
    assert page.events() == [("imagegen:group-deleted", {"id": group["id"]})]
    assert [one["name"] for one in page.ask("imagegen:list-groups")] == ["Default"]


def test_what_is_given_is_changed_and_the_rest_stays(page, group, entry):
    other = page.ask("imagegen:create-group", {"name": "Cats"})
    changes = {
        "groupId": other["id"], "sortOrder": 7, "batchCount": 3, "style": "ink",
        "resolution": {"width": 64, "height": 48}, "extParams": {"seed": 5},
    }  # fmt: skip

    changed = checked(
        said.UpdateEntry, page.ask("imagegen:update-entry", {"id": entry["id"], **changes})
    )
    plain = page.ask("imagegen:update-entry", {"id": entry["id"], "style": None})

    assert {**entry, **changes} == {**changed, "updatedAt": entry["updatedAt"]}
    assert page.events() == [
        ("imagegen:entry-updated", changed),
        ("imagegen:entry-updated", plain),
    ]
    assert (plain["style"], plain["batchCount"]) == (None, 3)
    assert (listed(page, group), listed(page, other)) == ([], [plain])


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"prompt": " "}, "prompt"), ({"batchCount": 0}, "batchCount"),
        ({"resolution": {"width": 2000, "height": 2000}}, "resolution"),
        ({"executionMode": "target"}, "targetImages"), ({"enabled": "no"}, "enabled"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_place_and_changes_nothing(
    page, group, entry, change, path
):
    wrong = {"id": entry["id"], "sortOrder": 3, **change}

    error = page.answer(page.request("imagegen:update-entry", wrong))["error"]

    assert error["code"] == "INVALID_MESSAGE"
    assert error["details"][0]["path"] == path
    assert listed(page, group) == [entry]
    assert page.events() == []


def test_a_disabled_entry_makes_no_pictures_until_it_is_enabled(page, entry, engine):
    page.ask("imagegen:update-entry", {"id": entry["id"], "enabled": False})
    refused = page.refusal("imagegen:run", {"entryId": entry["id"]})
    page.ask("imagegen:update-entry", {"id": entry["id"], "enabled": True})

    page.ask("imagegen:run", {"entryId": entry["id"]})

    assert refused == ("HANDLER_ERROR", "the entry is disabled")
    assert len(engine.batches) == 1


def test_a_job_that_waits_makes_what_the_entry_says_then(page, group, entry, engine):
    first = page.ask("imagegen:run", {"entryId": entry["id"]})
    waiting = page.ask("imagegen:run", {"entryId": entry["id"]})

    page.ask("imagegen:update-entry", {"id": entry["id"], "prompt": "a dog", "batchCount": 2})
    for number in range(3):
        engine.batches[number].finish()

    done = {one["id"]: one["stats"] for one in page.ask("imagegen:list-jobs")}
    assert [one.asked.prompts for one in engine.batches] == [("a cat",), ("a dog",), ("a dog",)]
    assert done[first["id"]]["totalImages"] == done[first["id"]]["expectedImages"] == 1
    assert done[waiting["id"]]["totalImages"] == done[waiting["id"]]["expectedImages"] == 2


def test_an_entry_is_deleted_when_nothing_depends_on_it(page, group, entry, engine):
    job = page.ask("imagegen:run", {"entryId": entry["id"]})
    busy = page.refusal("imagegen:delete-entry", {"id": entry["id"]})[1]
    engine.batches[0].finish()
    [image] = page.ask("imagegen:list-images")["images"]
    full = page.refusal("imagegen:delete-entry", {"id": entry["id"]})[1]
    page.ask("imagegen:delete-image", {"id": image["id"]})
    page.take()

    gone = [page.ask("imagegen:delete-entry", {"id": entry["id"]}) for _ in range(2)]

    assert "cancel that first" in busy
    assert "delete those first" in full
    assert gone == [True, False]
    assert page.events() == [("imagegen:entry-deleted", {"id": entry["id"]})]
    assert listed(page, group) == page.ask("imagegen:list-jobs") == []
    assert page.refusal("imagegen:retry", {"jobId": job["id"]})[1] == "there is no such job"


@pytest.mark.parametrize("what", ["group", "entry"])
def test_what_is_not_there_cannot_be_changed(page, what):
    assert page.refusal(f"imagegen:update-{what}", {"id": "none"}) == (
        "HANDLER_ERROR",
        f"there is no such {what}",
    )
    assert page.ask(f"imagegen:delete-{what}", {"id": "none"}) is False
