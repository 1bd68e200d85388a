# SPDX-License-Identifier: GPL-2.0
"""A QEMU that runs a guest, and what is said to it over QMP (QEMU: docs/interop/qmp-spec)."""

import json
import os
import re
import signal
import socket
import subprocess
import time


# What QEMU says of every such device on a stock kernel of this age: that has no dma-buf feature, and
# no log of DMA but the container's, which vfio_pci_migration.h feeds.
KNOWN = re.compile("VFIO dma-buf not supported in kernel|"
                   "VFIO device doesn't support device and IOMMU dirty tracking|"
                   # QEMU maps BARs, which are far above Machine.MEMORY, for other devices before it
                   # has given the function its memory decode back.
                   r"vfio_container_dma_map\(\S+, 0x\w{8,}, \S+ \S+ = -14 \(Bad address\)|"
                   "PCI peer-to-peer transactions on BARs are not supported")

# What the guest's programs tell of their work.
COUNTS = re.compile(r"L2: (edu|disk|card):( \w+ \d+)+")


class QmpError(Exception):
    """QEMU refused a command, or is gone."""


class Qmp:
    """One QMP connection; answers are returned, events kept with their time."""

    def __init__(self, path, patience=60):
        end = time.monotonic() + patience
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError as error:
                if time.monotonic() > end:
                    raise QmpError(f"no QEMU answers at {path}") from error
                time.sleep(0.05)
        self.stream = self.socket.makefile("r", encoding="utf-8")
        self.events = []
        self._next()
        self("qmp_capabilities")

    def _next(self):
        try:
            line = self.stream.readline()
        except OSError as error:
            raise QmpError("QEMU is gone") from error
        if not line:
            raise QmpError("QEMU is gone")
        return json.loads(line)

    def _remember(self, event):
        stamp = event["timestamp"]
        self.events.append((event["event"], stamp["seconds"] + stamp["microseconds"] / 1e6))

    def when(self, event):
        """Time of the last event of that name, as time.time() counts; None when there was none."""
        return next((at for name, at in reversed(self.events) if name == event), None)

    def __call__(self, command, **arguments):
        """Execute @command and return its result. Underscores in argument names mean hyphens."""
        message = {"execute": command,
                   "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}}
        try:
            self.socket.sendall(json.dumps(message).encode())
        except OSError as error:
            raise QmpError("QEMU is gone") from error
        while True:
            answer = self._next()
            if "event" in answer:
                self._remember(answer)
            elif "error" in answer:
                raise QmpError(f"{command}: {answer['error']['desc']}")
            elif "return" in answer:
                return answer["return"]


class Machine:
    """
    A guest's QEMU. The machine is the same wherever it is made, or there is no migration; only
    what backs the edu device differs.
    """

    MEMORY = "128M"
    SLOT = "slot0"

    def __init__(self, name, folder, *arguments):
        self.name = name
        self.console = os.path.join(folder, name + ".console")
        self.errors = os.path.join(folder, name + ".errors")
        self.forgiven = 0
        path = f"/tmp/{name}-{os.getpid()}.qmp"
        # A guest under emulation spends its time in the kernel: no hints of a faster one needed.
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-name", name, "-M", "q35,sata=off,smbus=off",
                   "-accel", "tcg", "-cpu", "max,la57=off", "-m", self.MEMORY,
                   # The guest's own hotplug driver, rather than firmware, sees the device come.
                   "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                   "-device", f"pcie-root-port,id={self.SLOT},chassis=1,slot=1",
                   "-serial", f"file:{self.console}",
                   "-qmp", f"unix:{path},server=on,wait=off", *arguments]
        open(self.console, "w", encoding="ascii").close()
        with open(self.errors, "w", encoding="utf-8") as errors:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors)
        self.qmp = Qmp(path)

    @classmethod
    def edu(cls, address):
        """What -device and device_add are told of an edu device of the host."""
        return {"driver": "vfio-pci", "host": address, "id": "edu0", "bus": cls.SLOT,
                "enable-migration": "on"}

    def runs(self):
        """Whether the guest's processors do."""
        return self.qmp("query-status")["running"]

    def kill(self):
        """End it without a good-bye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def last_words(self):
        """All that QEMU said, for when it went wrong."""
        with open(self.errors, encoding="utf-8", errors="replace") as errors:
            return errors.read()

    def quit(self):
        """End it; True when QEMU did so by itself and without error."""
        try:
            self.qmp("quit")
        except QmpError:
            pass
        try:
            return self.process.wait(60) == 0
        except subprocess.TimeoutExpired:
            self.kill()
            return False

    def said(self):
        """Lines of the guest's console so far."""
        with open(self.console, encoding="utf-8", errors="replace") as console:
            return console.read().replace("\r", "").split("\n")

    def forgive(self):
        """What QEMU has complained of so far had to be."""
        self.forgiven = os.path.getsize(self.errors)

    def complaints(self):
        """What else QEMU said about vfio."""
        with open(self.errors, encoding="utf-8", errors="replace") as errors:
            errors.seek(self.forgiven)
            return "".join(line for line in errors if "vfio" in line.lower()
                           and not KNOWN.search(line))

    def counts(self):
        """
        The last counts that the guest told, as a dict; empty before the first. Its kernel writes to
        the same console, into the middle of a line if it likes; that line does not count.
        """
        for line in reversed(self.said()[:-1]):
            if COUNTS.fullmatch(line):
                words = line.split()[2:]
                return dict(zip(words[::2], map(int, words[1::2])))
        return {}


def wait_for(condition, seconds, step=0.2):
    """Poll @condition; its value, or None when it stayed false."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            return None
        time.sleep(step)
