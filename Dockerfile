# One image for every process; its command says which one it is. docs/deploying.md
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS built
WORKDIR /opt/signaltape
COPY requirements-run.lock ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r requirements-run.lock

FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
RUN useradd --system --uid 10001 --home-dir /var/lib/signaltape signaltape \
    && install -d -o signaltape -g signaltape -m 0770 /var/lib/signaltape
WORKDIR /opt/signaltape
COPY --from=built /opt/signaltape/.venv .venv
COPY . .
ENV PATH=/opt/signaltape/.venv/bin:$PATH PYTHONPATH=/opt/signaltape/producer:/opt/signaltape \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp \
    SIGNALTAPE_HOME=/var/lib/signaltape SIGNALTAPE_DATA=/var/lib/signaltape
USER signaltape
CMD ["python", "-m", "worker"]
