"""``python -m history``."""

import sys

from history.cli import main

sys.exit(main())
