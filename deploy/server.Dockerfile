# The image of the server, in which every role of `trackhelm-server` runs. From the root of the repository:
#   docker build --file deploy/server.Dockerfile --tag trackhelm-server .
# docs/operations/images.md explains its arguments, and how two builds come out the same.

# All three are arguments, so that a mirror, another Debian or a digest can be given.
ARG BUILD_IMAGE=docker.io/library/python:3.11-bookworm
ARG SERVER_BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

# The files of the web UI: built here; or, with UI=given, those that `make ui` built before, for a build without npm.
FROM ${NODE_IMAGE} AS ui
ARG UI=build
WORKDIR /source/services/ui
COPY services/trackhelm_core/http /source/services/trackhelm_core/http
COPY services/ui ./
# npm takes no notice of its configuration where the secret is not given.
RUN --mount=type=secret,id=npmrc \
    set -eu; export NPM_CONFIG_USERCONFIG=/run/secrets/npmrc; \
    if [ "$UI" = build ]; then npm ci --no-audit --no-fund; UI_FOLDER=../trackhelm_core/http/web_ui npm run build; fi; \
    test -f ../trackhelm_core/http/web_ui/index.html

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY requirements/constraints.txt requirements/
# The environment has no pip: the one of this stage installs into it.
RUN python3 -m venv --without-pip /opt/trackhelm
COPY pyproject.toml README.md LICENSE ./
COPY services services
COPY --from=ui /source/services/trackhelm_core/http/web_ui services/trackhelm_core/http/web_ui
ARG EXTRAS=[import,kubernetes,otel]
# With the constraints, the tools that build the package are pinned as well. The secret is for a mirror of packages.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    PIP_CONSTRAINT=/source/requirements/constraints.txt \
    python3 -m pip --python /opt/trackhelm/bin/python3 install --no-cache-dir --no-compile ".${EXTRAS}"
# What no role reads: tests of packages, the asynchronous twin of the client of Kubernetes, debugging symbols.
# Compiled files are checked neither by time nor by content, since both are read-only. One process compiles, so that
# the result does not depend on what ran first.
ARG SOURCE_DATE_EPOCH=0
WORKDIR /opt/trackhelm
RUN set -eu; \
    find lib -depth -type d -name tests -exec rm -r {} +; \
    rm -rf lib/python3*/site-packages/kubernetes/aio lib/python3*/site-packages/Crypto/SelfTest; \
    find lib -name '*.so' -not -path '*.libs/*' -exec strip --strip-debug {} +; \
    PYTHONHASHSEED=0 bin/python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash "$PWD/lib"; \
    find . -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +; \
    mkdir -p /made/data

FROM ${SERVER_BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Trackhelm server" \
      org.opencontainers.image.description="Experiment tracking for teams on Kubernetes that speaks the MLflow REST protocol." \
      org.opencontainers.image.source="https://github.com/trackhelm/trackhelm" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /opt/trackhelm /opt/trackhelm
# A volume that is mounted at /data, for the embedded server, belongs to the user by this; nothing else in the image does.
COPY --from=build --chown=10001:10001 /made/ /
ENV PATH=/opt/trackhelm/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# A number, without which Kubernetes cannot tell that it is not root's.
USER 10001:10001
WORKDIR /tmp
# What services and the embedded server listen on in the chart.
EXPOSE 5000
ENTRYPOINT ["trackhelm-server"]
CMD ["--help"]
