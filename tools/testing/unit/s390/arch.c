// SPDX-License-Identifier: GPL-2.0-only
/*
 * The architecture extension of s390 where its machine is not at hand: functions without a zPCI
 * function or without all it may have, and memory that runs out at every place where it can.
 */
#include "../../../../drivers/vfio/pci/vfio_pci_priv.h"
#include <linux/vfio_zdev.h>

static struct zpci_dev *zdev;
static struct zpci_kvm_hook none;
struct zpci_kvm_hook zpci_kvm_hook;
static struct pci_dev pdev;
static struct vfio_pci_core_device vdev;
static struct kvm kvm;
static unsigned int count, failed, registered, unregistered;
static int register_says;

static void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, name);
	failed += !good;
}

struct zpci_dev *to_zpci(struct pci_dev *of)
{
	return of == &pdev ? zdev : NULL;
}

int vfio_info_add_capability(struct vfio_info_cap *caps, struct vfio_info_cap_header *cap,
			     size_t size)
{
	size_t room = ALIGN(size, sizeof(u64));
	u8 *buf;

	/* As the kernel does: what was there before is gone, too. */
	if (++caps->added == caps->fail_at) {
		free(caps->buf);
		caps->buf = NULL;
		caps->size = 0;
		return -ENOMEM;
	}

	buf = realloc(caps->buf, caps->size + room);
	if (!buf)
		abort();
	memset(buf + caps->size, 0, room);
	memcpy(buf + caps->size, cap, size);
	((struct vfio_info_cap_header *)(buf + caps->size))->next = room;
	caps->buf = buf;
	caps->size += room;
	return 0;
}

int vfio_pci_vga_register(struct vfio_pci_core_device *unused)
{
	return 0;
}

void vfio_pci_vga_unregister(struct vfio_pci_core_device *unused)
{
}

/* The next pointers are relative in here. */
static const void *find(const struct vfio_info_cap *caps, u16 id)
{
	size_t at = 0;

	while (at < caps->size) {
		const struct vfio_info_cap_header *cap = (const void *)(caps->buf + at);

		if (cap->id == id)
			return cap;
		at += cap->next;
	}
	return NULL;
}

static struct vfio_info_cap caps_of(struct zpci_dev *of, unsigned int fail_at, int *ret)
{
	struct vfio_info_cap caps = { .fail_at = fail_at };

	zdev = of;
	vdev = (struct vfio_pci_core_device) { .pdev = &pdev };
	*ret = vfio_pci_arch.info_caps(&vdev, &caps);
	return caps;
}

static struct zpci_dev whole(void)
{
	struct zpci_dev z = {
		.start_dma = 0x100000000, .end_dma = 0x1ffffffff, .dma_mask = ~0ULL,
		.msi_addr = 0xfee00000, .fh = 0x80000001, .pchid = 0x123, .vfn = 2,
		.fmb_length = 0x70, .fmb_update = 4000, .maxstbl = 0x800, .pft = 3, .pfgid = 0x20,
		.version = 1, .max_msi = 32, .util_str_avail = true, .pfip = { 1, 2, 3, 4 },
	};

	memset(z.util_str, 0xc1, sizeof(z.util_str));
	return z;
}

static void information(void)
{
	struct zpci_dev z = whole();
	const struct vfio_device_info_cap_zpci_base *base;
	const struct vfio_device_info_cap_zpci_group *group;
	const struct vfio_device_info_cap_zpci_util *util;
	const struct vfio_device_info_cap_zpci_pfip *pfip;
	struct vfio_info_cap caps;
	int ret;

	caps = caps_of(NULL, 0, &ret);
	result(!ret && !caps.size, "info: a device without a zPCI function has no capabilities");

	caps = caps_of(&z, 0, &ret);
	base = find(&caps, VFIO_DEVICE_INFO_CAP_ZPCI_BASE);
	result(!ret && base && base->header.version == 2 && base->start_dma == z.start_dma &&
	       base->end_dma == z.end_dma && base->pchid == z.pchid && base->vfn == z.vfn &&
	       base->fmb_length == z.fmb_length && base->pft == z.pft && base->gid == z.pfgid &&
	       base->fh == z.fh, "info: the base capability, version 2");
	group = find(&caps, VFIO_DEVICE_INFO_CAP_ZPCI_GROUP);
	result(!ret && group && group->header.version == 2 && group->dasm == z.dma_mask &&
	       group->msi_addr == z.msi_addr && group->mui == z.fmb_update &&
	       group->noi == z.max_msi && group->version == z.version &&
	       group->flags == VFIO_DEVICE_INFO_ZPCI_FLAG_REFRESH && !group->reserved &&
	       group->maxstbl == ZPCI_MAX_WRITE_SIZE && group->imaxstbl == z.maxstbl,
	       "info: the group capability, version 2");
	util = find(&caps, VFIO_DEVICE_INFO_CAP_ZPCI_UTIL);
	result(!ret && util && util->header.version == 1 && util->size == sizeof(z.util_str) &&
	       !memcmp(util->util_str, z.util_str, sizeof(z.util_str)),
	       "info: the utility string, version 1");
	pfip = find(&caps, VFIO_DEVICE_INFO_CAP_ZPCI_PFIP);
	result(!ret && pfip && pfip->header.version == 1 && pfip->size == sizeof(z.pfip) &&
	       !memcmp(pfip->pfip, z.pfip, sizeof(z.pfip)), "info: the path, version 1");
	free(caps.buf);

	z.util_str_avail = false;
	caps = caps_of(&z, 0, &ret);
	result(!ret && caps.added == 3 && !find(&caps, VFIO_DEVICE_INFO_CAP_ZPCI_UTIL) &&
	       find(&caps, VFIO_DEVICE_INFO_CAP_ZPCI_PFIP),
	       "info: a function without a utility string has the others");
	free(caps.buf);
}

/* In the first versions of this code in the kernel, the third and the fourth crashed it. */
static void exhaustion(void)
{
	struct zpci_dev z = whole();
	struct vfio_info_cap caps;
	bool good = true;
	int ret;

	for (unsigned int at = 1; at <= 4; at++) {
		caps = caps_of(&z, at, &ret);
		good &= ret == -ENOMEM && caps.added == at && !caps.buf;
	}
	result(good, "info: no memory for any one of the capabilities is -ENOMEM, and the end");
}

static int on_register(void *opaque, struct kvm *with)
{
	registered += opaque == zdev && with == &kvm;
	return register_says;
}

static void on_unregister(void *opaque)
{
	unregistered += opaque == zdev;
}

/* Opens and closes, twice for good measure. Return: of open. */
static int session(struct zpci_dev *of, struct kvm *with, const struct zpci_kvm_hook *hook)
{
	int ret;

	registered = 0;
	unregistered = 0;
	zdev = of;
	zpci_kvm_hook = *hook;
	vdev = (struct vfio_pci_core_device) { .pdev = &pdev, .vdev = { .kvm = with } };
	ret = vfio_pci_arch.open(&vdev);
	vfio_pci_arch.close(&vdev);
	vfio_pci_arch.close(&vdev);
	return ret;
}

static void guests(void)
{
	const struct zpci_kvm_hook hook = { on_register, on_unregister };
	struct zpci_dev z = whole();

	result(session(NULL, &kvm, &hook) == -ENODEV && !registered && !unregistered,
	       "open: a device without a zPCI function is refused");
	result(session(NULL, NULL, &none) == -ENODEV, "open: likewise without KVM");
	result(!session(&z, NULL, &hook) && !registered && !unregistered,
	       "open: a user without KVM has nothing registered");
	result(session(&z, &kvm, &none) == -ENOENT,
	       "open: a KVM that cannot register functions is refused");
	result(!session(&z, &kvm, &hook) && registered == 1 && unregistered == 1,
	       "open registers with the user's KVM, close takes it back once");
	register_says = -EBUSY;
	result(session(&z, &kvm, &hook) == -EBUSY && registered == 1 && !unregistered,
	       "close takes nothing back if KVM refused it");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	information();
	exhaustion();
	guests();
	printf("1..%u\n", count);
	return failed != 0;
}
