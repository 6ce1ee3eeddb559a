# The monthly job in a container: only what a run needs, by a user without rights. docs/operations.md says how to use it.
# Packages come by hash from requirements.txt; from wheelhouse/ where `make wheelhouse` has filled it, and with
# --build-arg PIP_NO_INDEX=1 from nowhere else.
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS packages
ARG PIP_NO_INDEX
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# The lock is named first: without a wheelhouse/ there is nothing else to copy.
COPY requirements.txt wheelhouse* /wheelhouse/
RUN python -m pip download --require-hashes --no-deps --only-binary=:all: --find-links /wheelhouse --dest /wheels \
        -r /wheelhouse/requirements.txt
COPY pyproject.toml README.md ./
COPY src src
COPY schemas schemas
COPY flows flows
RUN python -m pip install --no-index --find-links /wheels hatchling \
    && python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels .
# Of the packages, which are all of the lock, those that the program declares and what these need.
RUN python -m venv /opt/efficiency \
    && /opt/efficiency/bin/python -m pip install --no-index --find-links /wheels efficiency \
    && /opt/efficiency/bin/python -m compileall -q /opt/efficiency/lib

FROM ${PYTHON}
RUN useradd --uid 10001 --user-group --create-home efficiency \
    && install --directory --owner efficiency --group efficiency /zone
COPY --from=packages /opt/efficiency /opt/efficiency
ENV PATH=/opt/efficiency/bin:$PATH LANG=C.UTF-8 TZ=Asia/Shanghai PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
# inbox/, warehouse/, output/ and efficiency.toml of a zone.
WORKDIR /zone
VOLUME /zone
ENTRYPOINT ["efficiency"]
CMD ["--help"]
