"""Which series are a logged model's metrics, and the dataset each was measured on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from trackhelm_core.db.models import Key, LabelSet, LoggedModel, Series
from trackhelm_core.db.models.metrics import NO_LABELS_ID


@dataclass(frozen=True, slots=True)
class DatasetFilter:
    """A dataset by its name, its digest, or both; an empty part is not looked at."""

    name: str = ""
    digest: str = ""


ANY_DATASET: Final = DatasetFilter()


def is_labelled() -> ColumnElement[bool]:
    """Return what is true of every series of a model: said aloud, it opens their partial index."""
    return Series.label_set_id != literal_column(str(NO_LABELS_ID))


def on_datasets(session: Session, datasets: Sequence[DatasetFilter]) -> ColumnElement[bool]:
    """Return the condition that a label set names one of `datasets`, of which there is at least one."""
    name, digest = _label(session, "dataset_name"), _label(session, "dataset_digest")
    return or_(
        *(
            and_(
                *([name == dataset.name] if dataset.name else ()),
                *([digest == dataset.digest] if dataset.digest else ()),
            )
            for dataset in datasets
        )
    )


def series_of_model(*columns: SQLColumnExpression[Any]) -> Select[Any]:
    """Select from the series of the model in the enclosing statement."""
    return (
        select(*columns)
        .select_from(LabelSet)
        .join(Series, Series.label_set_id == LabelSet.id)
        .join(Key, Key.id == Series.key_id)
        .where(LabelSet.model_id == LoggedModel.model_id, is_labelled())
        .correlate(LoggedModel)
    )


def _label(session: Session, name: str) -> ColumnElement[str]:
    # Names are ours, not a caller's, and written out: as parameters they would count against the limit.
    if session.get_bind().dialect.name == "postgresql":
        return cast(LabelSet.labels, JSON).op("->>", return_type=Text())(literal_column(f"'{name}'"))
    return func.json_extract(LabelSet.labels, literal_column(f"'$.{name}'"), type_=Text())
