# The action's image. Plain Dockerfile syntax on purpose: it builds with BuildKit and with the classic builder alike.
# The base is named by digest (a multi-platform index); Dependabot moves it. Build on another one with --build-arg BASE_IMAGE=...
ARG BASE_IMAGE=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

FROM ${BASE_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock /build/
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-compile --only-binary :all: --require-hashes -r /build/requirements.lock
COPY rocky_action /app/rocky_action
COPY templates /app/templates
COPY entrypoint.py /app/
# The .pth makes the package importable under `python -I`. Bytecode is compiled here and never checked against the
# source again, so a cold start compiles nothing and writes nothing.
RUN echo /app > "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rocky_preview.pth" \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib /app

FROM ${BASE_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/*
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /app /app
# No USER: GitHub's runner expects root, because the workspace and its file commands belong to another user.
# The workspace is the current folder and holds a stranger's files, and the job may set PYTHONPATH: -I keeps both off the
# import path and ignores every PYTHON* variable. -B writes no bytecode, -u delays no line of the log.
ENTRYPOINT ["/opt/venv/bin/python", "-I", "-B", "-u", "/app/entrypoint.py"]
