"""From a config to the objects that own state, each made once."""

from dataclasses import replace
from pathlib import Path

from app.assistant import Assistant
from app.config import Config, folder
from app.engines import Candidate, candidates, load_first
from history import Store
from vision.engine import Engine
from vision.images import Decoder, Limits
from vision.settings import Kind


def decoder_for(config: Config) -> Decoder:
    """Build the decoder of pictures, with the limit that ``config`` sets."""
    return Decoder(Limits(max_bytes=config.server.max_upload_mib * 1024 * 1024))


def engine_for(config: Config, decoder: Decoder) -> Engine:
    """Load the engine that ``config`` describes. Raise ``VisionError``: why there is none."""
    engine, reasons = load_first(candidates(config.engine, decoder, folder(config.tmp.root)))
    if engine is None:
        raise reasons[-1]
    return engine


def schema_for(config: Config) -> str:
    """Return the user's own JSON schema for receipts; "" for none. Raise ``ConfigError``."""
    if not config.receipt.schema:
        return ""
    # Imported late: what reads a schema, few start with.
    from app.jobs.receipt_custom import load_schema

    return load_schema(Path(config.receipt.schema))


def assistant_for(config: Config) -> Assistant:
    """Build the assistant that ``config`` describes; its engine is not loaded yet.

    Raise ``ConfigError`` for a schema that cannot be used.
    """
    decoder = decoder_for(config)
    choice = candidates(config.engine, decoder, folder(config.tmp.root))
    store = Store(folder(config.history.root))

    def others(kind: Kind, model: str) -> list[Candidate]:
        settings = replace(config.engine, kind=kind, model=model or config.engine.model)
        return candidates(settings, decoder, folder(config.tmp.root))

    return Assistant(choice, store, decoder, config.sampling, schema_for(config), others)
