# One image for the worker, the API and Temporal's development server. Its build steps are the scripts that a machine without containers runs.
# What runs is compiled: from TypeScript source each start would take most of a second longer. Which environment it is for is said where it runs (APP_ENV).
# The C library has to be glibc: Temporal's worker, onnxruntime and LightGBM have no binaries for Alpine's.
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY scripts/install_tools.sh scripts/install_tools.sh
COPY scripts/tools scripts/tools
RUN scripts/install_tools.sh temporal lightgbm

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/install_modules.sh scripts/install_modules.sh
RUN scripts/install_modules.sh
COPY . .
RUN npm run build && npm prune --omit=dev && scripts/prune_platforms.sh

FROM ${NODE_IMAGE}
WORKDIR /app
COPY scripts/install_tools.sh scripts/install_tools.sh
RUN scripts/install_tools.sh libgomp && rm -rf /var/lib/apt/lists/*
COPY --from=tools /app/.tools .tools
COPY --from=build /app .
RUN mkdir -p data mlruns logs && chown node:node data mlruns logs
ENV NODE_ENV=production \
    PATH=/app/bin:/app/.tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER node
EXPOSE 3000 8080
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["worker"]
