"""`python -m gizwits_async` is `gizwits-async`."""

import sys

from gizwits_async.cli import main

sys.exit(main())
