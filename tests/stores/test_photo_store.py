"""What every store of pictures promises, in memory, on SQLite and on PostgreSQL."""

import io
import threading
from typing import Any

import attrs
import msgspec
import pytest
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from mentra.errors import NotThere, StoreError
from mentra.interfaces.photos import IPhotoFiles, IPhotoStore
from mentra.records import Photo
from mentra.stores.photo_files import FOLDER, UNFINISHED, PhotoFiles, new_name
from tests.stores.conftest import PATIENCE

ANN, BOB = "ann@x.org", "bob@x.org"
PHOTO = Photo(
    photo_id="p1",
    user_id=ANN,
    file=f"{'a' * 32}.jpg",
    request_id="r1",
    package_name="org.x.camera",
    uploaded_at=100.5,
    original_filename="mountain.jpg",
    size=1000,
    mime_type="image/jpeg",
    in_gallery=True,
)
PLENTY = {"count": 100, "size": 1_000_000}


def another(number: int, **fields: Any) -> Photo:
    fields.setdefault("uploaded_at", 100.5 + number)
    return msgspec.structs.replace(PHOTO, photo_id=f"p{number}", file=f"{number:032}.jpg", **fields)


@attrs.frozen
class Filled:
    """What filling a file brings."""

    suffix: str = ".jpg"


@pytest.fixture
def wait(stores):
    return stores.wait


@pytest.fixture
def photos(stores, wait):
    wait(stores.users.create(ANN))
    wait(stores.users.create(BOB))
    return stores.photos


def test_the_interfaces_are_provided(stores):
    assert verifyObject(IPhotoStore, stores.photos)
    assert verifyObject(IPhotoFiles, stores.photo_files)


# -- rows


def test_a_picture_comes_back_as_it_was_added(stores, photos, wait):
    assert wait(photos.add(PHOTO, **PLENTY)) is True

    stores.reopen()

    assert wait(stores.photos.get("p1")) == PHOTO


@pytest.mark.parametrize("photo_id", ["p2", "", "x\0y"])
def test_an_unknown_picture_is_none(photos, wait, photo_id):
    assert wait(photos.get(photo_id)) is None


def test_a_gallery_has_its_owners_pictures_the_newest_first(photos, wait):
    for one in (another(1), another(3), another(2), another(4, user_id=BOB),
                another(5, in_gallery=False)):  # fmt: skip
        wait(photos.add(one, **PLENTY))

    assert [one.photo_id for one in wait(photos.gallery(ANN))] == ["p3", "p2", "p1"]
    assert wait(photos.gallery("nobody@x.org")) == ()


def test_a_picture_of_nobody_is_refused(photos, wait):
    with pytest.raises(NotThere):
        wait(photos.add(another(1, user_id="nobody@x.org"), **PLENTY))


def test_there_is_room_for_so_many_and_no_more(photos, wait):
    fits = [wait(photos.add(another(number), count=2, size=10**9)) for number in (1, 2, 3)]

    assert fits == [True, True, False]
    assert wait(photos.add(another(4, user_id=BOB), count=2, size=10**9))


def test_there_is_room_for_so_many_bytes_and_no_more(photos, wait):
    fits = [wait(photos.add(another(number), count=9, size=2500)) for number in (1, 2, 3)]

    assert fits == [True, True, False]


def test_a_removed_picture_is_gone(photos, wait):
    wait(photos.add(PHOTO, **PLENTY))

    assert [wait(photos.remove("p1")), wait(photos.remove("p1"))] == [True, False]
    assert wait(photos.get("p1")) is None


def test_what_is_in_no_gallery_expires(photos, wait):
    for one in (another(1, uploaded_at=50.0), another(2, uploaded_at=50.0, in_gallery=False),
                another(3, uploaded_at=150.0, in_gallery=False)):  # fmt: skip
        wait(photos.add(one, **PLENTY))

    wait(photos.expire(100.0))

    assert wait(photos.files()) == {another(1).file, another(3).file}


def test_a_removed_person_has_no_pictures(stores, photos, wait):
    wait(photos.add(PHOTO, **PLENTY))
    wait(photos.add(another(2, user_id=BOB), **PLENTY))

    wait(stores.users.remove(ANN))

    assert wait(photos.files()) == {another(2).file}


# -- files


def keep(stores, content: bytes = b"picture") -> str:
    def fill(file):
        file.write(content)
        return Filled()

    name, filled = stores.wait(stores.photo_files.keep(fill))
    assert filled == Filled()
    return name


def test_a_file_comes_back_under_a_name_of_its_own(stores):
    one, other = keep(stores, b"one"), keep(stores, b"other")

    assert one != other
    assert one.endswith(".jpg")
    assert stores.wait(stores.photo_files.read(one)) == b"one"


@attrs.define
class Reader:
    """Takes a body."""

    data: bytes = b""

    def write(self, data: bytes) -> None:
        self.data += data


def test_a_long_file_can_be_read_bit_by_bit(stores):
    content = bytes(range(256)) * 1000
    body = stores.wait(stores.photo_files.open(keep(stores, content)))
    reader = Reader()

    stores.wait(body.startProducing(reader))

    assert body.length == len(content)
    assert reader.data == content


@pytest.mark.parametrize("name", ["", "mentra.db", "../mentra.db", f"{'a' * 32}.jpg", "a\0.jpg"])
def test_what_is_no_file_there_is_none(stores, name):
    assert stores.wait(stores.photo_files.open(name)) is None
    assert stores.wait(stores.photo_files.read(name)) is None


def test_what_fills_a_file_may_think_better_of_it(stores):
    def fill(file):
        file.write(b"half")
        raise NotThere("no picture after all")

    with pytest.raises(NotThere):
        stores.wait(stores.photo_files.keep(fill))

    assert stores.wait(stores.photo_files.older_than(1e12)) == frozenset()


def test_removed_files_are_gone_and_others_need_not_be_there(stores):
    name = keep(stores)

    stores.wait(stores.photo_files.remove([name, f"{new_name()}.jpg"]))

    assert stores.wait(stores.photo_files.read(name)) is None


def test_old_files_can_be_told(stores):
    name = keep(stores)

    assert stores.wait(stores.photo_files.older_than(1e12)) == {name}
    assert stores.wait(stores.photo_files.older_than(1.0)) == frozenset()


# -- on the disk


@pytest.fixture
def folder(tmp_path):
    return tmp_path / FOLDER


@pytest.fixture
def files(folder, loop):
    made = PhotoFiles(folder, loop)
    made.startService()
    yield made
    loop.wait(made.stopService())


def kept(loop, files, content=b"picture") -> str:
    def fill(file):
        file.write(content)
        return Filled()

    return loop.wait(files.keep(fill))[0]


def test_files_and_their_folder_are_their_owners_alone(folder, files, loop):
    name = kept(loop, files)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_a_file_is_not_there_before_it_is_whole(folder, files, loop):
    seen: list[str] = []

    def fill(file):
        seen.extend(one.name for one in folder.iterdir())
        return Filled()

    name, _ = loop.wait(files.keep(fill))

    assert [one.endswith(UNFINISHED) for one in seen] == [True]
    assert [one.name for one in folder.iterdir()] == [name]


def test_a_folder_that_cannot_be_made_is_a_sentence(folder, files, loop):
    folder.write_text("in the way")

    with pytest.raises(StoreError, match="the folder of photos cannot be used"):
        kept(loop, files)


def test_a_body_waits_while_it_is_told_to(files, loop):
    body = loop.wait(files.open(kept(loop, files, b"x" * 200_000)))
    reader = Reader()
    body.pauseProducing()
    done = body.startProducing(reader)
    loop.wait(files.older_than(0.0))
    before = reader.data

    body.resumeProducing()
    loop.wait(done)

    assert before == b""
    assert len(reader.data) == 200_000


def test_a_body_that_is_stopped_lets_go_of_its_file(files, loop):
    body = loop.wait(files.open(kept(loop, files, b"x" * 200_000)))
    body.pauseProducing()
    done = body.startProducing(Reader())

    body.stopProducing()
    loop.wait(done)

    assert body._file.closed


def test_a_sender_that_leaves_costs_nothing_but_its_file(folder, files, loop):
    begun, gone = threading.Event(), threading.Event()
    body = io.BytesIO(b"picture")

    def fill(file):
        begun.set()
        assert gone.wait(PATIENCE)
        file.write(body.read())
        return Filled()

    keeping = files.keep(fill)
    keeping.addErrback(lambda failure: failure.trap(CancelledError))
    assert begun.wait(PATIENCE)
    keeping.cancel()
    body.close()

    gone.set()
    loop.wait(files.stopService())

    assert list(folder.iterdir()) == []


def test_stopping_waits_for_what_is_in_hand(folder, loop):
    files = PhotoFiles(folder, loop)
    files.startService()
    work: Deferred[Any] = files.keep(lambda file: Filled())

    loop.wait(files.stopService())

    assert work.called


def test_the_files_of_a_removed_person_go_with_them(kept):
    def fill(file):
        file.write(b"picture")
        return Filled()

    name, _ = kept.wait(kept.photo_files.keep(fill))
    kept.wait(kept.users.create(ANN))
    kept.wait(kept.photos.add(msgspec.structs.replace(PHOTO, file=name), **PLENTY))

    assert kept.wait(kept.users.remove(ANN)) is True

    assert kept.wait(kept.photo_files.read(name)) is None
