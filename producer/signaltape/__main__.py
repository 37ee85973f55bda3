"""`python -m signaltape` is the command `signaltape`."""

import sys

from signaltape.cli import main

sys.exit(main())
