"""What a model reads: model-level references now, column-level lineage when its issue lands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ModelRead:
    """A reference that resolves to another model of the project (or to the model itself).

    ``declared`` is true when it stands in ``depends_on`` only and the SQL does not mention it.
    """

    model: str
    declared: bool = False
    kind: Literal["model"] = "model"


@dataclass(frozen=True)
class SourceRead:
    """A reference to a table the project reads and does not build; ``name`` is as written, dots included."""

    name: str
    kind: Literal["source"] = "source"


Reference = ModelRead | SourceRead
