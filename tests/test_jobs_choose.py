import pytest

from app.jobs.choose import job_asked


@pytest.mark.parametrize(
    ("text", "job"),
    [
        ("Read this receipt", "receipt"),
        ("Can you extract the fields of these invoices as JSON?", "receipt"),
        ("Does this bill add up?", "receipt"),
        ("识别这张发票", "receipt"),
        ("提取小票信息", "receipt"),
        ("Turn this screenshot into HTML", "html"),
        ("Rebuild this screenshot as one HTML page.", "html"),
        ("write the html for it", "html"),
        ("把这个截图转成网页", "html"),
        ("生成 HTML 代码", "html"),
        ("What is the total?", None),
        ("合计是多少？", None),
        ("When does this invoice fall due?", None),
        ("What is HTML short for?", None),
        ("Who is on the bill?", None),
        ("", None),
    ],
)
def test_words_that_name_the_thing_choose_the_job(text, job):
    assert job_asked(text, 1) == job


def test_two_pictures_can_be_compared_and_one_cannot():
    assert job_asked("Compare these pictures. What differs?", 2) == "compare"
    assert job_asked("这两张图有什么区别？", 2) == "compare"
    assert job_asked("How does this differ from last year?", 1) is None


def test_without_a_picture_there_is_no_job():
    assert job_asked("Read this receipt", 0) is None


def test_words_of_change_go_on_with_the_page_that_was_made():
    assert job_asked("make it pastel", 0, "html") == "html"
    assert job_asked("What is HTML?", 0, "html") is None
    assert job_asked("make it pastel", 0, "receipt") is None
