"""The job "html" as a whole: with the reader, with a model, and on a page that is there."""

import threading
from dataclasses import replace
from typing import get_args, get_type_hints

import pytest

from app.jobs.job import Tools, stream
from app.jobs.webpage.check import render
from app.jobs.webpage.check.render import renderer
from app.jobs.webpage.evidence import evidence
from app.jobs.webpage.fences import fenced, page_in
from app.jobs.webpage.job import webpage
from app.jobs.webpage.layout import build
from app.jobs.webpage.record import versions_of
from app.page.i18n import WORDS
from tests.webpage_lab import SHOP, Lines, png, screenshot, spoken
from vision.engine import Capabilities, Image, Message, Progress, Prompt, SamplingParams
from vision.errors import PromptRefused
from vision.fake import FakeEngine
from vision.reader.cancel import Cancelled

pytestmark = pytest.mark.browser

SCRIPTED = SHOP.replace("</main>", "<script>alert(1)</script><img src='https://out.test/x'></main>")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The shop's screenshot on disk, and its lines."""
    with renderer() as browser:
        rgb, lines = screenshot(browser, SHOP)
    path = tmp_path_factory.mktemp("shop") / "shop.png"
    path.write_bytes(png(rgb))
    return Image("a" * 64, path, rgb.shape[1], rgb.shape[0]), lines, rgb


@pytest.fixture
def no_chromium(monkeypatch):
    monkeypatch.setattr(render, "chromium_path", lambda: None)


class Model(FakeEngine):
    """A model with room for a page."""

    def count_tokens(self, prompt):
        return replace(super().count_tokens(prompt), max_context=32_768)


class Blind(FakeEngine):
    """The reader's abilities: it sees nothing but text."""

    capabilities = Capabilities(sees=False, chats=False)


@pytest.fixture
def ask(shop, decoder):
    """Return a function that runs the job with an engine."""
    image, lines, _ = shop

    def run(engine=None, text="", images=(image,), before=(), cancel=None, **params):
        tools = Tools(engine or Blind(), Lines(lines), decoder)
        prompt = Prompt((*before, Message("user", text, images)), "c", "html")
        work = webpage(prompt, tools, SamplingParams(**params), cancel or threading.Event())
        chunks = list(work)
        run.drafts = "".join(chunk.draft for chunk in chunks)
        run.stages = [chunk.progress.stage for chunk in chunks if chunk.progress]
        return spoken(chunks)

    return run


def talk(image, page=SHOP):
    """What was said before a prompt about a page."""
    return Message("user", "", (image,)), Message("assistant", f"The page.\n\n{fenced(page)}")


def refusing(at):
    """Return an engine that has no room for its prompt number ``at``."""

    class Refusing(Model):
        def stream(self, prompt, params, cancel):
            if len(self.prompts) == at:
                raise PromptRefused
            return super().stream(prompt, params, cancel)

    return Refusing


# With the reader


def test_the_reader_measures_the_page_and_keeps_it(ask):
    reply, last = ask()

    page = last.fields["html"]
    assert page_in(reply).rstrip() == page.rstrip()
    for tag in ("<header", "<main", "<button", "<p"):
        assert tag in page
    assert last.fields["scores"]["likeness"] > 0.9
    assert last.finish_reason == "stop"
    assert next(line.text for line in last.lines) == "Corner Shop"


def test_each_stage_of_the_work_is_told(ask):
    ask()

    assert ask.stages[:4] == ["images", "measure", "build", "render"]
    assert set(ask.stages[4:]) <= {"repair"}


def test_every_stage_has_its_words():
    stages = get_args(get_type_hints(Progress)["stage"])

    assert [stage for stage in stages if f"stage_{stage}" not in WORDS["en"]] == []


def test_the_reply_says_what_was_done(ask):
    reply, _ = ask()

    assert reply.startswith("The page, from 5 measured lines of text. It looks ")


def test_the_same_screenshot_gives_the_same_bytes(ask, no_chromium):
    assert ask()[1].fields == ask()[1].fields


def test_without_chromium_the_page_is_made_and_said_to_be_unchecked(ask, no_chromium):
    reply, last = ask()

    assert "so it is not checked" in reply
    assert last.fields["scores"] is None
    assert last.fields["notes"] == [{"code": "unchecked", "n": 0}]
    assert "Corner Shop" in last.fields["html"]


def test_what_is_kept_is_small_and_has_no_pictures_in_it(ask, no_chromium):
    fields = ask()[1].fields

    assert "base64" not in str(fields)
    assert len(str(fields)) < 2 * len(fields["html"]) + 2_000


def test_of_several_pictures_the_first_is_built_and_said_so(ask, shop, no_chromium):
    reply, last = ask(images=(shop[0], shop[0]))

    assert "the first of 2" in reply
    assert last.fields["picture"]["sha256"] == shop[0].sha256


def test_without_a_picture_one_is_asked_for(ask):
    reply, last = ask(images=())

    assert reply == "Add a screenshot of a page: I build HTML from it."
    assert last.fields == {}


def test_cancelled_before_the_page_is_measured_nothing_is_kept(shop, decoder):
    class Stopped(Lines):
        def read(self, *_):
            raise Cancelled

    tools = Tools(Blind(), Stopped(()), decoder)
    prompt = Prompt((Message("user", "", (shop[0],)),), "c", "html")

    reply, last = spoken(webpage(prompt, tools, SamplingParams(), threading.Event()))

    assert (reply, last.finish_reason, last.fields) == ("", "cancelled", {})


def test_the_reply_is_chinese_where_the_prompt_is(ask, no_chromium):
    assert ask(text="变成网页")[0].startswith("网页已生成：测量了 5 行文字")


def test_the_worker_runs_it_as_job_html(shop, decoder, no_chromium):
    class Engine(Blind, Lines):
        def __init__(self):
            Blind.__init__(self)
            Lines.__init__(self, shop[1])

    prompt = Prompt((Message("user", "", (shop[0],)),), "c", "html")

    _, last = spoken(stream(prompt, Engine(), decoder, SamplingParams(), threading.Event()))

    assert "html" in last.fields


# With a model


def test_a_model_is_given_what_was_measured_and_the_picture(ask, shop):
    engine = Model([fenced(SHOP)])

    ask(engine, "keep the blue")

    [message] = engine.prompts[0].messages
    assert message.images == (shop[0],)
    assert "keep the blue" in message.text
    assert "Corner Shop" in message.text
    assert "font-size" in message.text


def test_what_the_model_writes_is_seen_while_it_writes_and_is_not_yet_the_reply(ask, no_chromium):
    reply, _ = ask(Model([f"Sure!\n{fenced(SHOP)}"]))

    assert ask.drafts.startswith("Sure!\n```html\n<!DOCTYPE html>")
    assert "Sure!" not in reply


def test_the_models_page_is_shown_where_it_is_as_good(ask):
    reply, last = ask(Model([fenced(SHOP)]))

    assert [version.by for version in versions_of(last.fields)][:2] == ["measured", "model"]
    assert last.fields["html"].count("<section") == SHOP.count("<section")
    assert last.usage.new_tokens > 0
    assert "measured lines" in reply or "measured" in reply


def test_a_worse_page_of_the_model_is_kept_but_not_shown(ask):
    _, last = ask(Model([fenced("<h1>Shop</h1><p>Lorem ipsum</p>")]))

    versions = versions_of(last.fields)
    assert versions[last.fields["shown"]].by == "measured"
    assert "Lorem" in versions[1].html
    assert "Lorem" not in last.fields["html"]


def test_scripts_and_outside_addresses_are_taken_out_and_said_so(ask, no_chromium):
    reply, last = ask(Model([fenced(SCRIPTED)]))

    assert "alert" not in last.fields["html"]
    assert "out.test" not in last.fields["html"]
    assert "2 scripts or outside addresses were taken out." in reply


def test_a_reply_that_is_cut_off_goes_on_by_itself_to_its_end(ask, no_chromium):
    long = SHOP.replace("</main>", "<p>More.</p>\n" * 400 + "</main>")
    said = fenced(long)
    engine = Model([said, said[4_096:]], piece=1)  # of which 4,096 pieces fit

    reply, last = ask(engine)

    first, second = engine.prompts
    assert second.resume
    assert second.messages[-1] == Message("assistant", said[:4_096])
    assert last.fields["html"].count("<p>More.</p>") == 400
    assert last.usage.new_tokens == len(said)
    assert first.messages == second.messages[:-1]
    assert "did not come to the end" not in reply


def test_a_reply_without_end_is_gone_on_with_three_times(ask, no_chromium):
    engine = Model(["```html\n" + "<p>again</p>\n" * 2_000], piece=1)

    reply, last = ask(engine)

    assert len(engine.prompts) == 4
    assert "The model did not come to the end" in reply
    assert last.fields["html"].rstrip().endswith("</html>")


def test_a_model_that_writes_no_page_leaves_the_measured_one(ask, no_chromium):
    reply, last = ask(Model(["I see a shop."]))

    assert "The model wrote no page, so this is the measured one." in reply
    assert "Corner Shop" in last.fields["html"]


def test_a_model_is_asked_once_to_repair_what_differs(ask):
    worse = SHOP.replace("margin: 0 0 24px", "margin: 60px 0 24px")
    engine = Model([fenced(worse), fenced(SHOP)])

    _, last = ask(engine)

    assert len(engine.prompts) == 2
    assert "Rendered, it differs from the screenshot here:" in engine.prompts[1].messages[0].text
    assert "60 px below" in engine.prompts[1].messages[0].text
    first, repaired = (
        next(each for each in versions_of(last.fields) if each.by == by)
        for by in ("model", "model_repaired")
    )
    assert repaired.scores["total"] > first.scores["total"]


def test_a_repair_that_makes_it_worse_is_not_shown(ask):
    near = SHOP.replace("margin: 0 0 24px", "margin: 34px 0 24px")
    _, last = ask(Model([fenced(near), fenced("<p>Sorry</p>")]))

    assert "Sorry" not in last.fields["html"]


def test_without_room_for_a_repair_there_is_the_page(ask):
    worse = SHOP.replace("margin: 0 0 24px", "margin: 60px 0 24px")

    reply, last = ask(refusing(at=1)([fenced(worse)]))

    assert "no room for another round" in reply
    assert last.finish_reason == "stop"


def test_stopped_while_the_model_writes_the_measured_page_is_there(ask, no_chromium):
    cancel = threading.Event()
    engine = Model([fenced(SHOP)], pace=lambda: len(engine.prompts) and cancel.set())

    _, last = ask(engine, cancel=cancel)

    assert last.finish_reason == "cancelled"
    assert "Corner Shop" in last.fields["html"]


def test_evidence_is_cut_to_what_there_is_room_for(shop):
    page = build(shop[2], shop[1])

    short = evidence(page, most=400)

    assert len(short) <= 400
    assert short.startswith("The screenshot is 800 x ")


# On a page that is there


def test_the_reader_changes_the_page_that_is_there(ask, shop):
    reply, last = ask(text="make it pastel, more white space", images=(), before=talk(shop[0]))

    before, after = versions_of(last.fields)
    assert (before.by, after.by) == ("before", "changed")
    assert before.html.rstrip() == SHOP.rstrip()
    assert "padding: 45px 60px" in last.fields["html"]
    assert page_in(reply).rstrip() == last.fields["html"].rstrip()
    assert last.fields["picture"]["sha256"] == shop[0].sha256


def test_what_the_reader_cannot_change_leaves_the_page(ask, shop, no_chromium):
    reply, last = ask(text="add a video of a cat", images=(), before=talk(shop[0]))

    assert "Without a model I cannot do this" in reply
    assert [version.by for version in versions_of(last.fields)] == ["before"]


def test_a_change_builds_on_the_one_before_it(ask, shop, no_chromium):
    first = ask(text="square corners", images=(), before=talk(shop[0]))[1].fields["html"]

    second = ask(text="more white space", images=(), before=talk(shop[0], first))[1].fields["html"]

    assert "border-radius: 0px" in second
    assert "padding: 45px 60px" in second


def test_a_model_is_given_the_page_and_the_wish(ask, shop, no_chromium):
    engine = Model([fenced(SHOP.replace("#2f6fde", "#aa3355"))])

    _, last = ask(engine, "make the buttons red", images=(), before=talk(shop[0]))

    text = engine.prompts[0].messages[-1].text
    assert "Change it: make the buttons red" in text
    assert "<h1>Corner Shop</h1>" in text
    assert "#aa3355" in last.fields["html"]


def test_half_a_page_never_takes_the_place_of_a_whole_one(ask, shop, no_chromium):
    cancel = threading.Event()
    written = 0

    def pace():
        nonlocal written
        written += 1
        if written > 60:
            cancel.set()

    _, last = ask(
        Model([fenced(SHOP)], pace=pace), "red", images=(), before=talk(shop[0]), cancel=cancel
    )

    assert last.finish_reason == "cancelled"
    assert last.fields["html"].rstrip() == SHOP.rstrip()


def test_a_change_needs_no_picture_that_is_gone(ask, shop, no_chromium):
    _, last = ask(text="square corners", images=(), before=(talk(shop[0])[1],))

    assert last.fields["picture"] is None
    assert "border-radius: 0px" in last.fields["html"]


def test_a_new_picture_begins_a_new_page(ask, shop, no_chromium):
    _, last = ask(text="and this one", before=talk(shop[0], "<p>Ancient</p>"))

    assert "Ancient" not in last.fields["html"]
    assert [version.by for version in versions_of(last.fields)] == ["measured"]
