"""What a container runtime does, in few lines: an image's files as a read-only root, mounts on it, a user by number without rights, and
an environment of its own. The lane has a mount and a network namespace to itself (`unshare`), so all of it ends with the lane."""

import ctypes
import itertools
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

LIBC = ctypes.CDLL(None, use_errno=True)
NO_NEW_PRIVILEGES = 38
WORK = pathlib.Path(os.environ["WORK"])
numbers = itertools.count()


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


class Container:
    """A program's root, ready to be entered. Mounts are (source, target, writable); files of the runtime's own are name resolution."""

    def __init__(self, image, program, user, mounts=(), hosts="127.0.0.1 localhost\n", resolver=""):
        self.program, (self.uid, self.gid) = program, user
        number = next(numbers)
        files = image.unpack(WORK / "roots" / str(number))
        self.root = WORK / "containers" / str(number)
        self.root.mkdir(parents=True)
        given = WORK / "given" / str(number)
        given.mkdir(parents=True)
        (given / "hosts").write_text(hosts)
        (given / "resolv.conf").write_text(resolver)
        mounts = [*mounts, (given / "hosts", "/etc/hosts", False), (given / "resolv.conf", "/etc/resolv.conf", False)]
        for source, target, _ in mounts:
            place = files / target.lstrip("/")
            if pathlib.Path(source).is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
        mount("--bind", files, self.root)
        mount("-o", "remount,bind,ro,nosuid,nodev", self.root)
        for source, target, writable in mounts:
            place = self.root / target.lstrip("/")
            mount("--bind", source, place)
            mount("-o", "remount,bind,nosuid,nodev,noexec" + ("" if writable else ",ro"), place)

    def enter(self):
        """In the child, before the program: another root, nobody's rights, and no way to new ones."""
        os.chroot(self.root)
        os.chdir("/")
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        if LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")

    def start(self, *arguments, environment=None, **streams):
        return subprocess.Popen([f"/{self.program}", *arguments], preexec_fn=self.enter, env=environment or {}, **streams)

    def run(self, *arguments, environment=None):
        """Runs to the end: exit code, standard output, standard error."""
        with self.start(*arguments, environment=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            try:
                out, err = child.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                child.kill()
                out, err = child.communicate()
        return child.returncode, out, err


class Service:
    """A program that serves, and how long it took to be ready."""

    def __init__(self, container, arguments, admin, environment=None):
        self.admin = f"http://127.0.0.1:{admin}"
        self.log = WORK / f"{container.program}-{next(numbers)}.log"
        with self.log.open("wb") as log:
            begun = time.monotonic()
            self.child = container.start(*arguments, environment=environment, stdout=log, stderr=log)
        self.seconds = self.wait(begun)

    def wait(self, begun):
        """Seconds until /ready says yes, or None if it never does."""
        while time.monotonic() < begun + 30 and self.child.poll() is None:
            if self.ask("/ready") == "ready":
                return time.monotonic() - begun
            time.sleep(0.002)
        return None

    def ask(self, path):
        """What the admin listener says, or nothing."""
        try:
            with urllib.request.urlopen(self.admin + path, timeout=5) as answer:
                return answer.read().decode().strip()
        except OSError:
            return ""

    def status(self, field):
        """A line of what the kernel says about the process."""
        lines = pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        return next((line.split(":", 1)[1].split() for line in lines if line.startswith(field + ":")), None)

    def end(self, grace):
        """SIGTERM, as runtimes do: the exit code, or None if it had to be killed after `grace` seconds."""
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return None
