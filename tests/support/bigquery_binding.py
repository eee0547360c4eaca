"""BigQuery's names made DuckDB's: tables found and checked, views unfolded."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from tests.support.bigquery_grammar import statements
from tests.support.bigquery_refusal import Refused
from tests.support.bigquery_roles import Access, Account
from tests.support.bigquery_shelf import Path, Shelf, Stored
from tests.support.bigquery_spelling import respelled


@dataclass
class Binding:
    """One statement's surroundings, and what of the shelf it turned out to read."""

    shelf: Shelf
    access: Access
    account: Account
    project: str
    location: str
    reads: list[Stored] = field(default_factory=list)

    def path(self, table: exp.Table) -> Path:
        """A table's full name. Two parts are in the project that the job runs in."""
        if not table.db:
            raise Refused(f'Table "{table.name}" must be qualified with a dataset (e.g. dataset.table).', "invalid")
        return table.catalog or self.project, table.db, table.name

    def may(self, permission: str, path: Path) -> None:
        """Refuses what the account may not do; a dataset that is not there is not there for anybody."""
        self.shelf.dataset(path[0], path[1], location=self.location)
        self.access.on_table(self.account, f"bigquery.tables.{permission}", path=path)

    def target(self, table: exp.Table, *, permission: str) -> Stored:
        """The table that a statement changes, which it names from now on by where its rows are."""
        path = self.path(table)
        self.may(permission, path)
        stored = self.shelf.table(path, location=self.location)
        if stored.kind != "TABLE":
            raise Refused(f"Cannot modify {stored.label}: it is a {stored.kind}", "invalid")
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
        for part in ("db", "catalog"):
            table.set(part, None)
        table.set("this", exp.to_identifier(stored.storage))
        table.set("alias", alias)
        return stored

    def bound(self, tree: exp.Expr) -> exp.Expr:
        """A statement whose tables are DuckDB's and whose functions mean what they mean in BigQuery."""
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        for table in list(tree.find_all(exp.Table)):
            if table.args.get("db") is None and (table.name in ctes or self._ours(table)):
                continue
            self._read(table)
        return respelled(tree)

    def _ours(self, table: exp.Table) -> bool:
        return any(stored.storage == table.name for stored in self.shelf.all_tables() if stored.storage)

    def _read(self, table: exp.Table) -> None:
        path = self.path(table)
        self.may("getData", path)
        stored = self.shelf.table(path, location=self.location)
        sample = table.args.get("sample")
        alias = table.alias or table.name
        if sample is not None and stored.kind != "TABLE":
            raise Refused("TABLESAMPLE SYSTEM can only be applied directly to tables", "invalid")
        self.reads.append(stored)
        if stored.query:
            inner = Binding(self.shelf, self.access, self.account, path[0], self.location, self.reads)
            query = inner.bound(statements(stored.query)[0])
            assert isinstance(query, exp.Query)
            unfolded = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
            unfolded.set("joins", table.args.get("joins"))
            table.replace(unfolded)
            return
        for part in ("db", "catalog"):
            table.set(part, None)
        table.set("this", exp.to_identifier(stored.storage))
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
