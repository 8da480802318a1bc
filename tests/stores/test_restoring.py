"""Files are written into a folder and never outside of it."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentra.errors import Refused
from mentra.stores.objects import YOUNG, Objects
from mentra.stores.restoring import KeptFile, allowed_folder, restore


def file(path, content=b"new", mode=0o644):
    return KeptFile(path, lambda: content, mode)


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_files_are_written_with_their_folders_and_permissions(tmp_path):
    done = restore(
        tmp_path / "new" / "deep", [file("a/b/c.sh", b"x", 0o755), file("d")], dry_run=False
    )

    folder = tmp_path / "new" / "deep"
    assert done == (["a/b/c.sh", "d"], [])
    assert tree(folder) == {"a/b/c.sh": b"x", "d": b"new"}
    assert stat.S_IMODE((folder / "a/b/c.sh").stat().st_mode) == 0o755


def test_what_is_the_same_already_is_skipped_and_what_differs_replaced(tmp_path):
    restore(tmp_path, [file("a"), file("b"), file("c")], dry_run=False)
    (tmp_path / "b").write_bytes(b"other")
    (tmp_path / "c").chmod(0o600)

    done = restore(tmp_path, [file("a"), file("b"), file("c")], dry_run=False)

    assert done == (["b", "c"], ["a"])
    assert tree(tmp_path) == {"a": b"new", "b": b"new", "c": b"new"}


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "a").chmod(0o644)
    files = [file("a"), file("b/c"), file("../d")]

    there = restore(tmp_path, files, dry_run=True)
    nowhere = restore(tmp_path / "none", files, dry_run=True)

    assert there == (["b/c"], ["a", "../d"])
    assert nowhere == (["a", "b/c"], ["../d"])
    assert tree(tmp_path) == {"a": b"new"}
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../out", "a/../../out", "a/..", "", ".", "a\\..\\b", "a\0b", "..", "//x"],
)
def test_a_path_that_leads_elsewhere_is_never_written(tmp_path, path):
    inside = tmp_path / "inside"

    done = restore(inside, [file(path), file("good")], dry_run=False)

    assert done == (["good"], [path])
    assert tree(tmp_path) == {"inside/good": b"new"}


def test_no_link_on_the_way_is_followed(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret").write_bytes(b"old")
    (inside / "folder").symlink_to(outside)
    (inside / "file").symlink_to(outside / "secret")
    (inside / "up").symlink_to("..")

    files = [file("folder/secret"), file("file"), file("up/secret"), file("good")]
    done = restore(inside, files, dry_run=False)

    assert done == (["good"], ["folder/secret", "file", "up/secret"])
    assert tree(outside) == {"secret": b"old"}


def test_what_stands_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    os.mkfifo(tmp_path / "pipe")

    done = restore(tmp_path, [file("folder"), file("file/x"), file("pipe")], dry_run=False)

    assert done == ([], ["folder", "file/x", "pipe"])
    assert tree(tmp_path) == {"file": b"old"}


def test_content_that_is_gone_is_skipped(tmp_path):
    assert restore(tmp_path, [KeptFile("a", lambda: None, 0o644)], dry_run=False) == ([], ["a"])


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(Refused):
        restore(tmp_path / "file" / "x", [file("a")], dry_run=False)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_no_path_at_all_leads_out(tmp_path_factory, path):
    outer = tmp_path_factory.mktemp("outer")

    restore(outer / "inner", [file(path)], dry_run=False)

    assert {name.split("/")[0] for name in tree(outer)} <= {"inner"}


def test_only_configured_folders_are_allowed_whatever_the_links(tmp_path):
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    (root / "link").symlink_to(other)
    (tmp_path / "alias").symlink_to(root)

    assert allowed_folder(str(tmp_path / "alias" / "new"), [root]) == root / "new"
    for bad in (
        str(root / "link"),
        str(other),
        f"{root}/../other",
        "root",
        "",
        "/",
        f"{root}\0",
        f"{root}2",
    ):
        with pytest.raises(Refused):
            allowed_folder(bad, [root])
    with pytest.raises(Refused):
        allowed_folder(str(root), [])


# -- objects ---------------------------------------------------------------------------------------


def test_the_same_content_is_kept_once_for_its_owner_alone(tmp_path):
    objects = Objects(tmp_path / "objects")

    names = [objects.put(content) for content in (b"a", b"b", b"a")]

    assert names[0] == names[2] != names[1]
    assert objects.get(names[0]) == b"a"
    kept = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


def test_what_is_damaged_or_gone_is_not_there(tmp_path):
    objects = Objects(tmp_path)
    name = objects.put(b"a")
    (tmp_path / name[:2] / name).write_bytes(b"b")

    assert objects.get(name) is None
    assert objects.get("0" * 64) is None


def test_what_nobody_wants_is_swept_unless_it_is_young(tmp_path):
    objects = Objects(tmp_path)
    wanted, old, young = (objects.put(content) for content in (b"a", b"b", b"c"))
    for name in (wanted, old):
        os.utime(tmp_path / name[:2] / name, (0, 0))
    now = (tmp_path / young[:2] / young).stat().st_mtime + YOUNG / 2

    gone = objects.sweep({wanted}, now)

    assert gone == 1
    assert [objects.get(name) for name in (wanted, old, young)] == [b"a", None, b"c"]
