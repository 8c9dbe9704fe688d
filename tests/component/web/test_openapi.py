"""The document that other programs are written against."""

from typing import Any

import msgspec
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from edge.web.openapi import describe
from edge.web.problems import WEB_PROBLEMS, Problems
from edge.web.routes import Call, Routes
from tests.component.web.world import World


async def document(world: World) -> dict[str, Any]:
    async with world.http.get(f"{world.base}/api/openapi.json") as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


async def test_it_is_a_valid_document_of_openapi_3_1(world: World) -> None:
    found = await document(world)
    assert found["openapi"].startswith("3.1")
    validate(found, cls=OpenAPIV31SpecValidator)


async def test_every_declared_route_is_in_it(world: World) -> None:
    paths = (await document(world))["paths"]
    for route in world.site.declared():
        assert route.method.lower() in paths[route.path]
    assert "101" in paths["/api/live"]["get"]["responses"]


async def test_it_tells_what_a_caller_needs(world: World) -> None:
    found = await document(world)
    issue = found["paths"]["/api/tickets"]["post"]
    assert issue["summary"] == "Take a number"
    assert issue["requestBody"]["required"] is True
    assert issue["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/TakeRequest"}
    assert issue["responses"]["201"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Answer"}
    assert "service_closed" in issue["responses"]["409"]["description"]
    assert {"400", "401", "403", "413", "415", "422", "429", "503"} <= set(issue["responses"])
    assert issue["security"] == [{"bearer": []}, {"session": []}]
    assert "Idempotency-Key" in {parameter["name"] for parameter in issue["parameters"]}
    called = found["paths"]["/api/tickets/{id}/call"]["post"]
    assert [p["name"] for p in called["parameters"] if p["in"] == "path"] == ["id"]
    listed = found["paths"]["/api/tickets"]["get"]
    assert {p["name"]: p["required"] for p in listed["parameters"]} == {"state": False, "limit": False}
    assert found["paths"]["/api/t/{token}"]["get"]["security"][0] == {}


def test_types_of_the_same_name_stay_apart() -> None:
    routes = Routes("twins")
    first = msgspec.defstruct("Twin", [("a", int)], module="one")
    second = msgspec.defstruct("Twin", [("b", str)], module="two")
    routes.post("/one", body=first, audience={"open"})(take_first)
    routes.post("/two", body=second, audience={"open"})(take_second)
    found = msgspec.json.decode(describe(routes.declared, Problems(WEB_PROBLEMS), title="Twins", version="1"))
    validate(found, cls=OpenAPIV31SpecValidator)
    for path, field in (("/one", "a"), ("/two", "b")):
        ref = found["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert list(found["components"]["schemas"][ref.rpartition("/")[2]]["properties"]) == [field]


async def take_first(_call: Call[Any]) -> None: ...


async def take_second(_call: Call[Any]) -> None: ...
