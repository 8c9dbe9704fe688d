"""The device tests that need a kernel with gadgets, uinput and uhid: `make qemu-devices`. They are no part of `make test`.

A Debian kernel boots under QEMU without KVM; its first program is a shell of busybox that loads the modules, mounts the files
of this machine read-only over 9p and runs pytest in them, in the same environment. Nothing of this machine is written; what the
tests write goes to memory in the guest. The guest has no network.

Needs Debian packages (`tools/system_packages kernel`): qemu-system-x86, busybox-static, kmod. The kernel itself is downloaded
once, by apt, into `.qemu/`, and is not installed.
"""

import argparse
import gzip
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LAB: Final = ROOT / ".qemu"
TESTS: Final = "tests/drivers/kernel"
MODULES: Final = (
    *("virtio_pci", "9p", "9pnet_virtio", "uinput", "uhid", "evdev", "hid-generic"),
    *("dummy_hcd", "libcomposite", "usb_f_acm", "usb_f_printer", "cdc-acm", "usblp"),
)
MEMORY_MB: Final = 1024
ENDED: Final = re.compile(r"^qemu-devices: exit (\d+)", re.MULTILINE)

INIT: Final = """#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc proc /proc; $B mount -t sysfs sysfs /sys; $B mount -t devtmpfs dev /dev
$B mkdir -p /dev/pts /dev/shm; $B mount -t devpts devpts /dev/pts; $B mount -t tmpfs tmpfs /dev/shm
for m in $($B cat /modules/order); do $B insmod /modules/$m; done
$B mount -t configfs none /sys/kernel/config
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose host /host
for d in dev proc sys; do $B mount --rbind /$d /host/$d; done
$B mount -t tmpfs tmpfs /host/run; $B mount -t tmpfs tmpfs /host/tmp
$B ip link set lo up
$B chroot /host /bin/sh /{script}
echo "qemu-devices: exit $?"
$B poweroff -f
"""
SCRIPT: Final = """cd {root} && export PYTHONDONTWRITEBYTECODE=1 HOME=/tmp NO_COLOR=1
exec {python} -m pytest -q -p no:cacheprovider {tests}
"""


class Missing(Exception):
    """What the lab needs is not there; the text says what."""


def needed(*programs: str) -> None:
    absent = [one for one in programs if shutil.which(one) is None]
    if absent:
        raise Missing(f"{', '.join(absent)}: run `tools/system_packages kernel`")


def kernel() -> tuple[Path, str]:
    """The unpacked kernel package and its version; downloaded by apt the first time. Raises `Missing`."""
    unpacked = LAB / "kernel"
    if not list(unpacked.glob("boot/vmlinuz-*")):
        LAB.mkdir(exist_ok=True)
        said = _said("apt-cache", "depends", "linux-image-amd64")
        found = re.search(r"Depends: (linux-image-[0-9][^\s]*)", said)
        if found is None:
            raise Missing("apt knows no linux-image-amd64: run apt-get update on a Debian machine")
        subprocess.run(("apt-get", "-qq", "download", found[1]), cwd=LAB, check=True)
        (package,) = LAB.glob(f"{found[1]}_*.deb")
        subprocess.run(("dpkg-deb", "-x", package, unpacked), check=True)
    version = next(unpacked.glob("boot/vmlinuz-*")).name.removeprefix("vmlinuz-")
    subprocess.run((shutil.which("depmod") or "/sbin/depmod", "-b", unpacked, version), check=True)
    return unpacked, version


def initrd(unpacked: Path, version: str, script: Path) -> Path:
    """The guest's first files: busybox, the modules in the order they are loaded, and what to do."""
    modules = list(dict.fromkeys(path for name in MODULES for path in _modules(unpacked, version, name)))
    files = {
        "init": INIT.replace("{script}", str(script).lstrip("/")).encode(),
        "bin/busybox": Path(shutil.which("busybox") or "/bin/busybox").read_bytes(),
        "modules/order": " ".join(path.name for path in modules).encode(),
        **{f"modules/{path.name}": path.read_bytes() for path in modules},
    }
    folders = ("bin", "modules", "proc", "sys", "dev", "host")
    target = LAB / "initrd.gz"
    target.write_bytes(gzip.compress(b"".join(_cpio(folders, files)), 1))
    return target


def _modules(unpacked: Path, version: str, name: str) -> Iterator[Path]:
    modprobe = shutil.which("modprobe") or "/sbin/modprobe"
    for line in _said(modprobe, "-d", str(unpacked), "-S", version, "--show-depends", name).splitlines():
        how, _, path = line.strip().partition(" ")
        if how == "insmod":
            yield Path(path.split()[0])


def _cpio(folders: Sequence[str], files: dict[str, bytes]) -> Iterator[bytes]:
    """An archive in the "newc" form that the kernel unpacks (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    entries = [(name, 0o040755, b"") for name in folders] + [(name, 0o100755, data) for name, data in files.items()]
    for n, (name, mode, data) in enumerate((*entries, ("TRAILER!!!", 0, b"")), 1):
        fields = (n, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + "".join(f"{value:08X}" for value in fields).encode() + name.encode() + b"\0"
        yield head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def boot(unpacked: Path, version: str, first: Path) -> int:
    """Run the guest and show what it says; pytest's own exit code, 1 where the guest never got to it."""
    command = (
        *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", str(MEMORY_MB), "-smp", "2"),
        *("-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio"),
        *("-kernel", str(unpacked / "boot" / f"vmlinuz-{version}"), "-initrd", str(first)),
        *("-append", "console=ttyS0 quiet panic=-1"),
        *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
    )
    said = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace") as guest:
        for line in guest.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            said.append(line)
    ended = ENDED.search("".join(said))
    return 1 if ended is None else int(ended[1])


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tests", nargs=argparse.REMAINDER, help="which files; all of them by default")
    asked = parser.parse_args()
    if platform.machine() != "x86_64":
        sys.stderr.write("the lab boots an amd64 kernel, and this machine is none\n")
        return 2
    try:
        needed("qemu-system-x86_64", "busybox", "apt-get", "dpkg-deb")
        unpacked, version = kernel()
        tests = asked.tests or sorted(str(path.relative_to(ROOT)) for path in (ROOT / TESTS).glob("lab_*.py"))
        script = LAB / "guest.sh"
        script.write_text(SCRIPT.format(root=ROOT, python=sys.executable, tests=" ".join(tests)), encoding="utf-8")
        first = initrd(unpacked, version, script)
    except (Missing, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return boot(unpacked, version, first)


if __name__ == "__main__":
    raise SystemExit(main())
