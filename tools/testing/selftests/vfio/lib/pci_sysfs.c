// SPDX-License-Identifier: GPL-2.0-only
/* See pci_sysfs.h. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#define PCI_CFG_SPACE_SIZE 256

#include "pci_sysfs.h"

#define DEVICES "/sys/bus/pci/devices/"

static const char *device_path(const char *bdf, const char *attr)
{
	static char path[192];

	snprintf(path, sizeof(path), DEVICES "%s%s%s", bdf, attr ? "/" : "", attr ? attr : "");
	return path;
}

int file_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	close(fd);
	if (len < 0)
		return -EIO;
	buf[len] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

int file_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int pci_attr_read(const char *bdf, const char *attr, char *buf, size_t size)
{
	return file_read(device_path(bdf, attr), buf, size);
}

int pci_attr_write(const char *bdf, const char *attr, const char *value)
{
	return file_write(device_path(bdf, attr), value);
}

long pci_attr_number(const char *bdf, const char *attr)
{
	char text[32];
	int ret = pci_attr_read(bdf, attr, text, sizeof(text));

	return ret ? ret : strtol(text, NULL, 0);
}

bool pci_attr_exists(const char *bdf, const char *attr)
{
	return access(device_path(bdf, attr), F_OK) == 0;
}

bool pci_present(const char *bdf)
{
	return access(device_path(bdf, NULL), F_OK) == 0;
}

void pci_driver(const char *bdf, char *name, size_t size)
{
	char target[PATH_MAX];
	ssize_t len = readlink(device_path(bdf, "driver"), target, sizeof(target) - 1);

	target[len < 0 ? 0 : len] = '\0';
	snprintf(name, size, "%s", len < 0 ? "" : strrchr(target, '/') + 1);
}

int pci_unbind(const char *bdf)
{
	char name[64];

	pci_driver(bdf, name, sizeof(name));
	return *name ? pci_attr_write(bdf, "driver/unbind", bdf) : 0;
}

int pci_bind(const char *bdf, const char *driver)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/bind", driver);
	return file_write(path, bdf);
}

int pci_give(const char *bdf, const char *driver)
{
	char name[64];
	int ret = pci_unbind(bdf);

	if (!ret)
		ret = pci_attr_write(bdf, "driver_override", driver ? driver : "\n");
	if (!ret)
		ret = file_write("/sys/bus/pci/drivers_probe", bdf);
	if (ret)
		return ret;
	pci_driver(bdf, name, sizeof(name));
	if (driver ? strcmp(name, driver) : !strcmp(name, "vfio-pci"))
		return -ENODEV;
	return 0;
}

__u64 pci_resource(const char *bdf, int index, __u64 *flags)
{
	return pci_resource_at(bdf, index, flags, NULL);
}

__u64 pci_resource_at(const char *bdf, int index, __u64 *flags, __u64 *address)
{
	unsigned long long first = 0, last = 0, kind = 0;
	FILE *file = fopen(device_path(bdf, "resource"), "re");
	int row;

	for (row = 0; file && row <= index; row++)
		if (fscanf(file, "%llx %llx %llx", &first, &last, &kind) != 3)
			break;
	if (file)
		fclose(file);
	if (flags)
		*flags = kind;
	if (address)
		*address = first;
	return last && row > index ? last - first + 1 : 0;
}

/* Move @width bytes of physical config space; false on failure. */
static bool transfer(const char *bdf, unsigned int off, void *bytes, size_t width, bool write)
{
	int fd = open(device_path(bdf, "config"), (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	ssize_t done;

	if (fd < 0)
		return false;
	done = write ? pwrite(fd, bytes, width, off) : pread(fd, bytes, width, off);
	close(fd);
	return done == (ssize_t)width;
}

__u32 phys_get(const char *bdf, unsigned int off, size_t width)
{
	__le32 raw = 0;

	return transfer(bdf, off, &raw, width, false) ? le32toh(raw) : ~0U;
}

__u32 phys_bar0(const char *bdf)
{
	__u32 bar = phys_get(bdf, PCI_BASE_ADDRESS_0, 4);
	__u64 flags;

	pci_resource(bdf, 0, &flags);
	return flags & RESOURCE_MEM && !(flags & RESOURCE_MEM_64) ?
	       bar & ~PCI_BASE_ADDRESS_MEM_TYPE_64 : bar;
}

void phys_put(const char *bdf, unsigned int off, size_t width, __u32 value)
{
	__le32 raw = htole32(value);

	transfer(bdf, off, &raw, width, true);
}

unsigned int phys_find_cap(const char *bdf, unsigned int id)
{
	unsigned int at, budget;

	if (!(phys_get(bdf, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	at = phys_get(bdf, PCI_CAPABILITY_LIST, 1) & ~3U;
	for (budget = 48; at && budget; budget--) {
		__u32 header = phys_get(bdf, at, 2);

		if ((header & 0xff) == id)
			return at;
		at = header >> 8 & ~3U;
	}
	return 0;
}

unsigned int phys_find_ecap(const char *bdf, unsigned int id)
{
	unsigned int at = PCI_CFG_SPACE_SIZE, budget = 960;

	if (phys_cfg_size(bdf) <= PCI_CFG_SPACE_SIZE)
		return 0;
	while (at && budget--) {
		__u32 header = phys_get(bdf, at, 4);

		if (header && PCI_EXT_CAP_ID(header) == id)
			return at;
		at = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

unsigned int phys_cfg_size(const char *bdf)
{
	struct stat st;

	return stat(device_path(bdf, "config"), &st) ? 0 : st.st_size;
}
