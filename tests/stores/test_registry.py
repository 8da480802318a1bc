"""Keys: what is compared, and how long that takes."""

from hmac import compare_digest

from mentra.records import App
from mentra.stores import registry
from mentra.stores.registry import AppRegistry, Snapshot, hash_of, with_newest


def test_a_key_is_stored_as_the_sha256_of_its_text_in_hex():
    assert hash_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_every_check_compares_as_many_hashes(monkeypatch):
    compared = []

    def counting(offered, known):
        compared.append(known)
        return compare_digest(offered, known)

    monkeypatch.setattr(registry, "compare_digest", counting)
    apps = AppRegistry()
    apps.replace(
        Snapshot(
            {"two": App(package_name="two")},
            {"two": (hash_of("a"), hash_of("b")), "one": (hash_of("a"),)},
            {},
        )
    )

    outcomes = [
        apps.key_is_valid(package, key)
        for package, key in (("two", "a"), ("two", "b"), ("one", "a"), ("one", "x"), ("none", "a"))
    ]

    assert outcomes == [True, True, True, False, False]
    assert len(compared) == 5 * registry.LIVE_KEYS


def test_the_newest_two_hashes_live():
    assert with_newest([], "a") == ("a",)
    assert with_newest(["a"], "b") == ("a", "b")
    assert with_newest(["a", "b"], "c") == ("b", "c")
    assert with_newest(["a", "b"], "a") == ("b", "a")
