// SPDX-License-Identifier: GPL-2.0-only
/* See simulator.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "../lib/event.h"
#include "../lib/frame.h"
#include "../lib/pci_sysfs.h"
#include "../lib/traits.h"
#include "simulator.h"

#define PORT "/dev/virtio-ports/lab.sim"
#define TAINT_WARN BIT(9)
#define EVENTS 32

/* One line, which is the answer or the reason why there is none. */
static int answer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char line[128] = "";
	size_t used = 0;

	while (used < sizeof(line) - 1 && !strchr(line, '\n')) {
		if (poll(&p, 1, PATIENCE_MS) != 1 || read(fd, line + used, 1) != 1)
			return -EIO;
		line[++used] = '\0';
	}
	return strcmp(line, "ok\n") ? -EINVAL : 0;
}

int tell(const char *lie)
{
	const char *liar = getenv("LIAR");
	char command[64];
	int lock, fd, ret;

	if (!liar)
		return -ENODEV;
	lock = open("/run/liar.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* An answer does not say whose it is. */
	if (lock < 0 || flock(lock, LOCK_EX))
		return -errno;
	fd = open(PORT, O_RDWR | O_CLOEXEC);
	ret = fd < 0 ? -errno : 0;
	if (!ret) {
		snprintf(command, sizeof(command), "lie %s %s\n", liar, lie);
		ret = write(fd, command, strlen(command)) < 0 ? -errno : answer(fd);
		close(fd);
	}
	close(lock);
	return ret;
}

bool kernel_warned(void)
{
	char text[32];

	return file_read("/proc/sys/kernel/tainted", text, sizeof(text)) ||
	       atol(text) & TAINT_WARN;
}

/* Either list ends, with no entry where none can be.  A pointer has two bits that mean nothing. */
static const char *lists_end(const struct vdev *v)
{
	unsigned int at = 0, budget = 48;
	bool extended = false;
	__u32 header;

	if (cfg_get(v, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST)
		at = cfg_get(v, PCI_CAPABILITY_LIST, 1) & ~3U;
	for (; at; at = cfg_get(v, at + 1, 1) & ~3U) {
		if (!budget-- || at < PCI_STD_HEADER_SIZEOF)
			return "the list of capabilities does not end, or leads astray";
		extended |= cfg_get(v, at, 1) == PCI_CAP_ID_EXP;
	}
	/* What has no such capability has no extended ones, whatever is there. */
	if (!extended || vdev_region_size(v, VFIO_PCI_CONFIG_REGION_INDEX) <= 0x100)
		return "";
	for (at = 0x100, budget = 960; at; at = header >> 20) {
		if (!budget-- || at < 0x100 || at > 0xffc || at % 4)
			return "the list of extended capabilities does not end, or leads astray";
		header = cfg_get(v, at, 4);
	}
	return "";
}

int arm_all(const struct vdev *v, __u32 index)
{
	struct vfio_irq_info info;
	int fds[2048], ret;

	ret = vdev_irq_info(v, index, &info);
	if (ret || info.count > ARRAY_SIZE(fds))
		return ret ?: -ERANGE;
	if (!info.count)
		return -ENOENT;
	/* With one for each of the first, the kernel's log stays short. */
	for (unsigned int i = 0; i < info.count; i++)
		fds[i] = i < EVENTS ? event_new() : fds[i % EVENTS];
	ret = vdev_arm(v, index, 0, info.count, fds);
	for (unsigned int i = 0; i < info.count && i < EVENTS; i++)
		close(fds[i]);
	return ret;
}

static void use_registers(const struct vdev *v)
{
	__u8 bytes[0x200];
	__u64 value;

	/*
	 * Whatever comes of them; a user who writes back all that it read is the worst.  In between
	 * there is nothing, of which each dword is a message to the simulator.
	 */
	vdev_read(v, VFIO_PCI_CONFIG_REGION_INDEX, 0xff0, bytes, 0x10);
	if (vdev_read(v, VFIO_PCI_CONFIG_REGION_INDEX, 0, bytes, sizeof(bytes)) > 0)
		vdev_write(v, VFIO_PCI_CONFIG_REGION_INDEX, 0x40, bytes + 0x40, 0x100 - 0x40);
	cfg_update16(v, PCI_COMMAND, PCI_COMMAND_MEMORY, 0);
	cfg_update16(v, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, ~0);
	for (__u32 region = 0; region <= VFIO_PCI_ROM_REGION_INDEX; region++) {
		__u64 size = vdev_region_size(v, region);

		for (__u64 at = 0; at < size; at += size / 4)
			vdev_read(v, region, at, &value, sizeof(value));
	}
	cfg_put(v, LIAR_VPD + PCI_VPD_ADDR, 2, 0);
}

static void use_map(const struct vdev *v)
{
	int err = 0;
	void *map = vdev_mmap(v, VFIO_PCI_BAR0_REGION_INDEX, 0, 0x10000, MAP_SHARED, &err);
	__u32 value;

	if (!map)
		return;
	touch_read32(map, &value);
	touch_write32((char *)map + LIAR_SCRATCH, value);
	munmap(map, 0x10000);
}

const char *exercise(const struct vdev *v)
{
	static const __u32 kinds[] = {
		VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
	};
	struct vfio_device_info info;

	if (vdev_info(v, &info) || info.num_regions < VFIO_PCI_NUM_REGIONS)
		return "the device does not say what it is";
	use_registers(v);
	use_map(v);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (arm_all(v, kinds[i]) >= 0)
			vdev_disarm(v, kinds[i]);
	vdev_ioctl(v, VFIO_DEVICE_RESET, NULL);
	return lists_end(v);
}

const char *is_sound(const struct vdev *v)
{
	struct vfio_irq_info info;

	cfg_update16(v, PCI_COMMAND, PCI_COMMAND_MEMORY, ~0);
	if (!still_usable(v))
		return "it does not show what it is";
	if (vdev_put(v, 0, LIAR_SCRATCH, 4, 0x600df00d) ||
	    vdev_get(v, 0, LIAR_SCRATCH, 4) != 0x600df00d)
		return "its registers do not work";
	if (vdev_irq_info(v, VFIO_PCI_MSIX_IRQ_INDEX, &info) || info.count != LIAR_VECTORS)
		return "it has not all its vectors";
	if (arm_all(v, VFIO_PCI_MSIX_IRQ_INDEX) || vdev_disarm(v, VFIO_PCI_MSIX_IRQ_INDEX))
		return "its vectors cannot be set up";
	return lists_end(v);
}

const char *works(const char *bdf)
{
	const char *wrong;
	struct vdev v;

	if (vdev_open(&v, bdf))
		return "it cannot be opened";
	wrong = is_sound(&v);
	vdev_close(&v);
	return wrong;
}
