"""The example in a repository of its own, with its pull request checked out, previewed in this process."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rocky_action.assembly import assemble
from rocky_action.domain.options import PreviewOptions
from rocky_action.git.scratch import commit_pull_request
from rocky_action.place import Place
from rocky_action.settings import Settings, parse
from rocky_action.study import World
from tests.support.repositories import isolated_environ

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@dataclass(frozen=True)
class Shop:
    """``world`` and ``options`` are as the command line makes them."""

    settings: Settings
    place: Place
    world: World
    options: PreviewOptions

    @classmethod
    def new(cls, folder: Path, *, path: str = "shop.duckdb", **inputs: str) -> Shop:
        """``path`` is the database's, in rocky.toml; ``inputs`` are the action's."""
        environ = isolated_environ(folder / "home")
        place = Place(folder / "shop", environ, datetime.now(UTC), lambda _: None)
        shutil.copytree(SHOP, place.folder, ignore=shutil.ignore_patterns("*.duckdb", "*.wal", ".rocky-preview"))
        config = place.folder / "rocky.toml"
        config.write_text(config.read_text("utf-8").replace('"shop.duckdb"', f'"{path}"'), "utf-8")
        commit_pull_request(place.folder, place.folder / "pull_request.patch", branch="refunds", environ=environ)
        settings = parse(inputs)
        return cls(settings, place, *assemble(settings, place, pull_request=None))
