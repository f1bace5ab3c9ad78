// Made from docs/openapi.json by `npm run api`: what is changed here is lost.

export interface paths {
    "/ajax-api/2.0/mlflow/experiments/search-datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search Datasets
         * @description Get the datasets that runs of experiments used.
         */
        post: operations["search_datasets_ajax_api_2_0_mlflow_experiments_search_datasets_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ajax-api/2.0/mlflow/metrics/get-history-bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get History Bulk
         * @description Get the points of one metric of several runs.
         */
        get: operations["get_history_bulk_ajax_api_2_0_mlflow_metrics_get_history_bulk_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ajax-api/2.0/mlflow/upload-artifact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload Run Artifact
         * @description Store the body, of at most 10 MB, as a file of a run.
         */
        post: operations["upload_run_artifact_ajax_api_2_0_mlflow_upload_artifact_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow-artifacts/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Artifacts
         * @description List a directory in the order of names; the answer is empty for a file's path and for a missing one.
         */
        get: operations["list_artifacts_api_2_0_mlflow_artifacts_artifacts_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow-artifacts/artifacts/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Artifact
         * @description Send a file as an attachment, or a range of it.
         *
         *     If the request has `Want-Repr-Digest` (RFC 9530) with `sha-256`, the answer has the checksum that was
         *     recorded when the file was uploaded, as `Repr-Digest`.
         */
        get: operations["download_artifact_api_2_0_mlflow_artifacts_artifacts__path__get"];
        /**
         * Upload Artifact
         * @description Store the body as a file. It is visible once it is complete, and is on the disk when this answers.
         */
        put: operations["upload_artifact_api_2_0_mlflow_artifacts_artifacts__path__put"];
        post?: never;
        /**
         * Delete Artifact
         * @description Delete a file or a directory; a path that does not exist is no error.
         */
        delete: operations["delete_artifact_api_2_0_mlflow_artifacts_artifacts__path__delete"];
        options?: never;
        /**
         * Describe Artifact
         * @description Answer the headers of the download, without the bytes.
         */
        head: operations["describe_artifact_api_2_0_mlflow_artifacts_artifacts__path__head"];
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow-artifacts/mpu/abort/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Abort Upload
         * @description Abort an upload and delete the parts that were sent.
         */
        post: operations["abort_upload_api_2_0_mlflow_artifacts_mpu_abort__path__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow-artifacts/mpu/complete/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete Upload
         * @description Combine the parts into one file, which is visible from then on.
         */
        post: operations["complete_upload_api_2_0_mlflow_artifacts_mpu_complete__path__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow-artifacts/mpu/create/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Upload
         * @description Begin a multipart upload; the answer has a URL for each part.
         */
        post: operations["create_upload_api_2_0_mlflow_artifacts_mpu_create__path__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow-artifacts/presigned/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Presigned Download
         * @description Answer the presigned URL of a file in the store.
         */
        get: operations["presigned_download_api_2_0_mlflow_artifacts_presigned__path__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/artifacts/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Run Artifacts
         * @description List a directory of a run; paths are relative to the run's root.
         */
        get: operations["list_run_artifacts_api_2_0_mlflow_artifacts_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/artifacts/presigned-download-url": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Presign Download
         * @description Answer the URL from which a file of a run is read with GET.
         */
        post: operations["presign_download_api_2_0_mlflow_artifacts_presigned_download_url_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/artifacts/presigned-upload-url": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Presign Upload
         * @description Answer the URL to which a file of a run or a logged model is sent with PUT.
         */
        post: operations["presign_upload_api_2_0_mlflow_artifacts_presigned_upload_url_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Experiment
         * @description Create an experiment. No other experiment, not even a deleted one, may have its name.
         */
        post: operations["create_experiment_api_2_0_mlflow_experiments_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete Experiment
         * @description Put an active experiment and its runs into the bin.
         */
        post: operations["delete_experiment_api_2_0_mlflow_experiments_delete_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/delete-experiment-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete Experiment Tag
         * @description Delete a tag of an active experiment.
         */
        post: operations["delete_experiment_tag_api_2_0_mlflow_experiments_delete_experiment_tag_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Experiment
         * @description Get an experiment, active or deleted.
         */
        get: operations["get_experiment_api_2_0_mlflow_experiments_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/get-by-name": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Experiment By Name
         * @description Get an experiment, active or deleted, by its name.
         */
        get: operations["get_experiment_by_name_api_2_0_mlflow_experiments_get_by_name_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/permissions/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Experiment Permission
         * @description Grant a user something on an experiment.
         */
        post: operations["create_experiment_permission_api_2_0_mlflow_experiments_permissions_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/permissions/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Experiment Permission
         * @description Take from a user what was granted to them on an experiment.
         */
        delete: operations["delete_experiment_permission_api_2_0_mlflow_experiments_permissions_delete_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/permissions/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Experiment Permission
         * @description Return what was granted to a user on an experiment.
         */
        get: operations["get_experiment_permission_api_2_0_mlflow_experiments_permissions_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/permissions/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Experiment Permission
         * @description Change what was granted to a user on an experiment.
         */
        patch: operations["update_experiment_permission_api_2_0_mlflow_experiments_permissions_update_patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Experiment
         * @description Take a deleted experiment and all its runs out of the bin.
         */
        post: operations["restore_experiment_api_2_0_mlflow_experiments_restore_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search Experiments By Query
         * @description Search experiments.
         */
        get: operations["search_experiments_by_query_api_2_0_mlflow_experiments_search_get"];
        put?: never;
        /**
         * Search Experiments
         * @description Search experiments.
         */
        post: operations["search_experiments_api_2_0_mlflow_experiments_search_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/set-experiment-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set Experiment Tag
         * @description Set a tag of an active experiment.
         */
        post: operations["set_experiment_tag_api_2_0_mlflow_experiments_set_experiment_tag_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/experiments/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update Experiment
         * @description Rename an active experiment.
         */
        post: operations["update_experiment_api_2_0_mlflow_experiments_update_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Logged Model
         * @description Create a pending model in an active experiment. A name is generated if none is given.
         */
        post: operations["create_logged_model_api_2_0_mlflow_logged_models_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search Logged Models
         * @description Return a page of the models of some experiments that match a filter.
         *
         *     Metrics that were logged before the request are in the answer, and count for the filter and the order.
         */
        post: operations["search_logged_models_api_2_0_mlflow_logged_models_search_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models/{model_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Logged Model
         * @description Return a model; a deleted one only if `allow_deleted`.
         */
        get: operations["get_logged_model_api_2_0_mlflow_logged_models__model_id__get"];
        put?: never;
        post?: never;
        /**
         * Delete Logged Model
         * @description Move a model to the bin.
         */
        delete: operations["delete_logged_model_api_2_0_mlflow_logged_models__model_id__delete"];
        options?: never;
        head?: never;
        /**
         * Finalize Logged Model
         * @description Set a model's status: its files were uploaded, or their upload failed.
         */
        patch: operations["finalize_logged_model_api_2_0_mlflow_logged_models__model_id__patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models/{model_id}/artifacts/directories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Model Artifacts
         * @description List a directory of a logged model; paths are relative to the model's root.
         */
        get: operations["list_model_artifacts_api_2_0_mlflow_logged_models__model_id__artifacts_directories_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models/{model_id}/artifacts/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Model Artifact
         * @description Send a file of a logged model.
         */
        get: operations["download_model_artifact_api_2_0_mlflow_logged_models__model_id__artifacts_files_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models/{model_id}/params": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Logged Model Params
         * @description Add params to a model.
         */
        post: operations["log_logged_model_params_api_2_0_mlflow_logged_models__model_id__params_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models/{model_id}/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Set Logged Model Tags
         * @description Set tags of a model.
         */
        patch: operations["set_logged_model_tags_api_2_0_mlflow_logged_models__model_id__tags_patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/logged-models/{model_id}/tags/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Logged Model Tag
         * @description Delete a tag of a model.
         */
        delete: operations["delete_logged_model_tag_api_2_0_mlflow_logged_models__model_id__tags__key__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/metrics/get-history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get History
         * @description Get the points of one metric of a run; none for a run or metric that does not exist.
         */
        get: operations["get_history_api_2_0_mlflow_metrics_get_history_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/metrics/get-history-bulk-interval": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get History Bulk Interval
         * @description Get evenly sampled points of one metric of several runs, in a range of steps.
         */
        get: operations["get_history_bulk_interval_api_2_0_mlflow_metrics_get_history_bulk_interval_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Model Version
         * @description Register a version under the model's next number.
         */
        post: operations["create_model_version_api_2_0_mlflow_model_versions_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Model Version
         * @description Delete a version with its tags and aliases; its number is never used again.
         */
        delete: operations["delete_model_version_api_2_0_mlflow_model_versions_delete_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/delete-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Model Version Tag
         * @description Delete a tag of a version; a missing tag is no error.
         */
        delete: operations["delete_model_version_tag_api_2_0_mlflow_model_versions_delete_tag_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Model Version
         * @description Return a version.
         */
        get: operations["get_model_version_api_2_0_mlflow_model_versions_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/get-download-uri": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Model Version Download Uri
         * @description Return where a version's files are.
         */
        get: operations["get_model_version_download_uri_api_2_0_mlflow_model_versions_get_download_uri_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search Model Versions
         * @description Return a page of versions of all models; those of prompts only if the filter asks for them.
         */
        get: operations["search_model_versions_api_2_0_mlflow_model_versions_search_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/set-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set Model Version Tag
         * @description Set a tag of a version.
         */
        post: operations["set_model_version_tag_api_2_0_mlflow_model_versions_set_tag_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/transition-stage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Transition Model Version Stage
         * @description Move a version to a stage.
         */
        post: operations["transition_model_version_stage_api_2_0_mlflow_model_versions_transition_stage_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/model-versions/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Model Version
         * @description Change a version's description.
         */
        patch: operations["update_model_version_api_2_0_mlflow_model_versions_update_patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/alias": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Model Version By Alias
         * @description Return the version to which an alias points; `latest` is the newest version.
         */
        get: operations["get_model_version_by_alias_api_2_0_mlflow_registered_models_alias_get"];
        put?: never;
        /**
         * Set Registered Model Alias
         * @description Set an alias to a version; it no longer points to the version before.
         */
        post: operations["set_registered_model_alias_api_2_0_mlflow_registered_models_alias_post"];
        /**
         * Delete Registered Model Alias
         * @description Delete an alias; a missing alias is no error.
         */
        delete: operations["delete_registered_model_alias_api_2_0_mlflow_registered_models_alias_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Registered Model
         * @description Create a registered model; its name must not be taken.
         */
        post: operations["create_registered_model_api_2_0_mlflow_registered_models_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Registered Model
         * @description Delete a registered model with its versions, tags and aliases.
         */
        delete: operations["delete_registered_model_api_2_0_mlflow_registered_models_delete_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/delete-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Registered Model Tag
         * @description Delete a tag of a registered model; a missing tag is no error.
         */
        delete: operations["delete_registered_model_tag_api_2_0_mlflow_registered_models_delete_tag_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Registered Model
         * @description Return a registered model.
         */
        get: operations["get_registered_model_api_2_0_mlflow_registered_models_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/get-latest-versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Latest Versions
         * @description Return the newest version of each stage.
         */
        get: operations["get_latest_versions_api_2_0_mlflow_registered_models_get_latest_versions_get"];
        put?: never;
        /**
         * Post Get Latest Versions
         * @description Return the newest version of each stage.
         */
        post: operations["post_get_latest_versions_api_2_0_mlflow_registered_models_get_latest_versions_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/permissions/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Registered Model Permission
         * @description Grant a user something on a registered model.
         */
        post: operations["create_registered_model_permission_api_2_0_mlflow_registered_models_permissions_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/permissions/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Registered Model Permission
         * @description Take from a user what was granted to them on a registered model.
         */
        delete: operations["delete_registered_model_permission_api_2_0_mlflow_registered_models_permissions_delete_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/permissions/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Registered Model Permission
         * @description Return what was granted to a user on a registered model.
         */
        get: operations["get_registered_model_permission_api_2_0_mlflow_registered_models_permissions_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/permissions/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Registered Model Permission
         * @description Change what was granted to a user on a registered model.
         */
        patch: operations["update_registered_model_permission_api_2_0_mlflow_registered_models_permissions_update_patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rename Registered Model
         * @description Rename a registered model; its versions, tags and aliases are kept.
         */
        post: operations["rename_registered_model_api_2_0_mlflow_registered_models_rename_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search Registered Models
         * @description Return a page of registered models; prompts only if the filter asks for them.
         */
        get: operations["search_registered_models_api_2_0_mlflow_registered_models_search_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/set-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set Registered Model Tag
         * @description Set a tag of a registered model.
         */
        post: operations["set_registered_model_tag_api_2_0_mlflow_registered_models_set_tag_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/registered-models/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Registered Model
         * @description Change a registered model's description.
         */
        patch: operations["update_registered_model_api_2_0_mlflow_registered_models_update_patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/runs/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Run
         * @description Create a run in an active experiment. Without a name, the run gets a generated one.
         */
        post: operations["create_run_api_2_0_mlflow_runs_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete Run
         * @description Put a run into the bin.
         */
        post: operations["delete_run_api_2_0_mlflow_runs_delete_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/delete-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete Tag
         * @description Delete a tag.
         */
        post: operations["delete_tag_api_2_0_mlflow_runs_delete_tag_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run
         * @description Get a run, active or deleted, with the latest point of each metric.
         */
        get: operations["get_run_api_2_0_mlflow_runs_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/log-batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Batch
         * @description Log metrics, params and tags of one run.
         *
         *     Params and tags are stored together. If a param would change, the batch is refused before any metric is
         *     accepted. A batch can be sent again: nothing is stored twice.
         */
        post: operations["log_batch_api_2_0_mlflow_runs_log_batch_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/log-inputs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Inputs
         * @description Log datasets and models that a run used.
         */
        post: operations["log_inputs_api_2_0_mlflow_runs_log_inputs_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/log-metric": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Metric
         * @description Log one metric point. A point that is sent twice is stored once.
         */
        post: operations["log_metric_api_2_0_mlflow_runs_log_metric_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/log-model": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Model
         * @description Log a model of a client before 3.0 to the run.
         */
        post: operations["log_model_api_2_0_mlflow_runs_log_model_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/log-parameter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Param
         * @description Add a param. It never changes: the same value is accepted again, another one is refused.
         */
        post: operations["log_param_api_2_0_mlflow_runs_log_parameter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/outputs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Outputs
         * @description Log models that a run made.
         */
        post: operations["log_outputs_api_2_0_mlflow_runs_outputs_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Run
         * @description Take a run out of the bin.
         */
        post: operations["restore_run_api_2_0_mlflow_runs_restore_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search Runs
         * @description Search the runs of experiments.
         *
         *     Metrics that were logged before the request are taken into account: for the answer, filter and order.
         */
        post: operations["search_runs_api_2_0_mlflow_runs_search_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/set-tag": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set Tag
         * @description Set a tag. `mlflow.runName` renames the run.
         */
        post: operations["set_tag_api_2_0_mlflow_runs_set_tag_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/runs/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update Run
         * @description Change a run's status, end time or name.
         */
        post: operations["update_run_api_2_0_mlflow_runs_update_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/users/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create User
         * @description Create a user with a password of at least 12 characters.
         */
        post: operations["create_user_api_2_0_mlflow_users_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/users/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Current User
         * @description Return who sends the request.
         */
        get: operations["get_current_user_api_2_0_mlflow_users_current_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/users/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete User
         * @description Delete a user, with their tokens, sessions and grants.
         */
        delete: operations["delete_user_api_2_0_mlflow_users_delete_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/users/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get User
         * @description Return a user: oneself, or any for an administrator.
         */
        get: operations["get_user_api_2_0_mlflow_users_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/users/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Users
         * @description Return every user, for administrators and for managers of a workspace.
         */
        get: operations["list_users_api_2_0_mlflow_users_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/users/update-admin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Admin
         * @description Make a user an administrator, or no longer.
         */
        patch: operations["update_admin_api_2_0_mlflow_users_update_admin_patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/users/update-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Password
         * @description Change one's own password, or that of any user as an administrator.
         */
        patch: operations["update_password_api_2_0_mlflow_users_update_password_patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Webhooks
         * @description Return a page of the webhooks for events of MLflow, because its clients know no other events.
         */
        get: operations["list_webhooks_api_2_0_mlflow_webhooks_get"];
        put?: never;
        /**
         * Create Webhook
         * @description Create a webhook.
         */
        post: operations["create_webhook_api_2_0_mlflow_webhooks_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/mlflow/webhooks/{webhook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Webhook
         * @description Return a webhook, without its secret.
         */
        get: operations["get_webhook_api_2_0_mlflow_webhooks__webhook_id__get"];
        put?: never;
        post?: never;
        /**
         * Delete Webhook
         * @description Delete a webhook with all of its deliveries.
         */
        delete: operations["delete_webhook_api_2_0_mlflow_webhooks__webhook_id__delete"];
        options?: never;
        head?: never;
        /**
         * Update Webhook
         * @description Change a webhook; attributes that are not given stay.
         */
        patch: operations["update_webhook_api_2_0_mlflow_webhooks__webhook_id__patch"];
        trace?: never;
    };
    "/api/2.0/mlflow/webhooks/{webhook_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test Webhook
         * @description Call a webhook once with an example, and return the outcome.
         */
        post: operations["test_webhook_api_2_0_mlflow_webhooks__webhook_id__test_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/approvals/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve Request
         * @description Approve a request of another actor, and apply its change.
         */
        post: operations["approve_request_api_2_0_trackhelm_approvals_approve_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/approvals/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Approval Request
         * @description Return an approval request.
         */
        get: operations["get_approval_request_api_2_0_trackhelm_approvals_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/approvals/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Approval Requests
         * @description Return a page of approval requests, the newest first.
         */
        get: operations["list_approval_requests_api_2_0_trackhelm_approvals_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/approvals/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject Request
         * @description Reject a request of another actor.
         */
        post: operations["reject_request_api_2_0_trackhelm_approvals_reject_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/approvals/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Withdraw Request
         * @description Withdraw a request of the same actor.
         */
        post: operations["withdraw_request_api_2_0_trackhelm_approvals_withdraw_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/artifacts/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Archive
         * @description Send a folder of a run, a logged model or a model version as a zip, which is made while it is sent.
         */
        get: operations["download_archive_api_2_0_trackhelm_artifacts_archive_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/audit/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Audit Events
         * @description Return a page of audit events (what was changed, by whom and when), the newest first.
         */
        get: operations["get_audit_events_api_2_0_trackhelm_audit_events_get"];
        put?: never;
        /**
         * Search Audit Events
         * @description Return a page of audit events (what was changed, by whom and when), the newest first.
         */
        post: operations["search_audit_events_api_2_0_trackhelm_audit_events_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/audit/stages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Stage History
         * @description Return which versions of a model went from stage to stage, when and by whom.
         */
        get: operations["get_stage_history_api_2_0_trackhelm_audit_stages_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/charts/buckets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Chart Buckets
         * @description Get keys of runs over a window of an axis, in buckets: as JSON, or as an Arrow stream if accepted.
         *
         *     The answer has the greatest and the least value that a line has in the window.
         */
        post: operations["chart_buckets_api_2_0_trackhelm_charts_buckets_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/devices/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve Device
         * @description Let the program that waits with a code have a token of one's own.
         */
        post: operations["approve_device_api_2_0_trackhelm_devices_approve_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/devices/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin Device
         * @description Begin the login of a program, whose user approves it in a browser.
         */
        post: operations["begin_device_api_2_0_trackhelm_devices_begin_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/devices/deny": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deny Device
         * @description Refuse the program that waits with a code.
         */
        post: operations["deny_device_api_2_0_trackhelm_devices_deny_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/devices/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Device
         * @description Return the program that waits with a code, so that its user sees what they approve.
         */
        get: operations["get_device_api_2_0_trackhelm_devices_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/devices/poll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Poll Device
         * @description Answer a program whether its login was approved: once, with its token.
         */
        post: operations["poll_device_api_2_0_trackhelm_devices_poll_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/grants/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Grants
         * @description Return who may do something with an experiment or a registered model that one manages.
         */
        get: operations["list_grants_api_2_0_trackhelm_grants_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/keys/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search Keys
         * @description Get the keys of metrics, params and tags that runs of experiments have, and how many runs have each.
         *
         *     Metrics that were logged before the request are taken into account.
         */
        post: operations["search_keys_api_2_0_trackhelm_keys_search_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/keys/values": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search Values
         * @description Get the values that runs of experiments have for a param or a tag, the most frequent first.
         */
        post: operations["search_values_api_2_0_trackhelm_keys_values_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/kubernetes-bindings/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Binding
         * @description Give a service account of the cluster, or every one of a namespace, a role of the workspace.
         */
        post: operations["create_binding_api_2_0_trackhelm_kubernetes_bindings_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/kubernetes-bindings/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete Binding
         * @description Take a role of the workspace away from service accounts of the cluster.
         */
        post: operations["delete_binding_api_2_0_trackhelm_kubernetes_bindings_delete_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/kubernetes-bindings/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Bindings
         * @description Return which service accounts of the cluster have which roles of the workspace.
         */
        get: operations["list_bindings_api_2_0_trackhelm_kubernetes_bindings_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/lineage/graph": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Lineage Graph
         * @description Return what a version, run, logged model or dataset was made from, and what from it, as a graph.
         */
        get: operations["get_lineage_graph_api_2_0_trackhelm_lineage_graph_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/logins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Logins
         * @description Return whether callers must log in, and the ways to do so.
         */
        get: operations["get_logins_api_2_0_trackhelm_logins_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log Columns
         * @description Log metrics of many runs, given as columns. Points that are sent twice are stored once.
         *
         *     What cannot be stored is named in the answer, and everything else is stored. If the server cannot store
         *     points of some run now, the answer is its failure, and the whole request is to be sent again.
         */
        post: operations["log_columns_api_2_0_trackhelm_metrics_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/oidc/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Begin Login
         * @description Send a browser to the identity provider to log in.
         */
        get: operations["begin_login_api_2_0_trackhelm_oidc_begin_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/oidc/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Finish Login
         * @description Log in whom the identity provider has sent back: the answer sets the cookie of a new session.
         */
        get: operations["finish_login_api_2_0_trackhelm_oidc_callback_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/protections/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lift Protection
         * @description Lift the protection of a stage or an alias, which itself needs approval.
         */
        post: operations["lift_protection_api_2_0_trackhelm_protections_lift_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/protections/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Protections
         * @description Return the protected stages and aliases of a model.
         */
        get: operations["list_protections_api_2_0_trackhelm_protections_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/protections/set": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set Protection
         * @description Protect a stage or an alias of a model, or all of a kind: changes of them then need approval.
         */
        post: operations["set_protection_api_2_0_trackhelm_protections_set_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/rollbacks/alias": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Roll Back Alias
         * @description Point an alias to the version that it pointed to before.
         */
        post: operations["roll_back_alias_api_2_0_trackhelm_rollbacks_alias_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/rollbacks/stage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Roll Back Stage
         * @description Undo the last transition into or out of a stage.
         */
        post: operations["roll_back_stage_api_2_0_trackhelm_rollbacks_stage_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/runs/count": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Count Runs
         * @description Count the runs that match a filter: all, those that are running, and those that have a parent.
         */
        post: operations["count_runs_api_2_0_trackhelm_runs_count_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/runs/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Own Run
         * @description Create a run with an id that the client made: 32 hexadecimal digits in lower case, drawn at random.
         *
         *     If the experiment has a run of that id, nothing changes, and it is answered as it is. So the request can
         *     be sent again, and all ranks of a job can send it.
         */
        post: operations["create_own_run_api_2_0_trackhelm_runs_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/runs/csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read Csv
         * @description Get all runs that match as comma-separated values, which are read and sent page by page.
         *
         *     Pages are read one after another: runs that are logged to meanwhile are answered as they are by then.
         */
        post: operations["read_csv_api_2_0_trackhelm_runs_csv_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/runs/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Group Runs
         * @description Get the runs that match a filter by their value of a param or tag, with aggregates of metrics.
         */
        post: operations["group_runs_api_2_0_trackhelm_runs_groups_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/runs/table": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read Table
         * @description Get a page of runs by columns: as JSON, or as an Arrow stream if accepted.
         */
        post: operations["read_table_api_2_0_trackhelm_runs_table_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/series/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Series History
         * @description Get the exact points of the series with exactly these labels; no label means points without labels.
         */
        get: operations["get_series_history_api_2_0_trackhelm_series_history_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/series/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * List Series
         * @description List the series of runs with their labels and summaries, without reading the history.
         */
        post: operations["list_series_api_2_0_trackhelm_series_list_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/server-info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Capabilities
         * @description Answer what this server offers beside MLflow's API.
         */
        get: operations["capabilities_api_2_0_trackhelm_server_info_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/service-accounts/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Service Account
         * @description Create a service account in the workspace.
         */
        post: operations["create_service_account_api_2_0_trackhelm_service_accounts_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/service-accounts/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete Service Account
         * @description Delete a service account of the workspace, with its tokens.
         */
        post: operations["delete_service_account_api_2_0_trackhelm_service_accounts_delete_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/service-accounts/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Service Accounts
         * @description Return the service accounts of the workspace.
         */
        get: operations["list_service_accounts_api_2_0_trackhelm_service_accounts_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/sessions/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Session
         * @description Log in by name and password: the answer sets the cookie of a new session.
         */
        post: operations["create_session_api_2_0_trackhelm_sessions_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/sessions/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End Session
         * @description Log out: end the session that the request is sent in.
         */
        post: operations["end_session_api_2_0_trackhelm_sessions_end_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/sessions/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Sessions
         * @description Return the browsers in which one is logged in.
         */
        get: operations["list_sessions_api_2_0_trackhelm_sessions_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/sessions/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke Session
         * @description End one of one's own sessions, or all of them.
         */
        post: operations["revoke_session_api_2_0_trackhelm_sessions_revoke_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/tokens/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Token
         * @description Make a token. It is answered once, and never again.
         */
        post: operations["create_token_api_2_0_trackhelm_tokens_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/tokens/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Tokens
         * @description Return one's own tokens, or those of a service account.
         */
        get: operations["list_tokens_api_2_0_trackhelm_tokens_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/tokens/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke Token
         * @description Revoke a token.
         */
        post: operations["revoke_token_api_2_0_trackhelm_tokens_revoke_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/views/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create View
         * @description Save a view of an active experiment under a name that no other of its views has.
         */
        post: operations["create_view_api_2_0_trackhelm_views_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/views/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete View
         * @description Delete a saved view.
         */
        post: operations["delete_view_api_2_0_trackhelm_views_delete_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/views/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get View
         * @description Return a saved view.
         */
        get: operations["get_view_api_2_0_trackhelm_views_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/views/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Views
         * @description Return the saved views of an experiment, in the order of their names.
         */
        get: operations["list_views_api_2_0_trackhelm_views_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/views/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update View
         * @description Rename a saved view, replace its state, or both.
         */
        post: operations["update_view_api_2_0_trackhelm_views_update_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List All Webhooks
         * @description Return a page of all webhooks.
         */
        get: operations["list_all_webhooks_api_2_0_trackhelm_webhooks_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/webhooks/{webhook_id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Deliveries
         * @description Return a page of a webhook's deliveries, waiting, delivered and dead, the newest first.
         */
        get: operations["list_deliveries_api_2_0_trackhelm_webhooks__webhook_id__deliveries_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/webhooks/{webhook_id}/deliveries/{delivery_id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resend Delivery
         * @description Send a delivery again, or a waiting one now, in whatever state it is.
         */
        post: operations["resend_delivery_api_2_0_trackhelm_webhooks__webhook_id__deliveries__delivery_id__resend_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/workspaces/quotas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set Quotas
         * @description Set all quotas of the workspace: what is absent has none from then on.
         */
        post: operations["set_quotas_api_2_0_trackhelm_workspaces_quotas_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/2.0/trackhelm/workspaces/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Workspace Usage
         * @description Return the workspace's quotas, and what it uses of them.
         */
        get: operations["workspace_usage_api_2_0_trackhelm_workspaces_usage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Assign Role
         * @description Give a role to a user or a service account.
         */
        post: operations["assign_role_api_3_0_mlflow_roles_assign_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create Role
         * @description Create a role in a workspace that one manages.
         */
        post: operations["create_role_api_3_0_mlflow_roles_create_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete Role
         * @description Delete a role.
         */
        delete: operations["delete_role_api_3_0_mlflow_roles_delete_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Role
         * @description Return a role of a workspace in which one has a part.
         */
        get: operations["get_role_api_3_0_mlflow_roles_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Roles
         * @description Return the roles of workspaces in which one has a part.
         */
        get: operations["list_roles_api_3_0_mlflow_roles_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/permissions/add": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add Role Permission
         * @description Grant something to a role.
         */
        post: operations["add_role_permission_api_3_0_mlflow_roles_permissions_add_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/permissions/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Role Permissions
         * @description Return the permissions of a role.
         */
        get: operations["list_role_permissions_api_3_0_mlflow_roles_permissions_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/permissions/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove Role Permission
         * @description Take a permission from a role.
         */
        delete: operations["remove_role_permission_api_3_0_mlflow_roles_permissions_remove_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/permissions/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Role Permission
         * @description Change the level of a permission of a role.
         */
        patch: operations["update_role_permission_api_3_0_mlflow_roles_permissions_update_patch"];
        trace?: never;
    };
    "/api/3.0/mlflow/roles/unassign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Unassign Role
         * @description Take a role from a user or a service account.
         */
        delete: operations["unassign_role_api_3_0_mlflow_roles_unassign_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/roles/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update Role
         * @description Rename or describe a role.
         */
        patch: operations["update_role_api_3_0_mlflow_roles_update_patch"];
        trace?: never;
    };
    "/api/3.0/mlflow/roles/users/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Role Users
         * @description Return who has a role, for those who manage its workspace.
         */
        get: operations["list_role_users_api_3_0_mlflow_roles_users_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/server-info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Server Info
         * @description Answer which of MLflow's optional features this server has.
         */
        get: operations["server_info_api_3_0_mlflow_server_info_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/users/current/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Current User Permissions
         * @description Return what who asks may do.
         */
        get: operations["list_current_user_permissions_api_3_0_mlflow_users_current_permissions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/users/permissions/get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get User Permission
         * @description Return how far a user may go with something, by all that they have.
         */
        get: operations["get_user_permission_api_3_0_mlflow_users_permissions_get_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/users/permissions/grant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Grant User Permission
         * @description Grant a user something that one manages.
         */
        post: operations["grant_user_permission_api_3_0_mlflow_users_permissions_grant_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/users/permissions/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List User Permissions
         * @description Return what a user may do, by their roles and by themselves.
         */
        get: operations["list_user_permissions_api_3_0_mlflow_users_permissions_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/users/permissions/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke User Permission
         * @description Take from a user what was granted to them.
         */
        post: operations["revoke_user_permission_api_3_0_mlflow_users_permissions_revoke_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/users/roles/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List User Roles
         * @description Return the roles of a user.
         */
        get: operations["list_user_roles_api_3_0_mlflow_users_roles_list_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/workspace-permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List User Workspace Permissions
         * @description Return in which workspaces a user was given a permission on everything.
         */
        get: operations["list_user_workspace_permissions_api_3_0_mlflow_workspace_permissions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/workspaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Workspaces
         * @description Return the workspaces of who asks.
         */
        get: operations["list_workspaces_api_3_0_mlflow_workspaces_get"];
        put?: never;
        /**
         * Create Workspace
         * @description Create a workspace, with the roles viewer, member, editor and manager.
         */
        post: operations["create_workspace_api_3_0_mlflow_workspaces_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/3.0/mlflow/workspaces/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Workspace
         * @description Return a workspace.
         */
        get: operations["get_workspace_api_3_0_mlflow_workspaces__name__get"];
        put?: never;
        post?: never;
        /**
         * Delete Workspace
         * @description Delete a workspace; `mode` says what becomes of what is in it: RESTRICT, SET_DEFAULT or CASCADE.
         */
        delete: operations["delete_workspace_api_3_0_mlflow_workspaces__name__delete"];
        options?: never;
        head?: never;
        /**
         * Update Workspace
         * @description Change a workspace's description, or where new experiments have their files.
         */
        patch: operations["update_workspace_api_3_0_mlflow_workspaces__name__patch"];
        trace?: never;
    };
    "/api/3.0/mlflow/workspaces/{name}/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Workspace Permissions
         * @description Return who was given a permission on the whole workspace, for who manages it.
         */
        get: operations["list_workspace_permissions_api_3_0_mlflow_workspaces__name__permissions_get"];
        put?: never;
        /**
         * Set Workspace Permission
         * @description Give a user a permission on the whole workspace, instead of the one that they have.
         */
        post: operations["set_workspace_permission_api_3_0_mlflow_workspaces__name__permissions_post"];
        /**
         * Delete Workspace Permission
         * @description Take from a user what they were given on the whole workspace.
         */
        delete: operations["delete_workspace_permission_api_3_0_mlflow_workspaces__name__permissions_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/get-artifact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Run Artifact
         * @description Send a file of a run.
         */
        get: operations["download_run_artifact_get_artifact_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health
         * @description Answer `OK` while the process runs. It checks no dependency, because a restart would not repair one.
         */
        get: operations["health_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/model-versions/get-artifact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Version Artifact
         * @description Send a file of a model version.
         */
        get: operations["download_version_artifact_model_versions_get_artifact_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ready
         * @description Answer `OK` if the database and the queue answer and the schema fits this version; 503 until then.
         */
        get: operations["ready_ready_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Version
         * @description Answer Trackhelm's version.
         *
         *     A stock client asks for it before it exports spans, and sends them only to MLflow 3.4 or later. For an
         *     earlier version it stores them as an artifact, which this server can keep.
         */
        get: operations["version_version_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AbortUpload
         * @description `POST mpu/abort/{directory}`. Required fields are checked later; for a folder, only `path`.
         */
        AbortUpload: {
            /**
             * Path
             * @default
             */
            path?: string;
            /**
             * Upload Id
             * @default
             */
            upload_id?: string;
        };
        /**
         * Action
         * @description What is done to an entity.
         * @enum {string}
         */
        Action: "created" | "updated" | "renamed" | "described" | "tagged" | "untagged" | "stage_changed" | "alias_set" | "alias_deleted" | "status_changed" | "params_logged" | "deleted" | "restored" | "purged" | "protected" | "unprotected" | "approval_requested" | "approved" | "rejected" | "withdrawn" | "rolled_back" | "imported" | "password_set" | "quotas_set" | "granted" | "revoked";
        /**
         * AddPermission
         * @description `POST roles/permissions/add`.
         */
        AddPermission: {
            /** Permission */
            permission: string;
            /** Resource Pattern */
            resource_pattern: string;
            /** Resource Type */
            resource_type: string;
            /** Role Id */
            role_id: number;
        };
        /**
         * AskedEvent
         * @description An event of MLflow: the names of its protobuf enumerations, or their numbers.
         */
        AskedEvent: {
            /** Action */
            action: string | number;
            /** Entity */
            entity: string | number;
        };
        /**
         * Assign
         * @description `POST roles/assign` and `DELETE roles/unassign`.
         */
        Assign: {
            /** Role Id */
            role_id: number;
            /** Username */
            username: string;
        };
        /**
         * Axis
         * @description The x-axis of a chart. `RELATIVE` is the milliseconds since the run's start.
         * @enum {string}
         */
        Axis: "step" | "time" | "relative";
        /**
         * BeginDevice
         * @description `POST trackhelm/devices/begin`: `name` says which program asks, and is the name of its token.
         */
        BeginDevice: {
            /**
             * Days
             * @default 90
             */
            days?: number;
            /** Name */
            name: string;
            /**
             * Scopes
             * @default [
             *       "read",
             *       "write",
             *       "registry"
             *     ]
             */
            scopes?: components["schemas"]["Scope"][];
        };
        /**
         * ChangeProtection
         * @description `POST trackhelm/protections/set` and `POST trackhelm/protections/lift`. `*` means all of the kind.
         */
        ChangeProtection: {
            /**
             * Comment
             * @default
             */
            comment?: string;
            kind: components["schemas"]["TargetKind"];
            /** Name */
            name: string;
            /** Target */
            target: string;
        };
        /**
         * ChartBuckets
         * @description `POST trackhelm/charts/buckets`: keys of runs over a window, in at most `buckets` columns.
         */
        ChartBuckets: {
            /**
             * Buckets
             * @default 400
             */
            buckets?: number;
            /**
             * Columns
             * @default []
             */
            columns?: ("x_first" | "first" | "x_last" | "last" | "x_min" | "min" | "x_max" | "max" | "mean" | "count" | "nonfinite")[];
            /** End */
            end?: number | null;
            /** Format */
            format?: ("json" | "arrow") | null;
            /**
             * Group By
             * @default []
             */
            group_by?: string[];
            /**
             * Keys
             * @default []
             */
            keys?: string[];
            /** Labels */
            labels?: {
                [key: string]: string[];
            };
            /**
             * Rounded
             * @default false
             */
            rounded?: boolean;
            /**
             * Run Ids
             * @default []
             */
            run_ids?: string[];
            /** Start */
            start?: number | null;
            /** @default step */
            x_axis?: components["schemas"]["Axis"];
        };
        /**
         * CompleteUpload
         * @description `POST mpu/complete/{directory}`.
         */
        CompleteUpload: {
            /**
             * Parts
             * @default []
             */
            parts?: components["schemas"]["UploadedPart"][];
            /**
             * Path
             * @default
             */
            path?: string;
            /**
             * Upload Id
             * @default
             */
            upload_id?: string;
        };
        /**
         * CountRuns
         * @description `POST trackhelm/runs/count`.
         */
        CountRuns: {
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
            /**
             * Filter
             * @default
             */
            filter?: string;
            /**
             * Run View Type
             * @default [
             *       "active"
             *     ]
             */
            run_view_type?: components["schemas"]["LifecycleStage"][];
        };
        /**
         * CreateBinding
         * @description `POST trackhelm/kubernetes-bindings/create`. Without an account it is for the whole namespace.
         */
        CreateBinding: {
            /** Namespace */
            namespace: string;
            /** Role */
            role: string;
            /**
             * Service Account
             * @default *
             */
            service_account?: string;
        };
        /**
         * CreateExperiment
         * @description `POST experiments/create`.
         */
        CreateExperiment: {
            /**
             * Artifact Location
             * @default
             */
            artifact_location?: string;
            /** Name */
            name: string;
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["trackhelm_ingest__runs__schemas__Tag"][];
        };
        /**
         * CreateLoggedModel
         * @description `POST logged-models`. If the name is empty, one is generated.
         */
        CreateLoggedModel: {
            /** Experiment Id */
            experiment_id: string;
            /**
             * Model Type
             * @default
             */
            model_type?: string;
            /**
             * Name
             * @default
             */
            name?: string;
            /**
             * Params
             * @default []
             */
            params?: components["schemas"]["Pair"][];
            /**
             * Source Run Id
             * @default
             */
            source_run_id?: string;
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["Pair"][];
        };
        /**
         * CreateModelVersion
         * @description `POST model-versions/create`.
         *
         *     If the source is another version, an absent `run_id` or `model_id` is copied from it; a given one, even an
         *     empty one, must equal it.
         */
        CreateModelVersion: {
            /**
             * Description
             * @default
             */
            description?: string;
            /** Model Id */
            model_id?: string | null;
            /** Name */
            name: string;
            /** Run Id */
            run_id?: string | null;
            /**
             * Run Link
             * @default
             */
            run_link?: string;
            /** Source */
            source: string;
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["trackhelm_registry__model_versions__schemas__Tag"][];
        };
        /**
         * CreateOwnRun
         * @description `POST trackhelm/runs/create`: the id of the run is the client's.
         */
        CreateOwnRun: {
            /** Experiment Id */
            experiment_id: string;
            /** Run Id */
            run_id: string;
            /**
             * Run Name
             * @default
             */
            run_name?: string;
            /**
             * Start Time
             * @default 0
             */
            start_time?: number;
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["trackhelm_ingest__runs__schemas__Tag"][];
            /**
             * User Id
             * @default
             */
            user_id?: string;
        };
        /**
         * CreateRegisteredModel
         * @description `POST registered-models/create`.
         */
        CreateRegisteredModel: {
            /**
             * Description
             * @default
             */
            description?: string;
            /** Name */
            name: string;
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["trackhelm_registry__model_versions__schemas__Tag"][];
        };
        /**
         * CreateRole
         * @description `POST roles/create`.
         */
        CreateRole: {
            /**
             * Description
             * @default
             */
            description?: string;
            /** Name */
            name: string;
            /**
             * Workspace
             * @default default
             */
            workspace?: string;
        };
        /**
         * CreateRun
         * @description `POST runs/create`.
         */
        CreateRun: {
            /** Experiment Id */
            experiment_id: string;
            /**
             * Run Name
             * @default
             */
            run_name?: string;
            /**
             * Start Time
             * @default 0
             */
            start_time?: number;
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["trackhelm_ingest__runs__schemas__Tag"][];
            /**
             * User Id
             * @default
             */
            user_id?: string;
        };
        /**
         * CreateSession
         * @description `POST trackhelm/sessions/create`.
         */
        CreateSession: {
            /** Password */
            password: string;
            /** Username */
            username: string;
        };
        /**
         * CreateToken
         * @description `POST trackhelm/tokens/create`. Without an account it is for oneself.
         *
         *     `workspace` and `experiment_id` confine it to one of them.
         */
        CreateToken: {
            /**
             * Days
             * @default 90
             */
            days?: number;
            /**
             * Experiment Id
             * @default
             */
            experiment_id?: string;
            /** Name */
            name: string;
            /**
             * Scopes
             * @default [
             *       "read",
             *       "write",
             *       "registry"
             *     ]
             */
            scopes?: components["schemas"]["Scope"][];
            /**
             * Service Account
             * @default
             */
            service_account?: string;
            /**
             * Workspace
             * @default
             */
            workspace?: string;
        };
        /**
         * CreateUpload
         * @description `POST mpu/create/{directory}`; `path` is the file's path on the client's machine.
         */
        CreateUpload: {
            /**
             * Num Parts
             * @default 1
             */
            num_parts?: number;
            /**
             * Path
             * @default
             */
            path?: string;
        };
        /**
         * CreateUser
         * @description `POST users/create`.
         */
        CreateUser: {
            /** Password */
            password: string;
            /** Username */
            username: string;
        };
        /**
         * CreateView
         * @description `POST trackhelm/views/create`. `state` is a JSON object as text: what the web UI's address says.
         */
        CreateView: {
            /** Experiment Id */
            experiment_id: string;
            /** Name */
            name: string;
            /** State */
            state: string;
        };
        /**
         * CreateWebhook
         * @description `POST webhooks`. `events` are MLflow's, `run_events` and `workspace_events` ours; one is needed.
         */
        CreateWebhook: {
            /**
             * Description
             * @default
             */
            description?: string;
            /**
             * Events
             * @default []
             */
            events?: components["schemas"]["AskedEvent"][];
            /** Name */
            name: string;
            /**
             * Run Events
             * @default []
             */
            run_events?: string[];
            /**
             * Secret
             * @default
             */
            secret?: string;
            /** Status */
            status?: string | number | null;
            /** Url */
            url: string;
            /**
             * Workspace Events
             * @default []
             */
            workspace_events?: string[];
        };
        /**
         * CreateWorkspace
         * @description `POST workspaces`.
         */
        CreateWorkspace: {
            /**
             * Default Artifact Root
             * @default
             */
            default_artifact_root?: string;
            /**
             * Description
             * @default
             */
            description?: string;
            /** Name */
            name: string;
        };
        /**
         * Dataset
         * @description A dataset as a client describes it; lengths are in characters.
         */
        Dataset: {
            /** Digest */
            digest: string;
            /** Name */
            name: string;
            /** Profile */
            profile?: string | null;
            /** Schema */
            schema?: string | null;
            /** Source */
            source: string;
            /** Source Type */
            source_type: string;
        };
        /**
         * DatasetCondition
         * @description A dataset that metrics must have been measured on: any with the name, or the one with the digest.
         */
        DatasetCondition: {
            /**
             * Dataset Digest
             * @default
             */
            dataset_digest?: string;
            /**
             * Dataset Name
             * @default
             */
            dataset_name?: string;
        };
        /**
         * DatasetInput
         * @description A dataset that a run used, with tags such as the context (training, test).
         */
        DatasetInput: {
            dataset: components["schemas"]["Dataset"];
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["InputTag"][];
        };
        /**
         * DecideDevice
         * @description `POST trackhelm/devices/approve` and `deny`.
         */
        DecideDevice: {
            /** User Code */
            user_code: string;
        };
        /**
         * DecideRequest
         * @description `POST trackhelm/approvals/approve`, `reject` and `withdraw`.
         */
        DecideRequest: {
            /**
             * Comment
             * @default
             */
            comment?: string;
            /** Id */
            id: number;
        };
        /**
         * DeleteAlias
         * @description `DELETE registered-models/alias`.
         */
        DeleteAlias: {
            /** Alias */
            alias: string;
            /**
             * Comment
             * @default
             */
            comment?: string;
            /** Name */
            name: string;
        };
        /**
         * DeleteBinding
         * @description `POST trackhelm/kubernetes-bindings/delete`.
         */
        DeleteBinding: {
            /** Id */
            id: number;
        };
        /**
         * DeleteExperimentTag
         * @description `POST experiments/delete-experiment-tag`.
         */
        DeleteExperimentTag: {
            /** Experiment Id */
            experiment_id: string;
            /** Key */
            key: string;
        };
        /**
         * DeleteModelVersion
         * @description `DELETE model-versions/delete`.
         */
        DeleteModelVersion: {
            /**
             * Comment
             * @default
             */
            comment?: string;
            /** Name */
            name: string;
            /** Version */
            version: string;
        };
        /**
         * DeleteModelVersionTag
         * @description `DELETE model-versions/delete-tag`.
         */
        DeleteModelVersionTag: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Version */
            version: string;
        };
        /**
         * DeleteRegisteredModel
         * @description `DELETE registered-models/delete`.
         */
        DeleteRegisteredModel: {
            /**
             * Comment
             * @default
             */
            comment?: string;
            /** Name */
            name: string;
        };
        /**
         * DeleteRegisteredModelTag
         * @description `DELETE registered-models/delete-tag`.
         */
        DeleteRegisteredModelTag: {
            /** Key */
            key: string;
            /** Name */
            name: string;
        };
        /**
         * DeleteTag
         * @description `POST runs/delete-tag`.
         */
        DeleteTag: {
            /** Key */
            key: string;
            /**
             * Run Id
             * @default
             */
            run_id?: string;
            /**
             * Run Uuid
             * @default
             */
            run_uuid?: string;
        };
        /**
         * DeleteView
         * @description `POST trackhelm/views/delete`.
         */
        DeleteView: {
            /** View Id */
            view_id: string;
        };
        /**
         * DeliveryState
         * @description The state of a delivery.
         * @enum {string}
         */
        DeliveryState: "WAITING" | "DELIVERED" | "DEAD";
        /**
         * Direction
         * @description The directions in which to follow links from the first node.
         * @enum {string}
         */
        Direction: "upstream" | "downstream" | "both";
        /**
         * EndSession
         * @description `POST trackhelm/sessions/end`: an empty message, whose type no form of another site can send.
         */
        EndSession: Record<string, never>;
        /**
         * EntityType
         * @description The kind of an entity that can be changed.
         * @enum {string}
         */
        EntityType: "registered_model" | "model_version" | "logged_model" | "experiment" | "run" | "webhook" | "import" | "account" | "token" | "role" | "workspace" | "saved_view";
        /**
         * FinalizeLoggedModel
         * @description `PATCH logged-models/{model_id}`.
         */
        FinalizeLoggedModel: {
            /** Model Id */
            model_id: string;
            /** Status */
            status: string;
        };
        /**
         * GetLatestVersions
         * @description `POST` or `GET registered-models/get-latest-versions`. Without stages, every stage is meant.
         */
        GetLatestVersions: {
            /** Name */
            name: string;
            /**
             * Stages
             * @default []
             */
            stages?: string[];
        };
        /**
         * GrantPermission
         * @description `POST users/permissions/grant`.
         */
        GrantPermission: {
            /** Permission */
            permission: string;
            /** Resource Id */
            resource_id: string;
            /** Resource Type */
            resource_type: string;
            /** Username */
            username: string;
        };
        /**
         * GroupRuns
         * @description `POST trackhelm/runs/groups`: the runs by their value of a param or tag.
         */
        GroupRuns: {
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
            /**
             * Filter
             * @default
             */
            filter?: string;
            /** Group By */
            group_by: string;
            /**
             * Max Results
             * @default 200
             */
            max_results?: number;
            /**
             * Metrics
             * @default []
             */
            metrics?: string[];
            /**
             * Run View Type
             * @default [
             *       "active"
             *     ]
             */
            run_view_type?: components["schemas"]["LifecycleStage"][];
        };
        /** HTTPValidationError */
        HTTPValidationError: {
            /** Detail */
            detail?: components["schemas"]["ValidationError"][];
        };
        /**
         * InputTag
         * @description A tag of the use of a dataset by a run.
         */
        InputTag: {
            /** Key */
            key: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
        /**
         * KeyKind
         * @description Of what a key is.
         * @enum {string}
         */
        KeyKind: "metric" | "param" | "tag";
        /**
         * LifecycleStage
         * @description Whether an experiment, run or logged model is in use or in the bin.
         * @enum {string}
         */
        LifecycleStage: "active" | "deleted" | "purged";
        /**
         * ListSeries
         * @description `POST trackhelm/series/list`. No keys means all keys.
         */
        ListSeries: {
            /**
             * Keys
             * @default []
             */
            keys?: string[];
            /**
             * Label Sets
             * @default true
             */
            label_sets?: boolean;
            /**
             * Max Results
             * @default 1000
             */
            max_results?: number;
            /**
             * Page Token
             * @default
             */
            page_token?: string;
            /**
             * Run Ids
             * @default []
             */
            run_ids?: string[];
        };
        /**
         * LogInputs
         * @description `POST runs/log-inputs`.
         */
        LogInputs: {
            /**
             * Datasets
             * @default []
             */
            datasets?: components["schemas"]["DatasetInput"][];
            /**
             * Models
             * @default []
             */
            models?: components["schemas"]["ModelInput"][];
            /**
             * Run Id
             * @default
             */
            run_id?: string;
            /**
             * Run Uuid
             * @default
             */
            run_uuid?: string;
        };
        /**
         * LogLoggedModelParams
         * @description `POST logged-models/{model_id}/params`.
         */
        LogLoggedModelParams: {
            /** Model Id */
            model_id: string;
            /**
             * Params
             * @default []
             */
            params?: components["schemas"]["Pair"][];
        };
        /**
         * LogModel
         * @description `POST runs/log-model`, of clients before 3.0: `model_json` is the MLmodel file as JSON.
         */
        LogModel: {
            /** Model Json */
            model_json: string;
            /**
             * Run Id
             * @default
             */
            run_id?: string;
            /**
             * Run Uuid
             * @default
             */
            run_uuid?: string;
        };
        /**
         * LogOutputs
         * @description `POST runs/outputs`.
         */
        LogOutputs: {
            /** Models */
            models: components["schemas"]["ModelOutput"][];
            /**
             * Run Id
             * @default
             */
            run_id?: string;
            /**
             * Run Uuid
             * @default
             */
            run_uuid?: string;
        };
        /**
         * Metric
         * @description A metric point. A non-finite value is `"NaN"`, `"Infinity"` or `"-Infinity"`.
         */
        Metric: {
            /**
             * Dataset Digest
             * @default null
             */
            dataset_digest?: string | null;
            /**
             * Dataset Name
             * @default null
             */
            dataset_name?: string | null;
            /** Key */
            key: string;
            /**
             * Labels
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /**
             * Model Id
             * @default null
             */
            model_id?: string | null;
            /**
             * Step
             * @default 0
             */
            step?: number;
            /** Timestamp */
            timestamp: number;
            /** Value */
            value: number;
        };
        /**
         * ModelInput
         * @description A logged model that a run used.
         */
        ModelInput: {
            /** Model Id */
            model_id: string;
        };
        /**
         * ModelOutput
         * @description A logged model that a run made, and at which step.
         */
        ModelOutput: {
            /** Model Id */
            model_id: string;
            /**
             * Step
             * @default 0
             */
            step?: number;
        };
        /**
         * MoveExperiment
         * @description `POST experiments/delete` and `restore`.
         */
        MoveExperiment: {
            /**
             * Comment
             * @default
             */
            comment?: string;
            /** Experiment Id */
            experiment_id: string;
        };
        /**
         * MoveRun
         * @description `POST runs/delete` and `restore`.
         */
        MoveRun: {
            /**
             * Comment
             * @default
             */
            comment?: string;
            /**
             * Run Id
             * @default
             */
            run_id?: string;
            /**
             * Run Uuid
             * @default
             */
            run_uuid?: string;
        };
        /**
         * NamedPermission
         * @description `DELETE roles/permissions/remove`.
         */
        NamedPermission: {
            /** Role Permission Id */
            role_permission_id: number;
        };
        /**
         * NamedRole
         * @description `GET roles/get`, `roles/permissions/list` and `roles/users/list`, and `DELETE roles/delete`.
         */
        NamedRole: {
            /** Role Id */
            role_id: number;
        };
        /**
         * NamedServiceAccount
         * @description `POST trackhelm/service-accounts/create` and `delete`.
         */
        NamedServiceAccount: {
            /** Name */
            name: string;
        };
        /**
         * NamedUser
         * @description `GET users/get` and `DELETE users/delete`.
         */
        NamedUser: {
            /** Username */
            username: string;
        };
        /**
         * OfExperiment
         * @description `GET experiments/permissions/get` and `DELETE experiments/permissions/delete`.
         */
        OfExperiment: {
            /** Experiment Id */
            experiment_id: string;
            /** Username */
            username: string;
        };
        /**
         * OfModel
         * @description `GET registered-models/permissions/get` and `DELETE registered-models/permissions/delete`.
         */
        OfModel: {
            /** Name */
            name: string;
            /** Username */
            username: string;
        };
        /**
         * OnExperiment
         * @description `POST experiments/permissions/create` and `PATCH experiments/permissions/update`.
         */
        OnExperiment: {
            /** Experiment Id */
            experiment_id: string;
            /** Permission */
            permission: string;
            /** Username */
            username: string;
        };
        /**
         * OnModel
         * @description `POST registered-models/permissions/create` and `PATCH registered-models/permissions/update`.
         */
        OnModel: {
            /** Name */
            name: string;
            /** Permission */
            permission: string;
            /** Username */
            username: string;
        };
        /**
         * OrderBy
         * @description What to sort by. The dataset selects which of a metric's values counts.
         */
        OrderBy: {
            /**
             * Ascending
             * @default true
             */
            ascending?: boolean;
            /**
             * Dataset Digest
             * @default
             */
            dataset_digest?: string;
            /**
             * Dataset Name
             * @default
             */
            dataset_name?: string;
            /** Field Name */
            field_name: string;
        };
        /**
         * Pair
         * @description A param or a tag to write. An absent value is the empty string.
         */
        Pair: {
            /** Key */
            key: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
        /**
         * Param
         * @description A param to log. An absent value is an empty one.
         */
        Param: {
            /** Key */
            key: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
        /**
         * PollDevice
         * @description `POST trackhelm/devices/poll`: the program asks for its token, which `workspace` confines.
         */
        PollDevice: {
            /** Device Code */
            device_code: string;
            /**
             * Workspace
             * @default
             */
            workspace?: string;
        };
        /**
         * PresignDownload
         * @description `POST artifacts/presigned-download-url`.
         */
        PresignDownload: {
            /**
             * Expiration
             * @default 900
             */
            expiration?: number;
            /** Path */
            path: string;
            /** Run Id */
            run_id: string;
        };
        /**
         * PresignUpload
         * @description `POST artifacts/presigned-upload-url`, for a run or a logged model.
         */
        PresignUpload: {
            /**
             * Expiration
             * @default 900
             */
            expiration?: number;
            /**
             * Model Id
             * @default
             */
            model_id?: string;
            /** Path */
            path: string;
            /**
             * Run Id
             * @default
             */
            run_id?: string;
        };
        /**
         * ReadCsv
         * @description `POST trackhelm/runs/csv`: all runs that match, with some columns.
         */
        ReadCsv: {
            /**
             * Columns
             * @default []
             */
            columns?: string[];
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
            /**
             * Filter
             * @default
             */
            filter?: string;
            /**
             * Order By
             * @default []
             */
            order_by?: string[];
            /**
             * Run View Type
             * @default [
             *       "active"
             *     ]
             */
            run_view_type?: components["schemas"]["LifecycleStage"][];
        };
        /**
         * ReadTable
         * @description `POST trackhelm/runs/table`: a page of runs with some columns.
         *
         *     If none is named, these are the usual attributes and every key that a run of the page has.
         */
        ReadTable: {
            /**
             * Columns
             * @default []
             */
            columns?: string[];
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
            /**
             * Filter
             * @default
             */
            filter?: string;
            /** Format */
            format?: ("json" | "arrow") | null;
            /** Longest Text */
            longest_text?: number | null;
            /**
             * Max Results
             * @default 200
             */
            max_results?: number;
            /**
             * Order By
             * @default []
             */
            order_by?: string[];
            /**
             * Page Token
             * @default
             */
            page_token?: string;
            /**
             * Run View Type
             * @default [
             *       "active"
             *     ]
             */
            run_view_type?: components["schemas"]["LifecycleStage"][];
        };
        /**
         * RenameRegisteredModel
         * @description `POST registered-models/rename`.
         */
        RenameRegisteredModel: {
            /** Name */
            name: string;
            /** New Name */
            new_name: string;
        };
        /**
         * Alias
         * @description An alias and the version to which it points.
         */
        "Reply.Alias": {
            alias: string;
            version: string;
        };
        /**
         * AliasDeletion
         * @description An alias is deleted.
         */
        "Reply.AliasDeletion": {
            /** @enum {unknown} */
            action: "delete_alias";
            alias: string;
        };
        /**
         * AliasRollback
         * @description An alias returns to an earlier version. `from_version` is absent if the alias was deleted.
         */
        "Reply.AliasRollback": {
            /** @enum {unknown} */
            action: "roll_back_alias";
            alias: string;
            /** @default null */
            from_version?: string | null;
            to_version: string;
        };
        /**
         * AliasSetting
         * @description An alias is pointed to a version.
         */
        "Reply.AliasSetting": {
            /** @enum {unknown} */
            action: "set_alias";
            alias: string;
            version: string;
        };
        /**
         * Allowed
         * @description The answer of `users/permissions/get`. `allowed` says whether it may be used, which READ is not.
         */
        "Reply.Allowed": {
            allowed: boolean;
            permission: string;
        };
        /**
         * ApprovalRequest
         * @description A change that needs or needed approval. Times are milliseconds since the epoch.
         *
         *         Withdrawing a request decides it, too: `decided_by`, `decided_at` and `decision_comment` are then those of
         *         the requester.
         */
        "Reply.ApprovalRequest": {
            comment: string;
            /** @default null */
            decided_at?: number | null;
            /** @default null */
            decided_by?: string | null;
            /** @default null */
            decided_by_kind?: string | null;
            /** @default null */
            decision_comment?: string | null;
            id: number;
            model_name: string;
            move: components["schemas"]["Reply.StageTransition"] | components["schemas"]["Reply.AliasSetting"] | components["schemas"]["Reply.AliasDeletion"] | components["schemas"]["Reply.VersionDeletion"] | components["schemas"]["Reply.ModelDeletion"] | components["schemas"]["Reply.ModelRenaming"] | components["schemas"]["Reply.ProtectionLifting"] | components["schemas"]["Reply.AliasRollback"] | components["schemas"]["Reply.StageRollback"];
            requested_at: number;
            requested_by: string;
            requested_by_kind: string;
            status: components["schemas"]["Reply.Status"];
        };
        /**
         * ApprovalRequestAnswer
         * @description The answer of every endpoint about one approval request.
         */
        "Reply.ApprovalRequestAnswer": {
            request: components["schemas"]["Reply.ApprovalRequest"];
        };
        /**
         * ApprovalRequestsPage
         * @description The answer of `trackhelm/approvals/list`, the newest request first.
         */
        "Reply.ApprovalRequestsPage": {
            /** @default  */
            next_page_token?: string;
            /** @default [] */
            requests?: components["schemas"]["Reply.ApprovalRequest"][];
        };
        /**
         * Assignment
         * @description The role of a user.
         */
        "Reply.Assignment": {
            id: number;
            role_id: number;
            user_id: number;
        };
        /**
         * AssignmentAnswer
         * @description The answer of `roles/assign`.
         */
        "Reply.AssignmentAnswer": {
            assignment: components["schemas"]["Reply.Assignment"];
        };
        /**
         * Assignments
         * @description The answer of `roles/users/list`.
         */
        "Reply.Assignments": {
            assignments: components["schemas"]["Reply.Assignment"][];
        };
        /**
         * AuditEvent
         * @description One change. `hash` is the hash of all other fields, `previous_hash` that of the event before.
         *
         *         It has a `workspace_id` if it is not of the workspace `default`. The event of a creation has no `from`,
         *         and that of a deletion has no `to`.
         */
        "Reply.AuditEvent": {
            action: string;
            actor: string;
            actor_kind: string;
            comment: string;
            entity_id: string;
            entity_type: string;
            /** @default null */
            entity_version?: number | null;
            /** @default null */
            from?: unknown | null;
            hash: string;
            id: number;
            previous_hash: string;
            request_id: string;
            source_address: string;
            time: number;
            /** @default null */
            to?: unknown | null;
            /** @default null */
            workspace_id?: number | null;
        };
        /**
         * AuditEventsPage
         * @description The answer of `trackhelm/audit/events`, the newest event first.
         */
        "Reply.AuditEventsPage": {
            /** @default [] */
            events?: components["schemas"]["Reply.AuditEvent"][];
            /** @default  */
            next_page_token?: string;
        };
        /**
         * BegunDevice
         * @description The answer of `devices/begin`. The user opens the address, and compares the code with the program's.
         *
         *         Times are in seconds: after `expires_in` the codes are worth nothing, and the program asks no more often
         *         than each `interval`.
         */
        "Reply.BegunDevice": {
            device_code: string;
            expires_in: number;
            interval: number;
            user_code: string;
            verification_uri: string;
            verification_uri_complete: string;
        };
        /**
         * BindingAnswer
         * @description The answer of `kubernetes-bindings/create`.
         */
        "Reply.BindingAnswer": {
            binding: components["schemas"]["Reply.BindingMessage"];
        };
        /**
         * BindingMessage
         * @description A role of the workspace that service accounts have. The time is in milliseconds since the epoch.
         */
        "Reply.BindingMessage": {
            created_by: string;
            creation_time: number;
            id: number;
            namespace: string;
            role: string;
            service_account: string;
        };
        /**
         * Bindings
         * @description The answer of `kubernetes-bindings/list`.
         */
        "Reply.Bindings": {
            bindings: components["schemas"]["Reply.BindingMessage"][];
        };
        /**
         * BucketColumns
         * @description Buckets with at least one point. `bucket` counts from `bucket_start`. Null means no finite value.
         *
         *         Columns that were not requested are absent.
         */
        "Reply.BucketColumns": {
            bucket: number[];
            /** @default null */
            count?: number[] | null;
            /** @default null */
            first?: (number | string)[] | null;
            /** @default null */
            last?: (number | string)[] | null;
            /** @default null */
            max?: (number | null)[] | null;
            /** @default null */
            mean?: (number | null)[] | null;
            /** @default null */
            min?: (number | null)[] | null;
            /** @default null */
            nonfinite?: number[] | null;
            /** @default null */
            x_first?: number[] | null;
            /** @default null */
            x_last?: number[] | null;
            /** @default null */
            x_max?: number[] | null;
            /** @default null */
            x_min?: number[] | null;
        };
        /**
         * BulkHistories
         * @description The answer of `metrics/get-history-bulk`. It is no protobuf message, so an empty list is written.
         */
        "Reply.BulkHistories": {
            metrics: components["schemas"]["Reply.RunMetric"][];
        };
        /**
         * Capabilities
         * @description What this server offers beside MLflow's API. No field has a default: clients look for each.
         */
        "Reply.Capabilities": {
            client_run_ids: boolean;
            labels: boolean;
            metrics_body_bytes: number;
            metrics_compressions: string[];
            metrics_protocols: number[];
            version: string;
        };
        /**
         * ChartLine
         * @description A line: `shown` rows for `points` points. It has `exact_points` if `exact`, else `buckets`.
         */
        "Reply.ChartLine": {
            /** @default null */
            buckets?: components["schemas"]["Reply.BucketColumns"] | null;
            exact: boolean;
            /** @default null */
            exact_points?: components["schemas"]["Reply.PointColumns"] | null;
            key: string;
            /** @default {} */
            labels?: {
                [key: string]: string;
            };
            points: number;
            run_id: string;
            shown: number;
        };
        /**
         * ChartReply
         * @description The answer of `charts/buckets`.
         *
         *         Bucket i covers `bucket_width` positions, beginning at `bucket_start` + i x `bucket_width`.
         */
        "Reply.ChartReply": {
            /** @default null */
            bucket_start?: number | null;
            bucket_width: number;
            /** @default null */
            end?: number | null;
            lines: components["schemas"]["Reply.ChartLine"][];
            /** @default null */
            start?: number | null;
            x_axis: string;
        };
        /**
         * ColumnReply
         * @description A column: `type` is `text`, `integer` or `number`. Null means that the run has no value.
         */
        "Reply.ColumnReply": {
            name: string;
            type: string;
            values: (string | number | null)[];
        };
        /**
         * CountReply
         * @description The answer of `runs/count`. `children` are the runs that have the tag `mlflow.parentRunId`.
         */
        "Reply.CountReply": {
            children: number;
            running: number;
            runs: number;
        };
        /**
         * CreatedExperiment
         * @description The answer of `experiments/create`.
         */
        "Reply.CreatedExperiment": {
            experiment_id: string;
        };
        /**
         * CreatedSession
         * @description The answer of `sessions/create`. The key is not in it, but in the cookie that comes with it.
         */
        "Reply.CreatedSession": {
            session: components["schemas"]["Reply.WebLogin"];
            username: string;
        };
        /**
         * CreatedToken
         * @description The answer of `tokens/create`: the only one that ever has the token itself.
         */
        "Reply.CreatedToken": {
            info: components["schemas"]["Reply.Token"];
            token: string;
        };
        /**
         * CurrentUser
         * @description The answer of `users/current`.
         */
        "Reply.CurrentUser": {
            is_basic_auth: boolean;
            user: components["schemas"]["Reply.User"];
        };
        /**
         * Dataset
         * @description A dataset as it was described. `source`, `schema` and `profile` are JSON texts.
         */
        "Reply.Dataset": {
            digest: string;
            name: string;
            /** @default null */
            profile?: string | null;
            /** @default null */
            schema?: string | null;
            source: string;
            source_type: string;
        };
        /**
         * DatasetInput
         * @description The use of a dataset by a run.
         */
        "Reply.DatasetInput": {
            dataset: components["schemas"]["Reply.Dataset"];
            /** @default [] */
            tags?: components["schemas"]["Reply.KeyValue"][];
        };
        /**
         * DatasetSummaries
         * @description The answer of `experiments/search-datasets`.
         */
        "Reply.DatasetSummaries": {
            /** @default [] */
            dataset_summaries?: components["schemas"]["Reply.DatasetSummary"][];
        };
        /**
         * DatasetSummary
         * @description A dataset that runs of an experiment used, in one context.
         */
        "Reply.DatasetSummary": {
            /** @default null */
            context?: string | null;
            digest: string;
            experiment_id: string;
            name: string;
        };
        /**
         * Delivery
         * @description One event for one webhook. Times are milliseconds since the epoch.
         *
         *         `delivery_id` is what the receiver gets in `X-MLflow-Delivery-Id`, the same at every attempt. `due_time`
         *         is the time of a waiting delivery's next attempt, `settled_time` that of its success or of its last
         *         attempt.
         */
        "Reply.Delivery": {
            attempts: number;
            body: unknown;
            created_time: number;
            delivery_id: string;
            /** @default null */
            due_time?: number | null;
            /** @default null */
            error?: string | null;
            event: string;
            /** @default null */
            response_status?: number | null;
            /** @default null */
            settled_time?: number | null;
            state: string;
            subject: string;
            webhook_id: string;
        };
        /**
         * DeviceAnswer
         * @description The answer of `devices/get`.
         */
        "Reply.DeviceAnswer": {
            device: components["schemas"]["Reply.WaitingDevice"];
        };
        /**
         * DirectoryListing
         * @description The answer of `mlflow-artifacts/artifacts`; paths are relative to the directory.
         */
        "Reply.DirectoryListing": {
            /** @default [] */
            files?: components["schemas"]["Reply.FileInfo"][];
            /** @default  */
            next_page_token?: string;
        };
        /**
         * Download
         * @description The answer of `presigned/{path}`.
         */
        "Reply.Download": {
            file_size: number;
            headers: {
                [key: string]: string;
            };
            url: string;
        };
        /**
         * DownloadUri
         * @description The answer of `model-versions/get-download-uri`.
         */
        "Reply.DownloadUri": {
            artifact_uri: string;
        };
        /**
         * Edge
         * @description An edge, in the direction in which data flows: from the id of one node to that of another.
         */
        "Reply.Edge": {
            relation: components["schemas"]["Reply.Relation"];
            source: string;
            target: string;
        };
        /**
         * Empty
         * @description The answer of a write that returns nothing: `{}`.
         */
        "Reply.Empty": Record<string, never>;
        /**
         * EntityListing
         * @description The answer of `artifacts/list` and of its equivalent for logged models; paths start at `root_uri`.
         */
        "Reply.EntityListing": {
            /** @default [] */
            files?: components["schemas"]["Reply.FileInfo"][];
            /** @default  */
            next_page_token?: string;
            root_uri: string;
        };
        /**
         * ErrorReply
         * @description A failure, in MLflow's form.
         */
        "Reply.ErrorReply": {
            error_code: string;
            message: string;
        };
        /**
         * EventMessage
         * @description An event of MLflow.
         */
        "Reply.EventMessage": {
            action: string;
            entity: string;
        };
        /**
         * Experiment
         * @description An experiment.
         */
        "Reply.Experiment": {
            artifact_location: string;
            creation_time: number;
            experiment_id: string;
            last_update_time: number;
            lifecycle_stage: string;
            name: string;
            /** @default [] */
            tags?: components["schemas"]["Reply.KeyValue"][];
        };
        /**
         * ExperimentPage
         * @description The answer of `experiments/search`.
         */
        "Reply.ExperimentPage": {
            /** @default [] */
            experiments?: components["schemas"]["Reply.Experiment"][];
            /** @default  */
            next_page_token?: string;
        };
        /**
         * ExperimentPermission
         * @description What a user may do with an experiment.
         */
        "Reply.ExperimentPermission": {
            experiment_id: string;
            permission: string;
            user_id: number;
        };
        /**
         * ExperimentPermissionAnswer
         * @description The answer of `experiments/permissions/create` and `get`.
         */
        "Reply.ExperimentPermissionAnswer": {
            experiment_permission: components["schemas"]["Reply.ExperimentPermission"];
        };
        /**
         * ExperimentReply
         * @description The answer of `experiments/get` and `get-by-name`.
         */
        "Reply.ExperimentReply": {
            experiment: components["schemas"]["Reply.Experiment"];
        };
        /**
         * Features
         * @description MLflow's optional features that are on. No field has a default: clients expect each to be present.
         */
        "Reply.Features": {
            gateway: boolean;
        };
        /**
         * FileInfo
         * @description A file or directory. The size is left out for directories and empty files, as clients expect.
         */
        "Reply.FileInfo": {
            /** @default 0 */
            file_size?: number;
            is_dir: boolean;
            path: string;
        };
        /**
         * FoundDeliveries
         * @description A page of deliveries, the newest first.
         */
        "Reply.FoundDeliveries": {
            /** @default [] */
            deliveries?: components["schemas"]["Reply.Delivery"][];
            /** @default  */
            next_page_token?: string;
        };
        /**
         * FoundKeysReply
         * @description The answer of `keys/search`. Kinds that were not requested are absent.
         */
        "Reply.FoundKeysReply": {
            /** @default null */
            metrics?: components["schemas"]["Reply.KeysReply"] | null;
            /** @default null */
            params?: components["schemas"]["Reply.KeysReply"] | null;
            /** @default null */
            tags?: components["schemas"]["Reply.KeysReply"] | null;
        };
        /**
         * FoundModelVersions
         * @description The answer of `model-versions/search` and of `get-latest-versions`.
         */
        "Reply.FoundModelVersions": {
            /** @default [] */
            model_versions?: components["schemas"]["Reply.ModelVersion"][];
            /** @default  */
            next_page_token?: string;
        };
        /**
         * FoundRegisteredModels
         * @description The answer of `registered-models/search`.
         */
        "Reply.FoundRegisteredModels": {
            /** @default  */
            next_page_token?: string;
            /** @default [] */
            registered_models?: components["schemas"]["Reply.RegisteredModel"][];
        };
        /**
         * FoundValuesReply
         * @description The answer of `keys/values`.
         */
        "Reply.FoundValuesReply": {
            /** @default [] */
            values?: components["schemas"]["Reply.ValueReply"][];
        };
        /**
         * FoundWebhooks
         * @description A page of webhooks, the newest first.
         */
        "Reply.FoundWebhooks": {
            /** @default  */
            next_page_token?: string;
            /** @default [] */
            webhooks?: components["schemas"]["Reply.WebhookMessage"][];
        };
        /**
         * Grants
         * @description The answer of `grants/list`: who may do something with one thing, besides administrators.
         *
         *         A level of `roles` is that of the role on this thing. A user with several levels has the highest of them,
         *         unless one is a denial.
         */
        "Reply.Grants": {
            roles: components["schemas"]["Reply.RoleGrant"][];
            users: components["schemas"]["Reply.UserGrant"][];
        };
        /**
         * GroupReply
         * @description A group. Without a value, it is that of the runs that have none.
         */
        "Reply.GroupReply": {
            /** @default [] */
            metrics?: components["schemas"]["Reply.SpreadReply"][];
            runs: number;
            /** @default null */
            value?: string | null;
        };
        /**
         * GroupsReply
         * @description The answer of `runs/groups`. `total` also counts the groups beyond `max_results`.
         */
        "Reply.GroupsReply": {
            /** @default [] */
            groups?: components["schemas"]["Reply.GroupReply"][];
            total: number;
        };
        /**
         * HistoryPage
         * @description The answer of `metrics/get-history`.
         */
        "Reply.HistoryPage": {
            /** @default [] */
            metrics?: components["schemas"]["Reply.Metric"][];
            /** @default  */
            next_page_token?: string;
        };
        /**
         * KeyReply
         * @description A key, and the number of runs that have it, if they were to be counted.
         */
        "Reply.KeyReply": {
            key: string;
            /** @default null */
            runs?: number | null;
        };
        /**
         * KeyValue
         * @description A param or a tag. `value` has no default, so that an empty value is written, too.
         */
        "Reply.KeyValue": {
            key: string;
            value: string;
        };
        /**
         * KeysReply
         * @description The keys of one kind. `total` is how many contain the text, also those beyond `max_results`.
         */
        "Reply.KeysReply": {
            /** @default [] */
            keys?: components["schemas"]["Reply.KeyReply"][];
            total: number;
        };
        /**
         * LastPoint
         * @description The last point: the one with the greatest (step, timestamp, value).
         */
        "Reply.LastPoint": {
            step: number;
            timestamp: number;
            value: number | string;
        };
        /**
         * LineageGraph
         * @description The answer of `trackhelm/lineage/graph`. `truncated`: a limit was reached, and there may be more.
         */
        "Reply.LineageGraph": {
            /** @default [] */
            edges?: components["schemas"]["Reply.Edge"][];
            nodes: components["schemas"]["Reply.Node"][];
            root: string;
            /** @default false */
            truncated?: boolean;
        };
        /**
         * LoggedModel
         * @description A logged model with everything that was logged to it.
         */
        "Reply.LoggedModel": {
            /** @default {} */
            data?: components["schemas"]["Reply.LoggedModelData"];
            info: components["schemas"]["Reply.LoggedModelInfo"];
        };
        /**
         * LoggedModelData
         * @description What was logged to a model: its params, and the points of its metrics.
         *
         *         `metrics_are_partial` says that there are more points than an answer holds, and that it has only the
         *         newest of the longest series.
         */
        "Reply.LoggedModelData": {
            /** @default [] */
            metrics?: components["schemas"]["Reply.Metric"][];
            /** @default false */
            metrics_are_partial?: boolean;
            /** @default [] */
            params?: components["schemas"]["Reply.KeyValue"][];
        };
        /**
         * LoggedModelInfo
         * @description The attributes of a logged model. Times are milliseconds since the epoch.
         */
        "Reply.LoggedModelInfo": {
            artifact_uri: string;
            creation_timestamp_ms: number;
            experiment_id: string;
            last_updated_timestamp_ms: number;
            model_id: string;
            /** @default null */
            model_type?: string | null;
            name: string;
            /** @default [] */
            registrations?: components["schemas"]["Reply.Registration"][];
            /** @default null */
            source_run_id?: string | null;
            status: string;
            /** @default null */
            status_message?: string | null;
            /** @default [] */
            tags?: components["schemas"]["Reply.KeyValue"][];
        };
        /**
         * LoggedModelReply
         * @description The answer that carries a logged model.
         */
        "Reply.LoggedModelReply": {
            model: components["schemas"]["Reply.LoggedModel"];
        };
        /**
         * LoggedModelsPage
         * @description The answer of `logged-models/search`.
         */
        "Reply.LoggedModelsPage": {
            /** @default [] */
            models?: components["schemas"]["Reply.LoggedModel"][];
            /** @default null */
            next_page_token?: string | null;
        };
        /**
         * Logins
         * @description The answer of `trackhelm/logins`: whether callers log in (`on`, `proxy`, `off`), and how.
         */
        "Reply.Logins": {
            mode: string;
            ways: components["schemas"]["Reply.WayToLogIn"][];
        };
        /**
         * Metric
         * @description A metric point. If it stands for a series, it is the last point of the series.
         */
        "Reply.Metric": {
            /** @default null */
            dataset_digest?: string | null;
            /** @default null */
            dataset_name?: string | null;
            key: string;
            /** @default null */
            model_id?: string | null;
            /** @default null */
            run_id?: string | null;
            step: number;
            timestamp: number;
            value: number | string;
        };
        /**
         * ModelDeletion
         * @description A model is deleted with its versions, tags and aliases.
         */
        "Reply.ModelDeletion": {
            /** @enum {unknown} */
            action: "delete_model";
        };
        /**
         * ModelInput
         * @description A logged model that a run used.
         */
        "Reply.ModelInput": {
            model_id: string;
        };
        /**
         * ModelOutput
         * @description A logged model that a run made, and at which step.
         */
        "Reply.ModelOutput": {
            model_id: string;
            step: number;
        };
        /**
         * ModelPermission
         * @description What a user may do with a registered model.
         */
        "Reply.ModelPermission": {
            name: string;
            permission: string;
            user_id: number;
        };
        /**
         * ModelPermissionAnswer
         * @description The answer of `registered-models/permissions/create` and `get`.
         */
        "Reply.ModelPermissionAnswer": {
            registered_model_permission: components["schemas"]["Reply.ModelPermission"];
        };
        /**
         * ModelRenaming
         * @description A model is renamed, and another model may then take its old name.
         */
        "Reply.ModelRenaming": {
            /** @enum {unknown} */
            action: "rename_model";
            new_name: string;
        };
        /**
         * ModelVersion
         * @description A version. Fields that are not set are empty strings, as with MLflow's server.
         */
        "Reply.ModelVersion": {
            /** @default [] */
            aliases?: string[];
            creation_timestamp: number;
            current_stage: string;
            description: string;
            last_updated_timestamp: number;
            name: string;
            run_id: string;
            run_link: string;
            source: string;
            status: string;
            /** @default [] */
            tags?: components["schemas"]["Reply.KeyValue"][];
            version: string;
        };
        /**
         * ModelVersionAnswer
         * @description The answer of every endpoint about one version.
         */
        "Reply.ModelVersionAnswer": {
            model_version: components["schemas"]["Reply.ModelVersion"];
        };
        /**
         * Node
         * @description A node. `is_missing` says that it is named but not on this server, such as a run of another server.
         *
         *         `is_partial` says that it may have neighbours that are not in the graph; a request that begins at it finds
         *         them.
         */
        "Reply.Node": {
            attributes: {
                [key: string]: string;
            };
            id: string;
            /** @default false */
            is_missing?: boolean;
            /** @default false */
            is_partial?: boolean;
            type: components["schemas"]["Reply.NodeType"];
        };
        /**
         * NodeType
         * @description The types of nodes.
         * @enum {unknown}
         */
        "Reply.NodeType": "alias" | "commit" | "dataset" | "logged_model" | "model_version" | "run";
        /**
         * PartAddress
         * @description The URL to which a part is sent with PUT, and the headers it needs.
         */
        "Reply.PartAddress": {
            headers: {
                [key: string]: string;
            };
            part_number: number;
            url: string;
        };
        /**
         * PastTransition
         * @description A version that went from one stage to another, by whom, and what they said about it.
         */
        "Reply.PastTransition": {
            actor: string;
            comment: string;
            from_stage: string;
            time: number;
            to_stage: string;
            version: number;
        };
        /**
         * Permission
         * @description What a user may do: by a role, or by a grant of their own, whose role has no id.
         */
        "Reply.Permission": {
            permission: string;
            resource_pattern: string;
            resource_type: string;
            role_id: number;
            role_name: string;
            workspace: string;
        };
        /**
         * Permissions
         * @description The answer of `users/permissions/list` and `users/current/permissions`.
         */
        "Reply.Permissions": {
            is_admin: boolean;
            permissions: components["schemas"]["Reply.Permission"][];
        };
        /**
         * PointColumns
         * @description Points: positions on the axis, and values.
         */
        "Reply.PointColumns": {
            value: (number | string)[];
            x: number[];
        };
        /**
         * PolledDevice
         * @description The answer of `devices/poll`.
         *
         *         `status` is `approved`, with the token; or as in RFC 8628 `authorization_pending`, `slow_down` with a
         *         longer `interval`, `access_denied` or `expired_token`.
         */
        "Reply.PolledDevice": {
            /** @default 0 */
            expiry_time?: number;
            interval: number;
            status: string;
            /** @default  */
            token?: string;
            /** @default  */
            username?: string;
        };
        /**
         * PresignedDownload
         * @description The answer of `artifacts/presigned-download-url`.
         */
        "Reply.PresignedDownload": {
            file_size: number;
            headers: {
                [key: string]: string;
            };
            presigned_url: string;
        };
        /**
         * PresignedUpload
         * @description The answer of `artifacts/presigned-upload-url`.
         */
        "Reply.PresignedUpload": {
            headers: {
                [key: string]: string;
            };
            presigned_url: string;
        };
        /**
         * Protection
         * @description A stage or alias that only changes with the approval of another actor.
         */
        "Reply.Protection": {
            kind: components["schemas"]["Reply.TargetKind"];
            target: string;
        };
        /**
         * ProtectionLifting
         * @description The protection of a stage or alias is lifted.
         */
        "Reply.ProtectionLifting": {
            /** @enum {unknown} */
            action: "lift_protection";
            kind: string;
            target: string;
        };
        /**
         * Protections
         * @description The answer of every endpoint about a model's protections: all that it has now.
         */
        "Reply.Protections": {
            name: string;
            /** @default [] */
            protections?: components["schemas"]["Reply.Protection"][];
        };
        /**
         * QuotasMessage
         * @description The quotas of a workspace; what is absent has none.
         */
        "Reply.QuotasMessage": {
            /** @default null */
            bytes?: number | null;
            /** @default null */
            experiments?: number | null;
            /** @default null */
            points_burst?: number | null;
            /** @default null */
            points_per_second?: number | null;
            /** @default null */
            registered_models?: number | null;
            /** @default null */
            requests_per_second?: number | null;
            /** @default null */
            runs?: number | null;
            /** @default null */
            series_per_run?: number | null;
            /** @default null */
            tokens?: number | null;
            /** @default null */
            webhooks?: number | null;
        };
        /**
         * RefusedPoints
         * @description Points of a columnar request that are not stored: a block, or one row of it.
         */
        "Reply.RefusedPoints": {
            block: number;
            error_code: string;
            message: string;
            /** @default null */
            row?: number | null;
        };
        /**
         * RegisteredModel
         * @description A registered model, with the newest version of each stage.
         */
        "Reply.RegisteredModel": {
            /** @default [] */
            aliases?: components["schemas"]["Reply.Alias"][];
            creation_timestamp: number;
            description: string;
            last_updated_timestamp: number;
            /** @default [] */
            latest_versions?: components["schemas"]["Reply.ModelVersion"][];
            name: string;
            /** @default [] */
            tags?: components["schemas"]["Reply.KeyValue"][];
        };
        /**
         * RegisteredModelAnswer
         * @description The answer of every endpoint about one model.
         */
        "Reply.RegisteredModelAnswer": {
            registered_model: components["schemas"]["Reply.RegisteredModel"];
        };
        /**
         * Registration
         * @description A version of a registered model that was registered from the logged model.
         */
        "Reply.Registration": {
            name: string;
            version: string;
        };
        /**
         * Relation
         * @description The relation of the first node of an edge to the second.
         * @enum {unknown}
         */
        "Reply.Relation": "code_of" | "copied_to" | "logged" | "named" | "read_by" | "registered_as";
        /**
         * Role
         * @description A role with its permissions.
         */
        "Reply.Role": {
            description: string;
            id: number;
            name: string;
            permissions: components["schemas"]["Reply.RolePermission"][];
            workspace: string;
        };
        /**
         * RoleAnswer
         * @description The answer about one role.
         */
        "Reply.RoleAnswer": {
            role: components["schemas"]["Reply.Role"];
        };
        /**
         * RoleGrant
         * @description What a role gives to everybody who has it.
         */
        "Reply.RoleGrant": {
            permission: string;
            role_id: number;
            role_name: string;
        };
        /**
         * RoleOfUser
         * @description A role that a user is assigned to.
         */
        "Reply.RoleOfUser": {
            id: number;
            name: string;
            workspace_id: number;
        };
        /**
         * RolePermission
         * @description A permission of a role.
         */
        "Reply.RolePermission": {
            id: number;
            permission: string;
            resource_pattern: string;
            resource_type: string;
            role_id: number;
        };
        /**
         * RolePermissionAnswer
         * @description The answer about one permission of a role.
         */
        "Reply.RolePermissionAnswer": {
            role_permission: components["schemas"]["Reply.RolePermission"];
        };
        /**
         * RolePermissions
         * @description The answer of `roles/permissions/list`.
         */
        "Reply.RolePermissions": {
            role_permissions: components["schemas"]["Reply.RolePermission"][];
        };
        /**
         * Roles
         * @description The answer of `roles/list` and `users/roles/list`.
         */
        "Reply.Roles": {
            roles: components["schemas"]["Reply.Role"][];
        };
        /**
         * RolledBackAlias
         * @description The answer of `trackhelm/rollbacks/alias`. `from_version` is absent if the alias was deleted.
         */
        "Reply.RolledBackAlias": {
            alias: string;
            /** @default null */
            from_version?: string | null;
            name: string;
            to_version: string;
        };
        /**
         * RolledBackStage
         * @description The answer of `trackhelm/rollbacks/stage`: each version moved from the first stage to the second.
         */
        "Reply.RolledBackStage": {
            name: string;
            stage: string;
            versions: {
                [key: string]: [
                    string,
                    string
                ];
            };
        };
        /**
         * Run
         * @description A run: its attributes, and everything that was logged to it, as in `RunContents`.
         */
        "Reply.Run": {
            data: components["schemas"]["Reply.RunData"];
            info: components["schemas"]["Reply.RunInfo"];
            /** @default {} */
            inputs?: components["schemas"]["Reply.RunInputs"];
            /** @default {} */
            outputs?: components["schemas"]["Reply.RunOutputs"];
        };
        /**
         * RunData
         * @description The metrics, params and tags of a run.
         */
        "Reply.RunData": {
            /** @default [] */
            metrics?: components["schemas"]["Reply.Metric"][];
            /** @default [] */
            params?: components["schemas"]["Reply.KeyValue"][];
            /** @default [] */
            tags?: components["schemas"]["Reply.KeyValue"][];
        };
        /**
         * RunHistories
         * @description The answer of `metrics/get-history-bulk-interval`.
         */
        "Reply.RunHistories": {
            /** @default [] */
            metrics?: components["schemas"]["Reply.RunMetric"][];
        };
        /**
         * RunInfo
         * @description The attributes of a run. Times are milliseconds since the epoch.
         *
         *         `run_uuid` repeats `run_id` for clients from before the rename.
         */
        "Reply.RunInfo": {
            artifact_uri: string;
            /** @default null */
            end_time?: number | null;
            experiment_id: string;
            lifecycle_stage: string;
            run_id: string;
            run_name: string;
            run_uuid: string;
            start_time: number;
            status: string;
            user_id: string;
        };
        /**
         * RunInputs
         * @description The inputs of a run.
         */
        "Reply.RunInputs": {
            /** @default [] */
            dataset_inputs?: components["schemas"]["Reply.DatasetInput"][];
            /** @default [] */
            model_inputs?: components["schemas"]["Reply.ModelInput"][];
        };
        /**
         * RunMetric
         * @description A point of a metric, with the id of its run.
         */
        "Reply.RunMetric": {
            key: string;
            run_id: string;
            step: number;
            timestamp: number;
            value: number | string;
        };
        /**
         * RunOutputs
         * @description The outputs of a run.
         */
        "Reply.RunOutputs": {
            /** @default [] */
            model_outputs?: components["schemas"]["Reply.ModelOutput"][];
        };
        /**
         * RunPage
         * @description The answer of `runs/search`.
         */
        "Reply.RunPage": {
            /** @default  */
            next_page_token?: string;
            /** @default [] */
            runs?: components["schemas"]["Reply.Run"][];
        };
        /**
         * RunReply
         * @description The answer with a run.
         */
        "Reply.RunReply": {
            run: components["schemas"]["Reply.Run"];
        };
        /**
         * SeriesHistory
         * @description The answer of `series/history`: points as columns.
         */
        "Reply.SeriesHistory": {
            key: string;
            labels: {
                [key: string]: string;
            };
            /** @default  */
            next_page_token?: string;
            run_id: string;
            steps: number[];
            timestamps: number[];
            values: (number | string)[];
        };
        /**
         * SeriesPage
         * @description The answer of `series/list`.
         */
        "Reply.SeriesPage": {
            /** @default  */
            next_page_token?: string;
            series: components["schemas"]["Reply.SeriesSummary"][];
        };
        /**
         * SeriesSummary
         * @description A series with its summary. Without labels the summary covers the key's points of every label set.
         *
         *         `min` and `max` are taken over finite values, and are absent if there is none.
         */
        "Reply.SeriesSummary": {
            count: number;
            key: string;
            /** @default {} */
            labels?: {
                [key: string]: string;
            };
            last: components["schemas"]["Reply.LastPoint"];
            /** @default null */
            max?: number | null;
            /** @default null */
            min?: number | null;
            nonfinite: number;
            run_id: string;
        };
        /**
         * ServerInfo
         * @description The answer of `server-info`. No field has a default: clients expect each to be present.
         */
        "Reply.ServerInfo": {
            features_enabled: components["schemas"]["Reply.Features"];
            multipart_downloads_enabled: boolean;
            multipart_uploads_enabled: boolean;
            presigned_upload_model_id_supported: boolean;
            presigned_upload_run_id_supported: boolean;
            store_type: string;
            trace_archival_enabled: boolean;
            workspaces_enabled: boolean;
        };
        /**
         * ServiceAccount
         * @description A service account of the workspace.
         */
        "Reply.ServiceAccount": {
            creation_time: number;
            id: number;
            name: string;
        };
        /**
         * ServiceAccountAnswer
         * @description The answer of `service-accounts/create`.
         */
        "Reply.ServiceAccountAnswer": {
            service_account: components["schemas"]["Reply.ServiceAccount"];
        };
        /**
         * ServiceAccounts
         * @description The answer of `service-accounts/list`.
         */
        "Reply.ServiceAccounts": {
            service_accounts: components["schemas"]["Reply.ServiceAccount"][];
        };
        /**
         * Sessions
         * @description The answer of `sessions/list`.
         */
        "Reply.Sessions": {
            sessions: components["schemas"]["Reply.WebLogin"][];
        };
        /**
         * SpreadReply
         * @description A metric over the runs of a group: over the last values that are finite, of which there are `count`.
         */
        "Reply.SpreadReply": {
            count: number;
            key: string;
            max: number;
            mean: number | string;
            min: number;
        };
        /**
         * StageHistory
         * @description The answer of `trackhelm/audit/stages`: what happened to a model's versions, the oldest first.
         */
        "Reply.StageHistory": {
            name: string;
            /** @default [] */
            transitions?: components["schemas"]["Reply.PastTransition"][];
        };
        /**
         * StageRollback
         * @description A stage returns to its earlier versions: each version moves from the first stage to the second.
         */
        "Reply.StageRollback": {
            /** @enum {unknown} */
            action: "roll_back_stage";
            stage: string;
            versions: {
                [key: string]: [
                    string,
                    string
                ];
            };
        };
        /**
         * StageTransition
         * @description A version is moved to a stage; the versions that are in it may be archived.
         */
        "Reply.StageTransition": {
            /** @enum {unknown} */
            action: "transition_stage";
            /** @default false */
            archive_existing_versions?: boolean;
            stage: string;
            version: string;
        };
        /**
         * Status
         * @description The state of a request.
         * @enum {unknown}
         */
        "Reply.Status": "approved" | "pending" | "rejected" | "withdrawn";
        /**
         * StoredMetrics
         * @description The answer to a columnar request: everything is stored but what is refused.
         */
        "Reply.StoredMetrics": {
            acknowledged: number;
            /** @default [] */
            refused?: components["schemas"]["Reply.RefusedPoints"][];
        };
        /**
         * TableReply
         * @description The answer of `runs/table`. As an Arrow stream, all but the columns is in the schema's metadata.
         */
        "Reply.TableReply": {
            /** @default [] */
            columns?: components["schemas"]["Reply.ColumnReply"][];
            /** @default  */
            next_page_token?: string;
            rows: number;
        };
        /**
         * TargetKind
         * @description The kinds of targets that can be protected.
         * @enum {unknown}
         */
        "Reply.TargetKind": "alias" | "stage";
        /**
         * TestAnswer
         * @description The answer of a test call.
         */
        "Reply.TestAnswer": {
            result: components["schemas"]["Reply.TestResult"];
        };
        /**
         * TestResult
         * @description How a test call ended. Without a `response_status` there was no answer.
         */
        "Reply.TestResult": {
            /** @default null */
            error_message?: string | null;
            /** @default null */
            response_body?: string | null;
            /** @default null */
            response_status?: number | null;
            success: boolean;
        };
        /**
         * Token
         * @description What is known of a token. Times are milliseconds since the epoch.
         */
        "Reply.Token": {
            created_by: string;
            creation_time: number;
            /** @default  */
            experiment_id?: string;
            expiry_time: number;
            hint: string;
            id: number;
            /** @default null */
            last_used_time?: number | null;
            name: string;
            scopes: string[];
            /** @default  */
            workspace?: string;
        };
        /**
         * Tokens
         * @description The answer of `tokens/list`.
         */
        "Reply.Tokens": {
            tokens: components["schemas"]["Reply.Token"][];
        };
        /**
         * UpdatedRun
         * @description The answer of `runs/update`.
         */
        "Reply.UpdatedRun": {
            run_info: components["schemas"]["Reply.RunInfo"];
        };
        /**
         * Upload
         * @description The answer of `mpu/create`.
         */
        "Reply.Upload": {
            credentials: components["schemas"]["Reply.PartAddress"][];
            upload_id: string;
        };
        /**
         * UsageMessage
         * @description What a workspace has.
         */
        "Reply.UsageMessage": {
            bytes: number;
            experiments: number;
            registered_models: number;
            runs: number;
            tokens: number;
            webhooks: number;
        };
        /**
         * User
         * @description A user, with every field that a client of MLflow demands: those up to 3.12 read lists of grants.
         */
        "Reply.User": {
            experiment_permissions: unknown[];
            gateway_endpoint_permissions: unknown[];
            gateway_model_definition_permissions: unknown[];
            gateway_secret_permissions: unknown[];
            id: number;
            is_admin: boolean;
            registered_model_permissions: unknown[];
            roles: components["schemas"]["Reply.RoleOfUser"][];
            scorer_permissions: unknown[];
            username: string;
        };
        /**
         * UserAnswer
         * @description The answer of `users/create` and `users/get`.
         */
        "Reply.UserAnswer": {
            user: components["schemas"]["Reply.User"];
        };
        /**
         * UserGrant
         * @description What was granted to one user.
         */
        "Reply.UserGrant": {
            permission: string;
            username: string;
        };
        /**
         * Users
         * @description The answer of `users/list`.
         */
        "Reply.Users": {
            users: components["schemas"]["Reply.User"][];
        };
        /**
         * ValueReply
         * @description A value, and the number of runs that have it.
         */
        "Reply.ValueReply": {
            runs: number;
            value: string;
        };
        /**
         * VersionDeletion
         * @description A version is deleted, with its aliases; it also leaves its stage.
         */
        "Reply.VersionDeletion": {
            /** @enum {unknown} */
            action: "delete_version";
            version: string;
        };
        /**
         * ViewMessage
         * @description A saved view. Times are milliseconds since the epoch.
         */
        "Reply.ViewMessage": {
            created_by: string;
            creation_time: number;
            experiment_id: string;
            last_update_time: number;
            name: string;
            state: string;
            updated_by: string;
            view_id: string;
        };
        /**
         * ViewReply
         * @description The answer with a view.
         */
        "Reply.ViewReply": {
            view: components["schemas"]["Reply.ViewMessage"];
        };
        /**
         * ViewsReply
         * @description The answer of `views/list`, in the order of the names.
         */
        "Reply.ViewsReply": {
            /** @default [] */
            views?: components["schemas"]["Reply.ViewMessage"][];
        };
        /**
         * WaitingDevice
         * @description A program that asks for a token. Times are milliseconds since the epoch.
         */
        "Reply.WaitingDevice": {
            creation_time: number;
            days: number;
            expiry_time: number;
            name: string;
            scopes: string[];
            source_address: string;
            user_code: string;
        };
        /**
         * WayToLogIn
         * @description A way to log in: by a form with a password, or at an identity provider, which `path` leads to.
         *
         *         `path` is relative to the address of the server, and empty for a password.
         */
        "Reply.WayToLogIn": {
            kind: string;
            name: string;
            path: string;
        };
        /**
         * WebLogin
         * @description A browser in which one has logged in. Times are milliseconds since the epoch.
         *
         *         It ends at `expiry_time`, and earlier when it is not used. `way` is `password` or the name of an identity
         *         provider.
         */
        "Reply.WebLogin": {
            creation_time: number;
            expiry_time: number;
            id: number;
            is_current: boolean;
            last_used_time: number;
            source_address: string;
            user_agent: string;
            way: string;
        };
        /**
         * WebhookAnswer
         * @description The answer that carries one webhook.
         */
        "Reply.WebhookAnswer": {
            webhook: components["schemas"]["Reply.WebhookMessage"];
        };
        /**
         * WebhookMessage
         * @description A webhook. Its secret is never answered, only whether it has one.
         */
        "Reply.WebhookMessage": {
            creation_timestamp: number;
            /** @default  */
            description?: string;
            /** @default [] */
            events?: components["schemas"]["Reply.EventMessage"][];
            last_updated_timestamp: number;
            name: string;
            /** @default [] */
            run_events?: string[];
            signed: boolean;
            status: string;
            url: string;
            webhook_id: string;
            /** @default [] */
            workspace_events?: string[];
        };
        /**
         * WorkspaceAnswer
         * @description The answer about one workspace.
         */
        "Reply.WorkspaceAnswer": {
            workspace: components["schemas"]["Reply.WorkspaceMessage"];
        };
        /**
         * WorkspaceMessage
         * @description A workspace.
         */
        "Reply.WorkspaceMessage": {
            /** @default  */
            default_artifact_root?: string;
            /** @default  */
            description?: string;
            name: string;
        };
        /**
         * WorkspacePermission
         * @description What a user may do in a whole workspace, by grants of their own.
         */
        "Reply.WorkspacePermission": {
            permission: string;
            user_id: number;
            username: string;
            workspace: string;
        };
        /**
         * WorkspacePermissionAnswer
         * @description The answer of `POST workspaces/{name}/permissions`.
         */
        "Reply.WorkspacePermissionAnswer": {
            permission: components["schemas"]["Reply.WorkspacePermission"];
        };
        /**
         * WorkspacePermissions
         * @description The answer of `GET workspaces/{name}/permissions` and `GET workspace-permissions`.
         */
        "Reply.WorkspacePermissions": {
            permissions: components["schemas"]["Reply.WorkspacePermission"][];
        };
        /**
         * WorkspaceUsageAnswer
         * @description The quotas of a workspace, and what it uses.
         *
         *         `counted_time` is when its runs and bytes were last counted, in milliseconds since the epoch; 0 if never.
         *         While it has quotas, they are kept up to date with each change.
         */
        "Reply.WorkspaceUsageAnswer": {
            counted_time: number;
            quotas: components["schemas"]["Reply.QuotasMessage"];
            usage: components["schemas"]["Reply.UsageMessage"];
            workspace: string;
        };
        /**
         * Workspaces
         * @description The answer of `GET workspaces`.
         */
        "Reply.Workspaces": {
            workspaces: components["schemas"]["Reply.WorkspaceMessage"][];
        };
        /**
         * RevokeSession
         * @description `POST trackhelm/sessions/revoke`: one by its id, or all, the one of the request among them.
         */
        RevokeSession: {
            /**
             * All
             * @default false
             */
            all?: boolean;
            /** Id */
            id?: number | null;
        };
        /**
         * RevokeToken
         * @description `POST trackhelm/tokens/revoke`: by its id, or by itself as its own proof.
         */
        RevokeToken: {
            /** Id */
            id?: number | null;
            /**
             * Token
             * @default
             */
            token?: string;
        };
        /**
         * RollBackAlias
         * @description `POST trackhelm/rollbacks/alias`. If `from_version` is given, the alias must point to it.
         */
        RollBackAlias: {
            /** Alias */
            alias: string;
            /**
             * Comment
             * @default
             */
            comment?: string;
            /**
             * From Version
             * @default
             */
            from_version?: string;
            /** Name */
            name: string;
        };
        /**
         * RollBackStage
         * @description `POST trackhelm/rollbacks/stage`. If `from_version` is given, it must be the stage's newest version.
         */
        RollBackStage: {
            /**
             * Comment
             * @default
             */
            comment?: string;
            /**
             * From Version
             * @default
             */
            from_version?: string;
            /** Name */
            name: string;
            /** Stage */
            stage: string;
        };
        /**
         * Scope
         * @description What a token may be used for. It never gives more than its owner has.
         * @enum {string}
         */
        Scope: "read" | "write" | "registry" | "manage";
        /**
         * SearchAuditEvents
         * @description `GET` and `POST trackhelm/audit/events`.
         */
        SearchAuditEvents: {
            action?: components["schemas"]["Action"] | null;
            /**
             * Actor
             * @default
             */
            actor?: string;
            /**
             * Entity Id
             * @default
             */
            entity_id?: string;
            entity_type?: components["schemas"]["EntityType"] | null;
            /** Entity Version */
            entity_version?: number | null;
            /**
             * Max Results
             * @default 100
             */
            max_results?: number;
            /**
             * Model Name
             * @default
             */
            model_name?: string;
            /**
             * Page Token
             * @default
             */
            page_token?: string;
            /** Since */
            since?: number | null;
            /** Until */
            until?: number | null;
        };
        /**
         * SearchDatasets
         * @description `POST experiments/search-datasets`.
         */
        SearchDatasets: {
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
        };
        /**
         * SearchExperiments
         * @description `POST` and `GET experiments/search`. As in MLflow, there is no default page size.
         */
        SearchExperiments: {
            /**
             * Filter
             * @default
             */
            filter?: string;
            /**
             * Max Results
             * @default 0
             */
            max_results?: number;
            /**
             * Order By
             * @default []
             */
            order_by?: string[];
            /**
             * Page Token
             * @default
             */
            page_token?: string;
            /**
             * View Type
             * @default [
             *       "active"
             *     ]
             */
            view_type?: components["schemas"]["LifecycleStage"][];
        };
        /**
         * SearchKeys
         * @description `POST trackhelm/keys/search`: the keys that contain `text`, of some kinds (none: of all).
         *
         *     Without `counts` the answer comes sooner where many runs have many metrics.
         */
        SearchKeys: {
            /**
             * Counts
             * @default true
             */
            counts?: boolean;
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
            /**
             * Kinds
             * @default []
             */
            kinds?: components["schemas"]["KeyKind"][];
            /**
             * Max Results
             * @default 1000
             */
            max_results?: number;
            /**
             * Text
             * @default
             */
            text?: string;
        };
        /**
         * SearchLoggedModels
         * @description `POST logged-models/search`. If `max_results` is 0, the page has the default size.
         */
        SearchLoggedModels: {
            /**
             * Datasets
             * @default []
             */
            datasets?: components["schemas"]["DatasetCondition"][];
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
            /**
             * Filter
             * @default
             */
            filter?: string;
            /**
             * Max Results
             * @default 0
             */
            max_results?: number;
            /**
             * Order By
             * @default []
             */
            order_by?: components["schemas"]["OrderBy"][];
            /**
             * Page Token
             * @default
             */
            page_token?: string;
        };
        /**
         * SearchValues
         * @description `POST trackhelm/keys/values`: the values of a param or tag that contain `text`.
         */
        SearchValues: {
            /**
             * Experiment Ids
             * @default []
             */
            experiment_ids?: string[];
            /** Key */
            key: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "param" | "tag";
            /**
             * Max Results
             * @default 100
             */
            max_results?: number;
            /**
             * Text
             * @default
             */
            text?: string;
        };
        /**
         * SetAlias
         * @description `POST registered-models/alias`.
         */
        SetAlias: {
            /** Alias */
            alias: string;
            /**
             * Comment
             * @default
             */
            comment?: string;
            /** Name */
            name: string;
            /** Version */
            version: string;
        };
        /**
         * SetExperimentTag
         * @description `POST experiments/set-experiment-tag`.
         */
        SetExperimentTag: {
            /** Experiment Id */
            experiment_id: string;
            /** Key */
            key: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
        /**
         * SetLoggedModelTags
         * @description `PATCH logged-models/{model_id}/tags`.
         */
        SetLoggedModelTags: {
            /**
             * Tags
             * @default []
             */
            tags?: components["schemas"]["Pair"][];
        };
        /**
         * SetModelVersionTag
         * @description `POST model-versions/set-tag`.
         */
        SetModelVersionTag: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /**
             * Value
             * @default
             */
            value?: string;
            /** Version */
            version: string;
        };
        /**
         * SetQuotas
         * @description `POST trackhelm/workspaces/quotas`: all quotas of the workspace, and none of what is absent.
         */
        SetQuotas: {
            /** Bytes */
            bytes?: number | null;
            /** Experiments */
            experiments?: number | null;
            /** Points Burst */
            points_burst?: number | null;
            /** Points Per Second */
            points_per_second?: number | null;
            /** Registered Models */
            registered_models?: number | null;
            /** Requests Per Second */
            requests_per_second?: number | null;
            /** Runs */
            runs?: number | null;
            /** Series Per Run */
            series_per_run?: number | null;
            /** Tokens */
            tokens?: number | null;
            /** Webhooks */
            webhooks?: number | null;
        };
        /**
         * SetRegisteredModelTag
         * @description `POST registered-models/set-tag`.
         */
        SetRegisteredModelTag: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
        /**
         * SetWorkspacePermission
         * @description `POST workspaces/{name}/permissions`: instead of what the user has on the whole workspace.
         */
        SetWorkspacePermission: {
            /** Permission */
            permission: string;
            /** Username */
            username: string;
        };
        /**
         * Status
         * @description The state of a request.
         * @enum {string}
         */
        Status: "pending" | "approved" | "rejected" | "withdrawn";
        /**
         * Tag
         * @description A tag to set. An absent value is an empty one.
         */
        Tag: {
            /** Key */
            key: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
        /**
         * TargetKind
         * @description The kinds of targets that can be protected.
         * @enum {string}
         */
        TargetKind: "stage" | "alias";
        /**
         * TestWebhook
         * @description `POST webhooks/{webhook_id}/test`; without an event, the webhook's first is used.
         */
        TestWebhook: {
            event?: components["schemas"]["AskedEvent"] | null;
            /**
             * Run Event
             * @default
             */
            run_event?: string;
            /**
             * Workspace Event
             * @default
             */
            workspace_event?: string;
        };
        /**
         * TransitionStage
         * @description `POST model-versions/transition-stage`.
         */
        TransitionStage: {
            /**
             * Archive Existing Versions
             * @default false
             */
            archive_existing_versions?: boolean;
            /**
             * Comment
             * @default
             */
            comment?: string;
            /** Name */
            name: string;
            /** Stage */
            stage: string;
            /** Version */
            version: string;
        };
        /**
         * UpdateAdmin
         * @description `PATCH users/update-admin`.
         */
        UpdateAdmin: {
            /** Is Admin */
            is_admin: boolean;
            /** Username */
            username: string;
        };
        /**
         * UpdateExperiment
         * @description `POST experiments/update`.
         */
        UpdateExperiment: {
            /** Experiment Id */
            experiment_id: string;
            /** New Name */
            new_name: string;
        };
        /**
         * UpdateModelVersion
         * @description `PATCH model-versions/update`. An absent description clears the existing one.
         */
        UpdateModelVersion: {
            /**
             * Description
             * @default
             */
            description?: string;
            /** Name */
            name: string;
            /** Version */
            version: string;
        };
        /**
         * UpdatePassword
         * @description `PATCH users/update-password`. Who changes their own password gives the current one, too.
         */
        UpdatePassword: {
            /**
             * Current Password
             * @default
             */
            current_password?: string;
            /** Password */
            password: string;
            /** Username */
            username: string;
        };
        /**
         * UpdatePermission
         * @description `PATCH roles/permissions/update`.
         */
        UpdatePermission: {
            /** Permission */
            permission: string;
            /** Role Permission Id */
            role_permission_id: number;
        };
        /**
         * UpdateRegisteredModel
         * @description `PATCH registered-models/update`. An absent description clears the existing one.
         */
        UpdateRegisteredModel: {
            /**
             * Description
             * @default
             */
            description?: string;
            /** Name */
            name: string;
        };
        /**
         * UpdateRole
         * @description `PATCH roles/update`.
         */
        UpdateRole: {
            /** Description */
            description?: string | null;
            /** Name */
            name?: string | null;
            /** Role Id */
            role_id: number;
        };
        /**
         * UpdateRun
         * @description `POST runs/update`. A status is given by its name or its protobuf number.
         */
        UpdateRun: {
            /** End Time */
            end_time?: number | null;
            /**
             * Run Id
             * @default
             */
            run_id?: string;
            /**
             * Run Name
             * @default
             */
            run_name?: string;
            /**
             * Run Uuid
             * @default
             */
            run_uuid?: string;
            /** Status */
            status?: string | number | null;
        };
        /**
         * UpdateView
         * @description `POST trackhelm/views/update`: what is not given stays.
         */
        UpdateView: {
            /** Name */
            name?: string | null;
            /** State */
            state?: string | null;
            /** View Id */
            view_id: string;
        };
        /**
         * UpdateWebhook
         * @description `PATCH webhooks/{webhook_id}`; attributes that are absent stay. An empty `secret` ends signing.
         */
        UpdateWebhook: {
            /** Description */
            description?: string | null;
            /** Events */
            events?: components["schemas"]["AskedEvent"][] | null;
            /**
             * Name
             * @default
             */
            name?: string;
            /** Run Events */
            run_events?: string[] | null;
            /** Secret */
            secret?: string | null;
            /** Status */
            status?: string | number | null;
            /**
             * Url
             * @default
             */
            url?: string;
            /** Workspace Events */
            workspace_events?: string[] | null;
        };
        /**
         * UpdateWorkspace
         * @description `PATCH workspaces/{name}`: what is absent stays, and an empty root is taken away.
         */
        UpdateWorkspace: {
            /** Default Artifact Root */
            default_artifact_root?: string | null;
            /** Description */
            description?: string | null;
        };
        /**
         * UploadedPart
         * @description A part that the client has sent.
         */
        UploadedPart: {
            /**
             * Etag
             * @default
             */
            etag?: string;
            /**
             * Part Number
             * @default 0
             */
            part_number?: number;
        };
        /**
         * UserPermission
         * @description `POST users/permissions/revoke` and `GET users/permissions/get`.
         */
        UserPermission: {
            /** Resource Id */
            resource_id: string;
            /** Resource Type */
            resource_type: string;
            /** Username */
            username: string;
        };
        /** ValidationError */
        ValidationError: {
            /** Context */
            ctx?: Record<string, never>;
            /** Input */
            input?: unknown;
            /** Location */
            loc: (string | number)[];
            /** Message */
            msg: string;
            /** Error Type */
            type: string;
        };
        /**
         * Tag
         * @description A tag to set. An absent value is an empty one.
         */
        trackhelm_ingest__runs__schemas__Tag: {
            /** Key */
            key: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
        /**
         * Tag
         * @description A tag to set. An absent value is the empty string.
         */
        trackhelm_registry__model_versions__schemas__Tag: {
            /** Key */
            key: string;
            /**
             * Value
             * @default
             */
            value?: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    search_datasets_ajax_api_2_0_mlflow_experiments_search_datasets_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchDatasets"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.DatasetSummaries"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_history_bulk_ajax_api_2_0_mlflow_metrics_get_history_bulk_get: {
        parameters: {
            query?: {
                run_id?: string[];
                metric_key?: string;
                max_results?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.BulkHistories"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    upload_run_artifact_ajax_api_2_0_mlflow_upload_artifact_post: {
        parameters: {
            query?: {
                run_uuid?: string;
                run_id?: string;
                path?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_artifacts_api_2_0_mlflow_artifacts_artifacts_get: {
        parameters: {
            query?: {
                max_results?: number;
                page_token?: string;
                path?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.DirectoryListing"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    download_artifact_api_2_0_mlflow_artifacts_artifacts__path__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    upload_artifact_api_2_0_mlflow_artifacts_artifacts__path__put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_artifact_api_2_0_mlflow_artifacts_artifacts__path__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    describe_artifact_api_2_0_mlflow_artifacts_artifacts__path__head: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    abort_upload_api_2_0_mlflow_artifacts_mpu_abort__path__post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AbortUpload"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    complete_upload_api_2_0_mlflow_artifacts_mpu_complete__path__post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompleteUpload"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_upload_api_2_0_mlflow_artifacts_mpu_create__path__post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUpload"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Upload"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    presigned_download_api_2_0_mlflow_artifacts_presigned__path__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Download"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_run_artifacts_api_2_0_mlflow_artifacts_list_get: {
        parameters: {
            query?: {
                max_results?: number;
                page_token?: string;
                run_uuid?: string;
                run_id?: string;
                path?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.EntityListing"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    presign_download_api_2_0_mlflow_artifacts_presigned_download_url_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PresignDownload"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.PresignedDownload"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    presign_upload_api_2_0_mlflow_artifacts_presigned_upload_url_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PresignUpload"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.PresignedUpload"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_experiment_api_2_0_mlflow_experiments_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateExperiment"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.CreatedExperiment"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_experiment_api_2_0_mlflow_experiments_delete_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveExperiment"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_experiment_tag_api_2_0_mlflow_experiments_delete_experiment_tag_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteExperimentTag"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_experiment_api_2_0_mlflow_experiments_get_get: {
        parameters: {
            query: {
                experiment_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ExperimentReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_experiment_by_name_api_2_0_mlflow_experiments_get_by_name_get: {
        parameters: {
            query: {
                experiment_name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ExperimentReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_experiment_permission_api_2_0_mlflow_experiments_permissions_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OnExperiment"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ExperimentPermissionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_experiment_permission_api_2_0_mlflow_experiments_permissions_delete_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OfExperiment"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_experiment_permission_api_2_0_mlflow_experiments_permissions_get_get: {
        parameters: {
            query: {
                experiment_id: string;
                username: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ExperimentPermissionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_experiment_permission_api_2_0_mlflow_experiments_permissions_update_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OnExperiment"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    restore_experiment_api_2_0_mlflow_experiments_restore_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveExperiment"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_experiments_by_query_api_2_0_mlflow_experiments_search_get: {
        parameters: {
            query?: {
                max_results?: number;
                page_token?: string;
                filter?: string;
                order_by?: string[];
                view_type?: components["schemas"]["LifecycleStage"][];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ExperimentPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_experiments_api_2_0_mlflow_experiments_search_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchExperiments"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ExperimentPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_experiment_tag_api_2_0_mlflow_experiments_set_experiment_tag_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetExperimentTag"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_experiment_api_2_0_mlflow_experiments_update_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateExperiment"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_logged_model_api_2_0_mlflow_logged_models_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateLoggedModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.LoggedModelReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_logged_models_api_2_0_mlflow_logged_models_search_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchLoggedModels"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.LoggedModelsPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_logged_model_api_2_0_mlflow_logged_models__model_id__get: {
        parameters: {
            query?: {
                allow_deleted?: boolean;
            };
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.LoggedModelReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_logged_model_api_2_0_mlflow_logged_models__model_id__delete: {
        parameters: {
            query?: {
                comment?: string;
            };
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    finalize_logged_model_api_2_0_mlflow_logged_models__model_id__patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FinalizeLoggedModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.LoggedModelReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_model_artifacts_api_2_0_mlflow_logged_models__model_id__artifacts_directories_get: {
        parameters: {
            query?: {
                max_results?: number;
                page_token?: string;
                artifact_directory_path?: string;
            };
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.EntityListing"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    download_model_artifact_api_2_0_mlflow_logged_models__model_id__artifacts_files_get: {
        parameters: {
            query?: {
                artifact_file_path?: string;
            };
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_logged_model_params_api_2_0_mlflow_logged_models__model_id__params_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogLoggedModelParams"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_logged_model_tags_api_2_0_mlflow_logged_models__model_id__tags_patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetLoggedModelTags"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_logged_model_tag_api_2_0_mlflow_logged_models__model_id__tags__key__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_id: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_history_api_2_0_mlflow_metrics_get_history_get: {
        parameters: {
            query: {
                run_uuid?: string;
                run_id?: string;
                metric_key: string;
                max_results?: number | null;
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.HistoryPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_history_bulk_interval_api_2_0_mlflow_metrics_get_history_bulk_interval_get: {
        parameters: {
            query: {
                run_ids: string[];
                metric_key: string;
                start_step?: number | null;
                end_step?: number | null;
                max_results?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RunHistories"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_model_version_api_2_0_mlflow_model_versions_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateModelVersion"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ModelVersionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_model_version_api_2_0_mlflow_model_versions_delete_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteModelVersion"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_model_version_tag_api_2_0_mlflow_model_versions_delete_tag_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteModelVersionTag"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_model_version_api_2_0_mlflow_model_versions_get_get: {
        parameters: {
            query: {
                name: string;
                version: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ModelVersionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_model_version_download_uri_api_2_0_mlflow_model_versions_get_download_uri_get: {
        parameters: {
            query: {
                name: string;
                version: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.DownloadUri"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_model_versions_api_2_0_mlflow_model_versions_search_get: {
        parameters: {
            query?: {
                filter?: string;
                max_results?: number;
                order_by?: string[];
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundModelVersions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_model_version_tag_api_2_0_mlflow_model_versions_set_tag_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetModelVersionTag"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    transition_model_version_stage_api_2_0_mlflow_model_versions_transition_stage_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TransitionStage"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ModelVersionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_model_version_api_2_0_mlflow_model_versions_update_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateModelVersion"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ModelVersionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_model_version_by_alias_api_2_0_mlflow_registered_models_alias_get: {
        parameters: {
            query: {
                name: string;
                alias: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ModelVersionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_registered_model_alias_api_2_0_mlflow_registered_models_alias_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetAlias"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_registered_model_alias_api_2_0_mlflow_registered_models_alias_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteAlias"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_registered_model_api_2_0_mlflow_registered_models_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRegisteredModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RegisteredModelAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_registered_model_api_2_0_mlflow_registered_models_delete_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteRegisteredModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_registered_model_tag_api_2_0_mlflow_registered_models_delete_tag_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteRegisteredModelTag"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_registered_model_api_2_0_mlflow_registered_models_get_get: {
        parameters: {
            query: {
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RegisteredModelAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_latest_versions_api_2_0_mlflow_registered_models_get_latest_versions_get: {
        parameters: {
            query: {
                name: string;
                stages?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundModelVersions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    post_get_latest_versions_api_2_0_mlflow_registered_models_get_latest_versions_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GetLatestVersions"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundModelVersions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_registered_model_permission_api_2_0_mlflow_registered_models_permissions_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OnModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ModelPermissionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_registered_model_permission_api_2_0_mlflow_registered_models_permissions_delete_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OfModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_registered_model_permission_api_2_0_mlflow_registered_models_permissions_get_get: {
        parameters: {
            query: {
                name: string;
                username: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ModelPermissionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_registered_model_permission_api_2_0_mlflow_registered_models_permissions_update_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OnModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    rename_registered_model_api_2_0_mlflow_registered_models_rename_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameRegisteredModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RegisteredModelAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_registered_models_api_2_0_mlflow_registered_models_search_get: {
        parameters: {
            query?: {
                filter?: string;
                max_results?: number;
                order_by?: string[];
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundRegisteredModels"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_registered_model_tag_api_2_0_mlflow_registered_models_set_tag_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetRegisteredModelTag"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_registered_model_api_2_0_mlflow_registered_models_update_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateRegisteredModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RegisteredModelAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_run_api_2_0_mlflow_runs_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRun"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RunReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_run_api_2_0_mlflow_runs_delete_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveRun"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_tag_api_2_0_mlflow_runs_delete_tag_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteTag"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_run_api_2_0_mlflow_runs_get_get: {
        parameters: {
            query?: {
                run_uuid?: string;
                run_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RunReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_batch_api_2_0_mlflow_runs_log_batch_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Metrics
                     * @default []
                     */
                    metrics?: components["schemas"]["Metric"][];
                    /**
                     * Params
                     * @default []
                     */
                    params?: components["schemas"]["Param"][];
                    /**
                     * Run Id
                     * @default
                     */
                    run_id?: string;
                    /**
                     * Run Uuid
                     * @default
                     */
                    run_uuid?: string;
                    /**
                     * Tags
                     * @default []
                     */
                    tags?: components["schemas"]["Tag"][];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_inputs_api_2_0_mlflow_runs_log_inputs_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogInputs"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_metric_api_2_0_mlflow_runs_log_metric_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Dataset Digest
                     * @default null
                     */
                    dataset_digest?: string | null;
                    /**
                     * Dataset Name
                     * @default null
                     */
                    dataset_name?: string | null;
                    /** Key */
                    key: string;
                    /**
                     * Labels
                     * @default null
                     */
                    labels?: {
                        [key: string]: string;
                    } | null;
                    /**
                     * Model Id
                     * @default null
                     */
                    model_id?: string | null;
                    /**
                     * Run Id
                     * @default
                     */
                    run_id?: string;
                    /**
                     * Run Uuid
                     * @default
                     */
                    run_uuid?: string;
                    /**
                     * Step
                     * @default 0
                     */
                    step?: number;
                    /** Timestamp */
                    timestamp: number;
                    /** Value */
                    value: number;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_model_api_2_0_mlflow_runs_log_model_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogModel"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_param_api_2_0_mlflow_runs_log_parameter_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Key */
                    key: string;
                    /**
                     * Run Id
                     * @default
                     */
                    run_id?: string;
                    /**
                     * Run Uuid
                     * @default
                     */
                    run_uuid?: string;
                    /**
                     * Value
                     * @default
                     */
                    value?: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_outputs_api_2_0_mlflow_runs_outputs_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogOutputs"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    restore_run_api_2_0_mlflow_runs_restore_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MoveRun"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_runs_api_2_0_mlflow_runs_search_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Experiment Ids
                     * @default []
                     */
                    experiment_ids?: string[];
                    /**
                     * Filter
                     * @default
                     */
                    filter?: string;
                    /**
                     * Max Results
                     * @default 1000
                     */
                    max_results?: number;
                    /**
                     * Order By
                     * @default []
                     */
                    order_by?: string[];
                    /**
                     * Page Token
                     * @default
                     */
                    page_token?: string;
                    /**
                     * Run View Type
                     * @default [
                     *       "active"
                     *     ]
                     */
                    run_view_type?: components["schemas"]["LifecycleStage"][];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RunPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_tag_api_2_0_mlflow_runs_set_tag_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Key */
                    key: string;
                    /**
                     * Run Id
                     * @default
                     */
                    run_id?: string;
                    /**
                     * Run Uuid
                     * @default
                     */
                    run_uuid?: string;
                    /**
                     * Value
                     * @default
                     */
                    value?: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_run_api_2_0_mlflow_runs_update_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateRun"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.UpdatedRun"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_user_api_2_0_mlflow_users_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUser"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.UserAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_current_user_api_2_0_mlflow_users_current_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.CurrentUser"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_user_api_2_0_mlflow_users_delete_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NamedUser"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_user_api_2_0_mlflow_users_get_get: {
        parameters: {
            query: {
                username: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.UserAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_users_api_2_0_mlflow_users_list_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Users"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_admin_api_2_0_mlflow_users_update_admin_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateAdmin"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_password_api_2_0_mlflow_users_update_password_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdatePassword"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_webhooks_api_2_0_mlflow_webhooks_get: {
        parameters: {
            query?: {
                max_results?: number;
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundWebhooks"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_webhook_api_2_0_mlflow_webhooks_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhook"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WebhookAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_webhook_api_2_0_mlflow_webhooks__webhook_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WebhookAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_webhook_api_2_0_mlflow_webhooks__webhook_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_webhook_api_2_0_mlflow_webhooks__webhook_id__patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWebhook"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WebhookAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    test_webhook_api_2_0_mlflow_webhooks__webhook_id__test_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestWebhook"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.TestAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    approve_request_api_2_0_trackhelm_approvals_approve_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecideRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ApprovalRequestAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_approval_request_api_2_0_trackhelm_approvals_get_get: {
        parameters: {
            query: {
                id: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ApprovalRequestAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_approval_requests_api_2_0_trackhelm_approvals_list_get: {
        parameters: {
            query?: {
                model_name?: string;
                status?: components["schemas"]["Status"] | null;
                action?: string;
                requested_by?: string;
                decided_by?: string;
                max_results?: number;
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ApprovalRequestsPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    reject_request_api_2_0_trackhelm_approvals_reject_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecideRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ApprovalRequestAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    withdraw_request_api_2_0_trackhelm_approvals_withdraw_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecideRequest"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ApprovalRequestAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    download_archive_api_2_0_trackhelm_artifacts_archive_get: {
        parameters: {
            query?: {
                run_id?: string;
                model_id?: string;
                name?: string;
                version?: string;
                path?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_audit_events_api_2_0_trackhelm_audit_events_get: {
        parameters: {
            query?: {
                entity_type?: components["schemas"]["EntityType"] | null;
                entity_id?: string;
                entity_version?: number | null;
                model_name?: string;
                actor?: string;
                action?: components["schemas"]["Action"] | null;
                since?: number | null;
                until?: number | null;
                max_results?: number;
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.AuditEventsPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_audit_events_api_2_0_trackhelm_audit_events_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchAuditEvents"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.AuditEventsPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_stage_history_api_2_0_trackhelm_audit_stages_get: {
        parameters: {
            query: {
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.StageHistory"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    chart_buckets_api_2_0_trackhelm_charts_buckets_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChartBuckets"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ChartReply"];
                    "application/vnd.apache.arrow.stream": string;
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    approve_device_api_2_0_trackhelm_devices_approve_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecideDevice"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    begin_device_api_2_0_trackhelm_devices_begin_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BeginDevice"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.BegunDevice"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    deny_device_api_2_0_trackhelm_devices_deny_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecideDevice"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_device_api_2_0_trackhelm_devices_get_get: {
        parameters: {
            query: {
                user_code: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.DeviceAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    poll_device_api_2_0_trackhelm_devices_poll_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PollDevice"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.PolledDevice"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_grants_api_2_0_trackhelm_grants_list_get: {
        parameters: {
            query?: {
                experiment_id?: string;
                model_name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Grants"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_keys_api_2_0_trackhelm_keys_search_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchKeys"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundKeysReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    search_values_api_2_0_trackhelm_keys_values_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchValues"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundValuesReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_binding_api_2_0_trackhelm_kubernetes_bindings_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateBinding"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.BindingAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_binding_api_2_0_trackhelm_kubernetes_bindings_delete_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteBinding"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_bindings_api_2_0_trackhelm_kubernetes_bindings_list_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Bindings"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_lineage_graph_api_2_0_trackhelm_lineage_graph_get: {
        parameters: {
            query?: {
                model_name?: string;
                version?: string;
                alias?: string;
                run_id?: string;
                model_id?: string;
                dataset_name?: string;
                dataset_digest?: string;
                direction?: components["schemas"]["Direction"];
                max_nodes?: number;
                max_depth?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.LineageGraph"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_logins_api_2_0_trackhelm_logins_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Logins"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    log_columns_api_2_0_trackhelm_metrics_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/vnd.trackhelm.metrics": string;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.StoredMetrics"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    begin_login_api_2_0_trackhelm_oidc_begin_get: {
        parameters: {
            query?: {
                next?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    finish_login_api_2_0_trackhelm_oidc_callback_get: {
        parameters: {
            query?: {
                code?: string;
                state?: string;
                iss?: string;
                error?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    lift_protection_api_2_0_trackhelm_protections_lift_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeProtection"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Protections"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_protections_api_2_0_trackhelm_protections_list_get: {
        parameters: {
            query: {
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Protections"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_protection_api_2_0_trackhelm_protections_set_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeProtection"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Protections"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    roll_back_alias_api_2_0_trackhelm_rollbacks_alias_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollBackAlias"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RolledBackAlias"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    roll_back_stage_api_2_0_trackhelm_rollbacks_stage_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollBackStage"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RolledBackStage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    count_runs_api_2_0_trackhelm_runs_count_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CountRuns"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.CountReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_own_run_api_2_0_trackhelm_runs_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateOwnRun"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RunReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    read_csv_api_2_0_trackhelm_runs_csv_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReadCsv"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    group_runs_api_2_0_trackhelm_runs_groups_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupRuns"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.GroupsReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    read_table_api_2_0_trackhelm_runs_table_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReadTable"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.TableReply"];
                    "application/vnd.apache.arrow.stream": string;
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_series_history_api_2_0_trackhelm_series_history_get: {
        parameters: {
            query: {
                run_id: string;
                key: string;
                label?: string[];
                max_results?: number | null;
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.SeriesHistory"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_series_api_2_0_trackhelm_series_list_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ListSeries"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.SeriesPage"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    capabilities_api_2_0_trackhelm_server_info_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Capabilities"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_service_account_api_2_0_trackhelm_service_accounts_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NamedServiceAccount"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ServiceAccountAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_service_account_api_2_0_trackhelm_service_accounts_delete_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NamedServiceAccount"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_service_accounts_api_2_0_trackhelm_service_accounts_list_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ServiceAccounts"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_session_api_2_0_trackhelm_sessions_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSession"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.CreatedSession"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    end_session_api_2_0_trackhelm_sessions_end_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EndSession"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_sessions_api_2_0_trackhelm_sessions_list_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Sessions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    revoke_session_api_2_0_trackhelm_sessions_revoke_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevokeSession"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_token_api_2_0_trackhelm_tokens_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateToken"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.CreatedToken"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_tokens_api_2_0_trackhelm_tokens_list_get: {
        parameters: {
            query?: {
                service_account?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Tokens"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    revoke_token_api_2_0_trackhelm_tokens_revoke_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevokeToken"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_view_api_2_0_trackhelm_views_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateView"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ViewReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_view_api_2_0_trackhelm_views_delete_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteView"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_view_api_2_0_trackhelm_views_get_get: {
        parameters: {
            query: {
                view_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ViewReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_views_api_2_0_trackhelm_views_list_get: {
        parameters: {
            query: {
                experiment_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ViewsReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_view_api_2_0_trackhelm_views_update_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateView"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ViewReply"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_all_webhooks_api_2_0_trackhelm_webhooks_get: {
        parameters: {
            query?: {
                max_results?: number;
                page_token?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundWebhooks"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_deliveries_api_2_0_trackhelm_webhooks__webhook_id__deliveries_get: {
        parameters: {
            query?: {
                max_results?: number;
                page_token?: string;
                state?: components["schemas"]["DeliveryState"] | null;
            };
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.FoundDeliveries"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    resend_delivery_api_2_0_trackhelm_webhooks__webhook_id__deliveries__delivery_id__resend_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook_id: string;
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_quotas_api_2_0_trackhelm_workspaces_quotas_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetQuotas"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspaceUsageAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    workspace_usage_api_2_0_trackhelm_workspaces_usage_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspaceUsageAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    assign_role_api_3_0_mlflow_roles_assign_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Assign"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.AssignmentAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_role_api_3_0_mlflow_roles_create_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRole"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RoleAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_role_api_3_0_mlflow_roles_delete_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NamedRole"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_role_api_3_0_mlflow_roles_get_get: {
        parameters: {
            query: {
                role_id: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RoleAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_roles_api_3_0_mlflow_roles_list_get: {
        parameters: {
            query?: {
                workspace?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Roles"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    add_role_permission_api_3_0_mlflow_roles_permissions_add_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddPermission"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RolePermissionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_role_permissions_api_3_0_mlflow_roles_permissions_list_get: {
        parameters: {
            query: {
                role_id: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RolePermissions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    remove_role_permission_api_3_0_mlflow_roles_permissions_remove_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NamedPermission"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_role_permission_api_3_0_mlflow_roles_permissions_update_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdatePermission"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RolePermissionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    unassign_role_api_3_0_mlflow_roles_unassign_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Assign"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_role_api_3_0_mlflow_roles_update_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateRole"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.RoleAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_role_users_api_3_0_mlflow_roles_users_list_get: {
        parameters: {
            query: {
                role_id: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Assignments"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    server_info_api_3_0_mlflow_server_info_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ServerInfo"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_current_user_permissions_api_3_0_mlflow_users_current_permissions_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Permissions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_user_permission_api_3_0_mlflow_users_permissions_get_get: {
        parameters: {
            query: {
                username: string;
                resource_type: string;
                resource_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Allowed"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    grant_user_permission_api_3_0_mlflow_users_permissions_grant_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GrantPermission"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_user_permissions_api_3_0_mlflow_users_permissions_list_get: {
        parameters: {
            query: {
                username: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Permissions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    revoke_user_permission_api_3_0_mlflow_users_permissions_revoke_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserPermission"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Empty"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_user_roles_api_3_0_mlflow_users_roles_list_get: {
        parameters: {
            query: {
                username: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Roles"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_user_workspace_permissions_api_3_0_mlflow_workspace_permissions_get: {
        parameters: {
            query: {
                username: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspacePermissions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_workspaces_api_3_0_mlflow_workspaces_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.Workspaces"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    create_workspace_api_3_0_mlflow_workspaces_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWorkspace"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspaceAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    get_workspace_api_3_0_mlflow_workspaces__name__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspaceAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_workspace_api_3_0_mlflow_workspaces__name__delete: {
        parameters: {
            query?: {
                mode?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    update_workspace_api_3_0_mlflow_workspaces__name__patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWorkspace"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspaceAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    list_workspace_permissions_api_3_0_mlflow_workspaces__name__permissions_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspacePermissions"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    set_workspace_permission_api_3_0_mlflow_workspaces__name__permissions_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetWorkspacePermission"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.WorkspacePermissionAnswer"];
                };
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    delete_workspace_permission_api_3_0_mlflow_workspaces__name__permissions_delete: {
        parameters: {
            query: {
                username: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    download_run_artifact_get_artifact_get: {
        parameters: {
            query: {
                run_uuid?: string;
                run_id?: string;
                path: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    health_health_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    download_version_artifact_model_versions_get_artifact_get: {
        parameters: {
            query: {
                name: string;
                version: string;
                path: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    ready_ready_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
    version_version_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Failure, in MLflow's form */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply.ErrorReply"];
                };
            };
        };
    };
}
