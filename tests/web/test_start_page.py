"""The page at the root, for people who point a browser at the server."""

import re
from html.parser import HTMLParser

import pytest

from mentra.extension import Access, HttpAnswer, route
from mentra.testing.house import house_with
from mentra.web.site import make_site


class Links(HTMLParser):
    """Where a page leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found += [value or "" for name, value in attrs if name == "href"]


def page(words, *templates):
    """A page of an extension."""

    @route("GET", *templates, access=Access.PUBLIC, answer_type="text/html", listed_as=words)
    def tea(call):
        """Tea."""
        return HttpAnswer(body=b"tea", content_type="text/html")

    return tea


@pytest.fixture
def root(dial):
    def ask(*plugins):
        return dial(make_site(house_with(*plugins))).ask("GET", "/").reply()

    return ask


def test_it_leads_to_pages_and_documents_that_are_there(root, dial):
    tea = page(lambda services: "Tea & <cake>", "/tea", "/cups/{cup}")

    reply = root(tea)

    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = reply.body.decode()
    assert '<a href="tea">Tea &amp; &lt;cake&gt;</a>' in text
    links = Links(text).found
    assert set(links) == {"tea", "openapi.json", "asyncapi.json", "health"}
    site = make_site(house_with(tea))
    documents = [dial(site).ask("GET", f"/{one}").reply() for one in links if one != "health"]
    assert {one.status for one in documents} == {200}


@pytest.mark.parametrize("words", [None, lambda services: ""])
def test_pages_that_are_not_to_be_listed_are_not(root, words):
    text = root(page(words, "/tea")).body.decode()

    assert "tea" not in text
    assert "<h2>Pages" not in text


def test_an_extension_may_have_a_page_of_its_own_there(root):
    assert root(page(None, "/")).body == b"tea"


def test_nothing_can_be_brought_into_it(root):
    policy = root().headers["content-security-policy"]

    assert re.search(r"default-src 'none'", policy)
    assert "script-src" not in policy
    assert "<script" not in root().body.decode()
