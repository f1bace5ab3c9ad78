"""Signed addresses of Google Cloud Storage and Azure, by obstore: files in one piece, no multipart."""

from datetime import timedelta
from typing import Literal

import obstore
from obstore.store import AzureStore, GCSStore

from trackhelm_core.objects.direct import Label, SignedUrl
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.remote_faults import told


class SignedDirect:
    """Addresses of a bucket; see `DirectAccess`. The store labels files by itself."""

    multipart = None

    def __init__(self, bucket: GCSStore | AzureStore, name: str) -> None:
        self._bucket = bucket
        self._name = name
        # Azure wants to be told the kind of blob.
        self._upload_headers = {"x-ms-blob-type": "BlockBlob"} if isinstance(bucket, AzureStore) else {}

    async def download_url(self, key: ObjectKey, seconds: int, label: Label) -> SignedUrl:
        """Return the address to GET a file from."""
        return SignedUrl(await self._sign("GET", key, seconds))

    async def upload_url(self, key: ObjectKey, seconds: int) -> SignedUrl:
        """Return the address to PUT a file to."""
        return SignedUrl(await self._sign("PUT", key, seconds), self._upload_headers)

    async def _sign(self, method: Literal["GET", "PUT"], key: ObjectKey, seconds: int) -> str:
        with told(self._name, lambda: None):
            return await obstore.sign_async(self._bucket, method, str(key), timedelta(seconds=seconds))
