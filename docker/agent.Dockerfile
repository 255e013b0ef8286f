# syntax=docker/dockerfile:1
# Builds the static Linux agent; running the image puts it and its install script into $INFINIBAY_BASE_DIR.
# Build from the project's root: docker build -f docker/agent.Dockerfile .
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY infiniservice infiniservice
COPY scripts/build-agent.sh scripts/build-agent.sh
RUN bash scripts/build-agent.sh --publish-to /out

FROM debian:bookworm-slim
ENV INFINIBAY_BASE_DIR=/opt/infinibay
COPY --from=build /out /out
# The same uid as the apps' user (node), so that the distribution app may add other artifacts beside these.
RUN install -d -o 1000 -g 1000 -m 0750 /opt/infinibay
USER 1000:1000
CMD ["sh", "-c", "cp -R /out/. \"$INFINIBAY_BASE_DIR/\""]
