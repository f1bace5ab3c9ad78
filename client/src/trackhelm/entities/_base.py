"""What every entity has: fields that can be listed and compared, and readers of the wire's numbers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, SupportsIndex, TypeVar

Item = TypeVar("Item")


class Entity:
    """Something that a server answers. `dict(entity)` gives its public fields."""

    def _properties(self) -> list[str]:
        names = {name for name in vars(self) if not name.startswith("_")}
        names |= {
            name
            for kind in type(self).__mro__
            for name, member in vars(kind).items()
            if isinstance(member, property) and not name.startswith("_")
        }
        return sorted(names)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for name in self._properties():
            yield name, getattr(self, name)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), *(repr(item) for item in self)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self)
        return f"<{type(self).__name__}: {fields}>"

    def to_dictionary(self) -> dict[str, Any]:
        """Return the public fields, those of inner entities too."""
        return {name: plain(value) for name, value in self}


class KeyValue(Entity):
    """A key with a text."""

    def __init__(self, key: str, value: str) -> None:
        self.key = key
        self.value = value


class PagedList(list[Item], Generic[Item]):
    """A page of a search; `token` asks for the next one and is None on the last."""

    def __init__(self, items: Sequence[Item], token: str | None) -> None:
        super().__init__(items)
        self.token = token or None

    def to_list(self) -> list[Item]:
        """Return the page as a plain list."""
        return list(self)


def plain(value: Any) -> Any:
    """Return a value with every entity in it as a dictionary."""
    if isinstance(value, Entity):
        return value.to_dictionary()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def as_int(value: str | SupportsIndex | float | None) -> int | None:
    """Return a whole number of the wire, which may be a text; None where it is absent."""
    if value is None:
        return None
    return int(value)


def as_float(value: str | float) -> float:
    """Return a double of the wire, which may be a text such as `NaN` and `-Infinity`."""
    return float(value)


def text_or_none(value: Any) -> str | None:
    """Return a text of the wire, or None where it is absent or empty."""
    return str(value) if value else None


def as_dict(pairs: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return `[{"key": k, "value": v}, …]` as a dictionary."""
    return {pair["key"]: pair.get("value", "") for pair in pairs or ()}
