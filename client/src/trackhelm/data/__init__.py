"""Datasets that runs read: a name, a digest of the content, a schema and a profile.

`from_pandas`, `from_polars`, `from_numpy`, `from_arrow`, `from_huggingface` and `from_spark` take what is in
memory, `from_path` files and folders. `digest` is the version of the data at a path. The libraries are
imported only for what is given.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.log_input(mlflow.data.from_path("images"), context="training")
"""

from trackhelm.data.dataset import Dataset
from trackhelm.data.files import digest, from_path
from trackhelm.data.tables import (
    from_arrow,
    from_huggingface,
    from_numpy,
    from_pandas,
    from_polars,
    from_spark,
)

__all__ = [
    "Dataset",
    "digest",
    "from_arrow",
    "from_huggingface",
    "from_numpy",
    "from_pandas",
    "from_path",
    "from_polars",
    "from_spark",
]
