"""The health check of a container: exit status 0 if `/readyz` on the given port of this machine answers 200.

https://docs.docker.com/reference/dockerfile/#healthcheck
"""

import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 4  # the service itself takes up to 2 to look

try:
    connection = HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=SECONDS)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    sys.stdout.write(answer.read().decode())
except (OSError, HTTPException) as error:
    sys.exit(f"/readyz: {error}")
sys.exit(answer.status != 200)
