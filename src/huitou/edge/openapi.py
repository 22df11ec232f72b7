"""GET /openapi.json: every path of the edge, every status it answers with. A test holds it against the routes."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from huitou import __version__
from huitou.delivery.channels.email.bounces import LARGEST
from huitou.edge.answers import answer
from huitou.edge.bodies import PATIENCE
from huitou.edge.ingest import LEAST_LISTED, MOST_ITEMS
from huitou.events.fields import LONGEST_ID
from huitou.events.names import TYPES
from huitou.events.segment import LARGEST_BODY, LARGEST_EVENT, LONGEST_NAME

JSON = "application/json"
REFUSAL = {"$ref": "#/components/schemas/Refusal"}
KIB = 1024
STATUSES = {
    400: "The body cannot be used, or is not whole; nothing was stored.",
    401: "The write key or signature is missing or wrong; nothing was stored.",
    403: "The key is a browser's; this takes a server's. Nothing was stored.",
    404: "No such thing.",
    408: f"The body did not come within {PATIENCE:.0f} seconds; nothing was stored.",
    413: "The body, as sent or unzipped, or the batch is too large; nothing was stored.",
    503: "The ledger cannot be written now, or too much is waiting; retry after `Retry-After` seconds.",
}
ID = {
    "type": ["string", "integer", "null"],
    "maxLength": LONGEST_ID,
    "description": "Text; a whole number is taken as text.",
}
EVENT: dict[str, Any] = {
    "type": "object",
    "description": f"One event of Segment's specification, at most {LARGEST_EVENT // KIB} KB; a browser's key may tell"
    " the behaviour of its own visitor, nothing else.",
    "properties": {
        "type": {"enum": list(TYPES), "description": "Needed in a batch; a path of one type names it."},
        "event": {
            "type": "string",
            "maxLength": LONGEST_NAME,
            "description": "Name of a track event, e.g. order_paid.",
        },
        "messageId": {
            **ID,
            "description": "The dedupe key together with the write key; without it, the content's hash.",
        },
        "timestamp": {
            "type": ["string", "number", "null"],
            "description": "ISO 8601, without an offset UTC; or seconds, milliseconds, microseconds since 1970.",
        },
        "sentAt": {"description": "The sender's clock, like timestamp; corrects a skewed one."},
        "userId": {**ID, "description": "Whose event it is; this or anonymousId, but for facts about a room."},
        "anonymousId": {**ID, "description": "The browser or device."},
        "previousId": {**ID, "description": "Of alias: the id that was used before."},
        "groupId": {**ID, "description": "Of group."},
        "traits": {"type": ["object", "null"], "description": "Of identify: name, email, phone, consents…"},
        "properties": {"type": ["object", "null"], "description": "What the event says."},
        "context": {
            "description": "Of it, traits, device.id and touchpoint are read; library, page and os tell where it was."
        },
        "writeKey": {"type": "string", "description": "The write key, where no header has it."},
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
        "rejected": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Rejection"},
            "description": f"As many as fit twice the request's size, or {LEAST_LISTED} bytes.",
        },
        "rejected_unlisted": {"type": "integer", "minimum": 1, "description": "How many more were rejected."},
        "left_aside": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Rejection"},
            "description": "Fields of accepted events that a browser's key is not believed in; bounded as `rejected`.",
        },
        "left_aside_unlisted": {"type": "integer", "minimum": 1, "description": "How many more were left aside."},
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
        responses[str(status)] = _json(STATUSES[status], REFUSAL)
        if status == 503:
            responses["503"]["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
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
            "requestBody": {
                "required": True,
                "description": f"At most {LARGEST_BODY // KIB} KB, plain or gzip; whatever the content type says, JSON.",
                "content": {JSON: {"schema": schema}},
            },
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
            "batch": {"type": "array", "items": event, "maxItems": MOST_ITEMS},
            "sentAt": {"description": "The sender's clock; corrects a skewed one."},
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
            "description": "With a server's key.",
            "requestBody": {
                "required": True,
                "description": f"The whole mail, at most {LARGEST // 1000} KB.",
                "content": {"message/rfc822": {"schema": {"type": "string"}}},
            },
            "responses": _answers({200: _json("What it says is durable.", said)}, 400, 401, 403, 408, 413, 503),
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
            "writeKey": {
                "type": "http",
                "scheme": "basic",
                "description": "The write key as user name, no password. A server's key is believed, a browser's only in behaviour.",
            },
            "bearer": {"type": "http", "scheme": "bearer", "description": "The write key."},
        },
        "schemas": {
            "Event": EVENT,
            "Counts": COUNTS,
            "Rejection": REJECTION,
            "Refusal": {
                "type": "object",
                "required": ["success", "code"],
                "properties": {
                    "success": {"const": False},
                    "code": {"type": "string"},
                    "message": {"type": "object", "description": "The reason, by language (zh, en)."},
                    "index": {"type": "integer", "description": "Of an event that was rejected: always 0."},
                    "field": {"type": "string", "description": "Of an event that was rejected."},
                    "reason": {"type": "string", "description": "Of an event that was rejected."},
                },
            },
        },
    },
}


async def show_openapi(request: Request) -> Response:
    return answer(200, DOCUMENT)
