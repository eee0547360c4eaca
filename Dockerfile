# The action's image: every warehouse driver, under 350 MB (docs/image.md has the sum).
# Plain Dockerfile syntax on purpose: it builds with BuildKit and with the classic builder alike.
# The base is named by digest (a multi-platform index); Dependabot moves it. Build on another one with --build-arg BASE_IMAGE=...
ARG BASE_IMAGE=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

FROM ${BASE_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN apt-get update && apt-get install -y --no-install-recommends binutils
COPY requirements-warehouses.lock /build/
# gRPC is declared by BigQuery's client, which speaks REST and imports it only if it is there: 19 MB for nothing.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-compile --only-binary :all: --require-hashes -r /build/requirements-warehouses.lock \
 && python -m pip --python /opt/venv/bin/python uninstall --yes grpcio grpcio-status
# Out goes what no import reads: symbols of a debugger, tests, sources in C, and the Python source of a module that is
# there as a compiled one (which always wins). Of the rest the bytecode stays and the source goes: an import from bytecode
# alone is as fast, and a traceback still has the file, the function and the line. Our own source stays.
RUN cd /opt/venv/lib \
 && find . -type f \( -name '*.so' -o -name '*.so.*' \) -exec strip --strip-unneeded {} + \
 && find . -depth -type d \( -name test -o -name tests \) -exec rm -r {} + \
 && find . -type f \( -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.proto' -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' \) -delete \
 && find . -type f -name '*.cpython-*.so' | while read -r compiled; do rm -f "${compiled%%.cpython-*}.py"; done \
 && /opt/venv/bin/python -m compileall -q -b . \
 && find . -type f -name '*.py' -delete
COPY rocky_action /app/rocky_action
COPY templates /app/templates
COPY entrypoint.py /app/
# The .pth makes the package importable under `python -I`. Bytecode is compiled here and never checked against the
# source again, so a cold start compiles nothing and writes nothing.
RUN echo /app > "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rocky_preview.pth" \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${BASE_IMAGE} AS system
# Git without Perl and without its second copy of the same binary: what the action asks of git is built into the binary,
# but for the helper that speaks HTTP. dpkg knows the package, so that scanners find it. Nothing is installed after it, so
# what installs goes too: apt, and the base's own Perl, which dpkg's scripts use.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
      $(apt-cache depends git | sed -n 's/^ *Depends: //p' | grep -v -e perl -e git-man) \
 && cd /tmp && apt-get download git \
 && dpkg --force-depends --install \
      --path-exclude='/usr/lib/git-core/*' --path-include='/usr/lib/git-core/git-remote-http*' \
      --path-exclude=/usr/bin/git-shell --path-exclude=/usr/bin/scalar \
      --path-exclude='/usr/share/doc/git/*' --path-include=/usr/share/doc/git/copyright \
      --path-exclude='/usr/share/locale/*' git_*.deb \
 && dpkg --purge --force-depends --force-remove-essential --force-remove-protected \
      apt perl-base $(dpkg-query --show --showformat '${Package} ' 'libapt-pkg*') \
 && rm -rf git_*.deb /var/lib/apt /var/cache/apt /var/cache/debconf/*-old /var/lib/dpkg/*-old
# Python without what installs, documents, draws or tests; the rest as bytecode, which the base does not have, so that a
# cold start compiles nothing. No program here changes its user or group: the copy below gives every file to root.
RUN cd /usr/local/lib/python3.* \
 && rm -rf ensurepip idlelib lib2to3 pydoc_data test tkinter turtledemo turtle.py config-3* lib-dynload/_test* lib-dynload/_tkinter* site-packages/* \
 && find . -type d -name __pycache__ -prune -exec rm -r {} + \
 && python -m compileall -q -b . \
 && find . -type f -name '*.py' -delete \
 && rm -rf /usr/local/include /usr/local/bin/2to3* /usr/local/bin/idle* /usr/local/bin/pip* /usr/local/bin/pydoc* /usr/local/bin/python*-config \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# What was removed from the base is only smaller in an image that does not stand on it.
FROM scratch
ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8
COPY --from=system / /
COPY --from=packages /opt/venv /opt/venv
COPY --from=packages /app /app
# No USER: GitHub's runner expects root, because the workspace and its file commands belong to another user.
# The workspace is the current folder and holds a stranger's files, and the job may set PYTHONPATH: -I keeps both off the
# import path and ignores every PYTHON* variable. -B writes no bytecode, -u delays no line of the log.
ENTRYPOINT ["/opt/venv/bin/python", "-I", "-B", "-u", "/app/entrypoint.py"]
