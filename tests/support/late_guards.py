"""What the scenarios of late, long and half-way runs are good for; see ``tests.support.guards``."""

from __future__ import annotations

from tests.support.guards import Guard

STICKY = "forges.comments:_Sticky"
CLIENT = "forges.github_api:GitHub"

LATE_GUARDS = (
    Guard(
        f"{STICKY}._update",
        ", again=self._look_again",
        "",
        ("test_a_later_run_writes_while_an_update_waits", "test_the_head_moves_on_while_an_update_waits"),
    ),
    Guard(
        f"{STICKY}._look_again",
        "if self._later(self._mine()):",
        "if True:",
        ("test_nobody_writes_while_an_update_waits",),
    ),
    Guard(
        f"{STICKY}.settle",
        "if tried == 0 and self._is_long_ago:",
        "if False:",
        (
            "test_a_later_run_writes_while_this_one_asks_who_it_is",
            "test_a_later_run_writes_while_this_one_asks_who_has_approved",
        ),
    ),
    Guard(
        f"{STICKY}.settle",
        "tried == 0 and ",
        "",
        ("test_every_answer_is_slow_and_the_comment_is_written_all_the_same",),
    ),
    Guard(
        f"{STICKY}._asked_who",
        "self._seen[comment.id] = replace(comment, body=body)",
        "pass",
        ("test_a_later_run_writes_between_the_list_and_the_update",),
    ),
    Guard(
        "forges.refusals:is_locked",
        'r"\\blocked\\b"',
        '"locked"',
        ("test_a_secondary_limit_says_blocked", "test_a_secondary_limit_says_blocked_and_for_how_long"),
    ),
    Guard(
        "forges.addresses:is_at",
        "except InputError:",
        "except KeyError:",
        ("test_a_redirect_leads_to_no_web_address",),
    ),
    Guard(
        f"{CLIENT}._send",
        "(httpx.HTTPError, httpx.InvalidURL)",
        "httpx.HTTPError",
        ("test_a_redirect_leads_to_no_web_address",),
    ),
    Guard(
        "forges.refusals:_LIMIT",
        "",
        "re.compile('rate[ -]limit', re.IGNORECASE)",
        ("test_a_secondary_limit_says_blocked",),
    ),
    Guard(
        f"{CLIENT}._send",
        "raise UsedUpError",
        'raise NoAnswerError("used that up")',
        ("test_there_is_nothing_left_to_ask_with",),
    ),
    Guard("forges.spoken:asked_for", "_CODE.match(lines[0]) or ", "", ("test_a_comment_shows_the_command",)),
    Guard("looks:Looks._label", "self.outdated or ", "", ("test_a_late_report_has_no_labels",)),
    Guard(
        "job:publish_failure",
        "            return\n        shown",
        "        shown",
        ("test_a_superseded_run_leaves_check_and_labels_to_the_other",),
    ),
    Guard(
        "job:publish_failure",
        "pull_request.head_commit if pull_request else job.event.sha",
        "job.event.sha",
        ("test_a_failure_names_the_pull_requests_commit",),
    ),
    Guard(
        "job:Job.known_pull_request",
        'vars(self).get("asked") or ',
        "",
        ("test_a_failure_names_the_pull_requests_commit",),
    ),
    Guard(
        "job:publish_failure",
        "(leave_files, say_so):",
        "(lambda: (leave_files(), say_so()),):",
        ("test_a_failure_is_told_where_it_can_be",),
    ),
    Guard(
        "forges.patience:Patience.for_another",
        "other._left = self._left",
        "pass",
        ("test_a_cancelled_run_asks_no_more_than_others",),
    ),
    Guard(
        f"{STICKY}.withdraw",
        "self._take_up(mine[0])",
        'self._text += f"\\n{last_hidden(mine[0].body)}"',
        ("test_a_withdrawn_report_vouches_for_nobodys_edit",),
    ),
    Guard(
        f"{STICKY}.settle",
        "without_last_hidden(later.body)",
        "later.body",
        ("test_a_double_that_somebody_has_edited_is_not_vouched_for",),
    ),
    Guard(
        "cleaning:cleanup_previews",
        ", folder=repository.prefix",
        "",
        ("test_a_project_in_a_folder_is_previewed_and_cleaned_up",),
    ),
)
