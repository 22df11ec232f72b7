"""GET /openapi.json: every path of the edge, every status it answers with. A test holds it against the routes."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from huitou import __version__
from huitou.edge.answers import answer

JSON = "application/json"
REFUSAL = {"$ref": "#/components/schemas/Refusal"}
STATUSES = {
    400: "The body cannot be used; nothing was stored.",
    401: "The write key or signature is missing or wrong; nothing was stored.",
    404: "No such thing.",
    408: "The body did not come within 30 seconds; nothing was stored.",
    413: "The body is over 500 KB, as sent or unzipped; nothing was stored.",
    503: "The ledger cannot be written now, or too much is waiting; retry after `Retry-After` seconds.",
}
EVENT = {
    "type": "object",
    "properties": {
        "type": {"enum": ["track", "identify", "page", "screen", "group", "alias"]},
        "event": {"type": "string", "maxLength": 200, "description": "Name of a track event, e.g. order_paid."},
        "messageId": {"type": "string", "maxLength": 512, "description": "The dedupe key together with the write key."},
        "timestamp": {"type": "string", "format": "date-time"},
        "userId": {"type": ["string", "null"], "maxLength": 512},
        "anonymousId": {"type": ["string", "null"], "maxLength": 512},
        "traits": {"type": "object"},
        "properties": {"type": "object"},
        "context": {"type": "object"},
    },
}
COUNTS: dict[str, Any] = {
    "type": "object",
    "required": ["success", "accepted", "duplicate", "quarantined", "rejected"],
    "properties": {
        "success": {"const": True},
        "accepted": {"type": "integer", "minimum": 0},
        "duplicate": {"type": "integer", "minimum": 0},
        "quarantined": {"type": "integer", "minimum": 0, "description": "Same id, other content: kept aside."},
        "rejected": {"type": "array", "items": {"$ref": "#/components/schemas/Rejection"}},
    },
}
REJECTION = {
    "type": "object",
    "required": ["index", "field", "reason"],
    "properties": {
        "index": {"type": "integer", "minimum": 0},
        "field": {"type": "string"},
        "reason": {"type": "string"},
    },
}


def _answers(good: dict[int, Any], *refusals: int) -> dict[str, Any]:
    responses = {str(status): content for status, content in good.items()}
    for status in refusals:
        responses[str(status)] = {"description": STATUSES[status], "content": {JSON: {"schema": REFUSAL}}}
    return responses


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _page(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


def _ingest(summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    good = {200: _json("Every counted event is durable.", {"$ref": "#/components/schemas/Counts"})}
    return {
        "post": {
            "summary": summary,
            "security": [{"writeKey": []}, {"bearer": []}],
            "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
            "responses": _answers(good, 400, 401, 408, 413, 503),
        },
        "options": {
            "summary": "Browsers of any site may send (CORS).",
            "responses": {"204": {"description": "They may."}},
        },
    }


def _token(description: str) -> dict[str, Any]:
    return {"name": "token", "in": "path", "required": True, "schema": {"type": "string"}, "description": description}


def _paths() -> dict[str, Any]:
    event = {"$ref": "#/components/schemas/Event"}
    batch = {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {"type": "array", "items": event},
            "sentAt": {"type": "string"},
            "writeKey": {"type": "string"},
        },
    }
    paths = {f"/v1/{path}": _ingest("Many events (Segment HTTP API).", batch) for path in ("batch", "import")}
    for kind in ("track", "identify", "page", "screen", "group", "alias"):
        paths[f"/v1/{kind}"] = _ingest(f"One {kind} event (Segment HTTP API).", event)
    paths["/in/douyin"] = _douyin()
    paths["/in/mail"] = _returned_mail()
    paths["/t/{token}"] = {
        "get": {
            "summary": "A tracked link.",
            "parameters": [_token("Names the stored target.")],
            "responses": _answers({302: {"description": "To the target."}, 404: _page("No such link.")}, 503),
        }
    }
    paths["/u/{token}"] = _unsubscribe()
    paths |= _probes()
    return paths


def _douyin() -> dict[str, Any]:
    names = ("x-msg-type", "x-nonce-str", "x-roomid", "x-timestamp", "x-signature")
    counted = {name: schema for name, schema in COUNTS["properties"].items() if name != "success"}
    counts = {"type": "object", "properties": {"err_no": {"const": 0}, "err_msg": {"type": "string"}, **counted}}
    good = {200: _json("Every counted event is durable.", counts)}
    return {
        "post": {
            "summary": "Douyin live push, signature verified.",
            "parameters": [{"name": n, "in": "header", "required": True, "schema": {"type": "string"}} for n in names],
            "requestBody": {"required": True, "content": {JSON: {"schema": {"type": "array"}}}},
            "responses": _answers(good, 400, 401, 408, 413, 503),
        }
    }


def _returned_mail() -> dict[str, Any]:
    kinds = ("bounced", "delayed", "delivered", "complained", "ignored")
    said = {
        "type": "object",
        "required": ["success", "kind"],
        "properties": {
            "success": {"const": True},
            "kind": {"enum": list(kinds), "description": "What it says; ignored where it is no report on a message."},
            "message": {"type": "string", "description": "The message it is about."},
            "status": {"type": "string", "description": "Enhanced status code (RFC 3463), '' for a complaint."},
            "reason": {"type": "object", "description": "Why it was ignored, by language."},
        },
    }
    return {
        "post": {
            "summary": "A returned mail: delivery status (RFC 3464) or abuse report (RFC 5965).",
            "security": [{"writeKey": []}, {"bearer": []}],
            "requestBody": {"required": True, "content": {"message/rfc822": {"schema": {"type": "string"}}}},
            "responses": _answers({200: _json("What it says is durable.", said)}, 400, 401, 408, 413, 503),
        }
    }


def _unsubscribe() -> dict[str, Any]:
    token = [_token("Signed; names the message.")]
    gone = {404: _page("The link is not valid.")}
    return {
        "get": {
            "summary": "Asks; never unsubscribes.",
            "parameters": token,
            "responses": _answers({200: _page("The question."), **gone}),
        },
        "post": {
            "summary": "Unsubscribes at once (RFC 8058 one-click).",
            "parameters": token,
            "responses": _answers({200: _page("Done; again is the same."), **gone}, 503),
        },
    }


def _probes() -> dict[str, Any]:
    anything = {"type": "object"}
    return {
        "/health": {"get": {"summary": "The process lives.", "responses": {"200": _json("It does.", anything)}}},
        "/ready": {
            "get": {
                "summary": "Events sent now would be kept.",
                "responses": {"200": _json("Yes.", anything), "503": _json("No.", anything)},
            }
        },
        "/metrics": {
            "get": {
                "summary": "Prometheus metrics.",
                "responses": {"200": {"description": "Text format.", "content": {"text/plain": {}}}},
            }
        },
        "/openapi.json": {"get": {"summary": "This document.", "responses": {"200": _json("OpenAPI.", anything)}}},
    }


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Huitou edge",
        "version": __version__,
        "description": "Ingest of events, pushes of platforms, links in messages. A 2xx of ingest means durable.",
    },
    "paths": _paths(),
    "components": {
        "securitySchemes": {
            "writeKey": {"type": "http", "scheme": "basic", "description": "The write key as user name, no password."},
            "bearer": {"type": "http", "scheme": "bearer", "description": "The write key."},
        },
        "schemas": {
            "Event": EVENT,
            "Counts": COUNTS,
            "Rejection": REJECTION,
            "Refusal": {
                "type": "object",
                "required": ["success", "code"],
                "properties": {"success": {"const": False}, "code": {"type": "string"}, "message": {"type": "object"}},
            },
        },
    },
}


async def show_openapi(request: Request) -> Response:
    return answer(200, DOCUMENT)
