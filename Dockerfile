# Node 24 is the LTS release; the digest is that of 24.21.0 for every platform, so that two builds are of the same bytes.
# `docker buildx imagetools inspect node:24-bookworm-slim` prints the digest of a newer one.
ARG NODE=node:24.21.0-bookworm-slim@sha256:2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553

# Everything, to compile; then what the server loads of it, as a folder.
FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
# No install script is needed: the one package that needs its own is the PostgreSQL for development.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && node scripts/image.mjs /image

FROM ${NODE}
# The server starts no other program: without npm and its like there is nothing to update and nothing to misuse.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /image ./
# By number, so that Kubernetes can tell that it is not root. Any other number works, as does a read-only root.
USER 1000:1000
EXPOSE 4000
HEALTHCHECK CMD ["node", "-e", "process.env.NODE_TLS_REJECT_UNAUTHORIZED='0';fetch((process.env.TLS_CERT_FILE?'https':'http')+'://127.0.0.1:'+(process.env.PORT||4000)+'/health/live').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# No shell and no npm between the signal and the server: SIGTERM reaches it, and it closes in order.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
