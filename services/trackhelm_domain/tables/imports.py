"""What was imported from other tracking stores. Owner: the importer. Nobody else reads it."""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.statements import Base, BigId
from trackhelm_core.limits import ARTIFACT_LOCATION_LENGTH, REGISTERED_MODEL_NAME_LENGTH


class ImportSource(Base):
    """A tracking store from which something was imported. Times are milliseconds since the epoch."""

    __tablename__ = "import_source"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(ARTIFACT_LOCATION_LENGTH), unique=True)
    first_time: Mapped[int] = mapped_column(BigInteger)
    last_time: Mapped[int] = mapped_column(BigInteger)


class ImportedEntity(Base):
    """An experiment, run, logged model, registered model or webhook of a source, and what it became here.

    `fingerprint` is of what the source held when it was written: if it still is the same there is nothing to
    do. `digest` is of what was written here: if it is no longer the same, somebody has changed it here. Both
    are empty while the entity is being written.
    """

    __tablename__ = "imported_entity"

    source_id: Mapped[int] = mapped_column(
        ForeignKey("import_source.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    source_key: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH), primary_key=True)
    target_key: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH))
    fingerprint: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
