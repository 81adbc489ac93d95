"""The server: its addresses, and what is answered at each; errors are JSON, {"error": "a sentence"}."""

import asyncio
import pathlib
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from retrain.data.decoded_pixels import UnusualImageError, pixel_count
from retrain.serving.counts import Counts
from retrain.serving.descriptions import metadata, status
from retrain.serving.rest_form import Asked, RequestError, classified, predicted, read_classify, read_predict
from retrain.serving.served_model import ServedModel, workers
from retrain.serving.waiting_images import Batches, BusyError

PAGE = pathlib.Path(__file__).with_name("page.html")
# With a version or without: there is one, whatever it is called.
MODELS = ("/v1/models/{name}", "/v1/models/{name}/versions/{version:int}")


class Limits(NamedTuple):
    """What a request may be: bytes of its body, pixels of an image."""

    body: int
    pixels: int


class Server:
    """Answers requests about one model, which is called `name`."""

    def __init__(self, model: ServedModel, name: str, limits: Limits):
        self.model, self.name, self.limits = model, name, limits
        self.counts = Counts()
        self._batches = Batches(model.rows)
        self._decoders = ThreadPoolExecutor(workers())

    def app(self) -> Starlette:
        """The application, for any server of ASGI."""
        routes = [
            Route("/", self._page),
            Route("/healthz", self._healthz),
            Route("/metrics", self._metrics),
        ]
        for model in MODELS:
            routes += [
                Route(f"{model}:predict", self._counted("predict", self._predict), methods=["POST"]),
                Route(f"{model}:classify", self._counted("classify", self._classify), methods=["POST"]),
                Route(f"{model}/metadata", self._counted("metadata", self._metadata)),
                Route(model, self._counted("status", self._status)),
            ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(PAGE.read_text("utf-8").replace("MODEL_NAME", self.name))

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _metrics(self, request: Request) -> Response:
        return PlainTextResponse(self.counts.text(), media_type="text/plain; version=0.0.4")

    def _counted(
        self, what: str, answer: Callable[[Request], Awaitable[Any]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """What answers with JSON, is counted, and says in a sentence what is wrong."""

        async def answered(request: Request) -> Response:
            start = time.monotonic()
            response = await self._answer(request, answer)
            self.counts.add(what, response.status_code, time.monotonic() - start)
            return response

        return answered

    async def _answer(self, request: Request, answer: Callable[[Request], Awaitable[Any]]) -> Response:
        try:
            if ":" in request.path_params["name"]:
                raise RequestError(f"{request.method} {request.url.path}: POST was expected.", 405)
            if request.path_params["name"] != self.name:
                raise RequestError(
                    f"There is no model {request.path_params['name']!r} here, but {self.name!r}.", 404
                )
            return JSONResponse(await answer(request))
        except RequestError as error:
            return _error(str(error), error.status)
        except BusyError:
            return _error("Too many images wait to be classified: try again.", 503, {"Retry-After": "1"})

    async def _status(self, request: Request) -> Any:
        return status()

    async def _metadata(self, request: Request) -> Any:
        return metadata(self.name, self.model)

    async def _predict(self, request: Request) -> Any:
        asked = read_predict(await self._body(request), self.model.image_size)
        return predicted(await self._rows(asked), asked, self.model)

    async def _classify(self, request: Request) -> Any:
        return classified(await self._rows(read_classify(await self._body(request))), self.model)

    async def _body(self, request: Request) -> bytes:
        """RequestError of one that is too long, before all of it has come."""
        parts, length = [], 0
        async for part in request.stream():
            parts.append(part)
            length += len(part)
            if length > self.limits.body:
                raise RequestError(f"The request has more than {self.limits.body} bytes.", 413)
        return b"".join(parts)

    async def _rows(self, asked: Asked) -> list[Any]:
        decoded = await asyncio.gather(*(self._decoded(image) for image in asked.images))
        rows = await asyncio.gather(*(self._batches.row(image) for image in decoded))
        self.counts.images += len(rows)
        return rows

    async def _decoded(self, image: Any) -> np.ndarray:
        if not isinstance(image, bytes):
            return image
        return await asyncio.get_running_loop().run_in_executor(self._decoders, self._pixels, image)

    def _pixels(self, contents: bytes) -> np.ndarray:
        try:
            count = pixel_count(contents)
            if count > self.limits.pixels:
                raise RequestError(
                    f"An image of {count} pixels was given, and {self.limits.pixels} are allowed.", 413
                )
            return self.model.decoded(contents)
        except UnusualImageError:
            raise RequestError(
                "A file cannot be decoded: JPEG, PNG, GIF, BMP or WebP was expected."
            ) from None


def _error(sentence: str, status_code: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status_code, headers)


async def _http_error(request: Request, error: HTTPException) -> Response:
    """Of an address that is none, or a method that it does not have."""
    return _error(f"{request.method} {request.url.path}: {error.detail}.", error.status_code, error.headers)
