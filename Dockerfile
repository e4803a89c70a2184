# The service as an image: what its pages load comes from npm in a first stage, the service is built in a second, and run
# in another that has no build tools, by a user who owns nothing in it.
# docs/compose.md says how it is run; no Docker engine has built it (docs/decisions/0036).
FROM node:24-slim AS pages
WORKDIR /build
COPY api ./api
RUN npm ci --prefix api/console --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/kiteline
ENV PATH="/opt/kiteline/bin:$PATH" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.image.lock ./
RUN pip install --require-hashes --requirement requirements.image.lock
COPY pyproject.toml ./
COPY domain ./domain
COPY projections ./projections
COPY consumers ./consumers
COPY api ./api
COPY infra ./infra
RUN pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN groupadd --gid 10001 kiteline \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/kiteline --shell /usr/sbin/nologin kiteline \
    && install --directory --owner kiteline --group kiteline --mode 0700 /var/lib/kiteline /var/lib/kiteline-erasures
COPY --from=build /opt/kiteline /opt/kiteline
COPY --from=pages /build/api/console/node_modules/htmx.org/dist/htmx.min.js \
    /opt/kiteline/console/node_modules/htmx.org/dist/htmx.min.js
COPY --from=pages /build/api/console/node_modules/echarts/dist/echarts.min.js \
    /opt/kiteline/console/node_modules/echarts/dist/echarts.min.js
ENV PATH="/opt/kiteline/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    KITELINE_HOME=/var/lib/kiteline KITELINE_HOST=0.0.0.0 KITELINE_PORT=8080
WORKDIR /var/lib/kiteline
USER 10001:10001
VOLUME ["/var/lib/kiteline", "/var/lib/kiteline-erasures"]
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["kiteline"]
CMD ["serve"]
