# The image of the gateway: nginx, with the files of the web UI. The chart gives it the configuration that
# `trackhelm-server gateway-config` writes. From the root of the repository, after the server's image:
#   docker build --file deploy/gateway.Dockerfile --build-arg SERVER_IMAGE=trackhelm-server --tag trackhelm-gateway .

# Any nginx from 1.28 with a shell. The server of the same version brings the files of the web UI.
ARG GATEWAY_BASE_IMAGE=docker.io/library/nginx:1.31-alpine-slim
ARG SERVER_IMAGE=ghcr.io/trackhelm/trackhelm-server:0.1.0

FROM ${SERVER_IMAGE} AS server

FROM ${GATEWAY_BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=""
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Trackhelm gateway" \
      org.opencontainers.image.description="nginx as the one address of Trackhelm's services, with the web UI." \
      org.opencontainers.image.source="https://github.com/trackhelm/trackhelm" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=server /opt/trackhelm/lib/python3*/site-packages/trackhelm_core/http/web_ui /usr/share/trackhelm/ui
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
# The base's own entrypoint would write to the image, which is read-only.
ENTRYPOINT []
CMD ["nginx", "-e", "stderr", "-c", "/run/gateway/nginx.conf"]
