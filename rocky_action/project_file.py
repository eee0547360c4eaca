"""``rocky-preview.yml``: what belongs to the project and not to one workflow. The only home of YAML."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from rocky_action.domain.gate import FailOn
from rocky_action.domain.options import (
    TOLERANCE_TEXTS,
    Algorithm,
    Baseline,
    CopyMode,
    ModelOptions,
    ProjectFile,
    SampleOrder,
    Tolerance,
    tolerance_of,
)
from rocky_action.errors import InputError, did_you_mean

Place = tuple[int | str, ...]
"""The way to a value: keys of mappings and positions in lists."""

_INPUTS = {"gates": "gate", "prices": "price"}
"""Inputs that have another name than the key that says the same."""

_EXPECTED = {
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_type": "a whole number",
    "greater_than_equal": "a number from {ge:g}",
    "less_than_equal": "a number up to {le:g}",
    "enum": "{expected}",
    "tuple_type": "a name or a list of names",
    "tolerance": TOLERANCE_TEXTS,
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


def _one_or_more(value: object) -> object:
    """A single name may stand where a list of names may."""
    return [value] if isinstance(value, str) else value


def _tolerance(value: object) -> Tolerance:
    found = tolerance_of(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("tolerance", "a tolerance")
    return found


Text = Annotated[str, StringConstraints(min_length=1)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)]
Count = Annotated[int, Field(le=999_999_999)]
Allowance = Annotated[Tolerance, PlainValidator(_tolerance)]


class _Comparison(BaseModel):
    """What may be said about all models, and about one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ignore_columns: Names = ()
    mask_columns: Names = ()
    tolerances: dict[str, Allowance] = Field(default_factory=dict)
    ignore_case: Names = ()
    ignore_trailing_blanks: Names = ()
    json_columns: Names = ()

    def options(self) -> ModelOptions:
        return ModelOptions(
            ignore_columns=self.ignore_columns,
            mask_columns=self.mask_columns,
            tolerances=tuple(sorted(self.tolerances.items())),
            ignore_case=self.ignore_case,
            ignore_trailing_blanks=self.ignore_trailing_blanks,
            json_columns=self.json_columns,
        )


class _Model(_Comparison):
    """What may be said about one model only."""

    key: Names | None = None
    where: Text | None = None

    def options(self) -> ModelOptions:
        return ModelOptions(self.key, where=self.where).over(super().options())


class _Document(_Comparison):
    """The whole file."""

    fail_on: FailOn | None = None
    baseline: Baseline | None = None
    copy_: CopyMode | None = Field(default=None, alias="copy")
    algorithm: Algorithm | None = None
    sample_size: Annotated[Count, Field(ge=1)] | None = None
    sample_order: SampleOrder | None = None
    max_samples: Annotated[Count, Field(ge=0)] | None = None
    diff_seconds: Text | None = None
    diff_bytes: Text | None = None
    max_preview_usd: Text | None = None
    max_preview_bytes: Text | None = None
    seeds: Names = ()
    mask_classifications: Names = ()
    allow_functions: Names = ()
    strict_sources: bool | None = None
    price: dict[str, Text] = Field(default_factory=dict, alias="prices")
    runs_per_month: Text | None = None
    gate: dict[str, Text] = Field(default_factory=dict, alias="gates")
    models: dict[str, _Model] = Field(default_factory=dict)

    def inputs(self) -> dict[str, str]:
        """What an input says as well, by key and as text; several values are one per line."""
        no_inputs = {"models", "mask_classifications", "allow_functions", *_Comparison.model_fields}
        own = self.model_dump(by_alias=True, exclude_unset=True, exclude=no_inputs)
        return {name: _as_text(value) for name, value in own.items() if value != {}}


def load_project_file(text: bytes | None, path: str = "rocky-preview.yml") -> ProjectFile:
    """The project file's contents, checked; None stands for a file that does not exist.

    Raises InputError with every mistake in the file.
    """
    if text is None:
        return ProjectFile(path)
    source = _Source(path)
    content = source.content(text)
    try:
        document = _Document.model_validate({} if content is None else content)
    except ValidationError as err:
        for error in err.errors(include_url=False):
            source.wrong(error["loc"], _problem(error))
        raise source.error() from err
    if source.mistakes:
        raise source.error()
    inputs = document.inputs()
    return ProjectFile(
        path=path,
        inputs=MappingProxyType({_INPUTS.get(key, key): value for key, value in inputs.items()}),
        lines=MappingProxyType({_INPUTS.get(key, key): source.lines[key,] for key in inputs}),
        project=document.options(),
        models=tuple(sorted((name, model.options()) for name, model in document.models.items())),
        mask_classifications=document.mask_classifications,
        allow_functions=document.allow_functions,
    )


class _Source:
    """The file's text: its values, all of them still text, the line of each, and what is wrong with it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[Place, int] = {}
        self.mistakes: list[tuple[int, str]] = []
        self._seen: set[int] = set()

    def content(self, text: bytes) -> object:
        try:
            node = yaml.compose(text, yaml.SafeLoader)
            return None if node is None else self._value(node, ())
        except yaml.MarkedYAMLError as err:
            line = err.problem_mark.line + 1 if err.problem_mark else 1
            problem = " ".join(part for part in (err.context, err.problem) if part)
            raise self._unreadable(f"{self.path}, line {line}: {problem}") from err
        except yaml.YAMLError as err:
            raise self._unreadable(f"{self.path}: {str(err).splitlines()[0]}") from err
        except RecursionError as err:
            raise self._unreadable(f"{self.path}: it is nested too deeply") from err

    def wrong(self, place: Place, problem: str) -> None:
        line = next((self.lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in self.lines), 1)
        self.mistakes.append((line, f"{'.'.join(map(str, place)) or 'the file'} {problem}"))

    def error(self) -> InputError:
        listed = (f"- line {line}: {problem}" for line, problem in sorted(self.mistakes))
        return InputError(
            "\n".join((f"{self.path} is wrong:", *listed)),
            advice="docs/inputs.md of rocky-preview lists every key that the file may have.",
        )

    def _unreadable(self, problem: str) -> InputError:
        return InputError(f"{problem}.", advice="The file must be YAML: keys and values, indented with blanks.")

    def _value(self, node: yaml.Node, place: Place) -> object:
        """The node's value, scalars as text: to YAML ``1e-9`` is no number, and a column called ``no`` is false."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self._seen:
            self.wrong(place, "repeats an anchor; write it out")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*place, position)) for position, item in enumerate(node.value)]
        text = str(node.value)
        is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return None if is_plain and text in {"", "~", "null", "Null", "NULL"} else text

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        """A key with nothing behind it is left out, as if it were not there."""
        found: dict[str, object] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.wrong(place, "has a key that is not text")
                continue
            here = (*place, key.value)
            if here in self.lines:
                self.wrong(here, f"is there again in line {key.start_mark.line + 1}")
                continue
            self.lines[here] = key.start_mark.line + 1
            value = self._value(item, here)
            if value is not None:
                found[key.value] = value
        return found


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        fields = (_Model if len(error["loc"]) > 1 else _Document).model_fields
        known = [field.alias or name for name, field in fields.items()]
        return f"is not a key{did_you_mean(str(error['loc'][-1]), known)}"
    template = _EXPECTED.get(error["type"])
    expected = template.format(**error.get("ctx", {})) if template else error["msg"]
    return f"expects {expected}, not {_shown(error['input'])}{_near(error)}"


def _near(error: ErrorDetails) -> str:
    """A suggestion for a choice that is not one."""
    choices = str(error.get("ctx", {}).get("expected", "")).split("'")[1::2]
    return did_you_mean(error["input"], choices) if isinstance(error["input"], str) else ""


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else f"{value[:80]}…")
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "nothing"


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        return "".join(f"{name}={one}\n" for name, one in value.items())
    return "".join(f"{one}\n" for one in value) if isinstance(value, tuple) else str(value)
