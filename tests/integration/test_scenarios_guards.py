"""What each scenario is good for: without one piece of the program, the scenarios beside it fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import looks_guards
from tests.support.fork_guards import FORK_GUARDS
from tests.support.guards import Guard, scenarios, source_of
from tests.support.history_guards import HISTORY_GUARDS
from tests.support.late_guards import LATE_GUARDS

ROOT = Path(__file__).parents[2]

STICKY = "forges.comments:_Sticky"
CLIENT = "forges.github_api:GitHub"
WAIT = "forges.github_api:_seconds_to_wait"
FIND = "forges.pull_requests:find_pull_request"
ASKED = "forges.spoken:asked_for"

GUARDS = (
    # What is ours
    Guard(
        f"{STICKY}._mine",
        "if comment.author == author",
        "if True",
        (
            "test_somebody_elses_comment_begins_with_the_marker",
            "test_there_are_doubles",
            "test_each_kind_of_token_finds_its_own",
        ),
    ),
    Guard(
        "forges.comments:_is_marked",
        "body.startswith((",
        "any(m.strip() in body for m in (",
        (
            "test_another_marker_has_a_common_beginning",
            "test_our_marker_is_not_the_first_line",
        ),
    ),
    Guard(
        "forges.comments:_is_marked",
        'body.startswith((f"{marker}\\n", f"{marker}\\r\\n"))',
        "body.startswith(marker[:-3])",
        (
            "test_another_marker_has_a_common_beginning",
            "test_our_marker_is_not_the_first_line",
        ),
    ),
    Guard("forges.comments:_is_marked", ', f"{marker}\\r\\n"', "", ("test_the_markers_line_ends_otherwise",)),
    Guard(
        "forges.comments:_is_marked",
        "body == marker or ",
        "",
        (
            "test_ours_is_hidden_and_stays_so",
            "test_the_conversation_is_locked_and_ours_is_there",
            "test_two_runs_update_at_once",
            "test_the_markers_line_ends_otherwise",
        ),
    ),
    Guard(
        f"{STICKY}._within",
        "body if _is_marked(body, self._marker) else",
        "body if True else",
        ("test_the_body_has_no_marker",),
    ),
    Guard(
        f"{CLIENT}.pages",
        "url = answer.next_page",
        "url = None",
        (
            "test_every_answer_is_slow",
            "test_the_list_breaks_off_on_a_later_page",
            "test_the_next_page_is_on_another_host",
            "test_the_pages_of_the_list_go_in_a_circle",
        ),
    ),
    Guard(
        f"{CLIENT}.pages",
        '"per_page": "100", ',
        "",
        (
            "test_ours_is_the_31st_or_far_down",
            "test_ours_is_deleted_before_it_is_written",
        ),
    ),
    # One comment
    Guard(
        f"{STICKY}.settle",
        "if not mine:",
        "if True:",
        (
            "test_ours_is_hidden_and_stays_so",
            "test_ours_is_there",
            "test_somebody_elses_comment_begins_with_the_marker",
            "test_the_body_has_no_marker",
        ),
    ),
    Guard(
        f"{STICKY}.settle",
        "self._delete(superfluous)",
        "pass",
        (
            "test_another_run_creates_second",
            "test_there_are_doubles",
            "test_two_runs_create_at_once",
            "test_another_run_creates_first",
        ),
    ),
    Guard(
        f"{STICKY}._mine",
        "key=lambda comment: comment.id",
        "key=lambda comment: -comment.id",
        (
            "test_another_run_creates_second",
            "test_another_run_creates_first",
            "test_doubles_cannot_be_deleted",
            "test_somebody_else_deletes_the_double_too",
        ),
    ),
    Guard(
        f"{STICKY}._delete",
        "except (NoAnswerError, RateLimitedError):\n            return",
        "except RateLimitedError:\n            return",
        (
            "test_doubles_cannot_be_deleted",
            "test_there_are_more_doubles_than_one_run_may_delete",
        ),
    ),
    Guard(
        f"{STICKY}._delete",
        "except RefusedError:\n            continue",
        "except RateLimitedError:\n            continue",
        ("test_somebody_else_deletes_the_double_too",),
    ),
    Guard(
        f"{STICKY}._update",
        "if err.status != 404:",
        "if True:",
        (
            "test_a_replica_still_lists_a_deleted_comment",
            "test_ours_is_deleted_and_a_double_is_there",
            "test_ours_vanishes_again_and_again",
            "test_ours_is_deleted_before_it_is_written",
        ),
    ),
    Guard(
        f"{STICKY}._mine",
        " if comment.id not in self._gone",
        "",
        (
            "test_a_replica_still_lists_a_deleted_comment",
            "test_ours_is_deleted_and_a_double_is_there",
            "test_ours_is_deleted_before_it_is_written",
        ),
    ),
    Guard(
        "forges.comments:ROUNDS",
        "",
        "40",
        (
            "test_the_create_never_succeeds",
            "test_ours_vanishes_again_and_again",
        ),
    ),
    Guard(f"{STICKY}._look", 'query["since"] =', "ignored =", ("test_ours_is_deleted_before_it_is_written",)),
    Guard(
        f"{STICKY}._update",
        "self._gone.add(comment.id)\n        self._look()",
        "self._gone.add(comment.id)",
        (
            "test_ours_vanishes_again_and_again",
            "test_ours_is_deleted_before_it_is_written",
        ),
    ),
    # An ambiguous create, and races
    Guard(
        f"{CLIENT}.post",
        ", repeatable=False",
        "",
        (
            "test_the_create_never_succeeds",
            "test_the_create_fails_and_the_comment_is_there",
            "test_the_answer_to_the_create_is_none",
            "test_the_answer_is_lost_and_the_comment_is_there",
        ),
    ),
    Guard(
        f"{STICKY}._create",
        "        self._look()\n        return",
        "        return",
        (
            "test_the_create_fails_and_the_comment_is_there",
            "test_the_answer_to_the_create_is_none",
            "test_the_answer_is_lost_and_the_comment_is_there",
        ),
    ),
    Guard("forges.comments:SECONDS_OF_REPLICA_LAG", "", "0.0", ("test_the_answer_is_lost_and_the_comment_is_there",)),
    Guard(
        f"{STICKY}._create",
        "if not self._github.patience.wait(SECONDS_OF_REPLICA_LAG):\n            raise",
        "raise",
        (
            "test_the_create_fails_and_the_comment_is_not_there",
            "test_the_create_fails_and_the_comment_is_there",
            "test_a_replica_does_not_list_what_was_created",
            "test_the_answer_to_the_create_is_none",
        ),
    ),
    Guard(
        f"{STICKY}._create",
        "        self._look()  #",
        "        pass  #",
        (
            "test_two_runs_create_at_once",
            "test_another_run_creates_first",
            "test_nothing_is_there",
            "test_a_replica_does_not_list_what_was_created",
        ),
    ),
    Guard(
        f"{STICKY}._create",
        "with suppress(NoAnswerError, RateLimitedError, RefusedError):",
        "with suppress(KeyError):",
        ("test_the_list_after_a_create_fails",),
    ),
    Guard(
        "forges.comments:_written", "if not comment.author:", "if False:", ("test_the_answer_to_the_create_is_none",)
    ),
    # Who we are
    Guard(
        f"{CLIENT}._introduced",
        'login = text(answer, "data", "viewer", "login")',
        "login = ACTIONS_BOT",
        ("test_each_kind_of_token_finds_its_own",),
    ),
    Guard(
        f"{CLIENT}.introduce",
        'text(self.get(route("user")), "login") or ACTIONS_BOT',
        "ACTIONS_BOT",
        ("test_nobody_says_who_we_are",),
    ),
    Guard(
        f"{CLIENT}.introduce",
        "except RefusedError:",
        "except KeyError:",
        (
            "test_there_is_no_graphql",
            "test_an_app_learns_who_it_is_from_its_own_comment",
        ),
    ),
    Guard(
        f"{CLIENT}.introduce",
        "except RefusedError:",
        "except ForgeError:",
        (
            "test_there_is_no_graphql",
            "test_nobody_says_who_we_are",
            "test_an_app_learns_who_it_is_from_its_own_comment",
        ),
    ),
    Guard(
        f"{STICKY}._create",
        "self._author = created.author",
        "pass",
        (
            "test_nothing_is_there",
            "test_an_app_learns_who_it_is_from_its_own_comment",
        ),
    ),
    Guard(
        f"{STICKY}._mine",
        "self._author or self._asked_who(marked)",
        "'github-actions[bot]'",
        (
            "test_ours_is_there",
            "test_each_kind_of_token_finds_its_own",
            "test_ours_is_the_31st_or_far_down",
            "test_there_is_no_graphql",
        ),
    ),
    Guard(f"{STICKY}._mine", "    if not marked:\n        return []\n", "", ("test_nothing_is_there",)),
    # A list that is no answer
    Guard(f"{CLIENT}._judge", "if not isinstance(content, request.shape):", "if False:", ("test_the_list_is_none",)),
    Guard(
        f"{CLIENT}._judge",
        'raise NoAnswerError("the answer is not JSON") from err',
        "return _Answer([], None)",
        ("test_the_list_is_none",),
    ),
    Guard(
        "forges.comments:_comment",
        'raise NoAnswerError("a comment without id or address")',
        'return _Comment(0, "", "", "")',
        ("test_the_list_is_none",),
    ),
    Guard(f"{CLIENT}.pages", "url in asked or ", "", ("test_the_pages_of_the_list_go_in_a_circle",)),
    Guard(
        f"{CLIENT}._send",
        "except (httpx.HTTPError, httpx.InvalidURL) as err:",
        "except KeyError as err:",
        (
            "test_the_list_breaks_off_on_a_later_page",
            "test_an_answer_is_broken_once",
            "test_an_update_is_carried_out_without_an_answer",
            "test_nobody_listens",
        ),
    ),
    # Patience
    Guard(
        "forges.github_api:TRIES",
        "",
        "1",
        (
            "test_an_outage_is_slow",
            "test_an_outage_lasts",
            "test_a_limit_says_for_how_long",
            "test_an_answer_comes_byte_by_byte",
        ),
    ),
    Guard(
        "forges.github_api:TRIES",
        "",
        "50",
        (
            "test_an_outage_lasts",
            "test_nobody_listens",
            "test_nobody_says_who_we_are",
        ),
    ),
    Guard(f"{CLIENT}._ask", "2.0 ** (tries - 1) * ", "0.01 * ", ("test_an_outage_passes",)),
    Guard(
        f"{CLIENT}._send",
        "if self.patience.clock() - began > longest:",
        "if False:",
        ("test_an_answer_comes_byte_by_byte",),
    ),
    Guard(
        "forges.patience:Patience.asking",
        "self._seconds -= max(0.0, self.clock() - started)",
        "pass",
        (
            "test_an_outage_is_slow",
            "test_every_answer_is_slow",
        ),
    ),
    Guard(
        "forges.patience:Patience.asking",
        "self._left.requests -= 1",
        "pass",
        (
            "test_everything_needs_several_tries",
            "test_there_are_more_doubles_than_one_run_may_delete",
        ),
    ),
    Guard(
        "forges.patience:Patience.wait",
        "if seconds > self._seconds:",
        "if False:",
        (
            "test_a_refusal_is_a_value",
            "test_a_limit_lasts_longer_than_a_run_waits",
            "test_a_secondary_limit_comes_twice",
        ),
    ),
    Guard(
        "forges.patience:Patience.allow_another",
        "self._left.requests += 1",
        "pass",
        ("test_ours_is_the_31st_or_far_down",),
    ),
    Guard(
        f"{CLIENT}._space_writes",
        "if 0 < pause <= SECONDS_BETWEEN_WRITES:",
        "if False:",
        ("test_writes_are_a_second_apart",),
    ),
    # Rates
    Guard(WAIT, "if retry_after.isdecimal():", "if False:", ("test_a_limit_says_for_how_long",)),
    Guard(
        WAIT,
        'if reply.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():',
        "if False:",
        (
            "test_a_limit_lasts_longer_than_a_run_waits",
            "test_a_limit_says_until_when",
        ),
    ),
    Guard(WAIT, "max(float(reset) - now, 1.0)", "float(reset) - now", ("test_a_limit_says_until_when",)),
    Guard(
        WAIT,
        "is_limit(reply.text)",
        '"rate limit" in said',
        ("test_a_secondary_limit_says_nothing",),
    ),
    Guard(WAIT, "reply.status == 429 or ", "", ("test_too_many_requests_and_nothing_else",)),
    Guard(
        "forges.github_api:SECONDS_AFTER_SECONDARY_LIMIT",
        "",
        "1.0",
        (
            "test_a_secondary_limit_comes_twice",
            "test_a_secondary_limit_says_nothing",
            "test_too_many_requests_and_nothing_else",
        ),
    ),
    Guard(WAIT, "is_missing_permission(said) or ", "", ("test_a_missing_permission_is_not_waited_for",)),
    Guard(WAIT, " or is_locked(said)", "", ("test_the_issue_became_a_discussion",)),
    Guard(
        f"{CLIENT}._ask",
        "except RateLimitedError as err:",
        "except KeyError as err:",
        (
            "test_a_limit_says_for_how_long",
            "test_a_limit_says_until_when",
            "test_a_secondary_limit_comes_twice",
            "test_a_secondary_limit_says_nothing",
        ),
    ),
    # Refusals
    Guard(
        "forges.refusals:_advice",
        "if is_missing_permission(said):",
        "if False:",
        (
            "test_the_token_may_only_read",
            "test_a_missing_permission_is_not_waited_for",
            "test_the_token_needs_more_than_usual",
        ),
    ),
    Guard(
        "forges.refusals:permissions_block",
        '{"contents": "read"} | wanted',
        "wanted",
        (
            "test_the_token_may_only_read",
            "test_a_missing_permission_is_not_waited_for",
            "test_the_token_needs_more_than_usual",
        ),
    ),
    Guard("forges.refusals:permissions_block", "| wanted |", "|", ("test_the_token_needs_more_than_usual",)),
    Guard(f"{CLIENT}._refusal", "if reply.status == 401:", "if False:", ("test_the_token_is_wrong",)),
    Guard(
        "forges.comments:upsert_comment",
        "except BadCredentialsError:",
        "except KeyError:",
        ("test_the_token_is_wrong",),
    ),
    Guard(
        "forges.comments:upsert_comment",
        "except ForgeError as err:",
        "except KeyError as err:",
        (
            "test_the_body_is_refused_for_another_reason",
            "test_the_issue_became_a_discussion",
            "test_a_proxy_removes_the_user_agent",
            "test_a_refusal_is_a_value",
        ),
    ),
    Guard("forges.refusals:_advice", "if is_locked(said):", "if False:", ("test_the_conversation_is_locked",)),
    Guard(
        "forges.refusals:_advice",
        'if "administrative rules" in lower:',
        "if False:",
        ("test_a_proxy_removes_the_user_agent",),
    ),
    Guard("forges.refusals:_advice", "if status == 404:", "if False:", ("test_the_token_cannot_see_the_repository",)),
    Guard("forges.refusals:_advice", "if status == 410:", "if False:", ("test_the_issue_is_deleted",)),
    Guard(f"{CLIENT}._redacted", '.replace(self._token, "***")', "", ("test_the_refusal_quotes_the_token",)),
    Guard(
        f"{CLIENT}._redacted",
        '" ".join(said.replace(self._token, "***").split())',
        'said.replace(self._token, "***")',
        ("test_the_refusal_quotes_the_token",),
    ),
    # Elsewhere
    Guard(
        f"{CLIENT}._follow",
        "{301, 302, 307, 308}",
        "{301}",
        (
            "test_a_write_is_redirected",
            "test_the_repository_is_renamed",
        ),
    ),
    Guard(
        f"{CLIENT}._follow",
        "{301, 302, 307, 308}",
        "{307}",
        (
            "test_the_issue_is_transferred_out_of_sight",
            "test_a_redirect_leads_to_another_host",
            "test_a_write_is_redirected",
            "test_redirects_go_in_a_circle",
        ),
    ),
    Guard(
        f"{CLIENT}._follow",
        "reply = self._send(request, url)",
        "reply = self._send(request if url == request.url else _Request('GET', request.url, request.shape), url)",
        ("test_the_repository_is_renamed",),
    ),
    Guard(
        f"{CLIENT}._refuse_stranger",
        "if not is_at(url, self._hosts):",
        "if False:",
        (
            "test_a_redirect_leads_to_another_host",
            "test_the_next_page_is_on_another_host",
        ),
    ),
    Guard("forges.github_api:MAX_HOPS", "", "50", ("test_redirects_go_in_a_circle",)),
    Guard(
        f"{CLIENT}._url",
        'f"{self._api_url}/{path}"',
        'str(httpx.URL(self._api_url).join(f"/{path}"))',
        ("test_the_server_is_an_enterprise_server",),
    ),
    Guard(
        f"{CLIENT}._send",
        '"User-Agent": f"rocky-preview/{__version__}",',
        "",
        ("test_every_request_says_who_asks_and_how",),
    ),
    Guard(
        f"{CLIENT}._send", '"X-GitHub-Api-Version": "2022-11-28",', "", ("test_every_request_says_who_asks_and_how",)
    ),
    Guard(
        f"{CLIENT}._send", '"Accept": "application/vnd.github+json",', "", ("test_every_request_says_who_asks_and_how",)
    ),
    # Which pull request
    Guard("main:_preview", 'if job.event.action == "closed":', "if False:", ("test_a_pull_request_is_closed",)),
    Guard(
        "forges.pull_requests:refuse_strangers_sql",
        "event.is_pull_request_target or ",
        "",
        ("test_a_strangers_pull_request_comes_with_secrets",),
    ),
    Guard(
        "forges.pull_requests:refuse_strangers_sql",
        "and builds",
        "",
        (
            "test_another_workflow_ends_for_a_commit_that_is_past",
            "test_another_workflow_ends_for_a_fork",
        ),
    ),
    Guard(
        "forges.pull_requests:refuse_strangers_sql",
        'event.name == "workflow_run" and event.from_fork',
        "False",
        ("test_another_workflow_ends_and_a_fork_is_to_be_built",),
    ),
    Guard(
        "forges.github_actions:read_event",
        "head is None or ",
        "",
        ("test_another_workflow_ends_and_a_fork_is_to_be_built",),
    ),
    Guard(
        "forges.pull_requests:resolve_pull_request",
        '{"workflow_dispatch", "push", "workflow_run"}',
        "set()",
        (
            "test_a_branch_has_a_pull_request",
            "test_another_workflow_ends_for_a_fork",
            "test_the_filter_for_the_branch_is_ignored",
        ),
    ),
    Guard(
        "forges.pull_requests:resolve_pull_request",
        'if event.name not in {"workflow_dispatch", "push", "workflow_run"}:',
        "if False:",
        (
            "test_nobody_asked",
            "test_a_merge_queue_asks_about_one_of_several",
        ),
    ),
    Guard(
        "forges.pull_requests:resolve_pull_request",
        'None if event.name == "workflow_dispatch" else event.sha',
        "None",
        (
            "test_the_branch_has_moved_on_since_the_push",
            "test_another_workflow_ends_for_a_commit_that_is_past",
        ),
    ),
    Guard(
        "forges.pull_requests:resolve_pull_request",
        "if number is not None:",
        "if False:",
        (
            "test_a_person_names_the_pull_request",
            "test_a_person_names_a_pull_request_that_is_not_there",
            "test_a_person_starts_it_with_something_else_checked_out",
        ),
    ),
    Guard(FIND, 'head=f"{head_owner}:{branch}"', "head=branch", ("test_a_branch_has_a_pull_request",)),
    Guard(
        FIND,
        " or candidate.head_ref != branch",
        "",
        (
            "test_the_default_branch_is_pushed_to",
            "test_the_filter_for_the_branch_is_ignored",
        ),
    ),
    Guard(FIND, "not is_open(item) or ", "", ("test_the_filter_for_the_branch_is_ignored",)),
    Guard(FIND, "from_there and ", "", ("test_the_filter_for_the_branch_is_ignored",)),
    Guard(
        "forges.pull_requests:read_pull_request",
        "if err.status != 404:",
        "if True:",
        ("test_a_person_names_a_pull_request_that_is_not_there",),
    ),
    Guard(
        "forges.payload:pull_request_of",
        'dig(data, "head", "repo", "id")',
        'data["head"]["repo"]["id"]',
        (
            "test_a_fork_was_deleted",
            "test_the_filter_for_the_branch_is_ignored",
        ),
    ),
    Guard(
        "git.comparison:_refuse_another_head",
        'if here is None or repo.git.attempt("merge-base", "--is-ancestor", here, head).code:',
        "if False:",
        (
            "test_a_person_starts_it_with_something_else_checked_out",
            "test_a_comment_asks_with_something_else_checked_out",
        ),
    ),
    Guard(
        "main:_with_base",
        "replace(job.settings, base_ref=job.event.base)",
        "job.settings",
        ("test_a_merge_queue_asks_about_one_of_several",),
    ),
    Guard(
        "forges.github_actions:read_event",
        'text(payload, "merge_group", "base_sha") or ',
        "",
        ("test_a_merge_queue_asks_about_one_of_several",),
    ),
    # A command in a comment
    Guard(
        ASKED,
        "if not _may_write(github, event, who=said.author):",
        "if False:",
        (
            "test_github_does_not_say_who_may_ask",
            "test_nobody_of_that_name_may_ask",
            "test_none_of_those_may_ask",
            "test_a_comment_asks_with_wrong_inputs",
        ),
    ),
    Guard(
        "forges.spoken:MAY_WRITE",
        "",
        "{'admin'}",
        (
            "test_a_closed_pull_request_is_not_run_again",
            "test_each_of_those_may_ask",
            "test_a_comment_asks_with_something_else_checked_out",
            "test_somebody_with_write_access_asks_again",
        ),
    ),
    Guard(
        "forges.spoken:MAY_WRITE",
        "",
        "{'admin', 'maintain', 'write', 'triage', 'read', 'none', 'write-ish', ''}",
        (
            "test_none_of_those_may_ask",
            "test_a_comment_asks_with_wrong_inputs",
        ),
    ),
    Guard("forges.spoken:_may_write", "if err.status != 404:", "if True:", ("test_nobody_of_that_name_may_ask",)),
    Guard(
        "forges.spoken:_may_write",
        "answer = github.get(",
        "answer = {'permission': 'write'} or github.get(",
        (
            "test_github_does_not_say_who_may_ask",
            "test_nobody_of_that_name_may_ask",
            "test_none_of_those_may_ask",
            "test_a_comment_asks_with_wrong_inputs",
        ),
    ),
    Guard(ASKED, "if found.from_fork:", "if False:", ("test_a_strangers_sql_is_not_run_again",)),
    Guard(ASKED, "if not is_open(answer):", "if False:", ("test_a_closed_pull_request_is_not_run_again",)),
    Guard(ASKED, "if not said.on_pull_request:", "if False:", ("test_an_issue_is_not_run_at_all",)),
    Guard(
        ASKED, "lines[0].split() != COMMAND.split()", "COMMAND not in said.body", ("test_a_comment_is_only_a_comment",)
    ),
    Guard(
        ASKED,
        "lines[0].split() != COMMAND.split()",
        "not lines[0].startswith(COMMAND)",
        ("test_a_comment_is_only_a_comment",),
    ),
    Guard(ASKED, "not lines or ", "", ("test_a_comment_is_only_a_comment",)),
    Guard(ASKED, 'event.action != "created" or ', "", ("test_a_comment_is_edited",)),
    Guard(
        "main:_step",
        "if isinstance(job.asked, Declined):",
        "if mistake is None and isinstance(job.asked, Declined):",
        ("test_a_comment_asks_with_wrong_inputs",),
    ),
    Guard(
        "job:Job.asked",
        "if self.settings.pr_number not in {None, self.event.said.number}:",
        "if False:",
        ("test_a_comment_asks_about_another_pull_request",),
    ),
    Guard(
        "job:Job.pull_request",
        "if isinstance(self.asked, PullRequest):",
        "if False:",
        (
            "test_each_of_those_may_ask",
            "test_a_comment_asks_with_something_else_checked_out",
            "test_somebody_with_write_access_asks_again",
        ),
    ),
    # The exit code is the data's
    Guard(
        "main:_preview",
        "return code or int(fails)",
        "return 3 if not job.github or 'comment_url' not in open(job.runner._output).read() else int(fails)",
        (
            "test_a_pull_request_comes_from_a_fork",
            "test_the_comment_fails_and_the_verdict_stands",
            "test_a_merge_queue_asks_about_one_of_several",
        ),
    ),
    Guard(
        "main:_preview",
        "return code or int(fails)",
        "return int(fails)",
        ("test_the_token_is_wrong_and_the_report_stands",),
    ),
    Guard(
        "job:_upserted",
        "except BadCredentialsError as err:",
        "except KeyError as err:",
        ("test_the_token_is_wrong_and_the_report_stands",),
    ),
    Guard(
        "main:_step",
        "runner.mask(secret)",
        "pass",
        ("test_a_refusal_quotes_the_token_in_a_run",),
    ),
    # Sizes
    Guard(
        "forges.comments:LONGEST",
        "",
        "70_000",
        (
            "test_the_client_and_the_page_know_one_limit",
            "test_a_report_of_hundreds_of_models",
            "test_an_update_is_too_long",
            "test_a_ready_report_is_too_long",
        ),
    ),
    Guard(
        "rendering:_fitted",
        "lambda text: size(text) <= limit",
        "lambda text: True",
        (
            "test_the_summary_is_measured_in_bytes",
            "test_a_report_of_hundreds_of_models",
            "test_github_takes_less_than_it_says",
        ),
    ),
    Guard("rendering:render_summary", "size=_utf8_size", "size=len", ("test_the_summary_is_measured_in_bytes",)),
    Guard(
        f"{STICKY}._write",
        "if not err.is_too_long or limit < SHORTEST:",
        "if True:",
        (
            "test_an_update_is_too_long",
            "test_github_takes_less_than_it_says",
        ),
    ),
    Guard(
        f"{STICKY}._write",
        "if not err.is_too_long or limit < SHORTEST:",
        "if limit < SHORTEST:",
        ("test_the_body_is_refused_for_another_reason",),
    ),
    Guard(f"{STICKY}._write", " or limit < SHORTEST", " or limit < 1", ("test_github_takes_nothing_at_all",)),
    Guard(
        f"{STICKY}._write",
        "min(self._limit, len(self._text)) // 2",
        "self._limit - 1_000",
        (
            "test_github_takes_nothing_at_all",
            "test_an_update_is_too_long",
            "test_github_takes_less_than_it_says",
        ),
    ),
    Guard(
        "remembering:Memory._told",
        "render_comment(report, marker=self.marker, limit=limit, told=told)",
        "render_comment(report, marker=self.marker, told=told)",
        ("test_github_takes_less_than_it_says",),
    ),
    Guard(
        "rendering.cutting:cut",
        "if len(markdown) <= limit:",
        "if True:",
        (
            "test_a_cut_closes_what_is_open",
            "test_a_ready_report_is_too_long",
        ),
    ),
    Guard(
        "rendering.cutting:_lines",
        'f"{fence}\\n" if fence else ""',
        '""',
        (
            "test_a_cut_closes_what_is_open",
            "test_a_ready_report_is_too_long",
        ),
    ),
    Guard(
        "rendering.cutting:_lines",
        '"\\n</details>\\n" * folds',
        '""',
        (
            "test_a_cut_closes_what_is_open",
            "test_a_ready_report_is_too_long",
        ),
    ),
    Guard("rendering.cutting:_lines", '"-->\\n" if in_comment else ', "", ("test_a_comment_in_html_is_cut",)),
    Guard(
        "rendering.cutting:_lines",
        "is_end = mark is not None and mark[1].startswith(fence) and not mark[2].strip()",
        "is_end = mark is not None",
        ("test_what_is_closed_is_not_closed_again",),
    ),
    Guard("rendering.cutting:cut", "{notice}\\n", "{_NOTICE}\\n", ("test_a_ready_report_is_too_long",)),
    Guard(
        "forges.runner:Runner.annotate",
        "if self._annotations[level] > ANNOTATIONS_PER_LEVEL:",
        "if False:",
        (
            "test_there_are_more_findings_than_annotations",
            "test_the_comment_fails_and_there_is_no_room_to_say_so",
        ),
    ),
    Guard(
        "forges.runner:Runner.annotate",
        "if len(message) > LONGEST_ANNOTATION:",
        "if False:",
        ("test_an_annotation_is_long",),
    ),
    Guard(
        "job:publish",
        "    _looks(job, outdated=isinstance(done, Outdated)).show(report)\n",
        "",
        (
            "test_there_are_more_findings_than_annotations",
            "test_the_comment_fails_and_there_is_no_room_to_say_so",
        ),
    ),
    Guard(
        "job:publish",
        "    done = _upserted(",
        "    _looks(job).show(report)\n    done = _upserted(",
        ("test_the_comment_fails_and_there_is_no_room_to_say_so",),
    ),
    Guard(
        "forges.comments:LONGEST",
        "",
        "60_000",
        (
            "test_the_client_and_the_page_know_one_limit",
            "test_a_report_of_hundreds_of_models",
            "test_an_update_is_too_long",
            "test_a_ready_report_is_too_long",
        ),
    ),
    Guard("rendering:render_comment", "size=len", "size=_utf8_size", ("test_a_report_of_hundreds_of_models",)),
    Guard(
        "forges.pull_requests:resolve_pull_request",
        "event.pull_request is not None or ",
        "",
        ("test_a_pull_request_is_pushed_to",),
    ),
    *FORK_GUARDS,
    *HISTORY_GUARDS,
    *looks_guards.GUARDS,
    *LATE_GUARDS,
    # A pull request's life
    Guard(
        "forges.stamps:Stamp.is_before",
        " and other.run > self.run",
        "",
        ("test_a_later_push_has_its_report", "test_a_cancelled_run_leaves_what_is_not_older"),
    ),
    Guard(
        "forges.stamps:Stamp.is_before",
        "other.commit != self.commit and ",
        "",
        ("test_a_job_is_run_again_after_a_rerun_by_comment", "test_a_cancelled_run_leaves_what_is_not_older"),
    ),
    Guard(
        "forges.stamps:_LINE",
        "",
        "re.compile('(?:<!-- rocky-preview run:|run|) ?(9?9?)()(?: -->|x .*)?')",
        ("test_the_comment_does_not_say_which_run_it_is_of",),
    ),
    Guard(
        "forges.stamps:stamped",
        "while rest.lstrip().startswith(_BEGIN):",
        "while False:",
        ("test_a_report_claims_to_be_of_a_later_run",),
    ),
    Guard(
        f"{STICKY}.settle",
        "later = self._later(mine)",
        "later = None",
        (
            "test_a_slow_run_ends_after_a_later_one",
            "test_github_does_not_say_what_the_head_is",
            "test_two_commits_runs_create_at_once",
            "test_a_later_runs_double_is_not_lost",
            "test_a_late_report_is_in_the_summary",
        ),
    ),
    Guard(
        f"{STICKY}.settle",
        "self._theirs = None if later is None else",
        "self._theirs = None if True else",
        ("test_a_slow_run_ends_after_a_later_one", "test_a_later_runs_double_is_not_lost"),
    ),
    Guard(f"{STICKY}._later", " and not self._is_head", "", ("test_an_earlier_commit_is_pushed_once_more",)),
    Guard(
        "forges.comments:_head",
        "with suppress(NoAnswerError, RateLimitedError, RefusedError):",
        "if True:",
        ("test_github_does_not_say_what_the_head_is",),
    ),
    Guard(
        f"{STICKY}._mine",
        "if comment.author == author",
        "if True",
        ("test_somebody_else_claims_to_be_later", "test_a_cancelled_run_leaves_what_is_not_ours"),
    ),
    Guard(
        "main:_step",
        'withdraw(job, because="the run was cancelled")',
        "pass",
        ("test_a_second_push_cancels_the_first", "test_a_person_cancels_the_run"),
    ),
    Guard(
        f"{STICKY}.withdraw",
        "self._take_up(mine[0])",
        "pass",
        ("test_a_second_push_cancels_the_first",),
    ),
    Guard("rendering:render_withdrawn", "if head and head != commit", "if head", ("test_a_person_cancels_the_run",)),
    Guard(
        f"{STICKY}.withdraw",
        "    stamps = [",
        "    if not mine:\n        self._create()\n        return None\n    stamps = [",
        ("test_a_cancelled_run_makes_no_comment",),
    ),
    Guard(
        f"{STICKY}.withdraw",
        "stamp and stamp.is_before(self._stamp)",
        "True",
        ("test_a_cancelled_run_leaves_what_is_not_older", "test_a_later_runs_double_keeps_its_place"),
    ),
    Guard(f"{STICKY}.withdraw", "not all(", "not any(", ("test_a_later_runs_double_keeps_its_place",)),
    Guard(
        "job:withdraw",
        "github.in_haste(_SECONDS_AT_THE_END)",
        "github",
        ("test_there_is_an_outage_when_a_run_is_cancelled",),
    ),
    Guard(
        "job:withdraw",
        "thread.join(_SECONDS_AT_THE_END)",
        "thread.join()",
        ("test_github_hangs_when_a_run_is_cancelled",),
    ),
    Guard("job:withdraw", " or stamp is None", "", ("test_a_run_without_a_number_is_cancelled",)),
    Guard(
        "job:publish_failure",
        "if isinstance(error, SupersededError):",
        "if False:",
        (
            "test_another_run_takes_the_preview_over",
            "test_another_run_of_the_same_commit_takes_the_preview_over",
        ),
    ),
    Guard(
        "cleaning:cleanup_previews",
        "records.release(lease.name, until=lease.written_at)",
        "pass",
        ("test_a_pull_request_is_closed_and_opened_again", "test_nobody_has_cleaned_up"),
    ),
    Guard(
        "cleaning:cleanup_previews",
        "dropped += _drop_leased(opened.warehouse, lease.name, leased=records.leased(lease.name))",
        "pass",
        ("test_a_pull_request_is_closed_and_opened_again", "test_nobody_has_cleaned_up"),
    ),
    Guard(
        "cleaning:cleanup_previews",
        "lease.expires_at <= place.now if expired",
        "True if expired",
        ("test_nobody_has_cleaned_up", "test_a_person_cleans_up"),
    ),
    Guard("main:_sweeps", "not named and ", "", ("test_a_person_cleans_up",)),
    Guard(
        "main:_sweeps",
        "return not named and",
        "return False and",
        ("test_nobody_has_cleaned_up", "test_a_person_cleans_up"),
    ),
    Guard(
        "main:_cleanup",
        "if expired:\n            raise",
        "if False:\n            raise",
        ("test_a_sweep_has_no_credentials",),
    ),
)


def test_every_scenario_guards_something() -> None:
    assert {name for guard in GUARDS for name in guard.scenarios} == {*scenarios()}
    assert len(scenarios()) >= 60


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_the_guard_is_still_there(guard: Guard) -> None:
    assert guard.scenarios
    source = source_of(guard)
    assert source is None or source.count(guard.old) == 1


@pytest.mark.slow
def test_without_its_guard_each_scenario_fails() -> None:
    command = [sys.executable, "-m", "tests.support.guards"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=1_800)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(GUARDS)
    for one, guard in zip(told, GUARDS, strict=True):
        assert not one["not run"], one
        assert set(guard.scenarios) <= set(one["failed"]), f"unnoticed without {guard}: {one}"
