"""What a reader is told of the preview before: the sentences, and where they stand in the comment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rocky_action.documents import REPORT, all_documents
from rocky_action.domain.diff import Column, Exhaustive, ModelDiff, NotCompared, RowDiff, Sampled, SchemaDiff
from rocky_action.domain.history import (
    Approval,
    Content,
    Digest,
    ModelSince,
    NewlyAffected,
    NewlyRemoved,
    NoLongerAffected,
    NoLongerRemoved,
    NotKnown,
    Other,
    OtherCounts,
    Preview,
    Same,
    SameCounts,
    Since,
    digest_of,
    since,
)
from rocky_action.rendering import COMMENT_LIMIT, render_comment, render_summary
from rocky_action.rendering.history import Told, since_lines
from rocky_action.wire.digest import MOST, Seal, digest_line, read_digest
from rocky_action.wire.report import parse_report
from tests.support.dead import assert_dead
from tests.support.golden import check_golden
from tests.support.reports import HOSTILE, rows_changed, sixty_models
from tests.support.self_test_reports import passed

MARKER = "<!-- rocky-preview -->"
SEAL = Seal("acme/shop", 7, MARKER, "a secret of the repository")
FULL = Exhaustive("keyed")
THEN = Since("3e54bf4" + "0" * 33, False, False, "changed", "changed", (), None)
HEAD = "b81e90d7c2f34a6e5d10987654321fedcba98765"
SINCE = "**Since the last preview** (`3e54bf4`): "


def told(*models: ModelSince, **other: object) -> str:
    return "\n".join(since_lines(replace(THEN, models=models, **other)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ((Same("a"),), "the one model holds the same data."),
        ((Same("a"), Same("b")), "all 2 models hold the same data."),
        ((Same("a", in_part=True), Same("b")), "…all 2 models hold the same data, as far as they are compared."),
        ((Other("a", 5, 5),), "1 model holds other data (`a`)."),
        (
            (Other("a", 1840, 1720), Other("b", None, 3), Same("c")),
            "2 models hold other data (`a` 1,840 → 1,720 rows, `b`); 1 other model holds the same data.",
        ),
        ((NewlyAffected("n"), NoLongerAffected("g")), "newly affected: `n`; no longer affected: `g`."),
        ((NewlyRemoved("r"), Same("a")), "newly removed: `r`; 1 other model holds the same data."),
        ((NoLongerRemoved("r"),), "no longer removed: `r`."),
        (
            (SameCounts("a"), SameCounts("b")),
            "the same counts for all 2 models (whether the values are the same is not known).",
        ),
        ((SameCounts("a"), NotKnown("b")), "not known for `b`; the same counts for `a` (whether the values are…"),
        ((OtherCounts("a"),), "other counts against base for `a`."),
        (
            tuple(Other(f"m{number}", 1, 1) for number in range(7)),
            "7 models hold other data (`m0`, …, `m4` and 2 more)",
        ),
    ],
)
def test_sentences(models: tuple[ModelSince, ...], sentence: str) -> None:
    found = told(*models)
    assert found.startswith(SINCE)
    at = 0
    for piece in sentence.split("…"):
        at = found.index(piece, at)


@pytest.mark.parametrize("models", [(), (NotKnown("a"),), (NotKnown("a"), NotKnown("b"))])
def test_nothing_is_said_where_nothing_is_known(models: tuple[ModelSince, ...]) -> None:
    assert told(*models) == ""


def test_a_run_of_the_same_commit_speaks_up_only_if_something_differs() -> None:
    assert told(Same("a"), SameCounts("b"), NotKnown("c"), rerun=True) == ""
    assert told(Other("a", 1, 1), rerun=True) == "**Run again** on `3e54bf4`: 1 model holds other data (`a`)."


def test_what_else_was_other_is_said() -> None:
    found = told(Other("a", 1, 1), base_moved=True, verdict_then="incomplete")
    assert found.endswith("(`a`); base is another commit, too; the verdict was `incomplete`.")
    assert "base" not in told(Same("a"), base_moved=True)


@pytest.mark.parametrize(("differ", "word"), [(True, "the data are others"), (False, "the same data"), (None, "")])
def test_without_the_models_all_of_the_data_are_known(differ: bool | None, word: str) -> None:
    found = "\n".join(since_lines(replace(THEN, models=None, data_differ=differ)))
    assert word in found
    assert bool(found) is (differ is not None)


def diff(model: str, coverage: Exhaustive | Sampled | NotCompared, changed: int | None = 0) -> ModelDiff:
    return ModelDiff(model, SchemaDiff(), RowDiff(9, 9, changed, changed, changed), coverage)


def preview(*diffs: ModelDiff, contents: tuple[Content, ...] = (), **other: object) -> Preview:
    made = Preview(HEAD, "b" * 40, "changed", "DuckDB 2.0.0", diffs, contents)
    return replace(made, **other)  # type: ignore[arg-type]


def test_a_sample_tells_no_counts() -> None:
    sampled = preview(diff("a", Sampled(5, 9, ("id",)), 2))
    more = preview(diff("a", Sampled(5, 9, ("id",)), 3))
    found = since(digest_of(sampled, SEAL.fingerprint), digest_of(more, SEAL.fingerprint))
    assert found.models == (NotKnown("a"),)


def test_what_is_compared_by_other_rules_is_not_known() -> None:
    content = Content("a", (), (Column("x", "INT"),), 9, 1)
    filtered = replace(content, left_out=("rows x > 0",))
    one, other = (
        digest_of(preview(diff("a", FULL, 1), contents=(what,)), SEAL.fingerprint) for what in (content, filtered)
    )
    found = since(one, other)
    assert (found.models, found.data_differ) == ((NotKnown("a"),), None)
    assert since(other, other).models == (Same("a", in_part=True),)


def test_another_engine_hashes_otherwise() -> None:
    made = preview(diff("a", FULL, 1), contents=(Content("a", (), (), 9, 1),))
    one, other = (digest_of(replace(made, warehouse=f"DuckDB {v}"), SEAL.fingerprint) for v in ("1.0", "2.0"))
    found = since(one, other)
    assert (found.models, found.data_differ) == ((SameCounts("a"),), None)


def test_columns_and_removed_models_count() -> None:
    made = preview(diff("a", FULL, 1), contents=(Content("a", (), (Column("x", "INT"),), 9, 1),))
    wider = replace(made, contents=(Content("a", (), (Column("x", "BIGINT"),), 9, 1),))
    fewer = replace(made, removed=("b",))
    digests = [digest_of(one, SEAL.fingerprint) for one in (made, wider, fewer)]
    assert since(digests[0], digests[1]).models == (Other("a", 9, 9),)
    assert [since(digests[0], one).data_differ for one in digests] == [False, True, True]
    assert since(digests[0], digests[2]).models == (Same("a"), NewlyRemoved("b"))
    assert since(digests[2], digests[0]).models == (Same("a"), NoLongerRemoved("b"))
    moved = digest_of(preview(diff("b", FULL, 1)), SEAL.fingerprint)
    assert since(digests[2], moved).models == (NewlyAffected("b"), NoLongerAffected("a"))
    assert since(moved, digests[2]).models == (NewlyAffected("a"), NewlyRemoved("b"))


def test_a_model_that_is_as_in_base_is_no_part_of_what_the_change_does() -> None:
    def digest(checksum: int | None) -> Digest:
        contents = (Content("a", (), (), 9, 1), Content("b", (), (), 9, checksum))
        made = preview(diff("a", FULL, 1), diff("b", FULL), contents=contents)
        return digest_of(made, SEAL.fingerprint)

    assert since(digest(1), digest(2)).models == (Same("a"), Other("b", 9, 9)), "base holds something else as well"
    assert {since(digest(1), digest(other)).data_differ for other in (1, 2, None)} == {False}


def test_a_digest_is_spelled_in_one_way() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    lines = (digest_line(digest_of(preview(commit="c" * n), SEAL.fingerprint), SEAL) for n in range(40))
    line = next(line for line in lines if "= " in line)
    at = line.index("=") - 1  # this letter's last bits say nothing
    spelled_otherwise = f"{line[:at]}{letters[letters.index(line[at]) + 1]}{line[at + 1 :]}"
    assert read_digest(line, SEAL) is not None
    assert read_digest(spelled_otherwise, SEAL) is None


def test_a_model_without_a_table_is_passed_over() -> None:
    one = digest_of(preview(inlined=("a",)), SEAL.fingerprint)
    failed = digest_of(preview(diff("a", NotCompared("it was not run"), None)), SEAL.fingerprint)
    assert since(one, one).models == ()
    assert since(one, failed).models == (NotKnown("a"),)


def history(limit: int = COMMENT_LIMIT) -> str:
    """The comment of the usual report after another one; docs/images/comment.png shows it."""
    report = passed()
    contents = tuple(Content(one.model, (), (), one.rows.rows_head, 1) for one in report.diffs)
    digest = digest_of(Preview(HEAD, "b" * 40, "changed", "DuckDB", report.diffs, contents), SEAL.fingerprint)
    models = (Other("fct_revenue", 1_734, 1_720), NoLongerAffected("rpt_daily"), Same("rpt_top_customers"))
    lines = since_lines(replace(THEN, models=models), [Approval("mona", THEN.commit)])
    return render_comment(
        report,
        marker=MARKER,
        limit=limit,
        told=Told(lines, lambda room: digest_line(digest, SEAL, limit=room)),
    )


def test_comment() -> None:
    check_golden("comment_history.md", history())


@pytest.mark.parametrize("limit", [500, 1_500, 4_000, 65_000])
def test_the_digest_is_within_the_limit_and_at_the_end_or_left_out(limit: int) -> None:
    text = history(limit)
    assert len(text) <= limit
    assert text.startswith(f"{MARKER}\n")
    last = text.rstrip("\n").split("\n")[-1]
    assert (read_digest(last, SEAL) is not None) is (limit > 3_000)


def test_sixty_models_fit() -> None:
    diffs = sixty_models().diffs
    contents = tuple(Content(one.model, (), (), one.rows.rows_head, 1) for one in diffs)
    digest = digest_of(Preview(HEAD, "b" * 40, "changed", "DuckDB", diffs, contents), SEAL.fingerprint)
    line = digest_line(digest, SEAL)
    assert len(line) < 4_000 < MOST
    assert read_digest(line, SEAL) == digest


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_strangers_are_dead(name: str) -> None:
    models: tuple[ModelSince, ...] = (Other(name, 1, 2), NewlyAffected(name), NotKnown(name), SameCounts(name))
    lines = since_lines(replace(THEN, commit=name, models=models), [Approval(name, name)])
    assert_dead("\n\n".join(lines))


def test_no_file_has_a_memory() -> None:
    report = replace(rows_changed(), contents=(Content("fct_revenue", (), (), 7, 271828182845904523),))
    assert "digest" not in render_summary(report)
    texts = all_documents(report, marker=MARKER)
    assert not [name for name, text in texts.items() if "271828182845904523" in text or "checksum" in text]
    assert parse_report(texts[REPORT]) == replace(report, contents=())
