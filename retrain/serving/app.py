"""The server: its addresses, and what is answered at each; errors are JSON, {"error": "a sentence"}."""

import asyncio
import pathlib
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from retrain.data.decoded_pixels import UnusualImageError
from retrain.data.no_image import NoImageError, RefusedImageError
from retrain.serving.connections import PATIENCE
from retrain.serving.counts import Counts
from retrain.serving.descriptions import VERSION, metadata, status
from retrain.serving.rest_form import Asked, RequestError, classified, predicted, read_classify, read_predict
from retrain.serving.served_model import ServedModel, workers
from retrain.serving.waiting_images import MOST_WAITING, Batches, BusyError

MOST_HELD = 2**29  # bytes of all requests that are coming
PAGE = pathlib.Path(__file__).with_name("page.html")
# With a version or without: there is one.
ASKED_BY_POST = ("predict", "classify")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MODELS = ("/v1/models/{name}", "/v1/models/{name}/versions/{version:int}")


class Server:
    """Answers requests about one model, which is called `name`, of at most so many bytes."""

    def __init__(self, model: ServedModel, name: str, most_bytes: int):
        self.model, self.name, self.most_bytes = model, name, most_bytes
        self.counts = Counts()
        self._batches = Batches(model.rows)
        self._decoders = ThreadPoolExecutor(workers())
        self._held = 0  # bytes of requests that have not come as a whole

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
                Route(f"{model}:{{what}}", self._counted("other", self._other), methods=METHODS),
                Route(f"{model}/metadata", self._counted("metadata", self._metadata)),
                Route(model, self._counted("status", self._status)),
            ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._http_error})

    async def _page(self, request: Request) -> Response:
        page = PAGE.read_text("utf-8").replace("MODEL_NAME", self.name)
        return HTMLResponse(page.replace("THRESHOLD", str(self.model.threshold or 0)))

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
            self._check_address(**request.path_params)
            return JSONResponse(await answer(request))
        except RequestError as error:
            return _error(str(error), error.status, error.headers)
        except BusyError:
            return _error("Too many images wait to be classified: try again.", 503, {"Retry-After": "1"})
        except asyncio.CancelledError:  # the server ends, and has waited for this answer
            return _error("The server is stopping: ask another, or again later.", 503)

    def _check_address(self, name: str, version: int = VERSION, what: str = "") -> None:
        if name != self.name:
            raise RequestError(f"There is no model {name!a} here, but {self.name!r}.", 404)
        if version != VERSION:
            raise RequestError(f"There is no version {version} of {name!r}, but {VERSION}.", 404)

    async def _other(self, request: Request) -> Any:
        """What a model does not do, or is asked in another way."""
        what = request.path_params["what"]
        if what in ASKED_BY_POST:
            raise RequestError(_expected(request, "POST"), 405, {"Allow": "POST"})
        known = " and ".join(f":{known}" for known in ASKED_BY_POST)
        raise RequestError(f"There is no {':' + what!a} of {self.name!r}, but {known}.", 404)

    async def _status(self, request: Request) -> Any:
        return status()

    async def _metadata(self, request: Request) -> Any:
        return metadata(self.name, self.model)

    async def _predict(self, request: Request) -> Any:
        asked = await self._read(read_predict, await self._body(request), self.model.image_size)
        return predicted(await self._rows(asked), asked, self.model)

    async def _classify(self, request: Request) -> Any:
        asked = await self._read(read_classify, await self._body(request))
        return classified(await self._rows(asked), self.model)

    async def _read(self, read: Callable[..., Asked], *given: Any) -> Asked:
        """Elsewhere: a long request takes a second, in which others would not be answered."""
        asked = await asyncio.get_running_loop().run_in_executor(self._decoders, read, *given)
        if len(asked.images) > MOST_WAITING:
            raise RequestError(f"The request has {len(asked.images)} images, more than {MOST_WAITING}.", 413)
        return asked

    async def _body(self, request: Request) -> bytes:
        """RequestError of one that is too long, before all of it has come, or does not come in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._body_in_time(request)
        except ClientDisconnect:
            raise RequestError("The request ended before its end.") from None
        except TimeoutError:
            raise RequestError(f"The request did not come within {PATIENCE:g} seconds.", 408) from None

    async def _body_in_time(self, request: Request) -> bytes:
        parts, length = [], 0
        try:
            async for part in request.stream():
                parts.append(part)
                length += len(part)
                self._held += len(part)
                if length > self.most_bytes:
                    raise RequestError(f"The request has more than {self.most_bytes} bytes.", 413)
                if self._held > MOST_HELD:
                    raise BusyError
            return b"".join(parts)
        finally:
            self._held -= length

    async def _rows(self, asked: Asked) -> list[Any]:
        decoded = await asyncio.gather(*(self._decoded(image) for image in asked.images))
        rows = await asyncio.gather(*(self._batches.row(image) for image in decoded))
        self.counts.images += len(rows)
        return rows

    async def _decoded(self, image: Any) -> np.ndarray:
        if not isinstance(image, bytes):
            return image
        return await asyncio.get_running_loop().run_in_executor(self._decoders, self._pixels, image)

    async def _http_error(self, request: Request, error: HTTPException) -> Response:
        """Of an address that is none, or a method that it does not have."""
        sentence = f"There is nothing at {request.url.path}, but at /v1/models/{self.name}:predict and such."
        if allowed := (error.headers or {}).get("Allow"):
            sentence = _expected(request, " or ".join(sorted(allowed.split(", "))))
        return _error(sentence, error.status_code, error.headers)

    def _pixels(self, contents: bytes) -> np.ndarray:
        try:
            return self.model.decoded(contents)
        except RefusedImageError as error:
            raise RequestError(f"An image is not decoded: {error}.", 413) from None
        except (NoImageError, UnusualImageError):
            raise RequestError(
                "The file cannot be decoded: JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or PNM was expected."
            ) from None


def _error(sentence: str, status_code: int, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status_code, headers)


def _expected(request: Request, methods: str) -> str:
    return f"{request.method} {request.url.path}: {methods} was expected."
