"""What a job is told by a model is seen while it comes, and is no part of the reply."""

from app.page.i18n import Words
from app.page.render import live
from app.run import Run
from history import Turn
from vision.engine import Chunk


def run_of(*chunks):
    run = Run("c", Turn(id=1, timestamp="2026-02-14T09:30:12.000Z", prompt="Read this"))
    for chunk in chunks:
        run.add(chunk)
    return run


def shown(run):
    return live(run.snapshot(), Words("en"), lambda _: True, 0)[1]["content"][0]


def test_a_draft_is_shown_as_it_comes():
    assert '{"total": "8.16"' in shown(run_of(Chunk(draft='{"total": '), Chunk(draft='"8.16"')))


def test_a_draft_makes_way_for_the_reply():
    assert shown(run_of(Chunk(draft='{"total": '), Chunk("Total 8.16"))) == "Total 8.16"


def test_a_draft_is_no_part_of_the_reply():
    run = run_of(Chunk(draft="{"), Chunk("Total 8.16"), Chunk(finish_reason="stop"))

    assert run.reply == "Total 8.16"
    assert run.snapshot().turn.reply == "Total 8.16"


def test_a_fence_in_a_draft_does_not_end_its_own():
    assert shown(run_of(Chunk(draft="```\n<b>"))).splitlines()[0] == "``````json"
