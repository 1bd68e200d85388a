/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's side of a PCI function: sysfs attributes, drivers, physical config space. */
#ifndef SELFTEST_VFIO_PCI_SYSFS_H
#define SELFTEST_VFIO_PCI_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Read an attribute of @bdf, newline removed. 0 or -errno. */
int pci_attr_read(const char *bdf, const char *attr, char *buf, size_t size);
/* Write one; 0 or -errno. */
int pci_attr_write(const char *bdf, const char *attr, const char *value);
/* A number in an attribute, in any base; -errno on failure. */
long pci_attr_number(const char *bdf, const char *attr);
bool pci_attr_exists(const char *bdf, const char *attr);
/* Write @value to any file; 0 or -errno. */
int file_write(const char *path, const char *value);
int file_read(const char *path, char *buf, size_t size);

bool pci_present(const char *bdf);
/* Name of the driver that holds @bdf, empty when none. */
void pci_driver(const char *bdf, char *name, size_t size);
int pci_unbind(const char *bdf);
/* Ask @driver to take @bdf, without driver_override. */
int pci_bind(const char *bdf, const char *driver);
/*
 * Give @bdf to @driver by driver_override and drivers_probe; NULL returns it to
 * whoever matches. 0 or -errno; -ENODEV when it ends up with another driver.
 */
int pci_give(const char *bdf, const char *driver);

/**
 * pci_bars - address ranges of the resource file
 * @bdf:	full address
 * @index:	0 to 5, 6 for the ROM
 * @flags:	receives the kernel's IORESOURCE_* flags, may be NULL
 * Return: length, 0 when the range is absent.
 */
__u64 pci_resource(const char *bdf, int index, __u64 *flags);
/* The same; where it begins goes to @address. */
__u64 pci_resource_at(const char *bdf, int index, __u64 *flags, __u64 *address);
#define RESOURCE_SHADOW	0x00000002	/* a ROM that firmware has copied to memory */
#define RESOURCE_IO	0x00000100
#define RESOURCE_MEM	0x00000200
#define RESOURCE_MEM_64	0x00100000

/**
 * phys_get - the function's own config space, past any virtualisation
 * @bdf:	full address
 * @off:	offset
 * @width:	1, 2 or 4
 * Return: the value, all ones on failure.
 */
__u32 phys_get(const char *bdf, unsigned int off, size_t width);
/* BAR 0 with the type the kernel takes it for: not always 64-bit where firmware places BARs. */
__u32 phys_bar0(const char *bdf);
/* Write past VFIO, as a back door of the hardware would. */
void phys_put(const char *bdf, unsigned int off, size_t width, __u32 value);
/* Offset of a capability in the physical chain, or 0. */
unsigned int phys_find_cap(const char *bdf, unsigned int id);
unsigned int phys_find_ecap(const char *bdf, unsigned int id);
/* Size of config space, 256 or 4096. */
unsigned int phys_cfg_size(const char *bdf);

#endif
