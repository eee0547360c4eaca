"""What the local GitHub knows of check runs and labels, and how it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from tests.support.github_state import Account, Answer, Json, Query

Pages = Callable[["list[Json]", str, "Query"], "Answer"]
Refuse = Callable[..., "Answer"]
LONGEST_TEXT = 65_535
LONGEST_LABEL = 50
MOST_ANNOTATIONS = 50


@dataclass(frozen=True)
class CheckRun:
    """``app`` is the slug of the app that made it. ``output`` is without its annotations."""

    id: int
    name: str
    head_sha: str
    external_id: str
    conclusion: str
    app: str
    output: Mapping[str, object]
    annotations: tuple[Mapping[str, object], ...] = ()


@dataclass
class Looks:
    """Check runs by id, and the labels of each issue. ``known`` are the labels that the repository has.

    ``may_check`` and ``may_create_labels`` are permissions: ``checks: write`` and ``issues: write``.
    """

    refuse: Refuse
    page: Pages
    answer: Callable[[int, object], Answer]
    runs: dict[int, CheckRun] = field(default_factory=dict)
    labels: dict[int, list[str]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    may_check: bool = True
    may_create_labels: bool = True
    longest_summary: int = LONGEST_TEXT

    def newest(self, name: str = "rocky-preview") -> CheckRun:
        """The check run of a name that a reader sees."""
        return max((run for run in self.runs.values() if run.name == name), key=lambda run: run.id)

    # Check runs

    def list_runs(self, sha: str, query: Query, account: Account) -> Answer:
        if not self.may_check:
            return self._forbidden("checks=read")
        del account
        latest: dict[tuple[str, str], CheckRun] = {}
        for run in sorted(self.runs.values(), key=lambda run: run.id):
            if run.head_sha == sha and query.get("check_name") in {None, run.name}:
                latest[run.app, run.name] = run
        listed = [self._run(run) for run in latest.values()]
        return self.answer(200, {"total_count": len(listed), "check_runs": listed})

    def create_run(self, content: Json, account: Account) -> Answer:
        if account.kind == "user":
            return self.refuse(403, "You must authenticate via a GitHub App.")
        if not self.may_check:
            return self._forbidden("checks=write")
        if wrong := self._wrong(content):
            return wrong
        number = 5_000 + len(self.runs)
        app = account.login.removesuffix("[bot]")
        run = CheckRun(number, str(content["name"]), str(content["head_sha"]), "", "", app, {})
        self.runs[number] = self._with(run, content)
        return self.answer(201, self._run(self.runs[number]))

    def update_run(self, number: int, content: Json, account: Account) -> Answer:
        if number not in self.runs:
            return self.refuse(404, "Not Found")
        if self.runs[number].app != account.login.removesuffix("[bot]"):
            return self.refuse(
                403, "Invalid app_id - check run can only be modified by the GitHub App that created it."
            )
        if wrong := self._wrong(content):
            return wrong
        self.runs[number] = self._with(self.runs[number], content)
        return self.answer(200, self._run(self.runs[number]))

    def list_annotations(self, number: int, path: str, query: Query) -> Answer:
        if number not in self.runs:
            return self.refuse(404, "Not Found")
        return self.page([dict(one) for one in self.runs[number].annotations], path, query)

    def _wrong(self, content: Json) -> Answer | None:
        output = content.get("output")
        assert isinstance(output, dict)
        if len(output["summary"].encode()) > self.longest_summary:
            return self.refuse(422, "Invalid request.\n\nsummary is too long (maximum is 65535 characters)")
        assert len(output.get("annotations", [])) <= MOST_ANNOTATIONS
        assert all(one["start_line"] >= 1 for one in output.get("annotations", []))
        return None

    @staticmethod
    def _with(run: CheckRun, content: Json) -> CheckRun:
        """Annotations are added to those that are there."""
        output = content.get("output")
        assert isinstance(output, dict)
        return replace(
            run,
            external_id=str(content.get("external_id", run.external_id)),
            conclusion=str(content.get("conclusion", run.conclusion)),
            output={key: value for key, value in output.items() if key != "annotations"},
            annotations=(*run.annotations, *output.get("annotations", [])),
        )

    @staticmethod
    def _run(run: CheckRun) -> Json:
        return {
            "id": run.id,
            "head_sha": run.head_sha,
            "external_id": run.external_id,
            "html_url": f"https://github.com/acme/shop/runs/{run.id}",
            "status": "completed",
            "conclusion": run.conclusion,
            "name": run.name,
            "app": {"slug": run.app},
            "output": {**run.output, "annotations_count": len(run.annotations)},
        }

    # Labels

    def list_labels(self, issue: int, path: str, query: Query) -> Answer:
        return self.page([{"name": name} for name in self.labels.get(issue, [])], path, query)

    def add_labels(self, issue: int, content: Json) -> Answer:
        asked = content["labels"]
        assert isinstance(asked, list)
        assert all(len(name) <= LONGEST_LABEL for name in asked)
        known = {name.casefold(): name for name in self.known}
        if not self.may_create_labels and any(name.casefold() not in known for name in asked):
            error = {"resource": "Repository", "field": "label", "code": "unauthorized"}
            return self.refuse(403, "You do not have permission to create labels on this repository.", errors=[error])
        for name in asked:
            self.known |= {known.setdefault(name.casefold(), name)}
            there = self.labels.setdefault(issue, [])
            there += [] if known[name.casefold()] in there else [known[name.casefold()]]
        return self.answer(200, [{"name": name} for name in self.labels[issue]])

    def remove_label(self, issue: int, name: str) -> Answer:
        there = self.labels.get(issue, [])
        found = next((one for one in there if one.casefold() == unquote(name).casefold()), None)
        if found is None:
            return self.refuse(404, "Label does not exist")
        there.remove(found)
        return self.answer(200, [{"name": one} for one in there])

    def _forbidden(self, permission: str) -> Answer:
        needed = {"x-accepted-github-permissions": permission}
        return self.refuse(403, "Resource not accessible by integration", headers=needed)
