"""The real programs as processes: started on a free port, stopped, killed with -9, started again on the same data.

    with HeadOfficeProcess(tmp_path / "office") as office, BranchProcess(tmp_path / "branch", head_office=office.url) as branch:
        branch.kill()
        branch.start()      # the same port, so that clients only have to reconnect

A program is ready when it says so on its standard output; nothing polls. Ends only the process it started itself.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final, Self

import psutil

ROOT: Final = Path(__file__).parents[2]
READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 20.0
LINES_KEPT: Final = 400


class ProgramBroken(Exception):
    """The program ended, or did not get ready in time; the text holds the end of its output."""


class _Ready:
    """Whether one life of a program got ready; `over` is set as soon as that is known."""

    def __init__(self) -> None:
        self.heard = False
        self.over = threading.Event()


class Program:
    """One program under test. Subclasses say what is run and how it tells that it is ready."""

    MODULE: ClassVar[str] = "edge"
    READY: ClassVar[re.Pattern[str]] = re.compile(r"$^")

    def __init__(self, data: Path, *, port: int = 0, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = port
        """The one it was given or found; kept over restarts."""
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        """The newest lines of its output, of all its lives."""
        self.lives = 0
        self._environment = dict(environment or {})
        self._ready = _Ready()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    # --- what subclasses say

    def arguments(self) -> Sequence[str]:
        """After `python -m MODULE`."""
        raise ProgramBroken("a program without arguments")

    # --- life

    def start(self, *, timeout_s: float = READY_TIMEOUT_S) -> Self:
        """Return when it is ready. Raises ProgramBroken."""
        self.begin()
        self.await_ready(timeout_s=timeout_s)
        return self

    def begin(self) -> None:
        """Start without waiting."""
        self.end()
        self.lives += 1
        self._ready = _Ready()
        self._process = subprocess.Popen(
            [sys.executable, "-m", self.MODULE, *self.arguments()],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(self._process, self._ready), daemon=True)
        self._reader.start()

    def await_ready(self, *, timeout_s: float = READY_TIMEOUT_S) -> None:
        self._ready.over.wait(timeout_s)
        if not self._ready.heard:
            self.kill()
            raise ProgramBroken(f"{self.arguments()[0]} did not get ready:\n{self.tail()}")

    def stop(self) -> int:
        """Ask it to stop; returns its exit code (negative: the signal that ended it)."""
        return self._end_with(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does: SIGKILL, no goodbye."""
        self._end_with(signal.SIGKILL)

    def end(self) -> None:
        """Make sure that it does not run."""
        if self._process is not None:
            self.kill()

    def restart(self) -> Self:
        """Kill -9 and start again."""
        self.kill()
        return self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP)."""
        self._running_process().send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._running_process().send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    # --- looking at it

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._running_process().pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def await_exit(self, *, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Wait until it ends by itself; returns its exit code."""
        code = self._running_process().wait(timeout_s)
        self._forget()
        return code

    def rss_bytes(self) -> int:
        return int(psutil.Process(self.pid).memory_info().rss)

    def cpu_s(self) -> float:
        """Seconds of processor used so far, user and system."""
        used = psutil.Process(self.pid).cpu_times()
        return float(used.user + used.system)

    def all_cpu_s(self) -> float:
        """The same, with the processes it has beside it."""
        beside = [one.cpu_times() for one in psutil.Process(self.pid).children(recursive=True)]
        return self.cpu_s() + sum(used.user + used.system for used in beside)

    def tail(self, lines: int = 30) -> str:
        return "\n".join(list(self.lines)[-lines:])

    # --- inside

    def _running_process(self) -> "subprocess.Popen[str]":
        if self._process is None:
            raise ProgramBroken("it does not run")
        return self._process

    def _end_with(self, number: int) -> int:
        process = self._running_process()
        process.send_signal(number)
        try:
            code = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._forget()
            raise ProgramBroken(f"it did not stop within {STOP_TIMEOUT_S:.0f} s:\n{self.tail()}") from None
        self._forget()
        return code

    def _forget(self) -> None:
        """The process has ended: let its reader finish, close the pipe."""
        process, reader = self._process, self._reader
        self._process = self._reader = None
        if reader is not None:
            reader.join()
        if process is not None and process.stdout is not None:
            process.stdout.close()

    def _read(self, process: "subprocess.Popen[str]", ready: "_Ready") -> None:
        for line in process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            if not ready.heard and (found := self.READY.search(line)):
                self.port = int(found.group(1))
                ready.heard = True
                ready.over.set()
        ready.over.set()


class BranchProcess(Program):
    """`branchbox edge --sandbox`."""

    READY = re.compile(r"branchbox edge: http://[^:]+:(\d+)/")

    def __init__(
        self,
        data: Path,
        *,
        head_office: str | None = None,
        options: Sequence[str] = (),
        port: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data, port=port, environment=environment)
        self.head_office = head_office
        self.options = tuple(options)

    def arguments(self) -> Sequence[str]:
        line = [] if self.head_office is None else ["--head-office", self.head_office]
        return ["edge", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", "--sandbox", *line, *self.options]

    def verify(self) -> "subprocess.CompletedProcess[str]":
        """`branchbox verify` on its data; running or not."""
        return verify(self.data)


class HeadOfficeProcess(Program):
    """`branchbox headoffice --sandbox`."""

    READY = re.compile(r"head_office_listening.*\bport\W{1,4}(\d+)")

    def arguments(self) -> Sequence[str]:
        return ["headoffice", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", "--sandbox"]


def verify(data: Path) -> "subprocess.CompletedProcess[str]":
    """`branchbox verify --data`: the exit code is 0 only where everything holds."""
    command = [sys.executable, "-m", "edge", "verify", "--data", str(data)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=READY_TIMEOUT_S, check=False)
