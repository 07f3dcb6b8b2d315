"""The named endpoints for ``gradio_client``: ask, receipt, html, clear, export. Nothing is drawn.

They do what ``app/api`` does over plain HTTP; docs/api.md shows both. All other events of the page
stay private.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import gradio as gr
from gradio.components.api_component import Api

from app.api.errors import Refused, refused
from app.api.follow import grown, result
from app.api.jobs_schema import JobName, reply_of
from app.api.programs import SLOT, Asked, Programs, Said, Saving
from app.api.token import knows
from app.clear import Clearing
from app.errors import UploadGone
from app.exports import maker
from app.intake import Upload
from app.run import Run
from history import HistoryError, Turn
from vision.errors import VisionError

SHOWN_S = 0.1  # between two pieces of a reply

_Json = dict[str, Any]
_FILE = gr.FileData.model_json_schema() | {"description": "a file"}
_TEXT: _Json = {"type": "string"}
_FLAG: _Json = {"type": "boolean"}
_FOUND: _Json = {"type": "object", "additionalProperties": {}}


class Endpoints:
    """What programs may call through Gradio."""

    def __init__(self, programs: Programs, clearing: Clearing, uploads: Path, token: str) -> None:
        self._programs = programs
        self._clearing = clearing
        self._uploads = uploads
        self._token = token

    def add_to(self, page: gr.Blocks) -> None:
        """Add the endpoints to a page that is built."""
        several = {"type": "array", "items": _FILE, "$defs": _FILE["$defs"]}
        takes: Mapping[Callable[..., Any], Sequence[tuple[_Json, Any]]] = {
            self.ask: [(_TEXT, None), (several, []), (_FLAG, False), (_TEXT, "")],
            self.receipt: [(_FILE, None), (_FLAG, False)],
            self.html: [(_FILE, None), (_FLAG, False)],
            self.clear: [(_TEXT, "light"), (_FLAG, False)],
            self.export: [(_TEXT, "everything.zip"), (_FLAG, False)],
        }
        for event in page.fns.values():
            # A private event needs no name, and some have one of these: their handler's.
            event.api_name = f"page_{event.api_name}"
        with page:
            for fn, inputs in takes.items():
                self._add(fn, inputs, _FILE if fn == self.export else _FOUND)

    def _add(
        self, fn: Callable[..., Any], inputs: Sequence[tuple[_Json, Any]], output: _Json
    ) -> None:
        gr.Button(visible=False).click(
            fn,
            [_sent(default, info, self._uploads) for info, default in inputs],
            _sent(None, output, self._uploads),
            api_name=fn.__name__,
            preprocess=False,
            postprocess=False,
            concurrency_limit=None,
            show_progress="hidden",
        )

    async def ask(
        self,
        prompt: str,
        pictures: list[_Json],
        save: bool,
        conversation: str,
        request: gr.Request,
    ) -> AsyncIterator[_Json]:
        """Reply to a prompt about pictures; ``save`` keeps it in history, to be gone on with.

        Gives ``reply`` as it grows, then also ``finish_reason``, ``engine``, ``conversation``.
        """
        saving = Saving(save or bool(conversation), conversation or None)
        said = await self._said(request, prompt, pictures)
        run = await self._taken(Asked((said,), saving=saving))
        async for text in _growing(run):
            yield {"reply": text}
        turn = _result(run)
        yield {
            "reply": turn.reply,
            "finish_reason": turn.finish_reason,
            "engine": turn.engine,
            "conversation": "" if run.terms.prompt else run.conversation_id,
        }

    async def receipt(
        self, picture: _Json, save: bool, request: gr.Request
    ) -> AsyncIterator[_Json]:
        """Read a receipt: the last is what ``POST /v1/jobs/receipt`` answers."""
        async for reply in self._job(request, "receipt", picture, save):
            yield reply

    async def html(self, picture: _Json, save: bool, request: gr.Request) -> AsyncIterator[_Json]:
        """Turn a screenshot into HTML: the last is what ``POST /v1/jobs/html`` answers."""
        async for reply in self._job(request, "html", picture, save):
            yield reply

    async def clear(self, level: str, confirmed: bool, request: gr.Request) -> _Json:
        """Give memory back, and say how much. Levels: light, medium, deep (``confirmed``), unload.

        Light is the KV cache of what programs asked; no conversation of the page is touched.
        """
        self._admit(request)
        if level not in self._clearing.levels():
            raise gr.Error(f"There is no level '{level}'.", print_exception=False)
        with _told():
            asked = self._clearing.start(level, SLOT, confirmed=confirmed)
            # Shielded: a client that left ends this, not the clear.
            return (await asyncio.shield(asyncio.wrap_future(asked))).record()

    def export(self, name: str, metadata: bool, request: gr.Request) -> _Json:
        """Return history as a file: everything.zip, receipts.xlsx, or a conversation's id and .md.

        Of conversations there are zip, json, md and html; ``metadata`` leaves in pictures where and
        when they were taken.
        """
        self._admit(request)
        what, _, kind = name.rpartition(".")
        with _told():
            # Nothing that a program sends was checked: "false" is not to let it out.
            whole = metadata is True
            make = maker(self._programs.assistant.store, what, kind, metadata=whole)
            if make is None:
                raise gr.Error(f"There is no export '{name}'.", print_exception=False)
            path = self._uploads / uuid4().hex / Path(name).name
            path.parent.mkdir(parents=True)
            make(path)
        return gr.FileData(path=str(path), orig_name=path.name).model_dump()

    async def _job(
        self, request: gr.Request, job: JobName, picture: _Json, save: bool
    ) -> AsyncIterator[_Json]:
        said = await self._said(request, "", [picture])
        run = await self._taken(Asked((said,), job, saving=Saving(save)))
        async for text in _growing(run):
            yield {"text": text}
        decoder = self._programs.assistant.decoder
        reply = await asyncio.to_thread(reply_of, job, _result(run), said.pictures, decoder)
        yield reply.model_dump(mode="json")

    async def _said(self, request: gr.Request, prompt: str, pictures: Sequence[_Json]) -> Said:
        self._admit(request)

        def read() -> Said:
            return Said("user", str(prompt), tuple(map(self._upload, pictures)))

        with _told():
            return await asyncio.to_thread(read)

    async def _taken(self, asked: Asked) -> Run:
        with _told():
            return await asyncio.to_thread(self._programs.take, asked)

    def _upload(self, file: object) -> Upload:
        # Nothing that a program sends was checked by Gradio.
        given = file if isinstance(file, dict) else {}
        name = Path(str(given.get("orig_name") or "picture")).name
        try:
            return Upload(name, _within(self._uploads, given.get("path")).read_bytes())
        except OSError as error:
            raise UploadGone(name=name) from error

    def _admit(self, request: gr.Request) -> None:
        if not (request.request and knows(request.request.headers, self._token)):
            raise gr.Error("Send the token of this server.", print_exception=False)


def _sent(value: Any, api_info: _Json, uploads: Path) -> Api:
    """Return a value that a program sends or gets; of files, only what was uploaded or made here.

    Gradio 6.31 would fetch an address that is given as a file's path, and, mounted, take any
    path there is (``processing_utils._check_allowed`` asks ``has_launched``).
    """

    async def within(path: object) -> str:
        return str(_within(uploads, path))

    sent = Api(value, api_info, label="file" if api_info is _FILE else "reply")
    # Not by a subclass, beside which Gradio would write a .pyi file.
    sent.async_move_resource_to_block_cache = within  # type: ignore[method-assign,assignment]
    return sent


def _within(uploads: Path, path: object) -> Path:
    """Return an uploaded file's path. Raise ``gr.Error`` for whatever else was given."""
    if isinstance(path, str) and (file := Path(path).resolve()).is_relative_to(uploads.resolve()):
        return file
    raise gr.Error("Upload the picture: handle_file(…).", print_exception=False)


async def _growing(run: Run) -> AsyncIterator[str]:
    """Yield a reply as far as it has come, not oftener than is of use."""
    text, shown = "", 0.0
    async for piece in grown(run, beat_s=1.0):
        text += piece
        if monotonic() - shown > SHOWN_S:
            shown = monotonic()
            yield text


def _result(run: Run) -> Turn:
    with _told():
        return result(run)


@contextmanager
def _told() -> Iterator[None]:
    """Turn an expected error into a message for the client. Others pass, and are bugs."""
    try:
        yield
    except (VisionError, HistoryError) as error:
        raise gr.Error(str(refused(error)), print_exception=False) from error
    except Refused as error:
        raise gr.Error(str(error), print_exception=False) from error
