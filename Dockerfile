# Second Look in a container, for people who sign in. It runs as a user without rights, on a root
# that may be read-only; what it keeps is in two volumes.
#
#   docker build -t second-look .                            for the CPU
#   docker build -t second-look --target cuda .        for NVIDIA cards: docker run --gpus all
#
#   docker run --rm -it -v second-look:/data second-look password NAME      who may sign in; first
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#       -p 127.0.0.1:7860:7860 -v second-look:/data -v models:/models second-look
#
# Where Docker does not run, scripts/check_container builds it and tries what stands here.

FROM debian:bookworm-slim AS base
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates chromium fonts-dejavu-core fonts-noto-cjk libatomic1 python3 python3-venv tini \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock requirements-cuda.lock pyproject.toml /opt/second-look/
COPY scripts/install scripts/which_torch.py /opt/second-look/scripts/
RUN useradd --uid 10001 --no-create-home --home-dir /data look \
    && install -d -o look /data /models
ENV PATH=/opt/second-look/.venv/bin:$PATH \
    PYTHONPATH=/opt/second-look \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HOME=/models \
    SECOND_LOOK_CHROMIUM_SANDBOX=off \
    MPLCONFIGDIR=/tmp/matplotlib
# Here lie history, tmp, presets.json, users.json, and config.toml if there is one.
WORKDIR /data
VOLUME ["/data", "/models"]
EXPOSE 7860
HEALTHCHECK --start-period=2m CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/healthz', timeout=5)"]
ENTRYPOINT ["tini", "--", "python", "-m", "app"]
CMD ["--host", "0.0.0.0", "--no-browser"]

FROM base AS code
COPY app /code/app
COPY vision /code/vision
COPY history /code/history
RUN python3 -m compileall -q /code

FROM base AS cuda
RUN PIP_NO_CACHE_DIR=1 /opt/second-look/scripts/install packages
COPY --from=code /code /opt/second-look
USER 10001

FROM base AS cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN PIP_EXTRA_INDEX_URL=$TORCH_INDEX PIP_NO_CACHE_DIR=1 /opt/second-look/scripts/install packages
COPY --from=code /code /opt/second-look
USER 10001
