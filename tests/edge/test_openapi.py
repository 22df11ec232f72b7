"""The published document is the routes, and the routes are the document; its statuses are those that are answered."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.routing import Route

from huitou.edge.app import EdgeApp
from huitou.edge.openapi import DOCUMENT
from tests.edge.conftest import track


def test_every_route_is_published_and_nothing_else(app: EdgeApp) -> None:
    routes = {(r.path, m.lower()) for r in app.routes if isinstance(r, Route) for m in r.methods or ()}
    published = {(path, method) for path, operations in DOCUMENT["paths"].items() for method in operations}
    assert {(path, method) for path, method in routes if method != "head"} == published


async def test_it_is_served_and_its_references_hold(edge: httpx.AsyncClient) -> None:
    answer = await edge.get("/openapi.json")
    assert answer.json() == DOCUMENT

    def references(node: Any) -> set[str]:
        parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        found = {node["$ref"]} if isinstance(node, dict) and "$ref" in node else set()
        return found.union(*map(references, parts)) if parts else found

    schemas = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT) == schemas


CALLS: list[tuple[str, str, dict[str, Any], int]] = [
    ("post", "/v1/batch", {"json": {"batch": [track("m")]}}, 200),
    ("post", "/v1/batch", {"content": b"{"}, 400),
    ("post", "/v1/import", {"json": {"batch": []}, "auth": ("wrong", "")}, 401),
    ("post", "/v1/batch", {"content": b" " * 600_000}, 413),
    ("options", "/v1/track", {}, 204),
    ("post", "/v1/track", {"json": {}}, 400),
    ("post", "/in/douyin", {"json": []}, 401),
    ("post", "/in/mail", {"content": b"hello"}, 200),
    ("post", "/in/mail", {"content": b"hello", "auth": ("wrong", "")}, 401),
    ("post", "/in/mail", {"content": b"x" * 2_100_000}, 413),
    ("get", "/t/{token}", {}, 404),
    ("get", "/u/{token}", {}, 404),
    ("post", "/u/{token}", {}, 404),
    ("get", "/health", {}, 200),
    ("get", "/ready", {}, 200),
    ("get", "/metrics", {}, 200),
    ("get", "/openapi.json", {}, 200),
]


@pytest.mark.parametrize(("method", "path", "call", "status"), CALLS)
async def test_answers_are_among_the_published(
    edge: httpx.AsyncClient, method: str, path: str, call: dict[str, Any], status: int
) -> None:
    answer = await edge.request(method, path.replace("{token}", "none"), **call)
    published = DOCUMENT["paths"][path][method]["responses"]
    assert answer.status_code == status
    assert str(status) in published
    content = published[str(status)].get("content", {})
    if content:
        assert answer.headers["content-type"].split(";")[0] in content
    if "application/json" in content and status >= 400 and path.startswith("/v1"):
        assert {"success", "code"} <= answer.json().keys()
