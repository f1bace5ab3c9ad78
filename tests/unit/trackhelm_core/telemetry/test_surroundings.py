"""Metrics of disks and certificates: what is reported, and of what nothing is."""

import shutil
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.fixtures.certificates import certificate
from trackhelm_core.telemetry.surroundings import (
    CertificateFile,
    Certificates,
    DataDisk,
    certificate_files,
)

DAY = 86_400
EXPIRY = "trackhelm_certificate_expiry_timestamp_seconds"


def test_the_disk_of_a_folder_is_reported_and_of_none_nothing(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(DataDisk(tmp_path / "data"))
    assert registry.get_sample_value("trackhelm_data_free_bytes") is None
    (tmp_path / "data").mkdir()
    size, free = (registry.get_sample_value(f"trackhelm_data_{part}_bytes") for part in ("size", "free"))
    assert size == shutil.disk_usage(tmp_path).total
    assert free is not None
    assert 0 < free < size


def test_the_files_that_addresses_name_are_found() -> None:
    database = "postgresql+psycopg://u:p@h/d?sslmode=verify-full&sslrootcert=/tls/ca.pem&sslcert=/tls/own.pem"
    redis = "rediss://:p@h/0?ssl_ca_certs=/redis/ca.pem"
    assert certificate_files({"database": database, "redis": redis}) == [
        CertificateFile("database", Path("/tls/ca.pem"), is_authority=True),
        CertificateFile("database", Path("/tls/own.pem"), is_authority=False),
        CertificateFile("redis", Path("/redis/ca.pem"), is_authority=True),
    ]
    assert certificate_files({"database": "postgresql://h/d?sslrootcert=system", "redis": None}) == []


@pytest.mark.parametrize(("is_authority", "days"), [(False, 3), (True, 40)])
def test_of_a_chain_the_first_to_expire_is_told_and_of_authorities_the_last(
    tmp_path: Path, *, is_authority: bool, days: int
) -> None:
    file = tmp_path / "chain.pem"
    parts = [certificate(tmp_path / str(each), days=each).read_bytes() for each in (40, 3)]
    file.write_bytes(b"".join(parts))
    registry = CollectorRegistry()
    registry.register(Certificates([CertificateFile("redis", file, is_authority=is_authority)]))
    labels = {"use": "redis", "file": str(file)}
    found = registry.get_sample_value(EXPIRY, labels)
    assert found is not None
    assert time.time() + (days - 0.1) * DAY < found < time.time() + (days + 0.1) * DAY
    file.write_text("no certificate")
    assert registry.get_sample_value(EXPIRY, labels) is None
    file.unlink()
    assert registry.get_sample_value(EXPIRY, labels) is None
