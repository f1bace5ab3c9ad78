"""The checksum index of the files in the store, and tombstones of files that are to be deleted.

Owner of `artifact_record`: artifact. `artifact_tombstone` has several writers: a service that deletes
something for good calls `trackhelm_domain.deletion`, and artifact deletes the files and then the row.
"""

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.statements import Base, BigId
from trackhelm_core.limits import OBJECT_KEY_BYTES
from trackhelm_domain.tables.runs import CLUSTERED

KEY_TEXT = String(OBJECT_KEY_BYTES).with_variant(String(OBJECT_KEY_BYTES, collation="C"), "postgresql")
"""A key in the store. Compared by bytes on both databases, so that all below a directory is one range."""


class ArtifactRecord(Base):
    """A file in the server's own store, as it was when it was stored.

    `sha256` is NULL if the server has never seen the bytes, because a client sent them to the store directly.
    `etag` is the store's tag, by which the recorded version differs from one that has replaced it.
    `recorded_time` is in milliseconds since the epoch.
    """

    __tablename__ = "artifact_record"
    __table_args__ = CLUSTERED

    key: Mapped[str] = mapped_column(KEY_TEXT, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    etag: Mapped[str] = mapped_column(Text)
    recorded_time: Mapped[int] = mapped_column(BigInteger)


class ArtifactTombstone(Base):
    """The files of something that was deleted for good, until they are deleted. Time in milliseconds."""

    __tablename__ = "artifact_tombstone"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity_type: Mapped[str] = mapped_column(String(30))
    entity_id: Mapped[str] = mapped_column(String(64))
    artifact_uri: Mapped[str] = mapped_column(Text)
    deleted_time: Mapped[int] = mapped_column(BigInteger)
