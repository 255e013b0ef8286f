# syntax=docker/dockerfile:1
# One image for distribution, gateway, console and the migration; the command chooses which.
# Build from the project's root: docker build -f docker/suite.Dockerfile --target app .
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/protocol/package.json libs/protocol/package.json
RUN npm ci --loglevel=error
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY apps apps
COPY libs libs
RUN npx nest build standalone && npm prune --omit=dev --loglevel=error

FROM node:24-bookworm-slim AS app
ENV NODE_ENV=production INFINIBAY_BASE_DIR=/opt/infinibay
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# The shared folder is made here so that a fresh volume inherits its owner.
RUN install -d -o 1000 -g 1000 -m 0750 /opt/infinibay
USER 1000:1000
# APP_PORT is the port whose /healthz answers; each service of compose.yml sets it beside its command.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.APP_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/apps/console/main.js"]

# The media generator writes ISO 9660 images with xorriso, FAT images with mtools and boot loaders with GRUB.
FROM app AS media
USER 0:0
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    dosfstools grub-common grub-efi-amd64-bin grub-pc-bin mtools xorriso \
  && rm -rf /var/lib/apt/lists/*
USER 1000:1000
CMD ["node", "dist/apps/media/main.js"]
