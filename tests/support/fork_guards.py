"""What the scenarios of forks are good for; tests/integration/test_scenarios_guards.py tries each."""

from __future__ import annotations

from tests.support.guards import Guard

CLIENT = "forges.github_api:GitHub"
RELAY = "relaying"
ARTIFACTS = "forges.artifacts"
READER = "wire.strangers"

POSTED = "test_a_fork_has_reported"
ARCHIVES = ("test_the_archive_is_not_as_it_should_be",)
REPORTS = ("test_the_report_is_not_as_it_should_be",)

FORK_GUARDS = (
    # Whose comment it is
    Guard(
        f"{RELAY}:own_marker",
        "f\"{marker.removesuffix('-->').rstrip()} (the pull request's own run) -->\"",
        "marker",
        (POSTED, "test_a_checked_preview_was_there_before"),
    ),
    Guard(f"{RELAY}:_posted", "comment(ours, pull_request", "comment(job, pull_request", ("test_it_reports_again",)),
    Guard(
        f"{RELAY}:is_strangers",
        '(is_json(report) and job.event.name == "workflow_run")',
        "False",
        ("test_another_step_has_downloaded_it", "test_another_step_has_downloaded_nothing"),
    ),
    Guard(
        f"{RELAY}:is_strangers",
        ' and job.event.name == "workflow_run"',
        "",
        ("test_a_report_is_rendered_by_a_later_step", "test_a_report_of_ones_own_is_about_another_commit"),
    ),
    # What it is worth
    Guard(f"{RELAY}:relay", 'job.runner.set_output("verdict", Verdict.NOT_CHECKED.value)', "pass", (POSTED,)),
    Guard(f"{RELAY}:_posted", "job.runner.append_summary(", "str(", (POSTED,)),
    Guard(
        "rendering.headline:Headline.claim",
        'self.heading.partition(" ")[2]',
        "self.heading",
        ("test_it_claims_that_all_is_well",),
    ),
    Guard(
        "rendering.hearsay:hearsay",
        "**Nobody has checked this report.** ",
        "",
        (POSTED, "test_dependabot_has_reported"),
    ),
    Guard(
        f"{RELAY}:_posted",
        "replace(report.provenance, run_url=run.url)",
        "report.provenance",
        (POSTED, "test_it_names_another_run"),
    ),
    Guard("rendering.text:code", "shown = show(text, limit)", "shown = text", ("test_it_says_whatever_hurts",)),
    # What it is about
    Guard(
        f"{RELAY}:relay",
        "if pull_request is None:",
        "if False:",
        ("test_its_pull_request_is_closed", "test_its_branch_has_moved_on"),
    ),
    Guard(
        f"{RELAY}:_posted",
        "refuse_another_commit(report, pull_request.head_commit)",
        "pass",
        ("test_it_is_about_another_commit",),
    ),
    Guard(
        "domain.pull_request:Comparison.is_of",
        "(self.pull_head or self.head_commit)",
        "self.head_commit",
        (POSTED, "test_a_fork_is_previewed_and_its_report_posted"),
    ),
    Guard(
        "git.comparison:compare",
        "        pull_head=pull_head,\n    )\n",
        "    )\n",
        ("test_a_fork_is_previewed_and_its_report_posted",),
    ),
    Guard(
        f"{RELAY}:_other_run",
        "if job.settings.pr_number is not None:",
        "if False:",
        ("test_the_workflow_names_the_pull_request",),
    ),
    Guard(f"{RELAY}:_other_run", "if job.event.other_run is None:", "if False:", ("test_there_is_no_other_run",)),
    # What a stranger can do to the run: nothing
    Guard(
        f"{RELAY}:relay",
        "except UnusableReportError as err:",
        "except KeyError as err:",
        (
            "test_another_step_has_downloaded_nothing",
            "test_it_is_about_another_commit",
            "test_it_has_uploaded_nothing",
            "test_it_has_uploaded_several",
            "test_such_an_archive_is_uploaded",
            "test_such_a_report_is_uploaded",
            "test_a_report_cannot_be_shown",
        ),
    ),
    Guard(f"{RELAY}:_WHAT_A_REPORT_MAY_UPSET", "", "()", ("test_a_report_cannot_be_shown",)),
    Guard("posting:read_file", "except OSError", "except KeyError", ("test_another_step_has_downloaded_nothing",)),
    # Which artifact
    Guard(f"{ARTIFACTS}:_only", 'text(one, "name") == name', "True", ("test_the_filter_for_the_name_is_ignored",)),
    Guard(f"{ARTIFACTS}:_only", 'dig(one, "expired") is False', "True", ("test_what_it_uploaded_has_expired",)),
    Guard(f"{ARTIFACTS}:_only", "len(found) == 1 and", "found and", ("test_it_has_uploaded_several",)),
    Guard(f"{ARTIFACTS}:_only", ' if text(one, "created_at") >= run.started_at', "", ("test_a_run_was_repeated",)),
    Guard(f"{ARTIFACTS}:_only", " or there", "", ("test_only_what_failed_of_a_run_was_repeated",)),
    Guard(f"{ARTIFACTS}:fetch", "{0, 404, 410}", "{0}", ("test_what_it_uploaded_is_deleted_meanwhile",)),
    Guard(
        f"{ARTIFACTS}:fetch",
        "{0, 404, 410}",
        "{404, 410}",
        ("test_the_host_of_the_file_refuses", "test_the_file_does_not_end"),
    ),
    Guard("forges.refusals:permissions_block", "| wanted |", "|", ("test_the_token_may_not_read_artifacts",)),
    # On the way
    Guard(
        f"{CLIENT}._follow",
        "if request.shape is bytes and reply.status == 302:",
        "if False:",
        (POSTED, "test_the_file_is_elsewhere"),
    ),
    Guard(f"{CLIENT}._send", "if not with_token:", "if False:", ("test_the_file_is_elsewhere",)),
    Guard(f"{CLIENT}._send", 'headers["Accept-Encoding"] = "identity"', "pass", ("test_the_file_is_elsewhere",)),
    Guard(
        f"{CLIENT}._send",
        "response.iter_bytes() if request.most is None else response.iter_raw()",
        "response.iter_bytes()",
        ("test_the_file_is_compressed_on_the_way",),
    ),
    Guard(f"{CLIENT}._send", "len(raw) > request.most", "False", ("test_the_file_does_not_end",)),
    Guard(
        f"{CLIENT}._fetch",
        'if url.scheme not in {"https", asked.scheme}:',
        "if False:",
        ("test_the_file_is_not_fetched_by_https",),
    ),
    Guard(
        f"{CLIENT}._fetch", "if 300 <= reply.status", "if 402 <= reply.status", ("test_the_host_of_the_file_refuses",)
    ),
    Guard(f"{CLIENT}._fetch", " < 500", "", ("test_the_host_of_the_file_is_down",)),
    # In the archive
    Guard(f"{ARTIFACTS}:unpacked", "> 100:", "> 10_000:", ARCHIVES),
    Guard(f"{ARTIFACTS}:unpacked", "(*_BROKEN, ValueError)", "()", (*ARCHIVES, "test_such_an_archive_is_uploaded")),
    Guard(f"{ARTIFACTS}:unpacked", "len(found) == entry.file_size", "True", ARCHIVES),
    Guard(f"{ARTIFACTS}:_checked", "len(entries) != 1", "len(entries) < 1", ARCHIVES),
    Guard(f"{ARTIFACTS}:_checked", "entry.orig_filename != file", "False", ARCHIVES),
    Guard(f"{ARTIFACTS}:_checked", "entry.orig_filename", "entry.filename", ARCHIVES),
    Guard(f"{ARTIFACTS}:_checked", "kind not in {0, stat.S_IFREG}", "False", ARCHIVES),
    Guard(f"{ARTIFACTS}:_checked", "{0, stat.S_IFREG}", "{0}", (POSTED, "test_the_archive_was_made_by_hand")),
    Guard(f"{ARTIFACTS}:_checked", "entry.flag_bits & _ENCRYPTED or ", "", ARCHIVES),
    Guard(f"{ARTIFACTS}:_checked", " or entry.compress_type not in _METHODS", "", ARCHIVES),
    Guard(f"{ARTIFACTS}:_checked", "entry.file_size > most", "False", ARCHIVES),
    Guard(f"{ARTIFACTS}:MOST_TIMES", "", "10_000", ARCHIVES),
    # In the report
    Guard(f"{READER}:why_not_taken", "len(raw) > MOST_BYTES", "False", REPORTS),
    Guard(f"{READER}:why_not_taken", ", parse_constant=_refuse", "", REPORTS),
    Guard(f"{READER}:why_not_taken", "except RecursionError", "except KeyError", REPORTS),
    Guard(f"{READER}:why_not_taken", "except UnicodeDecodeError", "except KeyError", REPORTS),
    Guard(f"{READER}:_object", "len(found) != len(pairs)", "False", REPORTS),
    Guard(f"{READER}:_what_is_too_much", "*value.values(), *value", "*value.values()", REPORTS),
    Guard(f"{READER}:MOST_LEVELS", "", "10_000", REPORTS),
    Guard(f"{READER}:LONGEST_TEXT", "", "10**9", REPORTS),
    Guard(f"{READER}:MOST_ITEMS", "", "10**9", REPORTS),
    Guard(f"{READER}:LARGEST_NUMBER", "", "10**5_000", (*REPORTS, "test_such_a_report_is_uploaded")),
    Guard(f"{READER}:_what_is_too_much", "case int() if value < 0:", "case int() if False:", REPORTS),
    Guard(f"{READER}:_spelled", "json.dumps(json.loads(text), sort_keys=True)", "json.loads(text)", REPORTS),
    Guard(f"{READER}:read_strangers_report", "if not is_ours:", "if False:", REPORTS),
    Guard(f"{READER}:read_strangers_report", "except InputError", "except KeyError", REPORTS),
    Guard(f"{READER}:_by", "if version != __version__", "if False", REPORTS),
    Guard(
        "job:publish",
        "if because := why_not_taken(",
        "if because := len(b'') and (",
        ("test_a_report_is_more_than_would_be_posted",),
    ),
    # A report of one's own
    Guard(
        "posting:ready_body",
        "refuse_another_commit(report, commit)",
        "pass",
        ("test_a_report_of_ones_own_is_about_another_commit",),
    ),
    Guard(
        "posting:ready_body",
        "replace(report.provenance, run_url=run_url)",
        "report.provenance",
        ("test_a_report_is_rendered_by_a_later_step",),
    ),
    Guard("posting:is_json", "name.lower()", "name", ("test_a_report_of_ones_own_is_about_another_commit",)),
)
