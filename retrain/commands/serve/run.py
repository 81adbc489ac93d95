"""`python -m retrain serve`: answers requests until it is stopped, and those first that have begun."""

import contextlib

import uvicorn
from absl import logging

from retrain.commands.serve.check import ServePlan
from retrain.serving.app import Server
from retrain.serving.connections import BACKLOG, Connection
from retrain.serving.served_model import ServedModel

GRACE = 10  # seconds for requests that have begun
MEGA = 10**6


def run(plan: ServePlan) -> int:
    """The exit status: 0 when it was asked to stop."""
    server = uvicorn.Server(server_config(plan))
    # An interruption is raised again by uvicorn when all is answered.
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if server.started:
        logging.info("Stopped: what had begun is answered.")
    return 0 if server.started else 1


def server_config(plan: ServePlan) -> uvicorn.Config:
    """What is served, and where."""
    settings = plan.config.serving
    model = ServedModel(plan.export, plan.litert, plan.config.data.max_image_megapixels)
    server = Server(model, settings.model_name, int(settings.max_request_mb * MEGA))
    engine, export = ("LiteRT", plan.litert) if plan.litert else ("TensorFlow", plan.export)
    logging.info("Serving %s (%s) at http://%s:%d", export, engine, settings.host, settings.port)
    return uvicorn.Config(
        server.app(),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=GRACE,
        backlog=BACKLOG,
        http=Connection,
        ws="none",
    )
