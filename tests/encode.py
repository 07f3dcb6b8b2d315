"""A drawn picture as the bytes of a file."""

import io


def encoded(image, plugin, **options):
    """Return what Pillow's ``plugin`` writes."""
    file = io.BytesIO()
    image.save(file, plugin, **options)
    return file.getvalue()
