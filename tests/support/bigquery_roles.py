"""Who may do what on the fake: permissions by their IAM names, on projects and on datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.bigquery_refusal import Refused, denied

READER = frozenset({"bigquery.tables.get", "bigquery.tables.getData"})
"""What the product is granted on production's datasets; roles/bigquery.dataViewer has more."""
PREVIEWER = frozenset({"bigquery.datasets.create", "bigquery.jobs.create", "bigquery.jobs.list"})
"""What the product is granted on its project."""


@dataclass(frozen=True)
class Account:
    """A principal. ``datasets`` are by (project, dataset); an account that is everything's owner has ``everywhere``."""

    name: str
    projects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    datasets: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    everywhere: bool = False


@dataclass
class Access:
    """The accounts by their tokens, and what each has become the owner of."""

    accounts: Mapping[str, Account]
    owned: set[tuple[str, str, str]] = field(default_factory=set)

    def account(self, authorization: str | None) -> Account:
        """Who sent a request."""
        found = self.accounts.get((authorization or "").removeprefix("Bearer "))
        if found is None:
            raise Refused(
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other"
                " valid authentication credential.",
                "required",
            )
        return found

    def on_project(self, account: Account, permission: str, *, project: str) -> None:
        if not account.everywhere and permission not in account.projects.get(project, frozenset()):
            raise Refused(
                f"Access Denied: Project {project}: User does not have {permission} permission in project {project}.",
                "accessDenied",
            )

    def allows(self, account: Account, permission: str, *, project: str, dataset: str) -> bool:
        if account.everywhere or (account.name, project, dataset) in self.owned:
            return True
        wide = account.projects.get(project, frozenset())
        return permission in wide or permission in account.datasets.get((project, dataset), frozenset())

    def on_dataset(self, account: Account, permission: str, *, project: str, dataset: str) -> None:
        if not self.allows(account, permission, project=project, dataset=dataset):
            raise denied(permission, f"Dataset {project}:{dataset}")

    def on_table(self, account: Account, permission: str, *, path: tuple[str, str, str]) -> None:
        if not self.allows(account, permission, project=path[0], dataset=path[1]):
            raise denied(permission, f"Table {path[0]}:{path[1]}.{path[2]}")

    def owns(self, account: Account, *, project: str, dataset: str) -> None:
        """Makes an account a dataset's owner."""
        self.owned.add((account.name, project, dataset))
