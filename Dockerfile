# The service in production: docs/DEPLOYMENT.md.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv --without-pip /venv
COPY requirements/production.txt /build/
RUN pip --python /venv install --only-binary=:all: --require-hashes -r /build/production.txt
COPY alembic.ini wsgi.py /app/
COPY migrations /app/migrations
COPY packages /app/packages
COPY service /app/service
# Compiled here, as its user may write nothing there.
RUN /venv/bin/python -m compileall -q /app

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app/packages APP_ENV=production HOST=0.0.0.0 PORT=8000
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s \
    CMD ["python", "-m", "service", "--healthcheck"]
# It is a proper first process: it answers to SIGTERM and SIGHUP and reaps its children.
CMD ["python", "-m", "service"]
