# SPDX-License-Identifier: GPL-2.0
"""A guest that keeps an edu device busy travels between two devices of L1: what the test and the
story of it have in common."""

import json
import os
import subprocess
import time

from qmp import Machine, wait_for

# An emulated guest on a busy machine takes its time; what never happens takes all of it.
PATIENCE = 180

# What must be zero, at any time.
FAULTS = ("wrong", "lost")

SLOW = 1 << 20    # bytes a second at which a migration lasts long enough to be disturbed
FAST = 1 << 34

# Milliseconds that a guest may stand still whose device's writes nobody has told of: on a kernel
# without iommufd all of its memory is sent once more when it has stopped.
UNLOGGED = 120_000


class Failed(Exception):
    """A step of the journey did not end as it has to."""


def devices(kind):
    """Addresses of L1's devices of that kind."""
    pairs = (pair.split("=") for pair in os.environ["LAB_DEVICES"].split())
    return [address for name, address in pairs if name == kind]


def bind(address, driver):
    """Give the function at @address to @driver, as an administrator does it."""
    if subprocess.call(["modprobe", driver]):
        raise Failed(f"there is no module {driver}")
    device = f"/sys/bus/pci/devices/{address}"
    bound = device + "/driver"

    def put(path, text):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)

    put(device + "/driver_override", driver)
    if os.path.exists(bound):
        put(bound + "/unbind", address)
    put("/sys/bus/pci/drivers_probe", address)
    if not os.path.exists(bound) or os.path.basename(os.readlink(bound)) != driver:
        raise Failed(f"{driver} does not take {address}")


class Journey:
    """The guest: @here is where it runs, @downtime how many milliseconds it may stand still."""

    def __init__(self, folder):
        self.folder = folder
        self.downtime = 1000
        self.here = None
        self.made = 0
        self.samples = []

    def start(self, address):
        """Take the guest up from its snapshot, and plug the device at @address in."""
        self.here = Machine("source", self.folder, "-incoming", "defer")
        self.here.qmp("migrate-incoming", uri=f"file:{self.folder}/l2.snapshot")
        if not wait_for(self.here.runs, PATIENCE):
            raise Failed("the guest does not go on from its snapshot")
        self.here.qmp("device_add", **self.here.edu(address))

    def destination(self, address):
        """A QEMU at the device at @address that waits for the guest, and where to."""
        self.made += 1
        uri = f"unix:/tmp/journey-{os.getpid()}-{self.made}"
        there = Machine(f"destination-{self.made}", self.folder, "-incoming", "defer",
                        "-device", json.dumps(Machine.edu(address)))
        there.qmp("migrate-incoming", uri=uri)
        return there, uri

    def works_on(self, rounds=3):
        """Whether the guest does so many rounds more, none of them wrong; its last counts."""
        begin = self.here.counts().get("rounds", 0)
        wait_for(lambda: self.here.counts().get("rounds", 0) >= begin + rounds, PATIENCE)
        counts = self.here.counts()
        if counts.get("rounds", 0) < begin + rounds:
            raise Failed(f"the guest did {counts.get('rounds', 0) - begin} rounds of {rounds}: "
                         + " / ".join(self.here.said()[-5:]))
        if any(counts[fault] for fault in FAULTS):
            raise Failed("the guest saw faults: " + " / ".join(self.here.said()[-10:]))
        return counts

    def status(self):
        """Of the migration."""
        return self.here.qmp("query-migrate").get("status", "none")

    def set_out(self, uri, bandwidth, **capabilities):
        """Begin to migrate."""
        wanted = {"pause-before-switchover": False}
        wanted.update((k.replace("_", "-"), v) for k, v in capabilities.items())
        self.here.qmp("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": state} for name, state in wanted.items()])
        self.here.qmp("migrate-set-parameters", max_bandwidth=bandwidth,
                      downtime_limit=self.downtime)
        self.here.qmp("migrate", uri=uri)

    def half_way(self, megabytes=4):
        """Wait until that much of the guest's memory is on its way, and more to come."""
        def moved():
            info = self.here.qmp("query-migrate")
            if info["status"] not in ("setup", "active", "none"):
                raise Failed(f"half way the migration is {info['status']}")
            return info.get("ram", {}).get("transferred", 0) >= megabytes << 20
        if not wait_for(moved, PATIENCE):
            raise Failed("the migration does not get half way")

    def until(self, *states):
        """Wait for a status of the migration."""
        if not wait_for(lambda: self.status() in states, PATIENCE):
            raise Failed(f"the migration is {self.status()}, not {' or '.join(states)}")
        return self.status()

    def sample(self, began):
        """Where the migration is now."""
        info = self.here.qmp("query-migrate")
        self.samples.append((time.time() - began, info.get("ram", {}).get("transferred", 0),
                             info.get("vfio", {}).get("transferred", 0)))
        return info

    def arrive(self, there, uri, bandwidth=FAST):
        """Migrate to @there and be there. Returns QEMU's own account, with the times added."""
        began = time.time()
        self.samples = []
        self.set_out(uri, bandwidth)
        end = began + PATIENCE
        while True:
            info = self.sample(began)
            if info["status"] in ("completed", "failed", "cancelled"):
                break
            if time.time() > end:
                raise Failed(f"the migration is {info['status']} and does not end")
            time.sleep(0.05)
        if info["status"] != "completed":
            raise Failed(f"the migration is {info['status']}: {info.get('error-desc', '')} "
                         + there.last_words())
        if not wait_for(there.runs, PATIENCE):
            raise Failed("the guest does not run at its destination")
        there.qmp("query-status")
        info["device-bytes"] = info.get("vfio", {}).get("transferred", 0)
        # The source also stops once for the snapshot that it began with, so the last one counts.
        info["stopped"] = self.here.qmp.when("STOP") - began
        info["resumed"] = there.qmp.when("RESUME") - began
        info["source"], self.here = self.here, there
        return info

    def save_samples(self, path, info):
        """For the plot: a line of facts, then a line per sample."""
        with open(path, "w", encoding="ascii") as file:
            file.write(f"# stopped {info['stopped']:.3f} resumed {info['resumed']:.3f}\n")
            file.write("seconds,memory,device\n")
            for sample in self.samples:
                file.write("%.3f,%d,%d\n" % sample)
