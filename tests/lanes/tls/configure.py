"""Prints the configuration of a gateway with three TLS listeners and nobody behind it."""

import os

print("""
server:
  public_url: https://localhost:{PORT}
  allowed_hosts: [localhost]
  listeners:
    - address: "127.0.0.1:{PORT}"
      tls:
        certificates:
          - {{ certificate: ecdsa.crt, key: ecdsa.key }}
          - {{ certificate: rsa.crt, key: rsa.key }}
          - {{ certificate: other.crt, key: other.key }}
    - address: "127.0.0.1:{MODERN}"
      tls: {{ certificate: modern.crt, key: modern.key, minimum_version: "1.3" }}
    - address: "127.0.0.1:{ASKING}"
      tls: {{ certificate: ecdsa.crt, key: ecdsa.key, client_certificates: {{ authority: ca.crt }} }}
  admin: "127.0.0.1:{ADMIN}"
  caps: {{ connections_per_address: 1000 }}
  deadlines: {{ close_delay: 10ms }}
keys:
  ring: [{{ id: k1, state: active, key: {{ env: RING_KEY }} }}]
  hop: {{ env: HOP_KEY }}
core: {{ address: "127.0.0.1:9" }}
backend:
  name: lane
  profile: jhe
  base_url: http://127.0.0.1:9
  client_id: gateway
  audience: {{ own_client: true }}
""".format(**os.environ))
