"""What the account that logged in may do to production, as far as BigQuery says of one table in each dataset."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from rocky_action.domain.project import Relation
from rocky_action.errors import WarehouseError
from rocky_action.warehouses.bigquery_errors import Voice, translated
from rocky_action.warehouses.bigquery_jobs import ANSWER

_CHANGES = ("bigquery.tables.delete", "bigquery.tables.update", "bigquery.tables.updateData")
_MOST_DATASETS = 3
_SHORT = DEFAULT_RETRY.with_timeout(10.0)


def powers(client: bigquery.Client, voice: Voice, *, production: Sequence[Relation]) -> str | None:
    """What the account may do to production's tables, in words; None also where BigQuery does not say.

    One request for each dataset, and of no more than three; it is free. Of a table that is not there, nothing is said.
    """
    found: dict[str, None] = {}
    asked: dict[tuple[str, str], Relation] = {}
    for one in production:
        asked.setdefault((one.catalog or client.project, one.schema), one)
    for (project, dataset), one in list(asked.items())[:_MOST_DATASETS]:
        table = bigquery.TableReference(bigquery.DatasetReference(project, dataset), one.name)
        with suppress(WarehouseError, NotFound), translated(voice, str(one)):  # not known, so nothing is said of it
            answer = client.test_iam_permissions(table, _CHANGES, retry=_SHORT, timeout=ANSWER)
            permissions = sorted(set(answer.get("permissions", ())).intersection(_CHANGES))
            found |= dict.fromkeys(f"{name} in {project}.{dataset}" for name in permissions)
    return f"the account that logs in has {', '.join(found)}" if found else None
