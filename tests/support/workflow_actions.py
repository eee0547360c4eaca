"""Stand-ins for the actions of others that the recipes use, with the semantics that their documentation states.

Checkout clones over HTTP with the job's token. Caches keep GitHub's scopes: a run sees its own ref's, then those of a
pull request's base, then the default branch's, and writes to its own alone. Artifacts leave out hidden files unless
asked. Google's login writes the file of a workload identity federation, whose addresses lead to this machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.forge_bench import ACTIONS
from tests.support.workflow_expressions import Unsupported
from tests.support.workflow_runner import Doing, Failed

Files = Mapping[str, bytes]


def git_authorization(token: str = ACTIONS) -> str:
    """The header that GitHub takes from git."""
    return f"basic {base64.b64encode(f'x-access-token:{token}'.encode()).decode()}"


def _yes(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise Failed(f"Input does not meet YAML 1.2 'Core Schema' specification: {text}")
    return text.lower() == "true"


def checkout(doing: Doing) -> None:
    """actions/checkout: the event's commit, or ``ref``; a merge commit and a commit's name are checked out detached."""
    given = doing.take(ref="", fetch_depth="1", persist_credentials="true", fetch_tags="false")
    run, here = doing.job.in_run, doing.job.workspace
    forge = run.forge
    header = f"http.{forge.server_url}/.extraheader"
    token = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": header}
    if doing.job.may("contents", "read"):
        token["GIT_CONFIG_VALUE_0"] = f"AUTHORIZATION: {git_authorization()}"
    else:
        token["GIT_CONFIG_VALUE_0"] = "AUTHORIZATION: none"

    def git(*arguments: str, **environ: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=here, env={**doing.environ, **environ}, capture_output=True, text=True, check=False
        )
        doing.step.log += f"git {' '.join(arguments)}\n{done.stderr}"
        if done.returncode:
            raise Failed(f"The process '/usr/bin/git' failed with exit code {done.returncode}")
        return done.stdout.strip()

    if not (here / ".git").exists():
        git("init", "--quiet", str(here))
        git("remote", "add", "origin", forge.clone_url)
    ref, source = given["ref"] or run.event.ref, ""
    if re.fullmatch(r"[0-9a-f]{40}", ref):
        source, local = ref, ""
    elif not ref.startswith("refs/"):
        ref = f"refs/heads/{ref}"
        source, local = ref, ref.replace("refs/heads/", "refs/remotes/origin/")
    else:
        local = ref.replace("refs/heads/", "refs/remotes/origin/").replace("refs/pull/", "refs/remotes/pull/")
        source = ref if given["ref"] else run.event.sha
    wanted = [f"+{source}:{local}" if local else source]
    depth = int(float(given["fetch_depth"]))
    if depth == 0:
        wanted = ["+refs/heads/*:refs/remotes/origin/*", *(wanted if not ref.startswith("refs/heads/") else [])]
    limits = [f"--depth={depth}"] if depth else ["--tags"]
    git("fetch", "--quiet", "--no-recurse-submodules", *limits, "origin", *wanted, GIT_TERMINAL_PROMPT="0", **token)
    if ref.startswith("refs/heads/"):
        git("checkout", "--quiet", "--force", "-B", ref.removeprefix("refs/heads/"), local)
    else:
        git("checkout", "--quiet", "--force", "--detach", local or ref)
    if _yes(given["persist_credentials"]):
        git("config", "--local", header, token["GIT_CONFIG_VALUE_0"])
    doing.step.outputs |= {"ref": given["ref"] or run.event.ref, "commit": git("rev-parse", "HEAD")}


@dataclass(frozen=True)
class Entry:
    """What one run saved: in the scope of a ref, under a key; ``version`` is made of the paths."""

    ref: str
    key: str
    version: str
    files: Files = field(repr=False)


def saved(store: Mapping[str, object]) -> list[Entry]:
    """Every entry of a forge's cache, oldest first."""
    entries = store.get("cache", [])
    assert isinstance(entries, list)
    return entries


def _version(paths: str) -> str:
    return hashlib.sha256("|".join(paths.split("\n")).encode()).hexdigest()


def _sought(entries: list[Entry], keys: list[str]) -> Iterator[Entry]:
    """The first key as a whole, then every key as the beginning of one; of several the newest."""
    newest = list(reversed(entries))
    yield from (entry for entry in newest if entry.key == keys[0])
    for key in keys:
        yield from (entry for entry in newest if entry.key.startswith(key))


def cache_restore(doing: Doing) -> None:
    """actions/cache/restore."""
    given = doing.take(path=None, key=None, restore_keys="", fail_on_cache_miss="false")
    run = doing.job.in_run
    version = _version(given["path"])
    keys = [given["key"], *given["restore_keys"].split()]
    scopes = [run.event.ref, f"refs/heads/{run.event.base_ref}", f"refs/heads/{run.forge.default_branch}"]
    doing.step.outputs["cache-primary-key"] = given["key"]
    for scope in scopes:
        entries = [one for one in saved(run.forge.store) if (one.ref, one.version) == (scope, version)]
        found = next(_sought(entries, keys), None)
        if found:
            _write(doing.job.workspace, found.files)
            hit = "true" if found.key == given["key"] else "false"
            doing.step.outputs |= {"cache-hit": hit, "cache-matched-key": found.key}
            return
    doing.step.log += f"Cache not found for input keys: {', '.join(keys)}\n"
    if _yes(given["fail_on_cache_miss"]):
        raise Failed(f"Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {given['key']}")


def cache_save(doing: Doing) -> None:
    """actions/cache/save: a key that its scope has is left as it is; nothing to save is a warning."""
    given = doing.take(path=None, key=None)
    run = doing.job.in_run
    files = {
        name: content
        for path in given["path"].split("\n")
        for name, content in _read(doing.job.workspace, path.strip())
    }
    entry = Entry(run.event.ref, given["key"], _version(given["path"]), files)
    known = run.forge.store.setdefault("cache", [])
    taken = any((one.ref, one.key, one.version) == (entry.ref, entry.key, entry.version) for one in known)
    if taken or not files:
        why = "another job may be creating this cache" if taken else "Path(s) specified do not exist"
        doing.step.log += f"::warning::Failed to save: {why}\n"
        return
    known.append(entry)


def cache(doing: Doing) -> None:
    """actions/cache: restores now, and saves after the job unless the very key was found."""
    cache_restore(doing)
    if doing.step.outputs.get("cache-hit") != "true":
        again = Doing(doing.job, doing.step, {key: doing.inputs[key] for key in ("path", "key")}, {}, doing.scope)
        doing.job.after.append(lambda: cache_save(again))


def upload_artifact(doing: Doing) -> None:
    """actions/upload-artifact."""
    given = doing.take(
        name="artifact",
        path=None,
        if_no_files_found="warn",
        retention_days="",
        include_hidden_files="false",
        compression_level="",
        overwrite="false",
    )
    place, hidden = doing.job.workspace, _yes(given["include_hidden_files"])
    paths = [path.strip() for path in given["path"].split("\n") if path.strip()]
    found = {name: content for path in paths for name, content in _read(place, path, hidden=hidden)}
    if not found:
        message = f"No files were found with the provided path: {given['path']}. No artifacts will be uploaded."
        if given["if_no_files_found"] == "error":
            raise Failed(message)
        doing.step.log += f"::warning::{message}\n"
        return
    root = Path(paths[0] if len(paths) == 1 else ".")
    root = root.parent if (place / root).is_file() else root
    files = {str(Path(name).relative_to(root)): content for name, content in found.items()}
    kept = doing.job.in_run.forge.store.setdefault("artifacts", {}).setdefault(doing.job.in_run.id, {})
    if given["name"] in kept and not _yes(given["overwrite"]):
        raise Failed("Failed to CreateArtifact: Received non-retryable error: (409) Conflict")
    kept[given["name"]] = files
    doing.step.outputs |= {"artifact-id": str(len(kept)), "artifact-digest": "sha256:"}


def download_artifact(doing: Doing) -> None:
    """actions/download-artifact, by name; of another run only with a token that may read actions."""
    given = doing.take(name=None, path=".", run_id="", github_token="", repository="")
    run = doing.job.in_run
    if given["run_id"] and not (given["github_token"] == ACTIONS and doing.job.may("actions", "read")):
        raise Failed("Unable to download artifact(s): Resource not accessible by integration")
    if given["repository"] not in {"", run.forge.server.state.repository}:
        raise Unsupported(f"an artifact of {given['repository']}")
    kept = run.forge.store.get("artifacts", {}).get(given["run_id"] or run.id, {})
    if given["name"] not in kept:
        raise Failed(f"Unable to download artifact(s): Artifact not found for name: {given['name']}")
    into = doing.job.workspace / given["path"]
    _write(into, kept[given["name"]])
    doing.step.outputs["download-path"] = str(into)


def google_auth(address: str) -> Callable[[Doing], None]:
    """google-github-actions/auth with a workload identity; ``address`` is where tokens are exchanged."""

    def act(doing: Doing) -> None:
        given = doing.take("_", project_id="", workload_identity_provider=None, service_account="")
        if "ACTIONS_ID_TOKEN_REQUEST_URL" not in doing.environ:
            raise Failed("GitHub Actions did not inject $ACTIONS_ID_TOKEN_REQUEST_TOKEN into this job.")
        audience = f"https://iam.googleapis.com/{given['workload_identity_provider']}"
        bearer = doing.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
        credentials = {
            "type": "external_account",
            "audience": audience.removeprefix("https:"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{address}/v1/token",
            "credential_source": {
                "url": f"{doing.environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}",
                "headers": {"Authorization": f"Bearer {bearer}"},
                "format": {"type": "json", "subject_token_field_name": "value"},
            },
        }
        if account := given["service_account"]:
            credentials["service_account_impersonation_url"] = (
                f"{address}/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
            )
        path = doing.job.workspace / "gha-creds-0123456789abcdef.json"
        path.write_text(json.dumps(credentials), encoding="utf-8")
        doing.job.after.append(path.unlink)
        doing.step.outputs |= {"credentials_file_path": str(path), "project_id": given["project_id"]}
        doing.job.exported |= {
            "GOOGLE_APPLICATION_CREDENTIALS": str(path),
            "GOOGLE_GHA_CREDS_PATH": str(path),
            "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE": str(path),
            "GOOGLE_CLOUD_PROJECT": given["project_id"],
        }

    return act


ACTIONS_OF_OTHERS: Mapping[str, Callable[[Doing], None]] = {
    "actions/checkout": checkout,
    "actions/cache": cache,
    "actions/cache/restore": cache_restore,
    "actions/cache/save": cache_save,
    "actions/upload-artifact": upload_artifact,
    "actions/download-artifact": download_artifact,
}


def _read(folder: Path, path: str, *, hidden: bool = True) -> Iterator[tuple[str, bytes]]:
    """A file, or what is in a folder, by names from ``folder`` on. What is named itself may not be hidden either."""
    if re.search(r"[*?\[]|^[!~/]", path):
        raise Unsupported(f"the pattern {path}")
    found = folder / path
    for file in [found] if found.is_file() else sorted(found.rglob("*")):
        inside = file.relative_to(found.parent).parts
        if file.is_file() and (hidden or not any(part.startswith(".") for part in inside)):
            yield str(file.relative_to(folder)), file.read_bytes()


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
