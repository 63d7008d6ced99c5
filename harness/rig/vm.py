#!/usr/bin/env python3
"""The VM rig: boots any static init, unmodified, as /init of a real Linux machine in QEMU.

As a program it is scripts/boot; as a module it serves scripts/verify.

The machine has two serial lines. The first is the console, where init and its child write. The second
carries the kernel's messages alone, and it is by these that the outcome is judged: nothing that init
prints can pass for a restart.

Time in the machine is counted in instructions (-icount) and skips what is idle, so that 30 seconds of
delay take a moment, and a slow host does not make them shorter or longer.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNEL = ROOT / "build/cache/kernel/vmlinuz"
LOGS = ROOT / "build/boots"

RESTARTED, PANICKED, POWERED_OFF, HUNG, STOPPED = (
    "restarted", "panicked", "powered off", "hung", "stopped")


class CannotStart(Exception):
    """What keeps a boot from starting: what, and what to do about it."""


@dataclasses.dataclass
class Boot:
    outcome: str  # one of the above
    seconds: float  # of the host's time
    console: str  # what init and its child wrote, carriage returns taken out
    kernel: str  # what the kernel wrote
    console_path: pathlib.Path
    kernel_path: pathlib.Path

    def time_of(self, text):
        """When the kernel first logged a line with `text`, in the guest's seconds, or None."""
        found = re.search(r"^\[ *([0-9]+\.[0-9]+)\].*" + re.escape(text), self.kernel, re.M)
        return float(found.group(1)) if found else None


def cpio(entries):
    """A newc archive (Documentation/driver-api/early-userspace/buffer-format.rst).

    entries: (path, mode, content, (major, minor) of a device).
    """
    archive = bytearray()

    def add(number, path, mode, content, device):
        name = path.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
        archive.extend(b"070701" + b"".join(b"%08X" % field for field in fields) + name)
        archive.extend(b"\0" * (-len(archive) % 4))
        archive.extend(content)
        archive.extend(b"\0" * (-len(archive) % 4))

    for number, (path, mode, content, device) in enumerate(entries, 1):
        add(number, path, mode, content, device)
    add(0, "TRAILER!!!", 0, b"", (0, 0))
    return bytes(archive)


def initramfs(files):
    """files: {path: (content, permissions)}, under a root with the devices that init needs."""
    directory, character, regular = 0o040755, 0o020600, 0o100000
    entries = [(path, directory, b"", (0, 0)) for path in ("dev", "proc")]
    entries += [("dev/console", character, b"", (5, 1)), ("dev/null", character | 0o066, b"", (1, 3)),
                ("dev/kmsg", character, b"", (1, 11)), ("dev/tty", character | 0o066, b"", (5, 0))]
    entries += [(path.lstrip("/"), regular | permissions, content, (0, 0))
                for path, (content, permissions) in files.items()]
    return cpio(entries)


def read_program(path, what):
    try:
        content = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise CannotStart(f"cannot read {what} {path}: {error.strerror}") from error
    if wants_linker(content):
        raise CannotStart(f"{what} {path} is dynamically linked, and nothing but it is in the image: "
                          "give a static program")
    return content


def wants_linker(program):
    """Whether an ELF file (elf(5)) has a PT_INTERP segment: nothing in the image could load it."""
    if program[:5] != b"\x7fELF\x02":
        return False
    offset, = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    return any(struct.unpack_from("<I", program, offset + i * size) == (3,) for i in range(count))


def boot(files, parameters="", timeout=120, name=None, echo=None, stop=None):
    """Boots an image with `files` (see initramfs) to its end.

    parameters: more for the kernel's command line; what the kernel does not know of these, as NAME=VALUE,
    becomes init's environment. timeout: host seconds. name: of the logs. echo: a function that is given
    the console's bytes as they come. stop: a threading.Event that ends it early.
    """
    if not KERNEL.exists():
        raise CannotStart(f"no kernel at {KERNEL}: run scripts/setup")
    LOGS.mkdir(parents=True, exist_ok=True)
    name = name or time.strftime("boot-%Y%m%d-%H%M%S-") + str(os.getpid())
    console_path, kernel_path = LOGS / f"{name}.console", LOGS / f"{name}.kernel"
    kernel_path.unlink(missing_ok=True)
    # The image is a file without a name, and QEMU dies with whoever started it: nothing is left behind.
    with open(os.memfd_create("initramfs"), "w+b") as image:
        image.write(initramfs(files))
        image.flush()
        command = [
            "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
            "-accel", "tcg,thread=single", "-icount", "shift=1,sleep=off",
            "-M", "q35", "-cpu", "max", "-m", "512", "-nodefaults", "-display", "none",
            "-no-reboot", "-kernel", str(KERNEL), "-initrd", f"/proc/self/fd/{image.fileno()}",
            "-serial", "stdio", "-serial", f"file:{kernel_path}",
            "-append", "earlyprintk=serial,ttyS1,115200,keep console=ttyS0 quiet panic=-1 "
                       "printk.devkmsg=on rdinit=/init random.trust_cpu=on " + parameters,
        ]
        started = time.monotonic()
        try:
            machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, start_new_session=True,
                                       pass_fds=[image.fileno()])
        except FileNotFoundError as error:
            raise CannotStart("no setpriv, of util-linux: run scripts/setup") from error
        try:
            timed_out, errors = follow(machine, console_path, started + timeout, echo, stop)
        finally:
            machine.kill()
            machine.wait()
    seconds = time.monotonic() - started
    kernel = kernel_path.read_text(errors="replace").replace("\r", "") if kernel_path.exists() else ""
    if errors and not kernel and not timed_out:
        raise CannotStart("QEMU did not start: " + errors.decode(errors="replace").strip())
    console = console_path.read_text(errors="replace").replace("\r", "")
    return Boot(outcome_of(kernel, timed_out), seconds, console, kernel, console_path, kernel_path)


def follow(machine, console_path, deadline, echo, stop):
    """Copies the console to its log until the machine ends. Returns (timed out, QEMU's own errors)."""
    errors = b""
    streams = [machine.stdout, machine.stderr]
    with open(console_path, "wb") as log:
        while streams:
            left = deadline - time.monotonic()
            if left <= 0 or (stop and stop.is_set()):
                return True, errors
            for stream in select.select(streams, [], [], min(left, 0.2))[0]:
                data = os.read(stream.fileno(), 65536)
                if not data:
                    streams.remove(stream)
                elif stream is machine.stderr:
                    errors += data
                else:
                    log.write(data)
                    log.flush()
                    if echo:
                        echo(data)
    return False, errors


def outcome_of(kernel, timed_out):
    if "Kernel panic" in kernel:
        return PANICKED
    if timed_out:
        return HUNG
    if "reboot: Restarting system" in kernel:
        return RESTARTED
    return POWERED_OFF if "reboot: Power down" in kernel else STOPPED


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/boot",
        description="Boots an init and the program it starts on a real kernel in QEMU, and shows the console.",
        epilog="Exit: 0 it restarted the machine, 1 the kernel panicked or it hung (or it switched the machine "
               "off), 2 it could not start.")
    parser.add_argument("--init", metavar="PATH", default=str(ROOT / "build/init/bin/init"),
                        help="a static program, started as /init (default: ours)")
    parser.add_argument("--child", metavar="PATH", default=None,
                        help="a static program, put in as /core (default: one that exits with 42)")
    parser.add_argument("--timeout", metavar="S", type=float, default=120,
                        help="seconds of this machine's time until it counts as hung (default: %(default)s)")
    parser.add_argument("--append", metavar="WORDS", default="",
                        help="more for the kernel's command line; NAME=VALUE becomes init's environment")
    options = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    if options.timeout <= 0:
        parser.error(f"--timeout is {options.timeout}; it must be more than 0")
    parameters = options.append
    child = options.child
    if child is None:
        child, parameters = ROOT / "build/init/bin/trial", "TRIAL=exit:42 MARK=unchanged " + parameters
    try:
        files = {"/init": (read_program(options.init, "init"), 0o755),
                 "/core": (read_program(child, "child"), 0o755)}
        result = boot(files, parameters, options.timeout,
                      echo=lambda data: (sys.stdout.buffer.write(data), sys.stdout.flush()))
    except CannotStart as problem:
        print(f"boot: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nboot: interrupted", file=sys.stderr)
        return 2
    print(f"boot: {result.outcome} after {result.seconds:.1f} s; console: {result.console_path}, "
          f"kernel's messages: {result.kernel_path}", file=sys.stderr)
    return 0 if result.outcome == RESTARTED else 1


if __name__ == "__main__":
    sys.exit(main())
