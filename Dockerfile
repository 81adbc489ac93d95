# A classifier behind HTTP: docker build -t retrain . && docker run -p 8501:8501 -v $PWD/RUN/export:/export:ro retrain
FROM python:3.11-slim AS build
COPY . /source
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir '/source[serve]'

FROM python:3.11-slim
COPY --from=build /venv /venv
# By number, for an orchestrator that admits none who may be root.
RUN useradd --create-home --uid 1000 retrain
USER 1000
ENV PATH=/venv/bin:$PATH
EXPOSE 8501
# At the port that the command names, the last of them if there are several.
HEALTHCHECK CMD port=$(tr '\0=' '\n\n' < /proc/1/cmdline | sed -n '/^--*port$/{n;p}' | tail -n 1) && \
    python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:${port:-8501}/healthz')"
# What is served is read from the volume; one container trusts whoever reaches its port.
ENTRYPOINT ["python", "-m", "retrain", "serve", "--host=0.0.0.0"]
CMD ["--tfhub_module=/export/saved_model"]
