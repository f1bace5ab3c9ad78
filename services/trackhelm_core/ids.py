"""Public identifiers, random and of fixed length, and generated names for runs and models without a name."""

import secrets
from typing import Final

# Public identifiers: random, fixed in length, safe in a path and in a log line.


def new_run_id() -> str:
    """Return a run id: 32 lower-case hexadecimal characters."""
    return secrets.token_hex(16)


def new_model_id() -> str:
    """Return a logged model's id: `m-` and 32 hexadecimal characters, as in `models:/m-…` URIs."""
    return f"m-{secrets.token_hex(16)}"


def new_view_id() -> str:
    """Return an id for a saved view: 32 lower-case hexadecimal characters."""
    return secrets.token_hex(16)


def new_webhook_id() -> str:
    """Return an id for a webhook or for an event that it is sent: 32 lower-case hexadecimal characters."""
    return secrets.token_hex(16)


# Generated names such as `swift-otter-412`: easy to say, and easy to tell apart in a list. A name is not an
# identifier: two runs may have the same one.

# No word has more than seven letters, so that no name has more than twenty characters.
ADJECTIVES: Final = (
    "able", "agile", "amber", "ample", "ancient", "azure", "bold", "brave", "bright", "brisk", "calm",
    "candid", "clever", "cosmic", "crisp", "daring", "deep", "eager", "early", "earnest", "fair", "fleet",
    "fond", "frank", "free", "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest",
    "jolly", "keen", "kind", "lively", "loyal", "lucky", "lunar", "mellow", "merry", "mighty", "modest",
    "nimble", "noble", "patient", "placid", "polite", "proud", "quick", "quiet", "rapid", "ready", "rustic",
    "serene", "sharp", "silver", "sleek", "smart", "snowy", "solar", "steady", "stellar", "sunny", "swift",
    "tidy", "upbeat", "vivid", "warm", "wise", "witty", "zesty",
)  # fmt: skip
NOUNS: Final = (
    "acorn", "aspen", "badger", "beacon", "beaver", "birch", "bison", "breeze", "brook", "canyon", "cedar",
    "cliff", "cloud", "comet", "compass", "condor", "coral", "crane", "creek", "delta", "dolphin", "eagle",
    "ember", "falcon", "fern", "finch", "fjord", "forest", "fox", "gecko", "glacier", "harbor", "hare",
    "harvest", "hawk", "heron", "island", "jaguar", "kestrel", "lagoon", "lantern", "lark", "lemur", "lynx",
    "maple", "meadow", "mesa", "moose", "nebula", "newt", "oak", "ocean", "orca", "orchid", "otter", "owl",
    "panda", "panther", "pebble", "pine", "planet", "plover", "prairie", "puffin", "quail", "raven", "reef",
    "river", "robin", "salmon", "seal", "sparrow", "spruce", "stork", "summit", "swan", "thicket", "thrush",
    "tiger", "trout", "tundra", "turtle", "valley", "walrus", "willow", "wolf", "wren", "zebra",
)  # fmt: skip
_NUMBERS: Final = 1_000


def random_name() -> str:
    """Return a name of at most twenty characters: an adjective, a noun and a number."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{secrets.randbelow(_NUMBERS)}"
