"""Inputs as GitHub's runner hands them to a container."""

from __future__ import annotations

from collections.abc import Mapping


def inputs_from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What GitHub's runner passes to a container as ``INPUT_NAME``; ``args`` and ``entrypoint`` are the runner's own.

    The runner keeps hyphens, so that ``github-token`` and ``github_token`` are both understood.
    """
    found: dict[str, str] = {}
    for key, value in environ.items():
        name = key.removeprefix("INPUT_").lower().replace("-", "_")
        if key.startswith("INPUT_") and name not in {"args", "entrypoint"}:
            found[name] = value or found.get(name, "")
    return found
