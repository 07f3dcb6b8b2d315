"""What a history needs at each start, before and while its page is served."""

import logging
import threading

from history import HistoryError, Store

log = logging.getLogger(__name__)


def begin(store: Store) -> None:
    """Close what a killed program left open, and tidy up in a thread of its own."""
    if closed := store.close_open_turns():
        log.warning("turns closed that had no end count=%d", closed)
    try:
        store.check_writable()
    except HistoryError as error:
        log.warning("nothing can be saved: %s %s", error, error.hint)
    threading.Thread(target=_tidy, args=(store,), name="tidy", daemon=True).start()


def _tidy(store: Store) -> None:
    """Bring the search index in step; remove old trash, and pictures nothing refers to."""
    try:
        store.index.sync()
        trash = store.purge()
        pictures = store.remove_unused_pictures().pictures
    except HistoryError as error:
        log.warning("history not tidied: %s", error)
    else:
        log.info("history tidied trash=%d pictures=%d", trash, pictures)
