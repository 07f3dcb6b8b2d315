"""A page to look around in: three conversations about drawn pictures, really read.

They are thrown away at the end; the user's own history is not touched.
"""

import tempfile
from dataclasses import replace

from app.assistant import Assistant
from app.config import Config
from app.intake import Upload
from app.routes import PAGE
from app.serve import serve


def demo(config: Config) -> None:
    """Serve a page whose history has an example of each job, made by the reader at the start."""
    with tempfile.TemporaryDirectory(prefix="second-look-demo-") as root:
        shown = replace(
            config,
            engine=replace(config.engine, kind="reader"),
            history=replace(config.history, root=root),
            server=replace(config.server, users=f"{root}/users.json"),  # nobody has to sign in
        )
        print("Second Look: reading three example pictures first", flush=True)  # noqa: T201  the user waits for it
        serve(shown, prepare=_fill)


def _fill(assistant: Assistant) -> None:
    from app.page.i18n import Words
    from app.page.panels import EXAMPLES

    words = Words("en")
    for job in reversed(EXAMPLES):  # the list shows the newest first
        uploads = [Upload(name, (PAGE / "examples" / name).read_bytes()) for name in EXAMPLES[job]]
        assistant.send(None, words(f"card_{job}_prompt"), uploads, job).ended.wait()
