"""A name server on loopback that knows one name, as a cluster's knows its services: under a search domain."""

import socketserver
import struct
import threading

ADDRESS = "127.0.0.53"
DOMAINS = ["fhir.svc.cluster.local", "svc.cluster.local", "cluster.local"]
# What a kubelet writes into a pod.
RESOLVER = f"search {' '.join(DOMAINS)}\nnameserver {ADDRESS}\noptions ndots:5\n"
A, NO_SUCH_NAME = 1, 3


class Names(socketserver.ThreadingUDPServer):
    """Knows `name` below the first search domain, as 127.0.0.1, and remembers what it was asked for."""

    allow_reuse_address = True

    def __init__(self, name):
        self.known, self.asked = f"{name}.{DOMAINS[0]}", set()
        super().__init__((ADDRESS, 53), Asked)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Asked(socketserver.BaseRequestHandler):
    def handle(self):
        query, socket = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question, (kind,) = query[12:at + 5], struct.unpack_from(">H", query, at + 1)
        name = ".".join(labels).lower()
        self.server.asked.add(name)
        known = name == self.server.known
        answer = b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 30, 4) + bytes([127, 0, 0, 1]) if known and kind == A else b""
        flags = 0x8180 | (0 if known else NO_SUCH_NAME)
        header = query[:2] + struct.pack(">HHHHH", flags, 1, 1 if answer else 0, 0, 0)
        socket.sendto(header + question + answer, self.client_address)
