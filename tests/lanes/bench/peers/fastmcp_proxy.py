"""FastMCP as a proxy before the stub: introspection remembered for a minute, as our gateway does."""

import os

import uvicorn
from fastmcp.server import create_proxy
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier

verifier = IntrospectionTokenVerifier(
    introspection_url=os.environ["INTROSPECT"],
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    cache_ttl_seconds=60,
)
proxy = create_proxy(os.environ["STUB"], name="proxy", auth=verifier)
certificate = {}
if "CERTIFICATE" in os.environ:
    certificate = {"ssl_certfile": os.environ["CERTIFICATE"], "ssl_keyfile": os.environ["KEY"]}
uvicorn.run(
    proxy.http_app(path="/mcp", stateless_http=True, json_response=True),
    port=int(os.environ["PORT"]),
    log_level="warning",
    **certificate,
)
