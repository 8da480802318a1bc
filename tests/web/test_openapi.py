"""The document of the API: what routes declare stands there, and programs can read it."""

from typing import Annotated

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mentra.extension import JSON, Access, HttpAnswer, route
from mentra.routing.catalogue import Catalogue
from mentra.routing.discovery import discover
from mentra.testing.house import house_with
from mentra.web.openapi import document
from mentra.web.site import main_routes, make_site


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """A body."""

    cups_wanted: Annotated[int, msgspec.Meta(ge=1)]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A query."""

    hot: Annotated[bool, msgspec.Meta(description="Whether it steams.")] = True
    sugar: int


class Receipt(msgspec.Struct, frozen=True):
    """An answer."""

    cups: int
    hot: bool


class SoldOut(msgspec.Struct, frozen=True):
    """There is none left."""

    again_at: str


@route(
    "POST",
    "/tea/{kind}",
    "/api/tea/{kind}",
    access=Access.PUBLIC,
    body=Order,
    query=Wish,
    answer=Receipt,
    status=201,
    errors={404: "No such kind.", 409: SoldOut},
)
def order(call):
    """Make tea.

    It takes a while.
    """
    return Receipt(call.body.cups_wanted, call.asked.hot)


def ask(dial, path, body=b'{"cupsWanted":2}'):
    return dial(make_site(house_with(order))).ask("POST", path, body).reply()


def test_a_query_is_decoded_like_a_body(dial):
    reply = ask(dial, "/tea/green?hot=false&sugar=1&other=x&sugar=nonsense")

    assert (reply.status, reply.json) == (201, {"cups": 2, "hot": False})


@pytest.mark.parametrize(("query", "told"), [("", "`sugar`"), ("?sugar=x", "`$.sugar`")])
def test_a_wrong_query_is_told_where_it_is_wrong(dial, query, told):
    reply = ask(dial, f"/tea/green{query}")

    assert (reply.status, reply.json["code"]) == (400, "INVALID_QUERY")
    assert told in reply.json["error"]


def test_a_body_that_is_no_json_is_left_to_its_route(dial):
    @route("POST", "/leaf", access=Access.PUBLIC, body=Order, body_type="multipart/form-data")
    def leaf(call):
        return {"body": call.body}

    reply = dial(make_site(house_with(leaf))).ask("POST", "/leaf", b"--x").reply()

    assert reply.json == {"body": None}


def test_an_operation_says_what_its_route_declares():
    made = document([order])

    operation = made["paths"]["/tea/{kind}"]["post"]
    assert operation["summary"] == "Make tea."
    assert "It takes a while." in operation["description"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Order"
    }
    assert {one["name"]: (one["in"], one["required"]) for one in operation["parameters"]} == {
        "kind": ("path", True), "sugar": ("query", True), "hot": ("query", False),
    }  # fmt: skip
    assert set(operation["responses"]) == {"201", "400", "404", "409", "413", "414", "500", "504"}
    sold_out = operation["responses"]["409"]
    assert sold_out["description"] == "There is none left."
    assert sold_out["content"]["application/json"]["schema"]["$ref"].endswith("/SoldOut")


def test_each_template_is_an_operation_with_a_name_of_its_own():
    made = document([order])

    names = {path: one["post"]["operationId"] for path, one in made["paths"].items()}
    assert names["/tea/{kind}"] != names["/api/tea/{kind}"]


@pytest.mark.parametrize(
    ("access", "schemes", "status"),
    [
        (Access.PUBLIC, [], None),
        (Access.USER, [{"user": []}], "401"),
        (Access.APP, [{"app": []}], "401"),
        (Access.KEY, [{"key": []}, {}], None),
        (Access.OPERATOR, [], "403"),
    ],
)
def test_an_operation_says_who_may_call(access, schemes, status):
    @route("GET", "/thing", access=access)
    def thing(call):
        return {}

    operation = document([thing])["paths"]["/thing"]["get"]

    assert operation["security"] == schemes
    assert access.value in operation["description"]
    assert status is None or status in operation["responses"]


def test_an_answer_that_is_no_json_has_its_type():
    @route("GET", "/picture", access=Access.PUBLIC, answer_type="image/png")
    def picture(call):
        return HttpAnswer(body=b"png", content_type="image/png")

    good = document([picture])["paths"]["/picture"]["get"]["responses"]["200"]

    assert list(good["content"]) == ["image/png"]


def test_the_document_is_served_and_lists_itself(dial):
    reply = dial(make_site(house_with(order))).ask("GET", "/openapi.json").reply()

    assert reply.headers["content-type"] == "application/json"
    assert {"/tea/{kind}", "/livez", "/openapi.json"} <= set(reply.json["paths"])


def test_every_route_says_what_it_does_and_what_it_answers():
    routes = main_routes(Catalogue(discover().plugins))

    # a docstring, and answer= (or answer_type= where it is no JSON)
    assert [one.name for one in routes if not one.description] == []
    assert [one.name for one in routes if one.answer is None and one.answer_type == JSON
            and one.status != 204] == []  # fmt: skip


def test_the_document_is_valid():
    routes = main_routes(Catalogue(discover().plugins))

    OpenAPIV31SpecValidator(document([*routes, order])).validate()
