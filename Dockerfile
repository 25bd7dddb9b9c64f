# The one image of every Shopkeeper process: `docker run … shopkeeper:0.1.0 worker intent`.

FROM python:3.12.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN apt-get update && apt-get install -y --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/* && python -m venv --without-pip /opt/shopkeeper
# Dependencies first: they change seldom, and this layer is the large one.
COPY requirements.lock deploy/requirements-build.lock deploy/prune.py ./
# The base image's pip serves: `pip --python /opt/shopkeeper/bin/python install` adds to it.
RUN pip --python /opt/shopkeeper/bin/python install --no-compile --require-hashes -r requirements.lock \
    && /opt/shopkeeper/bin/python prune.py \
    && pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY services ./services
COPY shared ./shared
COPY schemas ./schemas
COPY models ./models
COPY apps ./apps
COPY client ./client
# The lock has every dependency already; the build tool comes from a lock as well.
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /build/dist . \
    && pip --python /opt/shopkeeper/bin/python install --no-deps --no-index /build/dist/shopkeeper-*.whl

FROM python:3.12.12-slim-bookworm
RUN groupadd --gid 10001 shopkeeper \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin shopkeeper
COPY --from=build /opt/shopkeeper /opt/shopkeeper
# The recommender compiles its loops at start, about 10 s; a restart finds them here again.
ENV PATH=/opt/shopkeeper/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/tmp/compiled
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
ENTRYPOINT ["shopkeeper"]
CMD ["--help"]
