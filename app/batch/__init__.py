"""A folder at once, without the page: each picture through a job, into lines, a table or pages."""

from app.batch.command import batch

__all__ = ["batch"]
