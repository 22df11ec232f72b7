"""The published document, tried on a real server by the tool that reads such documents: no 5xx, no status, header or
answer that is not published, no method that is not named.

What the document calls valid and the edge refuses, or the other way round, is not judged: it is looser than the edge in
some things (an id of blanks) and tighter in others (an id that is a fraction), on purpose.
"""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import (
    allow_header_conformance,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from huitou.edge.openapi import DOCUMENT
from tests.edge.conftest import KEY, Process

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]
AUTHORIZATION = {"authorization": f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"}
FEW, MANY = 6, 1_000  # examples of each operation, half of those that fit its description, half of those that do not


@schemathesis.serializer("message/rfc822")
def _mail(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    return [found.ok() for found in schema.get_all_operations()]


def try_operation(operation: Any, url: str, examples: int) -> int:
    """How many requests were answered as published; what was not is raised."""
    wrong = _try_mode(operation, url, GenerationMode.NEGATIVE, examples // 2) if _has_parts(operation) else 0
    return wrong + _try_mode(operation, url, GenerationMode.POSITIVE, examples - wrong)


def _has_parts(operation: Any) -> bool:
    """Whether there is anything in it that could be wrong."""
    return bool(operation.body) or any(True for _ in operation.iter_parameters())


def _try_mode(operation: Any, url: str, mode: GenerationMode, examples: int) -> int:
    tried = 0

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def run(case: Any) -> None:
        nonlocal tried
        tried += 1
        case.call_and_validate(base_url=url, headers=AUTHORIZATION, checks=CHECKS, allow_redirects=False)

    # Any text is a path's token: nothing is wrong with it.
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        run()
    return tried


def test_some_requests_of_every_operation(process: Process) -> None:
    for operation in operations():
        try_operation(operation, process.url, FEW)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_thousand_requests_of_every_operation(process: Process) -> None:
    for operation in operations():
        tried = try_operation(operation, process.url, MANY)
        print(f"{operation.label}: {tried} requests")  # noqa: T201 - a campaign's figure
