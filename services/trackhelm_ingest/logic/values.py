"""Rules for what is written to a run: keys, values, doubles in one request."""

from collections import Counter
from collections.abc import Iterable, Sequence

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import (
    BATCH_ITEMS,
    BATCH_METRICS,
    BATCH_PARAMS,
    BATCH_TAGS,
    KEY_LENGTH,
    PARAM_VALUE_LENGTH,
    RUN_TAG_VALUE_LENGTH,
    WHOLE_TAG_VALUE_LENGTH,
)
from trackhelm_core.run_tags import must_stay_whole
from trackhelm_core.validation import check_key, check_length
from trackhelm_core.wire.faults import too_long


def clean_params(pairs: Iterable[tuple[str, str]], of: str = "") -> dict[str, str]:
    """Return params to store. Long values are cut, as MLflow's server does; a key may come once.

    `of` is the list of a request that they are from, for messages.
    """
    listed = list(pairs)
    if len(listed) > 1:
        twice = sorted(key for key, count in Counter(key for key, _ in listed).items() if count > 1)
        if twice:
            raise InvalidParameterError(f"Duplicate parameter keys have been submitted: {twice}.")
    return {
        check_key(key, _place(of, index), "Param key"): value[:PARAM_VALUE_LENGTH]
        for index, (key, value) in enumerate(listed)
    }


def clean_tags(pairs: Iterable[tuple[str, str]], of: str = "") -> dict[str, str]:
    """Return tags to store, with values as `clean_tag_value` has them; of equal keys the last counts."""
    return {
        check_key(key, _place(of, index)): clean_tag_value(key, value)
        for index, (key, value) in enumerate(pairs)
    }


def clean_new_run_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the tags that a run is created with. MLflow's server takes any key here, and only here."""
    return {check_length(key, "key", KEY_LENGTH): clean_tag_value(key, value) for key, value in pairs}


def clean_tag_value(key: str, value: str) -> str:
    """Return a tag's value to store. A long text of the user's own is cut, as MLflow's server does.

    MLflow's own tags and JSON are not, which clients could not read back then: they are refused at last.
    """
    if len(value) > RUN_TAG_VALUE_LENGTH and must_stay_whole(key, value):
        if len(value) > WHOLE_TAG_VALUE_LENGTH:
            raise too_long(value, "value", WHOLE_TAG_VALUE_LENGTH, f"the value of tag {key}")
        return value
    return value[:RUN_TAG_VALUE_LENGTH]


def _place(of: str, index: int) -> str:
    return f"{of}[{index}].key" if of else "key"


def check_batch_size(metrics: Sequence[object], params: Sequence[object], tags: Sequence[object]) -> None:
    """Refuse a batch that is larger than MLflow's limits, which clients split by."""
    sizes = (
        ("metrics", len(metrics), BATCH_METRICS),
        ("params", len(params), BATCH_PARAMS),
        ("tags", len(tags), BATCH_TAGS),
        ("metrics, params, and tags", len(metrics) + len(params) + len(tags), BATCH_ITEMS),
    )
    for kind, size, limit in sizes:
        if size > limit:
            raise InvalidParameterError(
                f"A batch logging request can contain at most {limit} {kind}. Got {size} {kind}. "
                f"Please split up {kind} across multiple requests."
            )
