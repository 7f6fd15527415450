FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/parley
COPY requirements.lock /src/
RUN /opt/parley/bin/pip install --quiet --require-hashes --requirement /src/requirements.lock
COPY pyproject.toml README.md /src/
COPY bot /src/bot
# The build tools were needed to install Parley itself, and are not needed to run it.
RUN /opt/parley/bin/pip install --quiet --no-deps --no-build-isolation /src \
 && /opt/parley/bin/pip uninstall --quiet --yes hatchling editables trove-classifiers pathspec pip \
 && /opt/parley/bin/python -m compileall -q /opt/parley/lib

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin parley \
 && mkdir /data && chown parley:parley /data
COPY --from=build /opt/parley /opt/parley
COPY config.toml /etc/parley/config.toml
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    PARLEY_CONFIG=/etc/parley/config.toml PARLEY_DATA=/data
USER parley
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["parley", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["parley"]
CMD ["run"]
