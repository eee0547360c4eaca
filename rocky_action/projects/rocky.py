"""The loader of Rocky projects: a tree of files in, a Project out, or every mistake at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rocky_action.domain.project import Ephemeral, Model, Project, Setting
from rocky_action.ports import SourceTree
from rocky_action.projects.adapters import UNREADABLE, read_root
from rocky_action.projects.config import Config
from rocky_action.projects.detect import detect
from rocky_action.projects.files import Files
from rocky_action.projects.folder import metadata_paths, read_folder
from rocky_action.projects.globs import PatternError, select_models
from rocky_action.projects.locating import locate_settings
from rocky_action.projects.mistakes import Mistakes, nearest
from rocky_action.projects.model_files import companion_names, companions, read_model_file, stem
from rocky_action.projects.sidecar import Surroundings, read_model
from rocky_action.sql.references import ReadsOf


@dataclass(frozen=True, kw_only=True)
class RockyLoader:
    """Loads the project at a tree's root. ``variables`` are ``--var``; ``models`` replaces the pipeline's glob."""

    environ: Mapping[str, str] = field(repr=False)
    config_path: str = "rocky.toml"
    variables: Mapping[str, str] = field(default_factory=dict)
    pipeline: str | None = None
    models: str | None = None
    known: _Known = field(default_factory=dict, repr=False, compare=False)

    def holds(self, tree: SourceTree) -> bool:
        """Whether the tree has the file that makes it a Rocky project."""
        return self.config_path in tree.paths()

    def load(self, tree: SourceTree) -> Project:
        """The project in a tree. Raises ProjectError, listing every mistake with file and line."""
        detect(tree, self.config_path)
        mistakes = Mistakes()
        files = Files(tree.read([self.config_path]), mistakes, self.environ)
        config = read_root(files, self.config_path, pipeline=self.pipeline)
        if config is None:
            raise mistakes.error(tree.label)
        models = self._models(self._files(tree, config, mistakes=mistakes), config)
        if config.adapter is None or mistakes.found:
            raise mistakes.error(tree.label)
        by_name = {model.name: model for model in models}
        return Project(
            root=".",
            dialect=config.adapter.type,
            adapter=config.adapter,
            models=by_name,
            reads=ReadsOf(by_name, config.adapter.type),
            prices=config.prices,
            budget=config.budget,
            warnings=mistakes.warnings,
            masks=config.masks,
            schedule=config.schedule,
        )

    def locate(self, asked: Sequence[tuple[Model, Setting]], *, tree: SourceTree) -> tuple[tuple[str, int] | None, ...]:
        """For each model and setting the file and the line that decide it, None where nothing does."""
        return locate_settings(asked, tree=tree, config_path=self.config_path)

    def _files(self, tree: SourceTree, config: Config, *, mistakes: Mistakes) -> _ModelTree:
        """The selected models and everything that belongs to them, in one round trip."""
        present = frozenset(tree.paths())
        models = self._selected(sorted(present), config, mistakes=mistakes)
        shared = metadata_paths({path.rpartition("/")[0] for path in models}, present)
        wanted = [name for path in models for name in (path, *companions(path, present))]
        wanted += [name for names in shared.values() for name in names]
        contents = tree.read(wanted)
        for name in wanted:
            if name not in contents:
                mistakes.note(name, UNREADABLE)
        return _ModelTree(models, shared, Files(contents, mistakes, self.environ))

    def _selected(self, paths: Sequence[str], config: Config, *, mistakes: Mistakes) -> tuple[str, ...]:
        try:
            selection = select_models(self.models or config.models, paths)
        except PatternError as err:
            where = "--models" if self.models else self.config_path
            mistakes.note(where, f"models: the pattern {err}", advice='Write a folder or a pattern: "models/**".')
            return ()
        if not selection.found:
            mistakes.warn(self.config_path, f"there is no folder {selection.base}, so there are no models")
        return selection.files

    def _models(self, tree: _ModelTree, config: Config) -> tuple[Model, ...]:
        """All models by name; mistakes are noted, those between models too."""
        files = tree.files
        dialect = "" if config.adapter is None else config.adapter.type
        folders = {
            directory: read_folder(directory, files, paths=[name for name in names if name in files])
            for directory, names in tree.shared.items()
        }
        around = {directory: Surroundings(folder, dialect, self.variables) for directory, folder in folders.items()}
        models: list[Model] = []
        unread: set[str] = set()
        for path in tree.models:
            model = self._model(path, tree, around=around) if path in files else None
            if model is None:
                unread.add(stem(path))
            else:
                models.append(model)
        models.sort(key=lambda model: (model.name, model.path))
        _check_names(models, files.mistakes)
        _check_targets(models, files.mistakes)
        _check_depends_on(models, files.mistakes, unread=unread)
        return tuple(models)

    def _model(self, path: str, tree: _ModelTree, *, around: Mapping[str, Surroundings]) -> Model | None:
        """One model; where everything it is made of is the same as in a tree before, it is the same model."""
        directory = path.rpartition("/")[0]
        made_of = (path, around[directory].dialect, *tree.contents_for(path, directory))
        if made_of in self.known:
            model, mistakes = self.known[made_of]
            tree.files.mistakes.include(mistakes)
            return model
        mistakes = Mistakes()
        shared = around[directory]
        files = Files(tree.files.contents, mistakes, tree.files.environ)
        file = read_model_file(path, files, wanting=shared.folder.defaults.wanting)
        read = None if file is None else read_model(file, shared)
        tree.files.mistakes.include(mistakes)
        if read is not None and not mistakes.found:
            self.known[made_of] = (read, mistakes)
        return read


_Known = dict[tuple[object, ...], tuple[Model, Mistakes]]
"""Models that were read without a mistake, and what was noted on the way, by all that they were made of."""


@dataclass(frozen=True)
class _ModelTree:
    """The paths of the selected models, the metadata files of each folder, and the contents of all."""

    models: tuple[str, ...]
    shared: Mapping[str, tuple[str, ...]]
    files: Files

    def contents_for(self, path: str, directory: str) -> tuple[object, ...]:
        """Everything that one model is made of, as it stands in the files."""
        contents = self.files.contents
        sidecar, contract = companion_names(path)
        return contents[path], contents.get(sidecar), contents.get(contract), self._shared_contents[directory]

    @cached_property
    def _shared_contents(self) -> Mapping[str, tuple[tuple[str, bytes | None], ...]]:
        contents = self.files.contents
        return {
            directory: tuple((name, contents.get(name)) for name in names) for directory, names in self.shared.items()
        }


def _check_names(models: Iterable[Model], mistakes: Mistakes) -> None:
    # Folded, because a warehouse that folds names could not tell which of the two a query means.
    for group in _grouped((model.name.lower(), model) for model in models):
        paths = " and ".join(model.path for model in group)
        message = f'{len(group)} models are called "{group[0].name}": {paths}'
        mistakes.note(group[0].path, message, advice="Rename one of them.")


def _check_targets(models: Iterable[Model], mistakes: Mistakes) -> None:
    kept = (model for model in models if not isinstance(model.strategy, Ephemeral))
    for group in _grouped((str(model.target).lower(), model) for model in kept):
        if len({model.name.lower() for model in group}) > 1:
            paths = " and ".join(model.path for model in group)
            message = f"{len(group)} models have the target {group[0].target}: {paths}"
            mistakes.note(group[0].path, message, advice="Give each its own target.")


def _grouped(keyed: Iterable[tuple[str, Model]]) -> list[list[Model]]:
    pairs = [*keyed]
    if len({key for key, _ in pairs}) == len(pairs):
        return []
    groups: dict[str, list[Model]] = {}
    for key, model in pairs:
        groups.setdefault(key, []).append(model)
    return [group for group in groups.values() if len(group) > 1]


def _check_depends_on(models: Sequence[Model], mistakes: Mistakes, *, unread: Iterable[str]) -> None:
    names = {model.name for model in models}
    known = names | set(unread)
    for model in models:
        for other in model.depends_on:
            if other not in known:
                message = f'model "{model.name}" depends on "{other}", which does not exist (E001)'
                mistakes.note(model.sidecar_path or model.path, message, advice=nearest(other, names))
