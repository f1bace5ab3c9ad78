"""What the server says of itself."""

from trackhelm_core.wire.replies import Reply


class Features(Reply, frozen=True):
    """Parts of MLflow's server that are on. No field has a default: clients look for each."""

    gateway: bool


class ServerInfo(Reply, frozen=True):
    """The answer of `server-info`. No field has a default: clients look for each."""

    store_type: str
    workspaces_enabled: bool
    trace_archival_enabled: bool
    multipart_uploads_enabled: bool
    multipart_downloads_enabled: bool
    presigned_upload_run_id_supported: bool
    presigned_upload_model_id_supported: bool
    features_enabled: Features
