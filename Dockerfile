# One image for agent and collector: `docker run IMAGE agent`, `docker run IMAGE collector`.
FROM node:24.19.0-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY agent agent
COPY collector collector
COPY shared shared
COPY cli cli
RUN npm run build

FROM node:24.19.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:24.19.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /src/dist dist
COPY package.json LICENSE ./
COPY bin bin
COPY examples examples
# State is kept below /var/lib/truant; reading an audit log of mode 0600 needs the agent to be given root by its pod.
RUN install -d -o node -g node /var/lib/truant
VOLUME /var/lib/truant
USER 1000:1000
EXPOSE 7117
ENTRYPOINT ["node", "/app/bin/truant.js"]
CMD ["--help"]
