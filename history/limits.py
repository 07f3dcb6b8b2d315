"""What an import takes at most. An export stays below it."""

MAX_ARCHIVE_BYTES = 2 << 30  # of the file, and of what is in it
MAX_ENTRIES = 100_000  # files in an archive
MAX_LIST_BYTES = 32 << 20  # of an archive's list of its files, which is read before they can be
MAX_RATIO = 100  # bytes out of one byte of archive
MAX_RECORD_BYTES = 16 << 20  # a turn
MAX_DEPTH = 64  # of arrays and objects inside each other
