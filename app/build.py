"""From a config to the objects that own state, each made once."""

from app.assistant import Assistant
from app.config import Config, folder
from app.engines import candidates
from history import Store
from vision.images import Decoder, Limits


def assistant_for(config: Config) -> Assistant:
    """Build the assistant that ``config`` describes; its engine is not loaded yet."""
    decoder = Decoder(Limits(max_bytes=config.server.max_upload_mib * 1024 * 1024))
    choice = candidates(config.engine, decoder, folder(config.tmp.root))
    return Assistant(choice, Store(folder(config.history.root)), decoder, config.sampling)
