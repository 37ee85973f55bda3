"""What the hooks of all frameworks share: ids, versions, limits, problems, origins and keys. Pure, but for what counts.

    from signaltape.http import Client, Cors, HttpHooks, Keys, Limit, Versions

Importing it loads no framework, and `limits` only where a Limit is given.
"""

from signaltape.http.cors import Cors
from signaltape.http.hooks import HttpHooks, Limit, Versions
from signaltape.http.keys import Client, Keys
from signaltape.http.reading import keys_from_file

__all__ = ["Client", "Cors", "HttpHooks", "Keys", "Limit", "Versions", "keys_from_file"]
