"""What the scenarios of the comment's memory are good for; see ``tests.support.guards``."""

from __future__ import annotations

from tests.support.guards import Guard

STICKY = "forges.comments:_Sticky"
UNTOUCHED = "forges.comments:untouched"
MEMORY = "remembering:Memory"
DOMAIN = "domain.history"
SEALED = "wire.digest"

HISTORY_GUARDS = (
    # Who has written the comment
    Guard(
        f"{STICKY}._mine", "if comment.author == author", "if True", ("test_a_forged_digest_is_in_a_strangers_comment",)
    ),
    Guard(
        UNTOUCHED,
        " if (edited_at, editor) == (None, None) or (isinstance(edited_at, str) and editor == author)",
        "",
        ("test_somebody_has_edited_our_comment",),
    ),
    Guard(
        UNTOUCHED,
        "editor == author",
        'text(editor, "login") == text(author, "login")',
        ("test_somebody_has_edited_our_comment",),
    ),
    Guard(
        UNTOUCHED,
        "editor == author",
        'editor == {"__typename": "Bot", "login": "github-actions"}',
        ("test_an_app_and_a_person_have_a_memory_too",),
    ),
    Guard(
        f"{STICKY}._take_up",
        "comment.node in self._untouched:\n        self._body = continued.after(self._untouched[comment.node])",
        "True:\n        self._body = continued.after(comment.body)",
        (
            "test_graphql_is_down",
            "test_graphql_says_nothing_of_the_comment",
            "test_graphql_takes_offence_at_the_question",
            "test_somebody_has_edited_our_comment",
        ),
    ),
    Guard(
        "forges.github_api:GitHub.introduce",
        "found = self._introduced(())",
        "pass",
        ("test_graphql_takes_offence_at_the_question",),
    ),
    Guard(
        f"{STICKY}._asked_who",
        "return found.login",
        "return self._github.introduce().login",
        (
            "test_a_push_changes_nothing_and_takes_three_requests",
            "test_graphql_says_nothing_of_the_comment",
        ),
    ),
    # What the digest belongs to
    Guard(
        f"{SEALED}:read_digest",
        "not hmac.compare_digest(seal.of(packed), found[2])",
        "False",
        ("test_the_digest_is_of_another_pull_request", "test_the_key_is_another_one"),
    ),
    Guard(
        f"{SEALED}:Seal._mac",
        "(self.repository.lower(), self.number, self.marker)",
        "()",
        ("test_the_digest_is_of_another_pull_request",),
    ),
    Guard(
        f"{SEALED}:Seal._mac",
        "_OPEN_KEY if self.key is None else self.key.encode()",
        "_OPEN_KEY",
        ("test_the_key_is_another_one",),
    ),
    Guard(
        f"{SEALED}:line_in",
        'body.rstrip("\\r\\n").rpartition("\\n")[2]',
        '(_LINE.search(body) or [""])[0]',
        ("test_the_digest_is_not_whole",),
    ),
    # What is kept
    Guard(
        f"{MEMORY}.comment_on",
        "self._told(report, now, previous=None)",
        "lambda limit: render_comment(report, marker=self.marker, limit=limit)",
        ("test_the_first_preview_keeps_a_digest_and_says_nothing_of_it",),
    ),
    Guard(
        f"{MEMORY}.comment_on",
        "previous=read_digest(line_in(before), self.seal)",
        "previous=None",
        ("test_a_forged_digest_would_be_believed_of_ourselves", "test_a_push_changes_the_data"),
    ),
    Guard(
        f"{MEMORY}.instead",
        'line if read_digest(line, self.seal) else ""',
        '""',
        ("test_a_failed_run_and_one_without_credentials_keep_what_is_known",),
    ),
    Guard(
        "rendering:kept_line",
        "limit // 8 - 2",
        "10 if limit < 65_000 else limit // 8 - 2",
        ("test_the_digest_survives_a_comment_that_github_finds_too_long",),
    ),
    Guard(
        "remembering:_preview",
        "pull_request.head_commit,",
        "report.comparison.head_commit,",
        ("test_the_action_remembers_from_push_to_push",),
    ),
    Guard(
        "job:Job.memory",
        "not settings.history or",
        "",
        ("test_the_action_remembers_from_push_to_push",),
    ),
    # What is said
    Guard(
        f"{DOMAIN}:_one_since",
        "before.content is not None and now.content is not None",
        "True",
        ("test_what_nobody_compared_is_not_called_the_same",),
    ),
    Guard(
        "rendering.history:_since",
        "(since.rerun and not differs)",
        "False",
        ("test_the_same_commit_runs_again",),
    ),
    # Approvals
    Guard(
        f"{MEMORY}._told",
        "if others else ()",
        "",
        ("test_a_push_changes_nothing_and_takes_three_requests",),
    ),
    Guard(
        f"{DOMAIN}:Digest.after",
        "(*own, *known)",
        "own",
        ("test_somebody_has_approved_other_data",),
    ),
    Guard(
        f"{DOMAIN}:commits_of_other_data",
        " | {one.commit for one in previous.earlier if one.data == now.data}",
        "",
        ("test_no_approval_is_of_other_data", "test_one_commit_had_different_data_in_two_runs"),
    ),
    Guard(
        "forges.reviews:approvals",
        'if state == "APPROVED" and commit else None',
        "if commit else None",
        ("test_no_approval_is_of_other_data",),
    ),
    Guard(
        "forges.reviews:approvals",
        "except (NoAnswerError, RateLimitedError, RefusedError):",
        "except ZeroDivisionError:",
        ("test_the_reviews_cannot_be_read",),
    ),
)
