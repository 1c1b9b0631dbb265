"""Writes down every request, and lets a path fail while the lane wants it to."""

import os
import time
from pathlib import Path

from django.http import HttpResponse

LEDGER = os.environ["LEDGER"]
FAULTS = Path(os.environ["FAULTS"])
HANG = 10  # seconds; longer than anybody's patience


class Switchboard:
    """One line a request in LEDGER. A file FAULTS/<name of the endpoint> holds how that endpoint fails: a
    status, or `hang`; the view behind it is not reached. With `late` it is, after as long a time."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, request):
        with open(LEDGER, "a", encoding="ascii") as ledger:
            ledger.write(f"{request.method} {request.path}\n")
        fault = FAULTS / request.path.strip("/").split("/")[-1]
        if not fault.is_file():
            return self.answer(request)
        how = fault.read_text(encoding="ascii")
        if how in ("hang", "late"):
            time.sleep(HANG)
        if how == "late":
            return self.answer(request)
        return HttpResponse("<html><h1>Sorry</h1></html>", status=200 if how == "hang" else int(how))
