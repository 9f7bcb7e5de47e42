"""Files in memory for those who do not import them: `importlib.resources` and
`importlib.metadata`."""

import io
from importlib.resources.abc import Traversable, TraversableResources

from . import library


class Resource(Traversable):
    """A file or a folder."""

    def __init__(self, path: str):
        self._path = path

    @property
    def name(self):
        return self._path.rpartition("/")[2]

    @property
    def parent(self):
        return Resource(self._path.rpartition("/")[0])

    def joinpath(self, *parts):
        return Resource("/".join([self._path, *map(str, parts)]))

    def is_file(self):
        return library.has(self._path)

    def is_dir(self):
        return any(library.below(self._path))

    def exists(self):
        return self.is_file() or self.is_dir()

    def iterdir(self):
        names = {inner.partition("/")[0] for inner in library.below(self._path)}
        return (self.joinpath(name) for name in sorted(names))

    def open(self, mode="r", *args, **options):
        stream = io.BytesIO(library.read(self._path))
        return stream if "b" in mode else io.TextIOWrapper(stream, *args, **options)


class Reader(TraversableResources):
    """What a loader gives for a package."""

    def __init__(self, folder: str):
        self._folder = folder

    def files(self):
        return Resource(self._folder)


class Distributions:
    """A finder of no modules, but of the packages' metadata."""

    def __init__(self, folder: str):
        self._folder = Resource(folder)

    def find_spec(self, name, path=None, target=None):
        return None

    def find_distributions(self, context):
        from importlib.metadata import PathDistribution, Prepared

        wanted = None if context.name is None else Prepared(context.name).normalized
        for child in self._folder.iterdir():
            name, _, suffix = child.name.rpartition(".")
            found = Prepared.normalize(name.partition("-")[0])
            if suffix in {"dist-info", "egg-info"} and wanted in {None, found}:
                yield PathDistribution(child)
