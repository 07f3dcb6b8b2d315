"""All routes of an application, found by walking it: what is added later is found, too."""

from collections.abc import Iterator

_SERVE = ("app.", "fastapi.app", "starlette.app", "gradio.routes")  # modules of applications


def routes_of(app: object) -> set[tuple[str, str]]:
    """Return each route of whatever serves some part of ``app``, as method and path."""
    return {(method, path) for path, methods in _walk(app, set()) for method in methods or ("WS",)}


def _walk(app: object, seen: set[int]) -> Iterator[tuple[str, set[str]]]:
    if id(app) in seen:
        return
    seen.add(id(app))
    for route in getattr(app, "routes", ()):
        yield from _of(route, seen)
    # What stands in front of another application keeps it in an attribute.
    slots = [getattr(app, name) for name in getattr(type(app), "__slots__", ())]
    for inner in (*slots, *getattr(app, "__dict__", {}).values()):
        for each in inner.values() if isinstance(inner, dict) else (inner,):
            if type(each).__module__.startswith(_SERVE):
                yield from _walk(each, seen)


def _of(route: object, seen: set[int]) -> Iterator[tuple[str, set[str]]]:
    if candidates := getattr(route, "effective_candidates", None):
        for each in candidates():
            yield from _of(each, seen)
    elif hasattr(route, "methods"):
        yield route.path, set(route.methods or ())
    elif hasattr(route, "app"):  # mounted
        yield from _walk(route.app, seen)
    else:
        yield getattr(route, "path", "?"), set()
