"""Names of runs, made up where no server can make one up: `brisk-heron-417`."""

import random
from typing import Final

# fmt: off
_QUALITIES: Final = [
    "amber", "brisk", "calm", "clever", "cosmic", "crisp", "eager", "fair", "fleet", "gentle", "golden",
    "hardy", "honest", "jolly", "keen", "kind", "lively", "lucid", "mellow", "merry", "mighty",
    "modest", "nimble", "noble", "patient", "placid", "polite", "proud", "quick", "quiet", "rapid",
    "robust", "rustic", "serene", "sharp", "silent", "silver", "smooth", "snug", "solid", "spry",
    "stately", "steady", "stout", "sunny", "swift", "tidy", "trusty", "upbeat", "vivid", "warm", "wise",
    "witty",
]
# fmt: on
# fmt: off
_NOUNS: Final = [
    "aspen", "badger", "beaver", "birch", "bison", "cedar", "cheetah", "condor", "coyote", "crane",
    "dolphin", "eagle", "elk", "falcon", "ferret", "finch", "fox", "gecko", "gull", "hare", "hawk",
    "heron", "ibex", "jaguar", "kestrel", "kite", "koala", "lark", "lemur", "lion", "lynx", "maple",
    "marten", "mole", "moose", "newt", "oak", "orca", "osprey", "otter", "owl", "panda", "pine",
    "puffin", "quail", "raven", "robin", "salmon", "seal", "shrike", "spruce", "stork", "swan", "swift",
    "tern", "tiger", "toad", "trout", "viper", "vole", "walrus", "wolf", "wren", "yak", "zebra",
]
# fmt: on


def generated_name() -> str:
    """Return a name of at most 20 characters."""
    # Programs that train set the seed of `random`, and would all have the same names.
    chance = random.SystemRandom()
    return f"{chance.choice(_QUALITIES)}-{chance.choice(_NOUNS)}-{chance.randrange(1_000)}"
