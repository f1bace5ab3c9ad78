"""The stores of a process that serves files: the server's own, and those of allowed locations."""

from dataclasses import dataclass
from typing import Self

from trackhelm_core.objects.locations import Locations
from trackhelm_core.objects.opening import open_store
from trackhelm_core.objects.store import ObjectStore
from trackhelm_core.places import Places
from trackhelm_core.runtime import Runtime
from trackhelm_core.settings import ObjectSettings, StorageSettings


@dataclass(frozen=True, slots=True)
class ArtifactStores:
    """Where files are, and what their URIs name."""

    objects: ObjectStore
    """The server's own store."""
    locations: Locations
    places: Places

    @classmethod
    def open(
        cls, storage: StorageSettings, artifacts: ObjectSettings | None = None, *, untouched: bool = False
    ) -> Self:
        """Open what the settings name, those for artifacts being read where none are given.

        A bucket may still be away. A store that is to be `untouched` is neither made nor swept.

        Raises:
            ValueError: The settings contradict one another, or name no store.
        """
        artifacts = artifacts or ObjectSettings()
        url = artifacts.artifacts_url or storage.artifact_folder.as_uri()
        objects = open_store(url, artifacts, own=not untouched, sweep=not untouched)
        return cls(objects, Locations(artifacts, sweep=not untouched), Places(url))


def stores_of(runtime: Runtime) -> ArtifactStores:
    """Return the stores of a process that serves files."""
    return runtime.part(ArtifactStores)
