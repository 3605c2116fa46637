"""Where template sources come from: memory first, then the template folders, and nowhere else."""

from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2

from engine.files import text

Extra = Callable[[str], str | None]
Preprocess = Callable[[str, str], str]


class Folders(jinja2.BaseLoader):
    """Template sources from memory (`extra`) and from folders, first folder first; never from anywhere else."""

    def __init__(self, folders: Sequence[Path], extra: Extra | None, preprocess: Preprocess | None) -> None:
        self._folders = [folder.resolve() for folder in folders]
        self._extra = extra
        self._preprocess = preprocess

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str | None, Callable[[], bool]]:
        source = self._extra(template) if self._extra else None
        if source is None:
            source = text(self._find(template))
        if self._preprocess:
            source = self._preprocess(template, source)
        return source, None, lambda: True

    def _find(self, template: str) -> Path:
        parts = template.split("/")
        if template and not any(part in ("", ".", "..") or set(part) & set("\\\0:") for part in parts):
            for folder in self._folders:
                path = folder.joinpath(*parts)  # most are not there, which one look at the disk tells
                if path.is_file() and (real := path.resolve()).is_relative_to(folder):  # no link may lead outside
                    return real
        raise jinja2.TemplateNotFound(template)
