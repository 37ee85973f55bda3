"""`python -m signaltape` is the command `signaltape`."""

import sys

from signaltape.commands.cli import main

sys.exit(main())
