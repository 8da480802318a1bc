"""What a browser shows that is pointed at the server: what this is, and where to go on."""

from collections.abc import Iterable
from html import escape
from typing import Any

from mentra.extension import Access, HttpAnswer, Route, route
from mentra.interfaces.services import IServices
from mentra.interfaces.web import ICall, IRoute

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mentra</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; font: 1.125rem/1.6 system-ui, sans-serif; }}
body {{ margin: 0 auto; padding: 1.5rem; max-width: 40rem; }}
h1 {{ margin: 0; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 0.3rem; }}
ul {{ margin: 0; padding-left: 1.2rem; }}
code {{ overflow-wrap: anywhere; }}
</style>
</head>
<body>
<main>
<h1>mentra</h1>
<p>This is a server for smart glasses. It runs.</p>
{pages}<h2>Connect</h2>
<ul>
<li>Glasses: <code>/glasses-ws</code>, with a token that
<code>mentra user token ADDRESS</code> prints.
<code>mentra simulate --user ADDRESS</code> are glasses in a terminal.</li>
<li>Apps: <code>/app-ws</code>, with the key that
<code>mentra app add PACKAGE --url URL</code> prints.</li>
</ul>
<h2>For programs</h2>
<ul>
<li><a href="openapi.json">/openapi.json</a>: everything over HTTP</li>
<li><a href="asyncapi.json">/asyncapi.json</a>: all messages</li>
<li><a href="health">/health</a>: how it is</li>
</ul>
<p>The manual is in the folder <code>docs</code> of the server's source.</p>
</main>
</body>
</html>
"""


def start_page_routes(routes: Iterable[IRoute]) -> tuple[Route, ...]:
    """The route that serves the page; none where an extension has a page of its own there.

    :param routes: all others of the port.
    """
    others = tuple(routes)
    if any(one.method == "GET" and "/" in one.templates for one in others):
        return ()

    @route("GET", "/", access=Access.PUBLIC, answer_type="text/html")
    def start_page(call: ICall) -> HttpAnswer:
        """A page for people: what this server is, which pages it has, and how to connect."""
        page = PAGE.format(pages=_pages(others, call.services))
        return HttpAnswer(
            body=page.encode(), content_type="text/html; charset=utf-8", headers=HEADERS
        )

    return (start_page,)


def _pages(routes: Iterable[Any], services: IServices) -> str:
    found = [
        # relative: a proxy may have put the server into a folder
        (one.templates[0].lstrip("/"), words)
        for one in routes
        if one.listed_as is not None and (words := one.listed_as(services))
    ]
    if not found:
        return ""
    lines = [
        f'<li><a href="{escape(path, quote=True)}">{escape(words)}</a></li>'
        for path, words in found
    ]
    return "\n".join(["<h2>Pages</h2>", "<ul>", *lines, "</ul>", ""])
