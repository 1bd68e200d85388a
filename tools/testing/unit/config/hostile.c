// SPDX-License-Identifier: GPL-2.0-only
/*
 * The config space engine against devices that no one would build: lists that loop or point
 * anywhere, capabilities longer than config space or on top of each other, noise.  Each access that
 * the engine makes to the device must be aligned and inside; the sanitizers see to its own memory.
 */
#include <linux/vfio_pci_override.h>

#include "../../../../drivers/vfio/pci/vfio_pci_config.h"
#include "../../../../drivers/vfio/pci/vfio_pci_priv.h"

static struct pci_dev pdev;
static struct vfio_pci_core_device vdev;
static unsigned int count, failed;

static void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, name);
	failed += !good;
}

static void device_new(int size)
{
	pdev = (struct pci_dev) { .cfg_size = size, .pcie_flags_reg = PCI_EXP_FLAGS_VERS & 2 };
	vdev = (struct vfio_pci_core_device) { .pdev = &pdev };
	pdev.config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
}

static void put(unsigned int pos, unsigned int width, u32 value)
{
	value = htole32(value);
	memcpy(pdev.config + pos, &value, width);
}

static void put_cap(unsigned int pos, u8 id, u8 next)
{
	put(pos, 2, id | next << 8);
}

static void put_ext_cap(unsigned int pos, u16 id, unsigned int next)
{
	put(pos, 4, id | 1 << 16 | next << 20);
}

static ssize_t user(unsigned int pos, size_t width, void *buf, bool write)
{
	loff_t at = VFIO_PCI_INDEX_TO_OFFSET(7) + pos;

	return vfio_pci_config_rw(&vdev, buf, width, &at, write);
}

static u32 get(unsigned int pos, size_t width)
{
	u32 value = 0;

	return user(pos, width, &value, false) == (ssize_t)width ? le32toh(value) : 0xdeadbeef;
}

static void set(unsigned int pos, size_t width, u32 value)
{
	value = htole32(value);
	user(pos, width, &value, true);
}

static bool written(unsigned int pos, unsigned int width)
{
	return memchr(pdev.written + pos, 1, width);
}

/* Follows the lists that the user sees; the number of capabilities, or -1 if one is broken. */
static int std_caps(void)
{
	unsigned int pos, seen = 0;

	if (!(get(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	for (pos = get(PCI_CAPABILITY_LIST, 1) & ~3; pos;
	     pos = get(pos + PCI_CAP_LIST_NEXT, 1) & ~3)
		if (pos < PCI_STD_HEADER_SIZEOF || pos >= pdev.cfg_size || ++seen > 48)
			return -1;
	return seen;
}

static int ext_caps(void)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE, seen = 0;

	for (; pos; pos = PCI_EXT_CAP_NEXT(get(pos, 4)))
		if (pos < PCI_CFG_SPACE_SIZE || pos >= pdev.cfg_size || ++seen > 960)
			return -1;
	return seen;
}

static void broken_lists(void)
{
	device_new(256);
	put(PCI_CAPABILITY_LIST, 1, 0x40);
	put_cap(0x40, PCI_CAP_ID_PM, 0x50);
	put_cap(0x50, PCI_CAP_ID_VPD, 0x40);
	result(!vfio_pci_config_init(&vdev) && std_caps() == 2,
	       "a list that loops ends for the user");
	vfio_pci_config_free(&vdev);

	put_cap(0x50, PCI_CAP_ID_VPD, PCI_COMMAND);
	put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	result(!vfio_pci_config_init(&vdev) && std_caps() == 2,
	       "a list that leads into the header ends before it");
	result(vfio_pci_memory_enabled(&vdev), "and memory is enabled as the header says");
	set(PCI_COMMAND, 2, 0);
	result(!(get(PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) && !vfio_pci_memory_enabled(&vdev),
	       "until the user disables it there");
	vfio_pci_config_free(&vdev);

	put_cap(0x50, PCI_CAP_ID_SHPC, 0x50);
	result(!vfio_pci_config_init(&vdev) && std_caps() == 1,
	       "a hidden capability that points at itself ends the list");
	vfio_pci_config_free(&vdev);

	device_new(4096);
	put(PCI_CAPABILITY_LIST, 1, 0x40);
	put_cap(0x40, PCI_CAP_ID_EXP, 0);
	put_ext_cap(0x100, PCI_EXT_CAP_ID_ERR, 0x200);
	put_ext_cap(0x200, PCI_EXT_CAP_ID_DSN, 0x100);
	result(!vfio_pci_config_init(&vdev) && ext_caps() == 2, "an extended list that loops ends");
	vfio_pci_config_free(&vdev);

	put_ext_cap(0x200, PCI_EXT_CAP_ID_DSN, 0x40);
	result(!vfio_pci_config_init(&vdev) && ext_caps() == 2,
	       "an extended list that leads into standard config space ends");
	vfio_pci_config_free(&vdev);

	memset(pdev.config, 0xff, sizeof(pdev.config));
	result(!vfio_pci_config_init(&vdev) && !std_caps(), "all ones show no capability");
	vfio_pci_config_free(&vdev);

	pdev.fail = true;
	result(vfio_pci_config_init(&vdev) == -EIO && !vdev.config,
	       "a device that does not answer is not opened");
}

static void lengths(void)
{
	u8 all[4096];

	device_new(256);
	put(PCI_CAPABILITY_LIST, 1, 0xfc);
	put_cap(0xfc, PCI_CAP_ID_VNDR, 0);
	put(0xfc + PCI_CAP_FLAGS, 1, 255);
	result(!vfio_pci_config_init(&vdev) && user(0, 256, all, false) == 256,
	       "255 bytes of a vendor's at 0xfc are cut");
	vfio_pci_config_free(&vdev);

	put_cap(0xfc, PCI_CAP_ID_VPD, 0);
	result(!vfio_pci_config_init(&vdev) && !std_caps(),
	       "a capability whose registers have no room is hidden");
	set(0xfe, 2, 0);
	result(user(0, 256, all, false) == 256, "and writing where it claims to be is harmless");
	vfio_pci_config_free(&vdev);

	device_new(4096);
	put(PCI_CAPABILITY_LIST, 1, 0x40);
	put_cap(0x40, PCI_CAP_ID_EXP, 0);
	put_ext_cap(0x100, PCI_EXT_CAP_ID_VNDR, 0xff8);
	put(0x104, 4, 0xfff00000);
	put_ext_cap(0xff8, PCI_EXT_CAP_ID_DVSEC, 0);
	put(0xffc, 4, 0xfff00000);
	result(!vfio_pci_config_init(&vdev) && ext_caps() == 2 && user(0, 4096, all, false) == 4096,
	       "4095 bytes of a vendor's at 0xff8 are cut");
	vfio_pci_config_free(&vdev);
}

static void overlaps(void)
{
	device_new(256);
	put(PCI_CAPABILITY_LIST, 1, 0x50);
	put_cap(0x50, PCI_CAP_ID_MSIX, 0x40);
	put_cap(0x40, PCI_CAP_ID_VNDR, 0x44);
	put(0x42, 1, 0x80);
	put_cap(0x44, PCI_CAP_ID_PM, 0);
	result(!vfio_pci_config_init(&vdev) && std_caps() == 3,
	       "capabilities on top of each other are all in the list");
	set(0x50, 4, ~0U);
	set(0x54, 4, ~0U);
	set(0x48, 4, PCI_D3hot);
	result(!written(0x50, PCI_CAP_MSIX_SIZEOF),
	       "a raw capability in front of MSI-X does not uncover it");
	result(!(pdev.config[0x48] & PCI_PM_CTRL_STATE_MASK),
	       "and one behind it does not uncover the power state");
	set(0x60, 4, 0x12345678);
	result(get(0x60, 4) == 0x12345678 && written(0x60, 4), "while the rest of it is raw");
	vfio_pci_config_free(&vdev);
}

static void writes(void)
{
	device_new(4096);
	put(PCI_CAPABILITY_LIST, 1, 0x40);
	put_cap(0x40, PCI_CAP_ID_EXP, 0);
	put(0x40 + PCI_EXP_DEVSTA, 2, 0xf);
	put(PCI_STATUS, 2, PCI_STATUS_CAP_LIST | 0xf900);
	put_ext_cap(0x100, PCI_EXT_CAP_ID_ERR, 0);
	put(0x100 + PCI_ERR_UNCOR_STATUS, 4, PCI_ERR_UNC_ECRC | 1U << 31);
	result(!vfio_pci_config_init(&vdev) && std_caps() == 1 && ext_caps() == 1,
	       "a sane device opens");

	set(PCI_COMMAND, 4, PCI_COMMAND_MASTER);
	result(written(PCI_COMMAND, 2) && !written(PCI_STATUS, 2),
	       "a wide write to the command register leaves status alone");
	set(0x40 + PCI_EXP_DEVCTL, 4, 0);
	result(written(0x40 + PCI_EXP_DEVCTL, 2) && !written(0x40 + PCI_EXP_DEVSTA, 2),
	       "a wide write to device control leaves device status alone");
	set(0x100 + PCI_ERR_UNCOR_STATUS, 4, 0);
	result(!(pdev.config[0x107] & 0x80),
	       "status bits that are not the user's are not written back, which would clear them");
	set(PCI_COMMAND + 1, 1, PCI_COMMAND_INTX_DISABLE >> 8);
	result(vdev.virq_disabled &&
	       !(pdev.config[PCI_COMMAND + 1] & (PCI_COMMAND_INTX_DISABLE >> 8)),
	       "DisINTx takes effect by a write of its byte alone, and not in the device");

	pdev.reads = 0;
	get(PCI_CLASS_REVISION, 4);
	get(PCI_BASE_ADDRESS_0, 4);
	get(PCI_SUBSYSTEM_VENDOR_ID, 4);
	get(0x40 + PCI_EXP_DEVCAP, 4);
	result(!pdev.reads, "constant and virtual registers are not read from the device");
	pdev.reads = 0;
	get(0x80, 4);
	result(pdev.reads == 1, "a gap is read from the device each time");
	vfio_pci_config_free(&vdev);
}

/* What a device says of itself after the kernel has looked at it. */
static void changes(void)
{
	const u32 kind = PCI_BASE_ADDRESS_MEM_TYPE_64;

	device_new(256);
	pdev.resource[0] = (struct resource) {
		.start = 0x10000000, .end = 0x1000ffff, .flags = IORESOURCE_MEM | IORESOURCE_MEM_64,
	};
	put(PCI_STATUS, 2, 0);
	put(PCI_BASE_ADDRESS_0, 4, 0xfff00000 | kind);
	put(PCI_BASE_ADDRESS_3, 4, 0xfffff000);
	vfio_pci_config_init(&vdev);
	set(PCI_BASE_ADDRESS_0, 4, U32_MAX);
	set(PCI_BASE_ADDRESS_3, 4, U32_MAX);
	result(get(PCI_BASE_ADDRESS_0, 4) == (0xffff0000 | kind),
	       "a BAR has the size that the kernel found, whatever its register says");
	result(!get(PCI_BASE_ADDRESS_3, 4), "a BAR that the kernel did not find is not there");
	result(!written(PCI_BASE_ADDRESS_0, 24), "and neither is written by the user");

	pdev.restless[PCI_BASE_ADDRESS_0 / 4] = 0x0fff0000;
	set(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	set(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	result(vfio_pci_memory_enabled(&vdev) && written(PCI_BASE_ADDRESS_0, 4) &&
	       get(PCI_BASE_ADDRESS_0, 4) == (0xffff0000 | kind),
	       "a BAR that is another one at each look is set to the host's, and the user's stays");
	vfio_pci_config_free(&vdev);

	device_new(256);
	put(PCI_CAPABILITY_LIST, 1, 0x40);
	put_cap(0x40, PCI_CAP_ID_VPD, 0x50);
	put_cap(0x50, PCI_CAP_ID_MSIX, 0);
	pdev.restless[PCI_CAPABILITY_LIST / 4] = 0x7c;
	pdev.restless[0x40 / 4] = 0xff00;
	pdev.restless[0x54 / 4] = U32_MAX;
	result(!vfio_pci_config_init(&vdev) && std_caps() >= 0 && std_caps() == std_caps(),
	       "a list that is another one at each look is one list to the user");
	vfio_pci_config_free(&vdev);

	memset(pdev.restless, 0, sizeof(pdev.restless));
	put(PCI_CAPABILITY_LIST, 1, 0x40);
	put_cap(0x40, PCI_CAP_ID_VPD, 0x50);
	vfio_pci_config_init(&vdev);
	pdev.vpd_stuck = true;
	set(0x42, 2, 4);
	result(get(0x42, 2) == 4, "vital product data that never come leave the flag clear");
	set(0x42, 2, PCI_VPD_ADDR_F | 4);
	result(get(0x42, 2) == (PCI_VPD_ADDR_F | 4), "and those that never go leave it set");
	pdev.vpd_stuck = false;
	set(0x42, 2, 4);
	result(get(0x42, 2) == (PCI_VPD_ADDR_F | 4) && get(0x44, 4) == 0x04040404,
	       "until the device answers again");
	vfio_pci_config_free(&vdev);
}

static u64 noise_state = 88172645463325252ULL;

static u32 noise(u32 below)
{
	noise_state ^= noise_state << 13;
	noise_state ^= noise_state >> 7;
	noise_state ^= noise_state << 17;
	return (u32)(noise_state >> 24) % below;
}

static void noisy_device(void)
{
	static const int sizes[] = { 256, 4096, 0xa0, 0x600 };
	unsigned int i, pos, next;

	device_new(sizes[noise(4)]);
	for (i = 0; noise(2) && i < sizeof(pdev.config); i++)
		pdev.config[i] = noise(2) ? noise(256) : 0;
	pdev.config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	pdev.pcie_flags_reg = noise(65536);
	pdev.is_virtfn = !noise(4);
	pdev.no_command_memory = !noise(4);
	if (!noise(4))
		for (i = PCI_STD_HEADER_SIZEOF / 4; i < ARRAY_SIZE(pdev.restless); i++)
			pdev.restless[i] = noise(2) ? 1U << noise(32) | 1U << noise(32) : 0;
	vdev.irq_type = noise(3);
	vdev.msi_qmax = noise(6);
	for (i = 0; i < ARRAY_SIZE(pdev.resource); i++) {
		if (noise(2))
			continue;
		pdev.resource[i].start = 1ULL << (28 + noise(10));
		pdev.resource[i].end = pdev.resource[i].start + (16ULL << noise(30)) - 1;
		pdev.resource[i].flags = noise(3) ? IORESOURCE_MEM | noise(2) * IORESOURCE_MEM_64 :
						    IORESOURCE_IO;
	}

	pos = PCI_CAPABILITY_LIST - PCI_CAP_LIST_NEXT;
	for (i = noise(50); i; i--) {
		next = noise(20) ? 0x40 + 4 * noise(48) : noise(256);
		put(pos + PCI_CAP_LIST_NEXT, 1, next);
		pos = next & ~3;
		put(pos, 1, noise(PCI_CAP_ID_MAX + 2));
	}
	for (i = noise(200), pos = 0x100; i && pos >= 0x100; i--) {
		next = noise(30) ? 0x100 + 4 * noise(960) : noise(4096);
		put_ext_cap(pos, noise(0x30), next);
		pos = next & ~3;
	}
}

static void noise_devices(unsigned int devices)
{
	bool good = true, lists = true, refused = true, quiet = true;
	u8 buf[600];
	unsigned int i;

	while (devices--) {
		noisy_device();
		if (vfio_pci_config_init(&vdev)) {
			good = false;
			continue;
		}
		quiet &= !memchr(pdev.written, 1, sizeof(pdev.written));
		lists &= std_caps() >= 0;
		if (pdev.cfg_size > PCI_CFG_SPACE_SIZE &&
		    vdev.config->owner[PCI_CFG_SPACE_SIZE / 4] != VFIO_PCI_CONFIG_GAP)
			lists &= ext_caps() >= 0;

		for (i = 0; i < 100; i++) {
			size_t width = noise(4) ? 1 + noise(8) : 1 + noise(sizeof(buf));
			unsigned int pos = noise(pdev.cfg_size + 8);
			ssize_t done;

			memset(buf, noise(256), width);
			done = user(pos, width, buf, noise(2));
			if (pos + width > pdev.cfg_size)
				refused &= done == -EFAULT;
			else
				good &= done == (ssize_t)width;
		}
		vfio_pci_config_free(&vdev);
	}
	result(quiet, "noise: opening writes nothing to the device");
	result(lists, "noise: every list that the user sees ends");
	result(good, "noise: every access inside is done in full");
	result(refused, "noise: every access past the end is refused");
}

/* ---- registers that a driver overrides ------------------------------------------------------- */

#define AREA		0x80
#define AREA_SIZE	24

static u32 set_old, set_new, set_calls;

static int get_flipped(struct vfio_pci_core_device *device, u32 *value)
{
	*value ^= 0x5a5a;
	return 0;
}

static int set_masked(struct vfio_pci_core_device *device, u32 old, u32 *new)
{
	set_old = old;
	set_new = *new;
	set_calls++;
	*new &= 0x7fffffff;
	return 0;
}

static int set_refused(struct vfio_pci_core_device *device, u32 old, u32 *new)
{
	return -EPERM;
}

static const struct vfio_pci_config_override overrides[] = {
	{ VFIO_PCI_CONFIG_HEADER, 0, AREA + 1, 1, 0xff, 0xff, 0xa1 },
	{ VFIO_PCI_CONFIG_HEADER, 0, AREA + 6, 2, 0x00ff, 0, 0x33, get_flipped },
	{ VFIO_PCI_CONFIG_CAP, PCI_CAP_ID_VNDR, 8, 4, 0xffffffff, 0xffffffff, 0x04030201, NULL,
	  set_masked },
	{ VFIO_PCI_CONFIG_HEADER, 0, AREA + 16, 2, 0, 0, 0, NULL, set_refused },
};

static void override_device(void)
{
	device_new(256);
	put(PCI_CAPABILITY_LIST, 1, AREA);
	put_cap(AREA, PCI_CAP_ID_VNDR, 0);
	put(AREA + 2, 1, AREA_SIZE);
	for (unsigned int i = 3; i < AREA_SIZE; i++)
		put(AREA + i, 1, 0xc0 + i);
	vfio_pci_config_init(&vdev);
}

static void override_reads(void)
{
	u8 want[AREA_SIZE], got[AREA_SIZE];
	bool good = true;

	user(AREA, AREA_SIZE, want, false);
	for (size_t i = 0; i < ARRAY_SIZE(overrides); i++)
		good &= !vfio_pci_core_override_config(&vdev, &overrides[i]);
	result(good, "override: registers of a header and of a capability are taken");

	want[1] = 0xa1;
	want[6] = 0x33 ^ 0x5a;
	want[7] ^= 0x5a;
	memcpy(want + 8, "\1\2\3\4", 4);
	good = true;
	for (unsigned int from = 0; from < AREA_SIZE; from++) {
		for (unsigned int to = from + 1; to <= AREA_SIZE; to++) {
			good &= user(AREA + from, to - from, got, false) == (ssize_t)(to - from);
			good &= !memcmp(got, want + from, to - from);
		}
	}
	result(good, "override: reads of any width and alignment compose");
}

static void override_writes(void)
{
	u8 bytes[8] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
	u32 beside = get(AREA + 12, 4);

	memset(pdev.written, 0, sizeof(pdev.written));
	set_calls = 0;
	set(AREA + 9, 1, 0xee);
	result(set_calls == 1 && set_old == 0x04030201 && set_new == 0x0403ee01,
	       "override: a byte is written to the register merged with the rest");
	set(AREA + 8, 4, 0xffffffff);
	result(get(AREA + 8, 4) == 0x7fffffff, "override: what the hook changes takes effect");
	result(!written(AREA + 8, 4), "override: virtual bits do not reach the device");

	set(AREA + 8, 4, 0);
	user(AREA + 5, 8, bytes, true);
	result(get(AREA + 8, 4) == 0x77665544, "override: part of a longer write");
	result(get(AREA + 12, 4) == ((beside & ~0xff) | 0x88),
	       "override: what is beside is written");

	result(user(AREA + 16, 1, bytes, true) == -EPERM && !written(AREA + 16, 2),
	       "override: a hook's errno keeps the write from the device");
}

static void override_refusals(void)
{
	struct vfio_pci_config_override bad = { .offset = AREA + 9, .width = 1 };

	result(vfio_pci_core_override_config(&vdev, &bad) == -EBUSY,
	       "override: the same byte twice is refused");
	bad.offset = 0x61;
	bad.width = 2;
	result(vfio_pci_core_override_config(&vdev, &bad) == -EINVAL,
	       "override: a register that is not aligned is refused");
	bad.offset = 0x100;
	result(vfio_pci_core_override_config(&vdev, &bad) == -EINVAL,
	       "override: a register past the end is refused");
	bad.where = VFIO_PCI_CONFIG_CAP;
	bad.id = PCI_CAP_ID_MSI;
	result(vfio_pci_core_override_config(&vdev, &bad) == -ENOENT,
	       "override: a capability that is not there is told");
}

static void driver_overrides(void)
{
	override_device();
	override_reads();
	override_writes();
	override_refusals();
	vfio_pci_config_free(&vdev);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	broken_lists();
	lengths();
	overlaps();
	writes();
	changes();
	driver_overrides();
	noise_devices(argc > 1 ? atoi(argv[1]) : 5000);
	printf("1..%u\n", count);
	return failed != 0;
}
