# Neurarium in one image: docker build -t neurarium . && docker run -p 8000:8000 -v neurarium:/data neurarium

# The wheel's build hook brings Node as a Python package: no second base image is needed.
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY static static
COPY templates templates
COPY engine engine
COPY server server
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.12-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --no-index --find-links /wheels neurarium
RUN useradd --create-home --uid 10001 neurarium \
    && install --directory --owner neurarium /data /var/cache/neurarium
USER neurarium
WORKDIR /home/neurarium
ENV NEURARIUM_CACHE_DIR=/var/cache/neurarium \
    NEURARIUM_DATA_DIR=/data \
    NEURARIUM_HOST=0.0.0.0

# Compiled once here for every class of processor, so that the first start is a warm one anywhere.
RUN set -eu; \
    case "$(uname -m)" in x86_64) tiers="avx512 avx2 baseline" ;; *) tiers="native" ;; esac; \
    for tier in $tiers; do NEURARIUM_TIER="$tier" python -m engine.kernels.warm; done

VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["neurarium", "--no-browser"]
