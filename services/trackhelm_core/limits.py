"""Every limit of the wire contract, in one place, with its unit.

The numbers are MLflow's own if a stock client relies on them: it splits its batches and truncates its values
by them, so a smaller limit here would refuse what it sends.
"""

from typing import Final

# Keys of metrics, params and tags, and their values: characters.
KEY_LENGTH: Final = 250
PARAM_VALUE_LENGTH: Final = 6_000
RUN_TAG_VALUE_LENGTH: Final = 8_000
# Tags that clients read, append to and write again: enough for about 20,000 logged tables of a run.
WHOLE_TAG_VALUE_LENGTH: Final = 1_000_000
EXPERIMENT_TAG_VALUE_LENGTH: Final = 20_000
REGISTRY_TAG_VALUE_LENGTH: Final = 100_000

# Labels of a metric point: their number, and the characters of each.
LABELS: Final = 8
LABEL_NAME_LENGTH: Final = 64
LABEL_VALUE_LENGTH: Final = 250

# Names and locations: characters.
EXPERIMENT_NAME_LENGTH: Final = 500
ARTIFACT_LOCATION_LENGTH: Final = 2_048
REGISTERED_MODEL_NAME_LENGTH: Final = 256
ALIAS_LENGTH: Final = 255
# Descriptions, run names, user names and other free text that has no limit of its own in MLflow.
NAME_LENGTH: Final = 1_000
TEXT_LENGTH: Final = 100_000
SOURCE_LENGTH: Final = 4_096
# Ids of runs and logged models that a model version refers to; another server may have generated them.
FOREIGN_ID_LENGTH: Final = 64

# The audit trail: characters. Of a longer text in the state of a change, the beginning and a digest are kept.
ACTOR_NAME_LENGTH: Final = 256
REQUEST_ID_LENGTH: Final = 64
SOURCE_ADDRESS_LENGTH: Final = 64
COMMENT_LENGTH: Final = 4_000
AUDITED_TEXT_LENGTH: Final = 1_000
AUDITED_STATE_LENGTH: Final = 16_000

# One log-batch request: items.
BATCH_METRICS: Final = 1_000
BATCH_PARAMS: Final = 100
BATCH_TAGS: Final = 100
BATCH_ITEMS: Final = 1_000

# Dataset inputs: characters.
DATASET_NAME_LENGTH: Final = 500
DATASET_DIGEST_LENGTH: Final = 36
DATASET_SOURCE_LENGTH: Final = 65_535
DATASET_SCHEMA_LENGTH: Final = 1_048_575
DATASET_PROFILE_LENGTH: Final = 16_777_215
INPUT_TAG_KEY_LENGTH: Final = 255
INPUT_TAG_VALUE_LENGTH: Final = 500

# Webhooks: their number, the characters of their texts, and the bytes of an answer that are read and kept.
WEBHOOKS: Final = 100
WEBHOOK_NAME_LENGTH: Final = 63
WEBHOOK_URL_LENGTH: Final = 2_048
WEBHOOK_DESCRIPTION_LENGTH: Final = 1_000
WEBHOOK_SECRET_LENGTH: Final = 1_000
WEBHOOK_ANSWER_BYTES: Final = 64 * 1024
WEBHOOK_ERROR_LENGTH: Final = 500

# Logged models: items a request.
LOGGED_MODEL_PARAMS: Final = 100
# Metric points in one answer, for one model or a page of models: about 20 MB of JSON.
LOGGED_MODEL_POINTS: Final = 100_000

# Pages: rows.
SEARCH_RUNS_PAGE: Final = 50_000
SEARCH_RUNS_DEFAULT_PAGE: Final = 1_000
SEARCH_EXPERIMENTS_PAGE: Final = 50_000
SEARCH_LOGGED_MODELS_PAGE: Final = 50_000
SEARCH_LOGGED_MODELS_DEFAULT_PAGE: Final = 100
# Both become parameters of the statement, besides those of the filter, and SQLite accepts 32,766 in all.
SEARCH_LOGGED_MODELS_EXPERIMENTS: Final = 2_000
SEARCH_LOGGED_MODELS_DATASETS: Final = 20
SEARCH_REGISTERED_MODELS_PAGE: Final = 1_000
SEARCH_REGISTERED_MODELS_DEFAULT_PAGE: Final = 100
SEARCH_MODEL_VERSIONS_PAGE: Final = 200_000
SEARCH_MODEL_VERSIONS_DEFAULT_PAGE: Final = 200_000
SEARCH_AUDIT_EVENTS_PAGE: Final = 1_000
MOST_TRANSITIONS: Final = 1_000
"""Between stages, of a model: the last are answered."""
SEARCH_AUDIT_EVENTS_DEFAULT_PAGE: Final = 100
SEARCH_APPROVALS_PAGE: Final = 1_000
SEARCH_APPROVALS_DEFAULT_PAGE: Final = 100
WEBHOOKS_PAGE: Final = 1_000
WEBHOOKS_DEFAULT_PAGE: Final = 100
HISTORY_PAGE: Final = 1_000_000
# Points of a history that are read, encoded and sent at a time where a request names no size.
HISTORY_BATCH: Final = 100_000
BULK_HISTORY_RUNS: Final = 100
BULK_HISTORY_POINTS: Final = 25_000
BULK_INTERVAL_POINTS: Final = 2_500
SEARCH_DATASETS_EXPERIMENTS: Final = 20
SEARCH_DATASETS_ROWS: Final = 1_000

# One request for charts. Cells are runs x keys x buckets: 400,000 cells are at most about 50 MB of JSON.
CHART_RUNS: Final = 500
CHART_KEYS: Final = 100
CHART_BUCKETS: Final = 2_000
CHART_DEFAULT_BUCKETS: Final = 400
CHART_CELLS: Final = 400_000
# Series (one for each label set) and points that one chart reads: 20 million points are seconds of work and,
# encoded, at most 200 MB.
CHART_SERIES: Final = 100_000
CHART_POINTS: Final = 20_000_000
# Values that a filter on one label may list.
LABEL_FILTER_VALUES: Final = 1_000
SERIES_PAGE: Final = 10_000
SERIES_DEFAULT_PAGE: Final = 1_000

# Keys, values and groups of runs: rows of an answer, experiments of a request, and the characters of a value
# that is offered for completion.
KEYS_PAGE: Final = 10_000
KEYS_DEFAULT_PAGE: Final = 1_000
VALUES_PAGE: Final = 1_000
VALUES_DEFAULT_PAGE: Final = 100
OFFERED_VALUE_LENGTH: Final = 250
GROUPS_PAGE: Final = 1_000
GROUPS_DEFAULT_PAGE: Final = 200
# Each metric of a group is looked up for every run.
GROUPED_METRICS: Final = 30
SUMMARY_EXPERIMENTS: Final = 100
# Runs in one table, and the columns that one may name.
TABLE_PAGE: Final = 5_000
TABLE_DEFAULT_PAGE: Final = 200
TABLE_COLUMNS: Final = 2_000

# Saved views: their number in an experiment, and characters.
SAVED_VIEWS: Final = 200
SAVED_VIEW_NAME_LENGTH: Final = 200
SAVED_VIEW_STATE_LENGTH: Final = 100_000

# One lineage graph: its nodes, and the edges from its start to the farthest node.
LINEAGE_NODES: Final = 5_000
LINEAGE_DEFAULT_NODES: Final = 500
LINEAGE_DEPTH: Final = 20
LINEAGE_DEFAULT_DEPTH: Final = 10

# The head of a request: bytes of its target, and of all its headers. A filter has at most 20,000 values, so
# each value may take 200 bytes of the target.
REQUEST_TARGET_BYTES: Final = 4 * 1024 * 1024
REQUEST_HEADERS_BYTES: Final = 64 * 1024

# JSON request bodies: bytes. 1,000 metrics with 250-character keys in escaped non-ASCII fit; a dataset
# profile of 16 MiB, the largest single legal field, fits too.
JSON_BODY_BYTES: Final = 32 * 1024 * 1024
# Those of all requests that a process has in memory, where a setting says nothing else.
BODY_MEMORY_MEBIBYTES: Final = 256

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

OBJECT_KEY_BYTES: Final = 1_024
"""The longest key of a file, in bytes of UTF-8 including separators, that every cloud allows."""
