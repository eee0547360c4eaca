"""Starts git: the only module that starts a process.

Git is asked in a way that neither the caller's shell nor the repository can bend: variables that point it elsewhere
are taken out, configuration that would run a program is switched off, and what we need set goes in through
``GIT_CONFIG_COUNT`` (git 2.38 or newer), so that no file of the user is written and no secret stands in a command line.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rocky_action.errors import GitError

_KEPT = frozenset(
    {
        "GIT_ALLOW_PROTOCOL",
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_HTTP_PROXY_AUTHMETHOD",
        "GIT_PROXY_SSL_CAINFO",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_SSL_NO_VERIFY",
    }
)
"""How to reach a remote is the caller's business; every other GIT_ variable could make git look somewhere else."""

_PASSED = frozenset(
    {
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "DYLD_LIBRARY_PATH",
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "LANG",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "NIX_SSL_CERT_FILE",
        "NO_PROXY",
        "PATH",
        "SSH_AGENT_PID",
        "SSH_ASKPASS",
        "SSH_ASKPASS_REQUIRE",
        "SSH_AUTH_SOCK",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "USER",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
    }
)
"""What git may know of the environment beside its own variables: how to run, who asks, how to reach a remote.

A step's environment has the warehouse's secrets in it, and git starts programs of its own.
"""

_SETTINGS = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.quotePath", "false"),
    ("core.splitIndex", "false"),
    ("diff.autoRefreshIndex", "true"),  # else a touched file counts as edited
    ("fetch.recurseSubmodules", "false"),
    # A pack in a directory that exists: loose objects would leave directories that the workspace's owner cannot write.
    ("fetch.unpackLimit", "1"),
    ("protocol.ext.allow", "never"),
    ("protocol.file.allow", "user"),  # whoever calls may name a folder as the remote; no submodule may
    ("submodule.recurse", "false"),
)
_NO_HELPERS = ("credential.helper", "")
"""Forgets the programs that somebody has configured to be asked for passwords."""

_NO_FETCH = "or check out with `fetch-depth: 0` so that nothing has to be fetched."
_ADVICE = {
    r"dubious ownership|unsafe repository": (
        "git refuses a repository that another user owns: use git 2.38 or newer, or add it to safe.directory."
    ),
    (
        r"authentication failed|could not read (username|password)|permission denied|repository .*not found"
        r"|returned error: 40[0134]|terminal prompts disabled"
    ): f"The remote wants credentials: set github_token (it needs `contents: read`), {_NO_FETCH}",
    (
        r"could not resolve|unable to access|could not read from remote|connection|timed out|not our ref"
        r"|does not appear to be a git repository"
    ): f"The remote did not deliver what is missing here: check the network and the remote's address, {_NO_FETCH}",
}
"""What to do about what git says, the first match counts."""


@dataclass(frozen=True)
class Outcome:
    """How one call of git ended; ``error`` is what it printed to standard error, without secrets."""

    code: int
    output: bytes
    error: str

    @property
    def text(self) -> str:
        """The output as text without its last line end; undecodable bytes survive."""
        return decode(self.output).removesuffix("\n")


@dataclass(frozen=True)
class Git:
    """The git binary at work in one folder."""

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def run(
        self, *arguments: str, stdin: bytes = b"", timeout: float | None = None, index: Path | None = None
    ) -> bytes:
        """What git printed. Raises GitError when it failed."""
        outcome = self.attempt(*arguments, stdin=stdin, timeout=timeout, index=index)
        if outcome.code:
            raise failure(arguments[0], outcome)
        return outcome.output

    def attempt(
        self, *arguments: str, stdin: bytes = b"", timeout: float | None = None, index: Path | None = None
    ) -> Outcome:
        """Runs git where a failure can be an answer; ``index`` replaces the repository's own index file."""
        environ = dict(self.environ) if index is None else {**self.environ, "GIT_INDEX_FILE": str(index)}
        try:
            # A session of its own, so that a time-out also ends the helpers that git has started (and no helper can
            # stop and wait for a person at the terminal).
            process = subprocess.Popen(  # noqa: S603 - an argument list, no shell; words from people are checked
                ["git", *arguments],  # noqa: S607 - git is the one on the caller's PATH
                cwd=self.folder,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as err:
            raise GitError(
                f"git cannot be started: {err.strerror}.", advice="Install git 2.38 or newer and put it on the PATH."
            ) from err
        with process:
            try:
                output, error = process.communicate(stdin, timeout)
            except subprocess.TimeoutExpired as err:
                raise GitError(
                    f"git {arguments[0]} did not end within {timeout:g} seconds.",
                    advice=f"Check the network, {_NO_FETCH}",
                ) from err
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        return Outcome(process.returncode, output, self._redacted(error.decode("utf-8", "replace").strip()))

    def with_settings(self, settings: Iterable[tuple[str, str]]) -> Git:
        """The same with more configuration, for its processes only."""
        return replace(self, environ=_configured(self.environ, settings))

    def with_environment(self, environ: Mapping[str, str]) -> Git:
        """The same with more variables, for its processes only."""
        return replace(self, environ={**self.environ, **environ})

    def _redacted(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return re.sub(r"://[^/@\s]+@", "://***@", text)


def git_in(folder: Path, *, token: str | None, server_url: str, environ: Mapping[str, str]) -> Git:
    """Git for a folder whose repository we trust as a place to read, whoever owns it."""
    clean = {
        name: value
        for name, value in environ.items()
        if name.upper() in _PASSED  # a proxy's are usually written small
        or name in _KEPT
        or name.startswith(("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))
    }
    clean |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    safe = [("safe.directory", str(place)) for place in (folder, *folder.parents) if os.path.lexists(place / ".git")]
    token = (token or "").strip()
    helpers = [_NO_HELPERS] if token or environ.get("GITHUB_ACTIONS") == "true" else []  # a person's own may be needed
    if not token:
        return Git(folder, _configured(clean, (*_SETTINGS, *safe, *helpers)))
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = f"http.{server_url.rstrip('/')}/.extraheader"
    # An empty value forgets the headers so far: GitHub refuses two, and actions/checkout may have left one.
    credentials = ((header, ""), (header, f"AUTHORIZATION: basic {basic}"))
    return Git(folder, _configured(clean, (*_SETTINGS, *safe, *helpers, *credentials)), secrets=(token, basic))


def failure(command: str, outcome: Outcome) -> GitError:
    """The error for a call that failed."""
    advice = next(
        (advice for pattern, advice in _ADVICE.items() if re.search(pattern, outcome.error, re.IGNORECASE)),
        "Run `git fsck` in the repository, or check it out anew.",
    )
    return GitError(f"git {command} failed (exit code {outcome.code}): {outcome.error or 'no message'}", advice=advice)


def decode(name: bytes) -> str:
    """A file or ref name as text; bytes that are not UTF-8 survive a round trip."""
    return name.decode("utf-8", "surrogateescape")


def encode(name: str) -> bytes:
    """The bytes of a file or ref name."""
    return name.encode("utf-8", "surrogateescape")


def split(output: bytes) -> list[str]:
    """The items of NUL-separated output."""
    return [decode(item) for item in output.split(b"\0") if item]


def _configured(environ: Mapping[str, str], settings: Iterable[tuple[str, str]]) -> dict[str, str]:
    given = environ.get("GIT_CONFIG_COUNT", "")
    count = int(given) if given.isdecimal() else 0
    more = dict(environ)
    for key, value in settings:
        more |= {f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
        count += 1
    return more | {"GIT_CONFIG_COUNT": str(count)}
