# Build: everything, to compile. Run: production packages and dist alone, as an unprivileged user.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
# The embedded PostgreSQL is for development; prisma and typescript are optional peers that nothing needs at run time.
RUN npm ci --omit=dev --omit=optional --ignore-scripts \
 && rm -rf node_modules/prisma node_modules/typescript node_modules/@prisma/engines node_modules/@prisma/studio-core node_modules/@gatehouse

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY prisma/migrations prisma/migrations
COPY package.json ./
USER node
EXPOSE 4000
HEALTHCHECK CMD ["node", "-e", "process.env.NODE_TLS_REJECT_UNAUTHORIZED='0';fetch((process.env.TLS_CERT_FILE?'https':'http')+'://127.0.0.1:'+(process.env.PORT||4000)+'/health/live').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# No shell and no npm between the signal and the server: SIGTERM reaches it, and it closes in order.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
