"""The merge base of two refs, also in clones that hold only a part of the history.

A ref or a stretch of history that is missing is fetched. What cannot be had is an error: no other comparison is as
good, and a reviewer could not tell that she was shown another one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rocky_action.errors import BaseNotFoundError, GitError
from rocky_action.git.binary import decode, failure
from rocky_action.git.repository import Repository

_DEEPENING = ("--deepen=50", "--deepen=500", "--deepen=5000", "--unshallow")
_FETCH_DEPTH = "check out with `fetch-depth: 0`"


@dataclass(frozen=True)
class _Ancestry:
    """The best common ancestor that is visible, and the commits behind whose cut a better one could hide."""

    merge_base: str | None
    cut_short: tuple[str, ...]


def find_commit(repo: Repository, ref: str) -> str:
    """The commit that a person means by ``ref``: as given, else the remote's branch or tag, fetched if missing.

    Raises BaseNotFoundError with similar names when there is none.
    """
    name = ref
    for prefix in ("refs/heads/", f"refs/remotes/{repo.remote}/", f"{repo.remote}/"):
        name = name.removeprefix(prefix)
    here = repo.resolve(ref) or repo.resolve(f"refs/remotes/{repo.remote}/{name}")
    if here:
        return here
    known = _remote_refs(repo)
    candidates = (ref, f"refs/heads/{name}", f"refs/tags/{name}^{{}}", f"refs/tags/{name}")
    commit = next((known[candidate] for candidate in candidates if candidate in known), None)
    if commit is None and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", ref):
        commit = ref
    if commit is None or repo.remote is None:
        raise _unknown(repo, ref, known=known)
    if repo.resolve(commit) is None:
        try:
            fetch_commit(repo, commit)
        except GitError as err:
            if "not our ref" in err.message:
                raise _unknown(repo, ref, known=known) from err
            raise
    return commit


def fetch_commit(repo: Repository, commit: str) -> None:
    """Fetches a commit that is missing; without its history where the clone is shallow anyway."""
    if repo.remote is None:
        raise BaseNotFoundError(
            f"The commit {commit} is not in this clone, and there is no remote to fetch it from.",
            advice=f"Add the remote, or {_FETCH_DEPTH}.",
        )
    repo.fetch([commit], *(["--depth=1"] if _shallow(repo) else []))


def find_merge_base(repo: Repository, *, base: str, head: str) -> str:
    """The best common ancestor of two commits; of several equally good ones the one that git names first.

    Raises BaseNotFoundError when there is none, or when the history to tell is not here and cannot be fetched.
    """
    ancestry = _ancestry(repo, base=base, head=head)
    for step in _DEEPENING:
        if ancestry.cut_short and repo.remote:
            repo.fetch(ancestry.cut_short, step)
            ancestry = _ancestry(repo, base=base, head=head)
    if ancestry.cut_short:
        reason = "the remote's history is cut off, too" if repo.remote else "there is no remote to fetch the rest from"
        raise BaseNotFoundError(
            f"The merge base of {base[:7]} and {head[:7]} cannot be determined: this clone is shallow, and {reason}.",
            advice=f"Use a complete clone (in a workflow: {_FETCH_DEPTH}).",
        )
    if ancestry.merge_base is None:
        raise BaseNotFoundError(
            f"{base[:7]} and {head[:7]} have no common history.",
            advice="Name the branch that this work started from as the base.",
        )
    return ancestry.merge_base


def _ancestry(repo: Repository, *, base: str, head: str) -> _Ancestry:
    """A merge base seen in a shallow clone is final once every cut lies behind it: what is hidden is then older."""
    answer = repo.git.attempt("merge-base", base, head)
    if answer.code and answer.error:  # silence says that there is none; a damaged history is complained about
        raise failure("merge-base", answer)
    found = answer.text or None
    shallow = _shallow(repo)
    if not shallow:
        return _Ancestry(found, ())
    newer = repo.git.run("rev-list", base, head, *([f"^{found}"] if found else [])).decode().split()
    return _Ancestry(found, tuple(commit for commit in newer if commit in shallow))


def _shallow(repo: Repository) -> frozenset[str]:
    """The commits whose parents were left out of the clone."""
    place = repo.folder / decode(repo.git.run("rev-parse", "--git-path", "shallow")).removesuffix("\n")
    try:
        return frozenset(place.read_text("ascii").split())
    except FileNotFoundError:
        return frozenset()


def _remote_refs(repo: Repository) -> dict[str, str]:
    if repo.remote is None:
        return {}
    listing = decode(repo.git.run("ls-remote", "--quiet", "--heads", "--tags", repo.remote, timeout=repo.fetch_timeout))
    return {name: commit for commit, _, name in (line.partition("\t") for line in listing.splitlines())}


def _unknown(repo: Repository, ref: str, *, known: Iterable[str]) -> BaseNotFoundError:
    local = decode(repo.git.run("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes", "refs/tags"))
    kind = rf"^refs/(heads|tags|remotes/{re.escape(repo.remote or 'origin')})/"
    names = {re.sub(kind, "", name) for name in (*known, *local.splitlines()) if not name.endswith(("^{}", "/HEAD"))}
    close = difflib.get_close_matches(ref, sorted(names), n=3)
    return BaseNotFoundError(
        f"There is no branch, tag or commit called {ref}{'' if repo.remote else ', and no remote to fetch it from'}.",
        advice=f"Did you mean {' or '.join(close)}?" if close else "Check the name, and that it was pushed.",
    )
