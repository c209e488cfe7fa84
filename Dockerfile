# The app in a container: CPU torch, no root, nothing written but to /tmp. Steps and settings: docs/hosting.md.
#
#   docker build -t colorizer . && docker run --read-only --tmpfs /tmp -p 8501:8501 colorizer
#
# Behind a mirror, name its indexes: --build-arg TORCH_INDEX=... --build-arg PYPI_INDEX=...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG PYPI_INDEX=https://pypi.org/simple
RUN apt-get update && apt-get install --yes --no-install-recommends binutils && python3 -m venv /opt/colorizer
ENV PATH=/opt/colorizer/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
# torch by itself and first, from its own index, which has the CPU's wheels alone (or a GPU's: .../whl/cu126); what
# follows finds it there and adds what it depends on.
COPY requirements.txt hosting/requirements-app.txt hosting/slim_packages.py /tmp/
RUN pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' /tmp/requirements.txt)" \
 && pip install --index-url "$PYPI_INDEX" torch -r /tmp/requirements-app.txt -c /tmp/requirements.txt \
 && python /tmp/slim_packages.py

FROM ${PYTHON_IMAGE}
RUN useradd --uid 1000 --create-home --home-dir /tmp/home colorizer
COPY --from=packages /opt/colorizer /opt/colorizer
ENV PATH=/opt/colorizer/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none
WORKDIR /app
COPY .streamlit .streamlit
COPY app.py ./
COPY colorizer colorizer
COPY pages pages
COPY recipes recipes
COPY weights weights
USER 1000
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python3", "-c", \
    "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['STREAMLIT_SERVER_PORT']}/_stcore/health\", timeout=4)"]
CMD ["streamlit", "run", "app.py"]
