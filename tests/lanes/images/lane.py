"""The images, from outside and from inside; see README.md. Runs in a mount and a network namespace of its own."""

import datetime
import fcntl
import os
import pathlib
import socket
import struct
import sys

import compose
import contents
import dockerfile
import fly
import release
import report
import running
import trust
from image import PROGRAMS, VERSION, Image

UP, SET_FLAGS = 1, 0x8914


def loopback():
    """Switches the only network on that there is here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
        fcntl.ioctl(any_, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))


def main():
    loopback()
    folder, revision = pathlib.Path(os.environ["IMAGES"]), os.environ["SOURCE_REVISION"]
    work = pathlib.Path(os.environ["WORK"])
    images = {program: Image(folder / f"{program}-{VERSION}.oci.tar") for program in PROGRAMS}
    release.run(folder, images)
    for program, image in images.items():
        created = datetime.datetime.fromisoformat(image.config["created"]).timestamp()
        contents.run(image, program, revision, created)
    dockerfile.run(images, work, revision)
    services = compose.run(work)
    fly.run(images)
    running.run(images, services, revision)
    trust.run(images, services)
    return report.close()


sys.exit(main())
