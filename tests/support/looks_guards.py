"""What the scenarios of edited lines, check runs and labels guard."""

from __future__ import annotations

from tests.support.guards import Guard

CHECK = "forges.check_runs:_Conclusion"
LOOKS = "looks:Looks"
LINES = "domain.annotations"
CAUSES = "stages.findings.causes"

GUARDS = (
    # One check run for each name and commit
    Guard(
        f"{CHECK}._settled",
        "if found is None or left is None:",
        "if True:",
        ("test_the_next_run_rewrites_the_check", "test_the_next_run_has_one_annotation_more"),
    ),
    Guard(
        f"{CHECK}._find",
        "(self._check.name, self._check.external_id)",
        "(self._check.name, '')",
        ("test_the_next_run_rewrites_the_check", "test_the_check_is_created_without_an_answer"),
    ),
    Guard(
        f"{CHECK}._find",
        "and f\"{text(one, 'app', 'slug')}[bot]\" == self._github.login",
        "",
        ("test_another_apps_check_has_our_name",),
    ),
    Guard(
        f"{CHECK}._left",
        "return None if there - set(self._lines) else",
        "return",
        ("test_the_next_run_has_other_annotations",),
    ),
    Guard(
        f"{CHECK}._left",
        "[one for one in self._lines if one not in there]",
        "self._lines",
        (
            "test_the_next_run_rewrites_the_check",
            "test_the_next_run_has_one_annotation_more",
            "test_annotations_are_added_without_an_answer",
        ),
    ),
    Guard(
        f"{CHECK}.settle",
        "except NoAnswerError:",
        "except KeyError:",
        ("test_the_check_is_created_without_an_answer", "test_annotations_are_added_without_an_answer"),
    ),
    Guard("forges.check_runs:ROUNDS", "", "9", ("test_the_check_cannot_be_created",)),
    Guard("forges.check_runs:SECONDS_OF_REPLICA_LAG", "", "0.0", ("test_the_check_is_created_without_an_answer",)),
    Guard(
        f"{CHECK}._patch",
        ', repeatable=not dig(said, "output", "annotations")',
        "",
        ("test_annotations_are_added_without_an_answer",),
    ),
    # What it says
    Guard(
        "forges.github_api:_json",
        ', "replace")',
        ")",
        ("test_strangers_have_chosen_the_names",),
    ),
    Guard("forges.check_runs:_line", "escaped(one.message)", "one.message", ("test_strangers_have_chosen_the_names",)),
    Guard("forges.check_runs:_line", 'escaped(one.path or "")', "one.path", ("test_strangers_have_chosen_the_names",)),
    Guard(
        f"{LOOKS}._instance",
        're.sub(r"[^\\w .:/+-]+", "-", instance)',
        "instance",
        ("test_strangers_have_chosen_the_names",),
    ),
    Guard("forges.check_runs:AT_ONCE", "", "100", ("test_a_check_has_many_annotations",)),
    Guard("forges.check_runs:MOST_ANNOTATIONS", "", "1_000", ("test_a_check_has_many_annotations",)),
    Guard(
        f"{CHECK}._sent",
        "if not err.is_too_long or",
        "if True or",
        ("test_github_finds_the_checks_summary_too_long",),
    ),
    Guard("rendering:render_check", "size=_utf8_size", "size=len", ("test_the_checks_summary_is_long",)),
    Guard(
        "looks:conclusion",
        'return "success" if verdict is Verdict.UNCHANGED else "neutral"',
        'return "success"',
        (
            "test_each_verdict_has_its_conclusion",
            "test_a_check_says_it_too",
        ),
    ),
    Guard(
        "looks:conclusion",
        "if settings.fail_on.fails(verdict):",
        "if verdict is Verdict.FAILED:",
        ("test_each_verdict_has_its_conclusion", "test_the_next_run_rewrites_the_check"),
    ),
    Guard(
        f"{LOOKS}._check",
        "where.head_commit",
        "'b' * 40",
        ("test_a_check_says_it_too", "test_a_run_is_cancelled"),
    ),
    Guard(
        f"{LOOKS}.fail",
        '"neutral" if forgiven else "failure"',
        '"failure"',
        ("test_there_is_no_preview",),
    ),
    Guard(f"{LOOKS}.fail", ".removeprefix(marker).lstrip()", "", ("test_there_is_no_preview",)),
    Guard(
        "main:_what_is_right",
        "if is_there else {}",
        "if not is_there else {}",
        ("test_the_inputs_of_one_project_are_wrong",),
    ),
    Guard("main:_step", "cancel(job)", "pass", ("test_a_run_is_cancelled",)),
    # Once, and at all
    Guard(
        f"{LOOKS}.show",
        "if not (shown and one.path):",
        "if True:",
        ("test_a_check_says_it_too",),
    ),
    Guard(
        f"{LOOKS}.show",
        "if not (shown and one.path):",
        "if not (self.settings.check_run and one.path):",
        (
            "test_the_check_may_not_be_written",
            "test_the_check_cannot_be_created",
            "test_a_person_cannot_write_checks",
        ),
    ),
    Guard(
        f"{LOOKS}._check",
        "if not self.settings.check_run or",
        "if",
        ("test_nobody_asked_for_more_than_a_comment",),
    ),
    Guard(
        f"{LOOKS}._check",
        "except ForgeError as err:",
        "except KeyError as err:",
        ("test_the_check_may_not_be_written", "test_a_person_cannot_write_checks", "test_the_check_cannot_be_created"),
    ),
    Guard(
        f"{LOOKS}._advice",
        "permissions_block(self.permissions)",
        "permissions_block('checks=write')",
        ("test_the_check_may_not_be_written", "test_labels_may_not_be_created"),
    ),
    Guard(
        f"{LOOKS}._advice",
        'if "via a github app" in err.message.lower():',
        "if False:",
        ("test_a_person_cannot_write_checks",),
    ),
    # Several previews
    Guard(
        f"{LOOKS}.name",
        'f"{NAME}: {self._instance}" if self._instance else NAME',
        "NAME",
        ("test_two_previews_of_one_pull_request",),
    ),
    Guard(
        f"{LOOKS}._instance",
        'instance = own or ("" if self.folder == "." else self.folder)',
        "instance = own",
        ("test_two_previews_of_one_pull_request",),
    ),
    Guard(
        f"{LOOKS}._spelled",
        'f"{PREFIX} {self._instance}" if self._instance else PREFIX',
        "PREFIX",
        ("test_two_previews_of_one_pull_request",),
    ),
    Guard("looks:_cut", "if len(name) <= longest:", "if True:", ("test_a_previews_name_is_long",)),
    Guard(
        f"{LINES}:in_folder",
        'prefix = "" if folder in {"", "."} else f"{folder}/"',
        'prefix = ""',
        ("test_two_previews_of_one_pull_request",),
    ),
    # Labels
    Guard(
        f"{LOOKS}._label",
        "if not self.settings.labels or",
        "if",
        ("test_nobody_asked_for_more_than_a_comment",),
    ),
    Guard(
        "forges.labels:relabel",
        "name.casefold() for name in ours if",
        "name.casefold() for name in there.values() if",
        ("test_labels_say_what_was_found",),
    ),
    Guard(
        "forges.labels:relabel",
        "    for name in removed:",
        "    for name in ():",
        ("test_labels_follow_the_next_run", "test_a_bill_grows", "test_there_is_no_preview"),
    ),
    Guard("forges.labels:relabel", "if added:", "if True:", ("test_labels_follow_the_next_run",)),
    Guard(
        "forges.labels:relabel",
        "if name.casefold() not in there]",
        "if name not in there.values()]",
        ("test_a_label_is_spelled_otherwise",),
    ),
    Guard("forges.labels:relabel", "if err.status != 404:", "if True:", ("test_somebody_takes_a_label_away_first",)),
    Guard(
        f"{LOOKS}._label",
        "except ForgeError as err:",
        "except KeyError as err:",
        ("test_labels_may_not_be_created", "test_labels_cannot_be_given"),
    ),
    Guard(
        f"{LOOKS}._advice",
        ' or "permission to create labels" in err.message',
        "",
        ("test_labels_may_not_be_created",),
    ),
    Guard(
        f"{LOOKS}.fail",
        "self._label((Label.FAILED,))",
        "pass",
        ("test_there_is_no_preview",),
    ),
    Guard("domain.labels:labels_of", "if dearer and", "if False and", ("test_a_bill_grows",)),
    # Lines
    Guard(
        f"{CAUSES}:_Edits.of_column",
        "if (line := _edited(hunks, span)) is not None:",
        "if (line := span[0]) < 0:",
        ("test_an_edit_changes_data",),
    ),
    Guard(
        f"{CAUSES}:_Edits.causes",
        "if upstream in self.changes:",
        "if False:",
        ("test_an_edit_changes_data",),
    ),
    Guard(
        "git.hunks:_line_before",
        "shift += hunk.base_count - hunk.head_count",
        "shift += 0",
        ("test_the_other_side_has_edited_the_same_file",),
    ),
    Guard(
        f"{LOOKS}._annotations",
        "return at_pull_head(found, self.settings, place=self.place, report=report, pull_head=pull_head)",
        "return found",
        ("test_the_other_side_has_edited_the_same_file",),
    ),
    Guard(
        f"{CAUSES}:_of_failure",
        "if caveat.model == model and caveat.line is not None and caveat.path:",
        "if False:",
        ("test_a_column_is_lost_upstream",),
    ),
    Guard(
        f"{LINES}:annotations_of",
        "if one.path is not None and one.line is not None:",
        "if False:",
        ("test_a_column_is_lost_upstream",),
    ),
    Guard("forges.check_runs:AT_ONCE", "", "5", ("test_everything_at_once_is_asked_in_one_runs_requests",)),
)
