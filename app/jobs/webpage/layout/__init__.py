"""From a screenshot and the lines of text in it to a page."""

from app.jobs.webpage.layout.build import build, built

__all__ = ["build", "built"]
