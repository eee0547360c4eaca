"""What the local GitHub knows and how it answers: one repository, its pull requests and their comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import unquote, urlencode

from tests.support.github_checks import Looks

Query = Mapping[str, str]
Json = dict[str, object]

LONGEST_COMMENT = 65_536
REPOSITORY_ID = 1_296_269
FORK_ID = 9_000_001
NEEDED = {"x-accepted-github-permissions": "issues=write; pull_requests=write"}


@dataclass(frozen=True)
class Account:
    """Who a token belongs to. ``app`` tokens (Actions' own among them) have no user."""

    login: str
    kind: Literal["app", "user"] = "app"
    access: Literal["write", "read", "none"] = "write"


@dataclass(frozen=True)
class Answer:
    """``content`` is sent as JSON, text as it is."""

    status: int
    content: object
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Comment:
    id: int
    issue: int
    author: str | None
    body: str
    created_at: str
    updated_at: str
    hidden: bool = False
    editor: str | None = None
    edited_at: str | None = None


@dataclass(frozen=True)
class Review:
    """``state`` as the API spells it; ``commit`` is what was reviewed, None if it is gone."""

    author: str | None
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]
    commit: str | None


@dataclass(frozen=True)
class Pull:
    """``head_owner`` None is a fork that was deleted."""

    number: int
    branch: str
    sha: str
    base: str = "main"
    state: Literal["open", "closed"] = "open"
    head_owner: str | None = None
    fork: bool = False


@dataclass(frozen=True)
class Artifact:
    """What a run has uploaded; the file itself is on another host. ``at`` is its address there."""

    id: int
    name: str
    at: str
    created_at: str
    expired: bool = False


def refuse(status: int, message: str, *, errors: list[Json] | None = None, headers: Query | None = None) -> Answer:
    content: Json = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    if errors:
        content["errors"] = errors
    return Answer(status, content, headers or {})


NOT_FOUND = refuse(404, "Not Found")


def _issue(path: str) -> int:
    """The number of the issue that a path is about, 0 for none."""
    found = re.match(r"issues/(\d+)/", path)
    return int(found[1]) if found else 0


def now(hours_ago: int = 0) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def actor(login: str | None) -> Json | None:
    """Somebody as GraphQL has them."""
    if login is None:
        return None
    bot = login.endswith("[bot]")
    return {"__typename": "Bot" if bot else "User", "login": login.removesuffix("[bot]")}


class GitHubState:
    """The repository. Everything public here may be set by a test while the server runs.

    ``hidden_lists`` is how many more times a list leaves out the newest comment, as a replica that lags does.
    ``old_names`` are names the repository had before. ``locked`` holds what became a discussion too: GitHub locks it.
    ``moved`` are issues that live elsewhere now, by the path there. ``permissions`` are people's, as the API spells
    them (who maintains may write, who triages may read). ``longest`` is what a comment may have of code points.
    ``artifacts`` are those of each run.
    """

    def __init__(self, repository: str = "acme/shop") -> None:
        self.repository = repository
        self.old_names: set[str] = set()
        self.api_url = ""
        self.accounts = {
            "actions-token": Account("github-actions[bot]"),
            "app-token": Account("my-app[bot]"),
            "user-token": Account("mona", "user"),
            "read-token": Account("github-actions[bot]", access="read"),
            "blind-token": Account("github-actions[bot]", access="none"),
        }
        self.comments: dict[int, Comment] = {}
        self.pulls: dict[int, Pull] = {}
        self.locked: set[int] = set()
        self.deleted: set[int] = set()
        self.moved: dict[int, str] = {}
        self.permissions = {"mona": "write", "boss": "admin", "stranger": "read"}
        self.longest = LONGEST_COMMENT
        self.artifacts: dict[int, list[Artifact]] = {}
        self.reviews: dict[int, list[Review]] = {}
        self.hidden_lists = 0
        self._next_id = 1_000
        self.looks = Looks(refuse, self._page, Answer)

    def add_pull(self, number: int, branch: str, sha: str, *, pull: Pull | None = None) -> None:
        """An open pull request from a branch of the repository, or any ``pull`` at all."""
        self.pulls[number] = pull or Pull(number, branch, sha, head_owner=self.repository.split("/")[0])

    def add_comment(self, issue: int, author: str | None, body: str, *, hours_ago: int = 0) -> Comment:
        """A comment by anybody; None for an account that was deleted."""
        self._next_id += 1
        comment = Comment(self._next_id, issue, author, body, now(hours_ago), now(hours_ago))
        self.comments[comment.id] = comment
        return comment

    def edit(self, comment: Comment, editor: str | None, body: str) -> None:
        """A comment edited by anybody who may; None for an account that was deleted since."""
        edited = replace(self.comments[comment.id], body=body, updated_at=now(), editor=editor, edited_at=now())
        self.comments[comment.id] = edited

    def node(self, name: str, viewer: Account) -> Json | None:
        """A comment as GraphQL has it, by its node id; None for what is not there. Names of bots are without [bot]."""
        comment = self.comments.get(int(name.removeprefix("IC_"))) if re.fullmatch(r"IC_\d+", name) else None
        if comment is None:
            return None
        return {
            "__typename": "IssueComment",
            "id": name,
            "body": comment.body,
            "viewerDidAuthor": comment.author == viewer.login,
            "lastEditedAt": comment.edited_at,
            "author": actor(comment.author),
            "editor": actor(comment.editor),
        }

    def remove(self, comment: Comment) -> None:
        """A comment deleted by somebody else."""
        del self.comments[comment.id]

    def hide(self, comment: Comment) -> None:
        """A comment that a person has folded away; GitHub calls it minimized."""
        self.comments[comment.id] = replace(comment, hidden=True)

    def bodies(self, issue: int) -> list[str]:
        """The comments as a reader sees them."""
        return [comment.body for comment in self.comments.values() if comment.issue == issue]

    def answer(self, method: str, path: str, query: Query, content: object, account: Account) -> Answer:
        """What GitHub would say to an account."""
        if path == "/user" and method == "GET":
            if account.kind == "app":
                return refuse(403, "Resource not accessible by integration")
            return Answer(200, {"login": account.login, "type": "User"})
        owned = re.fullmatch(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))/(.+)", path)
        if owned is None or account.access == "none":
            return NOT_FOUND
        name, inner = unquote(owned[1] or ""), owned[3]
        if name in self.old_names:
            location = f"{self.api_url}/repositories/{REPOSITORY_ID}/{inner}"
            location += f"?{urlencode(query)}" if query else ""
            return Answer(301 if method == "GET" else 307, {"url": location}, {"Location": location})
        if name != self.repository and owned[2] != str(REPOSITORY_ID):
            return NOT_FOUND
        return self._route(method, inner, query, content, account)

    def _route(self, method: str, path: str, query: Query, content: object, account: Account) -> Answer:
        routes: list[tuple[str, str, Callable[[str], Answer]]] = [
            ("GET", r"issues/(\d+)/comments", lambda n: self._list_comments(int(n), path, query)),
            ("POST", r"issues/(\d+)/comments", lambda n: self._create_comment(int(n), content, account)),
            ("PATCH", r"issues/comments/(\d+)", lambda n: self._update_comment(int(n), content, account)),
            ("DELETE", r"issues/comments/(\d+)", lambda n: self._delete_comment(int(n))),
            ("GET", r"pulls/(\d+)", lambda n: self._pull(int(n))),
            ("GET", r"pulls/(\d+)/reviews", lambda n: self._list_reviews(int(n), path, query)),
            ("GET", r"(pulls)", lambda _: self._list_pulls(path, query)),
            ("GET", r"collaborators/([^/]+)/permission", self._permission),
            ("GET", r"actions/runs/(\d+)/artifacts", lambda n: self._list_artifacts(int(n), query)),
            ("GET", r"actions/artifacts/(\d+)/zip", lambda n: self._download(int(n))),
            *self._looks_routes(path, query, content, account),
        ]
        issue = re.match(r"issues/(\d+)/", path)
        if issue and int(issue[1]) in self.moved:
            location = f"{self.api_url}{self.moved[int(issue[1])]}{path[issue.end() - 1 :]}"
            return Answer(301 if method == "GET" else 307, {"url": location}, {"Location": location})
        for verb, pattern, act in routes:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                if method != "GET" and account.access == "read":
                    return refuse(403, "Resource not accessible by integration", headers=NEEDED)
                return act(found[1])
        return NOT_FOUND

    def _looks_routes(
        self, path: str, query: Query, content: object, account: Account
    ) -> list[tuple[str, str, Callable[[str], Answer]]]:
        looks, said = self.looks, content if isinstance(content, dict) else {}
        return [
            ("GET", r"commits/([^/]+)/check-runs", lambda sha: looks.list_runs(sha, query, account)),
            ("POST", r"(check-runs)", lambda _: looks.create_run(said, account)),
            ("PATCH", r"check-runs/(\d+)", lambda n: looks.update_run(int(n), said, account)),
            ("GET", r"check-runs/(\d+)/annotations", lambda n: looks.list_annotations(int(n), path, query)),
            ("GET", r"issues/(\d+)/labels", lambda n: looks.list_labels(int(n), path, query)),
            ("POST", r"issues/(\d+)/labels", lambda n: looks.add_labels(int(n), said)),
            ("DELETE", rf"issues/{_issue(path)}/labels/(.+)", lambda name: looks.remove_label(_issue(path), name)),
        ]

    def _page(self, items: list[Json], path: str, query: Query) -> Answer:
        size = min(max(int(query.get("per_page", "30")), 1), 100)
        page = max(int(query.get("page", "1")), 1)
        last = max((len(items) + size - 1) // size, 1)
        links = {"next": page + 1, "last": last} if page < last else {}
        links |= {"prev": page - 1, "first": 1} if page > 1 else {}
        base = f"{self.api_url}/repositories/{REPOSITORY_ID}/{path}"
        header = ", ".join(
            f'<{base}?{urlencode({**query, "page": str(number)})}>; rel="{rel}"' for rel, number in links.items()
        )
        return Answer(200, items[(page - 1) * size : page * size], {"Link": header} if header else {})

    def _list_comments(self, issue: int, path: str, query: Query) -> Answer:
        if issue in self.deleted:
            return refuse(410, "This issue was deleted")
        if issue not in self.pulls:
            return NOT_FOUND
        listed = [c for c in self.comments.values() if c.issue == issue and c.updated_at >= query.get("since", "")]
        listed.sort(key=lambda comment: comment.id)
        if self.hidden_lists and listed:
            self.hidden_lists -= 1
            listed.pop()
        return self._page([self._comment(comment) for comment in listed], path, query)

    def _create_comment(self, issue: int, content: object, account: Account) -> Answer:
        if issue in self.deleted:
            return refuse(410, "This issue was deleted")
        if issue not in self.pulls:
            return NOT_FOUND
        if issue in self.locked:
            return refuse(403, "Unable to create comment because issue is locked.")
        body, wrong = self._checked_body(content)
        return wrong or Answer(201, self._comment(self.add_comment(issue, account.login, body)))

    def _update_comment(self, number: int, content: object, account: Account) -> Answer:
        body, wrong = self._checked_body(content)
        if number not in self.comments:
            return NOT_FOUND
        if wrong:
            return wrong
        self.edit(self.comments[number], account.login, body)
        return Answer(200, self._comment(self.comments[number]))

    def _delete_comment(self, number: int) -> Answer:
        return NOT_FOUND if self.comments.pop(number, None) is None else Answer(204, {})

    def _comment(self, comment: Comment) -> Json:
        place = f"{self.api_url}/repos/{self.repository}"
        kind = "Bot" if comment.author and comment.author.endswith("[bot]") else "User"
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{place}/issues/comments/{comment.id}",
            "html_url": f"https://github.com/{self.repository}/pull/{comment.issue}#issuecomment-{comment.id}",
            "issue_url": f"{place}/issues/{comment.issue}",
            "body": comment.body,
            "user": {"login": comment.author, "id": 41_898_282, "type": kind} if comment.author else None,
            "created_at": comment.created_at,
            "updated_at": comment.updated_at,
            "author_association": "NONE",
            "performed_via_github_app": None,
            "minimized": {"reason": "resolved"} if comment.hidden else None,
            "pin": None,
        }

    def _pull(self, number: int) -> Answer:
        return Answer(200, self.pull_json(self.pulls[number])) if number in self.pulls else NOT_FOUND

    def _list_pulls(self, path: str, query: Query) -> Answer:
        listed = sorted(self.pulls.values(), key=lambda pull: -pull.number)
        state = query.get("state", "open")
        listed = [pull for pull in listed if state in {"all", pull.state}]
        owner, colon, branch = query.get("head", "").partition(":")
        if colon:  # without an owner the filter is ignored and every pull request is listed
            listed = [pull for pull in listed if pull.head_owner == owner and pull.branch == branch]
        return self._page([self.pull_json(pull) for pull in listed], path, query)

    def _list_reviews(self, number: int, path: str, query: Query) -> Answer:
        if number not in self.pulls:
            return NOT_FOUND
        listed: list[Json] = [
            {
                "id": 80 + place,
                "node_id": f"PRR_{80 + place}",
                "user": {"login": review.author, "type": "User"} if review.author else None,
                "body": "",
                "state": review.state,
                "submitted_at": now(),
                "commit_id": review.commit,
            }
            for place, review in enumerate(self.reviews.get(number, []))
        ]
        return self._page(listed, path, query)

    def _permission(self, login: str) -> Answer:
        if login not in self.permissions:
            return NOT_FOUND
        held = self.permissions[login]
        user: Json = {"login": login, "type": "User"}
        return Answer(200, {"permission": held, "role_name": held, "user": user})

    def _list_artifacts(self, run: int, query: Query) -> Answer:
        listed = [one for one in self.artifacts.get(run, ()) if one.name == query.get("name", one.name)]
        place = f"{self.api_url}/repos/{self.repository}/actions/artifacts"
        shown: list[Json] = [
            {
                "id": one.id,
                "name": one.name,
                "size_in_bytes": 1,  # nobody should rely on it
                "archive_download_url": f"{place}/{one.id}/zip",
                "expired": one.expired,
                "created_at": one.created_at,
                "workflow_run": {"id": run},
            }
            for one in listed
        ]
        size = min(max(int(query.get("per_page", "30")), 1), 100)
        return Answer(200, {"total_count": len(shown), "artifacts": shown[:size]})

    def _download(self, number: int) -> Answer:
        found = next((one for listed in self.artifacts.values() for one in listed if one.id == number), None)
        if found is None:
            return NOT_FOUND
        if found.expired:
            return refuse(410, "Artifact has expired")
        return Answer(302, "", {"Location": found.at})

    def pull_json(self, pull: Pull) -> Json:
        """A pull request as in an answer and as in an event's payload."""
        owner, name = self.repository.split("/")
        base_repo = {"id": REPOSITORY_ID, "name": name, "full_name": self.repository, "owner": {"login": owner}}
        fork = {"id": FORK_ID, "name": name, "full_name": f"{pull.head_owner}/{name}"}
        head_repo = {**fork, "owner": {"login": pull.head_owner}} if pull.fork else base_repo
        return {
            "number": pull.number,
            "state": pull.state,
            "title": "A pull request",
            "head": {
                "ref": pull.branch,
                "sha": pull.sha,
                "user": {"login": pull.head_owner} if pull.head_owner else None,
                "repo": head_repo if pull.head_owner else None,
            },
            "base": {"ref": pull.base, "sha": "b" * 40, "repo": base_repo},
        }

    def _checked_body(self, content: object) -> tuple[str, Answer | None]:
        body = content.get("body") if isinstance(content, dict) else None
        error: Json = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
        if not isinstance(body, str) or not body.strip():
            error |= {"code": "missing_field", "field": "body"}
            return "", refuse(422, "Validation Failed", errors=[error])
        if len(body) > self.longest:
            error["message"] = f"Body is too long (maximum is {LONGEST_COMMENT} characters)"
            return "", refuse(422, "Validation Failed", errors=[error])
        return body, None
