"""What a process and its children took: processor time and memory, from the process table."""

import os
from dataclasses import dataclass

import psutil

MIB = 1024 * 1024


def processors():
    """Whom each side runs on: what is measured has one processor of its own, load and stubs the others."""
    ours, *others = sorted(os.sched_getaffinity(0))
    if not others:
        raise SystemExit("two processors are needed: with one, the load's own work would be measured")
    return [str(ours)], [str(other) for other in others]


def pinned(processors, command):
    return ["taskset", "--cpu-list", ",".join(processors), *map(str, command)]


@dataclass(frozen=True)
class Usage:
    """Of some processes, and all that they started."""

    pids: list

    def family(self):
        parents = [psutil.Process(pid) for pid in self.pids]
        return parents + [child for parent in parents for child in parent.children(recursive=True)]

    def seconds(self):
        """Processor time so far, in user and system mode."""
        times = [process.cpu_times() for process in self.family()]
        return sum(time.user + time.system for time in times)

    def mebibytes(self):
        """Memory, in MiB: pages that several share count once in all (PSS)."""
        return sum(process.memory_full_info().pss for process in self.family()) / MIB
