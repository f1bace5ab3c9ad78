"""Metrics of what a process needs and does not make: room on the disk of its data, certificates that expire.

Both are read at every scrape. Nothing is reported of what cannot be read: a part that needs it says so.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class DataDisk(Collector):
    """The size and the free space of the file system that the data folder is on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield nothing, so that registering the collector reads nothing."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield both numbers if the folder exists: a process of the split shape may have none."""
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return
        yield GaugeMetricFamily(
            "trackhelm_data_free_bytes",
            "Free space of the disk of the data folder.",
            # What is kept for root is not free for others.
            value=disk.f_bavail * disk.f_frsize,
        )
        yield GaugeMetricFamily(
            "trackhelm_data_size_bytes",
            "Size of the disk of the data folder.",
            value=disk.f_blocks * disk.f_frsize,
        )


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A file of certificates that an address names, and what it is used for."""

    use: str
    file: Path
    is_authority: bool
    """Whether the certificates are trusted ones, of which one that is valid is enough."""


_PARAMETERS: Final = {
    # PostgreSQL's client library.
    "sslcert": False,
    "sslrootcert": True,
    # redis-py.
    "ssl_certfile": False,
    "ssl_ca_certs": True,
}


def certificate_files(addresses: Mapping[str, str | None]) -> Sequence[CertificateFile]:
    """Return the files of certificates that addresses name in their parameters; the keys say what each is."""
    return [
        CertificateFile(use, Path(value), is_authority)
        for use, address in addresses.items()
        if address
        for name, values in parse_qs(urlsplit(address).query).items()
        if (is_authority := _PARAMETERS.get(name)) is not None
        for value in values
        # PostgreSQL takes the word for the authorities of the system, which are nobody's secret.
        if value != "system"
    ]


class Certificates(Collector):
    """When certificates expire: of a chain the first, of trusted authorities the last."""

    def __init__(self, files: Sequence[CertificateFile]) -> None:
        self._files = files

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield nothing, so that registering the collector reads nothing."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the time for each file that can be read and has a certificate."""
        expiry = GaugeMetricFamily(
            "trackhelm_certificate_expiry_timestamp_seconds",
            "When a certificate expires that an address names.",
            labels=["use", "file"],
        )
        for each in self._files:
            if times := _expiry_times(each.file):
                time = max(times) if each.is_authority else min(times)
                expiry.add_metric([each.use, str(each.file)], time)
        yield expiry


def _expiry_times(file: Path) -> list[float]:
    # Imported only where there is a certificate: it takes 50 ms.
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    try:
        found = load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return []
    return [certificate.not_valid_after_utc.timestamp() for certificate in found]
