"""The sign-in page: a form, without a script."""

from html import escape
from typing import TYPE_CHECKING, Any, cast

from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.access.accounts import LONGEST

if TYPE_CHECKING:
    from app.page.i18n import Words

# Nothing runs here, and the form leads only here. The browser must say that the form is from here,
# which "no-referrer" would forbid: it makes the Origin of a form "null".
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Second Look</title>
<link rel="stylesheet" href="/page/sign-in.css">
<link rel="icon" href="/page/icon.svg">
</head>
<body>
<main>
<h1><img src="/page/icon.svg" alt="" width="32" height="32"> Second Look</h1>
<p>{about}</p>
<form method="post" action="/sign-in">
{problem}
<label for="name">{name}</label>
<input id="name" name="name" value="{given}" autocomplete="username" autocapitalize="none"
 spellcheck="false" required maxlength="32"{focus_name}>
<label for="password">{password}</label>
<input id="password" name="password" type="password" autocomplete="current-password"
 required maxlength="{longest}"{described}{focus_password}>
<input type="hidden" name="next" value="{next}">
<button type="submit">{do}</button>
</form>
<p class="foot">{forgotten}</p>
</main>
</body>
</html>
"""


def words_of(request: Request) -> "Words":
    """Return the page's words in the browser's language."""
    # Imported late: they take Gradio.
    from app.page.i18n import words_for

    # Gradio's request passes cookies and headers on to this one.
    return words_for(cast("Any", request))


def sign_in_page(
    request: Request, *, problem: str = "", name: str = "", following: str = "/", status: int = 200
) -> HTMLResponse:
    """Return the page in the browser's language; ``problem`` is why the last try failed."""
    words = words_of(request)
    told = f'<p class="problem" id="problem" role="alert">{escape(problem)}</p>' if problem else ""
    shown = _PAGE.format(
        language="zh" if words.language == "zh" else "en",
        title=escape(words("sign_in_title")),
        about=escape(words("sign_in_about")),
        problem=told,
        name=escape(words("sign_in_name")),
        given=escape(name, quote=True),
        password=escape(words("sign_in_password")),
        described=' aria-describedby="problem"' if problem else "",
        focus_name="" if name else " autofocus",
        focus_password=" autofocus" if name else "",
        longest=LONGEST,
        next=escape(following, quote=True),
        do=escape(words("sign_in_do")),
        forgotten=escape(words("sign_in_forgotten")),
    )
    return HTMLResponse(shown, status, headers=_HEADERS)
