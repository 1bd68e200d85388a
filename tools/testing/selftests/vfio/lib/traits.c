// SPDX-License-Identifier: GPL-2.0-only
/* See traits.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "frame.h"
#include "pci_sysfs.h"
#include "traits.h"
#include "vdev.h"

#define ANY_SIZE (~0ULL)

/* Device models of QEMU, by vendor and device ID. */
static const struct model {
	__u16 vendor;
	__u16 device;
	__u64 traits;
	struct scratch scratch;
	struct scratch witness;
} models[] = {
	/* nvme: admin queue attributes; controller configuration while disabled */
	{ 0x1b36, 0x0010, IS_NVME | HAS_SCRATCH | HAS_WITNESS | HAS_SAFE_TABLE,
	  { 0, 0x24, 4, 0x00010001, 0x0fff0fff }, { 0, 0x14, 4, 0x00460000, 0x00ff0000 } },
	/* 82576 and 82574L: VLAN EtherType */
	{ 0x8086, 0x10c9, HAS_SCRATCH | HAS_WITNESS | HAS_SAFE_BAR,
	  { 0, 0x38, 4, 0x5a5a, 0xffff }, { 0, 0x38, 4, 0x5a5a, 0xffff } },
	{ 0x8086, 0x10d3, HAS_SCRATCH | HAS_WITNESS | HAS_SAFE_BAR,
	  { 0, 0x38, 4, 0x5a5a, 0xffff }, { 0, 0x38, 4, 0x5a5a, 0xffff } },
	/* virtio-blk, modern: feature select; device status "acknowledge" */
	{ 0x1af4, 0x1042, HAS_SCRATCH | HAS_WITNESS,
	  { 4, 0x00, 4, 1, 0xffffffff }, { 4, 0x14, 1, 1, 0xff } },
	/* edu: liveness check, inverts */
	{ 0x1234, 0x11e8, IS_EDU | HAS_SCRATCH | HAS_SAFE_BAR,
	  { 0, 0x04, 4, 0x12345678, 0xffffffff, true }, {} },
	/* ivshmem-plain: the shared memory */
	{ 0x1af4, 0x1110, IS_RAM_BAR | HAS_SCRATCH, { 2, 0x1000, 4, 1, 0xffffffff }, {} },
	{ 0x1234, 0x1111, IS_STDVGA, {}, {} },
	/* the simulator's allcaps: its BAR is memory that a reset clears; and igd */
	{ 0x1234, 0x11a6, HAS_SCRATCH | HAS_WITNESS | HAS_SAFE_TABLE,
	  { 0, 0x10, 4, 0x12345678, 0xffffffff }, { 0, 0x14, 4, 0x5a5a, 0xffffffff } },
	{ 0x8086, 0xa5a5, IS_IGD, {}, {} },
};

static const struct model *model_of(const char *bdf)
{
	long vendor = pci_attr_number(bdf, "vendor");
	long device = pci_attr_number(bdf, "device");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i].vendor == vendor && models[i].device == device)
			return &models[i];
	return NULL;
}

const struct scratch *scratch_of(const char *bdf)
{
	const struct model *model = model_of(bdf);

	return model && model->traits & HAS_SCRATCH ? &model->scratch : NULL;
}

const struct scratch *witness_of(const char *bdf)
{
	const struct model *model = model_of(bdf);

	return model && model->traits & HAS_WITNESS ? &model->witness : NULL;
}

bool register_of(const char *bdf, int *bar, __u64 *offset)
{
	const struct scratch *s = scratch_of(bdf);
	unsigned int msix = phys_find_cap(bdf, PCI_CAP_ID_MSIX);
	int table = -1;

	if (msix)
		table = phys_get(bdf, msix + PCI_MSIX_TABLE, 4) & PCI_MSIX_TABLE_BIR;
	*offset = s ? s->offset : 0;
	*bar = s ? s->bar : bar_with(bdf, RESOURCE_MEM, 4, ANY_SIZE);
	return *bar >= 0 && (s || *bar != table);
}

__u32 scratch_echo(const struct scratch *s, __u32 value)
{
	return (s->inverts ? ~value : value) & s->mask;
}

int bar_with(const char *bdf, __u64 flag, __u64 min, __u64 max)
{
	int bar;

	for (bar = 0; bar < 6; bar++) {
		__u64 flags, size = pci_resource(bdf, bar, &flags);

		if (size >= min && size <= max && size && flags & flag)
			return bar;
	}
	return -1;
}

bool peer_of(const char *bdf, char *peer, size_t size)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, bdf, 10) || !strcmp(entry->d_name, bdf) ||
		    pci_attr_exists(entry->d_name, "physfn"))
			continue;
		snprintf(peer, size, "%.15s", entry->d_name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

static const struct {
	unsigned int id;
	bool extended;
	__u64 trait;
} cap_traits[] = {
	{ PCI_CAP_ID_MSI, false, HAS_MSI },
	{ PCI_CAP_ID_PM, false, HAS_PM },
	{ PCI_CAP_ID_EXP, false, HAS_PCIE },
	{ PCI_CAP_ID_VPD, false, HAS_VPD },
	{ PCI_EXT_CAP_ID_ERR, true, HAS_AER },
	{ PCI_EXT_CAP_ID_SRIOV, true, HAS_SRIOV },
};

static __u64 cap_bits(const char *bdf)
{
	__u64 bits = 0;
	unsigned int at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cap_traits); i++)
		if (cap_traits[i].extended ? phys_find_ecap(bdf, cap_traits[i].id) :
					     phys_find_cap(bdf, cap_traits[i].id))
			bits |= cap_traits[i].trait;

	at = phys_find_cap(bdf, PCI_CAP_ID_MSIX);
	if (at) {
		unsigned int vectors = (phys_get(bdf, at + 2, 2) & PCI_MSIX_FLAGS_QSIZE) + 1;

		bits |= HAS_MSIX | (vectors >= 16 ? HAS_MANY_MSIX : 0);
	}
	at = phys_find_cap(bdf, PCI_CAP_ID_EXP);
	if (at && phys_get(bdf, at + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR)
		bits |= HAS_FLR;
	return bits;
}

static __u64 bar_bits(const char *bdf)
{
	const __u64 page = sysconf(_SC_PAGESIZE);
	__u64 rom, bits = LACKS_ROM;

	if (pci_resource(bdf, 6, &rom))
		bits = HAS_ROM | (rom & RESOURCE_SHADOW ? HAS_SHADOW_ROM : HAS_OWN_ROM);
	return bits | (bar_with(bdf, RESOURCE_MEM, 1, ANY_SIZE) < 0 ? 0 : HAS_MEM_BAR) |
	       (bar_with(bdf, RESOURCE_IO, 1, ANY_SIZE) < 0 ? 0 : HAS_IO_BAR) |
	       (bar_with(bdf, RESOURCE_MEM, page, ANY_SIZE) < 0 ? 0 : HAS_PAGE_BAR) |
	       (bar_with(bdf, RESOURCE_MEM, 256ULL << 20, ANY_SIZE) < 0 ? 0 : HAS_HUGE_BAR);
}

static __u64 vga_bits(const char *bdf)
{
	char disabled[4] = "";

	file_read("/sys/module/vfio_pci/parameters/disable_vga", disabled, sizeof(disabled));
	return pci_attr_number(bdf, "class") >> 8 == 0x0300 && *disabled != 'Y' ? HAS_VGA :
										  LACKS_VGA;
}

static __u64 place_bits(const char *bdf)
{
	char peer[16];
	__u64 bits = pci_attr_exists(bdf, "physfn") ? IS_VF : IS_PF;

	if (!(bits & IS_VF) && peer_of(bdf, peer, sizeof(peer)))
		bits |= HAS_PEER |
			(vdev_group_of(bdf) != vdev_group_of(peer) ? HAS_PEER_GROUP : 0);
	if (pci_attr_exists(bdf, "../vendor") && !(bits & IS_VF))
		bits |= HAS_BUS_RESET;
	if (!(bits & IS_VF) && phys_get(bdf, PCI_INTERRUPT_PIN, 1))
		bits |= HAS_INTX;
	if (phys_cfg_size(bdf) > 256)
		bits |= HAS_EXT_CONFIG;
	if (!access("/dev/vfio/devices", F_OK))
		bits |= HAS_CDEV;
	if (getenv("VFIO_QEMU_ID"))
		bits |= HAS_QEMU_ID;
	return bits;
}

/*
 * What Linux does not do on an architecture, whatever the function has: VFIO_PCI_MMAP and
 * VFIO_PCI_INTX of its Kconfig, power management, MSI domains that allocate one at a time; on s390
 * ROMs, for which zPCI has no addresses; on POWER bus resets, after which QEMU's PHB4 leaves its
 * link down.
 */
#if defined(__s390__)
#define HOST_LACKS	(HAS_INTX | HAS_PAGE_BAR | HAS_HUGE_BAR | HAS_RUNTIME_PM | \
			 HAS_GROWING_MSIX | HAS_ROM | HAS_OWN_ROM)
#elif defined(__powerpc__)
#define HOST_LACKS	(HAS_GROWING_MSIX | HAS_BUS_RESET)
#else
#define HOST_LACKS	0ULL
#endif

/*
 * Where nothing answers in a BAR, a read gives ones. QEMU's POWER machines have a machine check for
 * it, as no real one does: there only models are safe that are known to answer.
 */
#ifdef __powerpc__
#define HOST_SAFE	0ULL
#else
#define HOST_SAFE	(HAS_SAFE_BAR | HAS_SAFE_TABLE)
#endif

bool host_maps_bars(void)
{
	return !(HOST_LACKS & HAS_PAGE_BAR);
}

/*
 * The letter O in a module's taint says that it came from out of the kernel's tree. In-tree's
 * driver looks for an image in the ROM with memory space disabled, too.
 */
static __u64 driver_bits(void)
{
	char taint[16] = "";

	file_read("/sys/module/vfio_pci_core/taint", taint, sizeof(taint));
	if (strchr(taint, 'O'))
		return IS_OURS | HAS_SAFE_ROM;
	return HOST_SAFE ? HAS_SAFE_ROM : 0;
}

static __u64 host_bits(const char *bdf)
{
	return HAS_RUNTIME_PM | HAS_GROWING_MSIX | HAS_RESCAN | HOST_SAFE |
	       (access("/sys/power/pm_test", W_OK) ? 0 : HAS_SLEEP) |
	       (pci_attr_exists(bdf, "../vendor") ? HAS_PORT : 0) |
	       (pci_attr_exists(bdf, "function_id") ? IS_ZPCI : 0) |
	       (pci_attr_exists(bdf, "eeh_pe_state") ? HAS_EEH : 0);
}

/* A kernel that cannot map BARs into userspace makes no such files. */
static __u64 host_map_bits(const char *bdf)
{
	const struct scratch *w = witness_of(bdf);
	char file[16];

	snprintf(file, sizeof(file), "resource%d", w ? w->bar : 0);
	return w && pci_attr_exists(bdf, file) ? HAS_HOST_MAP : 0;
}

__u64 traits_of(const char *bdf)
{
	static char known[16];
	static __u64 bits;
	const struct model *model = model_of(bdf);

	if (!strcmp(known, bdf))
		return bits;
	bits = cap_bits(bdf) | bar_bits(bdf) | vga_bits(bdf) | place_bits(bdf) | host_bits(bdf) |
	       host_map_bits(bdf) | driver_bits() | (model ? model->traits : 0);
	bits &= ~HOST_LACKS;
	/* OPAL's functions stay in D0, whatever their capability says. */
	if (!access("/proc/device-tree/ibm,opal", F_OK))
		bits &= ~HAS_PM;
	/* A partition's kernel warns when it scans host bridges again. */
	if (!access("/proc/device-tree/rtas", F_OK))
		bits &= ~HAS_RESCAN;
	/* A bus reset is no function's own where functions share the bus. */
	if (pci_attr_exists(bdf, "reset") && (bits & HAS_FLR || !(bits & HAS_PEER)))
		bits |= HAS_RESET;
	snprintf(known, sizeof(known), "%s", bdf);
	return bits;
}
