"""Which columns are masked, and what may be told of an error where values are hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.domain.diff import NAMED
from rocky_action.domain.masking import hides_values, masks_of
from rocky_action.domain.options import DiffOptions, ModelOptions
from rocky_action.domain.project import Mask, Project, Projects
from rocky_action.errors import StatementTimeoutError, WarehouseError
from tests.support.sql_models import model, project

PLAIN = DiffOptions()


def tagged(*masks: Mask, **tags: str) -> Project:
    """A project of one model, whose column ``email`` may have a tag, and another that has none."""
    metadata = tuple((name, text) for name, text in tags.items())
    users = replace(model("users", "SELECT 1 AS email"), metadata=metadata)
    return replace(project([users, model("readers", "SELECT email FROM users")]), masks=masks)


PII = tagged(Mask("", "pii", "hash"), classification='{"Email": "pii", "other": "public", "odd": 1}')


def test_a_tag_that_rocky_masks_masks_the_column_everywhere() -> None:
    assert masks_of(Projects(PII, PII), PLAIN) == {"email": "tagged `pii` in `users`"}


@pytest.mark.parametrize("side", ["base", "head"])
def test_one_side_is_enough(side: str) -> None:
    """A pull request cannot unmask by dropping a tag or a mask."""
    bare = tagged()
    projects = Projects(PII, bare) if side == "base" else Projects(bare, PII)
    assert masks_of(projects, PLAIN).keys() == {"email"}
    retagged = tagged(classification='{"email": "pii"}')
    assert masks_of(Projects(tagged(Mask("prod", "pii", "redact")), retagged), PLAIN).keys() == {"email"}


def test_an_open_mask_is_none_and_other_tags_have_to_be_named() -> None:
    opened = tagged(Mask("", "pii", "none"), classification='{"email": "pii"}')
    assert masks_of(Projects(opened, opened), PLAIN) == {}
    assert masks_of(Projects(opened, opened), DiffOptions(mask_classifications=("pii",))).keys() == {"email"}
    named = DiffOptions(project=ModelOptions(mask_columns=("Phone", "EMAIL")))
    assert masks_of(Projects(PII, PII), named) == {"phone": NAMED, "email": NAMED}


def test_values_are_hidden_where_any_may_not_be_shown() -> None:
    bare = Projects(tagged(), tagged())
    assert not hides_values(bare, PLAIN)
    assert hides_values(bare, DiffOptions(max_samples=0))
    assert hides_values(Projects(PII, tagged()), PLAIN)
    assert hides_values(bare, DiffOptions(models=(("users", ModelOptions(mask_columns=("email",))),)))
    own = replace(model("users", "SELECT 1"), options=ModelOptions(mask_columns=("email",)))
    assert hides_values(Projects(tagged(), project([own])), PLAIN)


@pytest.mark.parametrize(
    "message",
    [
        'Binder Error: Referenced column "emial" not found in FROM clause!',
        "Catalog Error: Table with name x does not exist!",
        "002003 (42S02): SQL compilation error:\nObject 'X' does not exist or not authorized.",
        "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `emial` cannot be resolved.",
        "Unrecognized name: emial at [1:8]",
        "the connection to Snowflake is closed",
    ],
)
def test_errors_about_sql_are_told(message: str) -> None:
    assert WarehouseError(message, advice="").told(hides_values=True) == message


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Conversion Error: Could not convert string 'secret' to INT32", "Conversion Error"),
        ('Constraint Error: Duplicate key "id: secret"', "Constraint Error"),
        ("Invalid Input Error: Binder Error: secret", "Invalid Input Error"),
        ("[CAST_INVALID_INPUT] The value 'secret' of the type \"STRING\" cannot be cast", "[CAST_INVALID_INPUT]"),
        ("100038 (22018): Numeric value 'secret' is not recognized", "100038 (22018)"),
        ("Bad int64 value: secret", "an error"),
        ("secret Binder Error: x", "an error"),
        ("Bad int64 value: Binder Error: secret", "an error"),
        ("'secret': Binder Error: x", "an error"),
        ("", "an error"),
    ],
)
def test_of_other_errors_only_the_kind_is_told(message: str, kind: str) -> None:
    error = WarehouseError(message, advice="")
    assert error.told(hides_values=True) == f"{kind}, whose text is not shown as it may quote values"
    assert error.told(hides_values=False) == message


def test_a_timeout_is_told_in_our_own_words() -> None:
    assert StatementTimeoutError("it took more than 5 s", advice="").told(hides_values=True) == "it took more than 5 s"
