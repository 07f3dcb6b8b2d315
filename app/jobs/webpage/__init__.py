"""A screenshot of a page as HTML one can edit: measured, and with an engine that sees, understood.

``layout.build`` measures a screenshot and the lines in it into a ``Page``; ``write.to_html`` writes
the page down. Both are pure: the same screenshot and lines give the same bytes.
"""
