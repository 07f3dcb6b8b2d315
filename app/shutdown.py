"""Leaving when told to: what is being written is finished, the process ends with 0, and soon."""

import logging
import os
import socket
import threading
from types import FrameType

import uvicorn

from app.assistant import Assistant

log = logging.getLogger(__name__)

LIMIT_S = 4.5  # from the first signal to the end, whatever is still under way
_CLOSE_S = 2.5  # of that, for the worker


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM, and closes the assistant then."""

    def __init__(self, config: uvicorn.Config, assistant: Assistant) -> None:
        super().__init__(config)
        self._assistant = assistant

    def serve_until_told(self, bound: socket.socket) -> None:
        """Serve; return or raise ``KeyboardInterrupt`` with every turn closed on disk."""
        try:
            self.run(sockets=[bound])
        finally:
            if not self._assistant.close(_CLOSE_S) and self.should_exit:
                # A thread in the middle of native code would crash with the interpreter.
                _exit()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to leave. Runs inside whatever the signal interrupted, so it takes no lock."""
        if not self.should_exit:
            threading.Thread(target=self._leave, name="leave", daemon=True).start()
        super().handle_exit(sig, frame)

    def _leave(self) -> None:
        # At once, not when the connections have ended: a page follows its reply to the end.
        self._assistant.stop_all()
        threading.Event().wait(LIMIT_S)
        log.warning("left before all had ended")
        self._assistant.abandon()
        _exit()


def _exit() -> None:
    logging.shutdown()
    os._exit(0)
