"""The local GitHub's conscience: what it lets pass, and what it complains about."""

from __future__ import annotations

import httpx
import pytest

from tests.support.forge_bench import COMMENTS, TLS
from tests.support.github_openapi import OPERATIONS, Description
from tests.support.github_server import GitHubServer

KNOWN = Description()


def complaints(method: str, path: str, query: dict[str, str] | None = None, content: object = None) -> list[str]:
    return list(KNOWN.complaints(method, path, query=query or {}, content=content))


def test_every_operation_that_we_use_is_described() -> None:
    assert [operation["operation"] for operation in KNOWN._operations] == [*OPERATIONS]


@pytest.mark.parametrize(
    ("method", "path", "query", "content"),
    [
        ("GET", COMMENTS, {"per_page": "100", "page": "2", "since": "2026-11-21T10:00:00Z"}, None),
        ("POST", COMMENTS, {}, {"body": "text"}),
        ("PATCH", "/repos/acme/shop/issues/comments/1", {}, {"body": "text"}),
        ("DELETE", "/repos/acme/shop/issues/comments/1", {}, None),
        ("GET", "/repos/acme/shop/pulls", {"head": "acme:feature", "state": "open", "per_page": "100"}, None),
        ("GET", "/repos/acme/shop/pulls/7", {}, None),
        ("GET", "/user", {}, None),
        ("GET", "/repos/acme/shop/collaborators/mona/permission", {}, None),
        ("GET", "/repos/acme/shop/actions/runs/111/artifacts", {"name": "report", "per_page": "100"}, None),
        ("GET", "/repos/acme/shop/actions/artifacts/5/zip", {}, None),
    ],
)
def test_what_we_ask_is_right(method: str, path: str, query: dict[str, str], content: object) -> None:
    assert complaints(method, path, query, content) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "content", "complaint"),
    [
        ("PUT", COMMENTS, {}, None, "no operation"),
        ("GET", "/repos/acme/shop/issues", {}, None, "no operation"),
        ("GET", f"{COMMENTS}/", {}, None, "no operation"),
        ("GET", "/repos/acme/shop/pulls/seven", {}, None, "not a number"),
        ("GET", "/repos/acme/shop/actions/runs/last/artifacts", {}, None, "not a number"),
        ("GET", COMMENTS, {"per_page": "101"}, None, "per_page is 101"),
        ("GET", COMMENTS, {"page": "x"}, None, "not a number"),
        ("GET", COMMENTS, {"since": "yesterday"}, None, "not a time"),
        ("GET", COMMENTS, {"sort": "id"}, None, "no query parameter sort"),
        ("GET", "/repos/acme/shop/pulls", {"state": "opened"}, None, "not one of"),
        ("GET", COMMENTS, {}, {"body": "text"}, "needs none"),
        ("POST", COMMENTS, {}, None, "is not of type 'object'"),
        ("POST", COMMENTS, {}, {}, "'body' is a required property"),
        ("POST", COMMENTS, {}, {"body": 7}, "is not of type 'string'"),
        ("POST", COMMENTS, {}, {"body": "text", "issue": 7}, "'issue' was unexpected"),
    ],
)
def test_what_is_wrong_is_said(method: str, path: str, query: dict[str, str], content: object, complaint: str) -> None:
    found = complaints(method, path, query, content)
    assert any(complaint in said for said in found), found


def test_a_made_up_field_of_an_answer_is_seen() -> None:
    made_up = {"id": 1, "colour": "red", "user": {"login": "mona", "shoe_size": 7}}
    found = list(KNOWN.unknown_fields("GET", COMMENTS, status=200, content=[made_up]))
    assert len(found) == 2
    assert "colour" in found[0]
    assert "shoe_size" in found[1]


def ask(path: str) -> None:
    with GitHubServer() as server, httpx.Client(trust_env=False, verify=TLS) as client:
        client.get(f"{server.url}{path}", headers={"Authorization": "Bearer actions-token"})


@pytest.mark.parametrize("path", ["/rate_limit", "/repositories/1296269/issues/7/comments", f"{COMMENTS}?per_page=500"])
def test_a_wrong_request_fails_the_test(path: str) -> None:
    with pytest.raises(AssertionError):
        ask(path)


def test_a_right_request_does_not() -> None:
    ask(COMMENTS)
