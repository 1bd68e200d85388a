// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function's registers, its reset, and what of it migrates.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "card.h"
#include "command.h"

/* The initialization segment.  Registers are big-endian. */
enum {
	REG_FW_REV		= 0x0000,
	REG_CMDIF_REV		= 0x0004,
	REG_QUEUE_HIGH		= 0x0010,
	REG_QUEUE_LOW		= 0x0014,
	REG_DOORBELL		= 0x0018,
	REG_INITIALIZING	= 0x01fc,
	REG_HEALTH_FW		= 0x0230,
	REG_HEALTH_SEVERITY	= 0x0238,
	REG_HEALTH_SYNDROME	= 0x023c,
	REG_COMMAND_TIMEOUT	= 0x0ff8,
	REG_QUEUE_TIMEOUT	= 0x0ffc,
	REG_TIMER_HIGH		= 0x1000,
	REG_TIMER_LOW		= 0x1004,
	REG_HEALTH_COUNTER	= 0x1010,
};

/* And of a UAR page. */
enum {
	UAR_CQ_DOORBELL		= 0x20,
	UAR_CQ_DOORBELL_LOW	= 0x24,
	UAR_EQ_ARM		= 0x40,
	UAR_EQ_CONSUMER		= 0x48,
};

#define FW_MAJOR	22
#define FW_MINOR	43
#define FW_SUBMINOR	2026
#define CMDIF_REV	5

/* Of the register that says whether firmware is up: it is not; it restarts when a driver asks. */
#define NOT_YET		0x80000000U
#define CAN_RESTART	0x40000000U

/* Of its severity: nothing but a restart helps. */
#define WANTS_RESTART	0x80000000U

/* In the address of the command queue: by a driver, restart; by firmware, it is off meanwhile. */
#define INTERFACE(bits)	((bits) >> 8 & 7)
#define INTERFACE_OFF	0x100U
#define RESTART		7

/* Unit of a timeout, in its upper bits. */
#define TIMEOUT_SECONDS	0x20000000U

static struct hca *hca_of(struct pci_function *fn)
{
	return container_of(fn, struct hca, pci);
}

static struct hca *hca_of_vhca(struct vhca *vhca)
{
	return container_of(vhca, struct hca, vhca);
}

/** hca_name() - "pf", "vf0", ... */
void hca_name(const struct hca *hca, char *name, size_t size)
{
	if (hca->function_id)
		snprintf(name, size, "vf%u", hca->function_id - 1U);
	else
		snprintf(name, size, "pf");
}

static uint32_t read_register(const struct hca *hca, uint64_t at)
{
	unsigned int timeout = hca->card->options.timeout;
	uint64_t now = loop_now();

	switch (at) {
	case REG_FW_REV:
		return FW_MINOR << 16 | FW_MAJOR;
	case REG_CMDIF_REV:
		return CMDIF_REV << 16 | FW_SUBMINOR;
	case REG_QUEUE_HIGH:
		return hca->queue >> 32;
	case REG_QUEUE_LOW:
		return (hca->queue & ~0xffULL) | CMD_LOG_ENTRIES << 4 | CMD_LOG_STRIDE;
	case REG_INITIALIZING:
		if (hca->function_id)
			return hca->allowed ? 0 : NOT_YET;
		return CAN_RESTART;
	case REG_HEALTH_FW:
		return FW_MAJOR << 24 | FW_MINOR << 16 | FW_SUBMINOR;
	case REG_HEALTH_SEVERITY:
		return hca->syndrome ? WANTS_RESTART : 0;
	case REG_HEALTH_SYNDROME:
		return hca->syndrome << 16;
	case REG_COMMAND_TIMEOUT:
	case REG_QUEUE_TIMEOUT:
		/* 0: the driver knows best. */
		return timeout ? TIMEOUT_SECONDS | timeout : 0;
	case REG_TIMER_HIGH:
		return now * 1000000 >> 32;
	case REG_TIMER_LOW:
		return now * 1000000;
	case REG_HEALTH_COUNTER:
		/* It stands still when the firmware does. */
		return hca->syndrome ? 1 : now / 100 & 0xffffff;
	default:
		return 0;
	}
}

static void write_uar(struct hca *hca, uint64_t at, uint32_t value)
{
	switch (at) {
	case UAR_CQ_DOORBELL:
		hca->cq_doorbell = value;
		break;
	case UAR_CQ_DOORBELL_LOW:
		cq_doorbell(hca, hca->cq_doorbell, value);
		break;
	case UAR_EQ_ARM:
	case UAR_EQ_CONSUMER:
		eq_doorbell(hca, value, at == UAR_EQ_ARM);
		break;
	}
}

static void write_register(struct hca *hca, uint64_t at, uint32_t value)
{
	switch (at) {
	case REG_QUEUE_HIGH:
		hca->queue = (uint64_t)value << 32 | (uint32_t)hca->queue;
		return;
	case REG_QUEUE_LOW:
		if (!hca->function_id && INTERFACE(value) == RESTART) {
			card_restart(hca->card);
			value = INTERFACE_OFF;
		}
		hca->queue = (hca->queue & ~0xffffffffULL) | (value & ~0xffU);
		return;
	case REG_DOORBELL:
		queue_doorbell(hca, value);
		return;
	}
	if (at / HCA_PAGE >= HCA_FIRST_UAR && object_find(hca, OBJECT_UAR, at / HCA_PAGE))
		write_uar(hca, at % HCA_PAGE, value);
}

/* A VF decodes its addresses only if its PF says so. */
static bool decodes(const struct hca *hca)
{
	return !hca->function_id || hca->present;
}

static void on_bar(struct pci_function *fn, unsigned int bar, uint64_t offset, void *data,
		   size_t count, bool write)
{
	struct hca *hca = hca_of(fn);
	uint8_t *bytes = data;

	(void)bar;
	if (!decodes(hca)) {
		if (!write)
			memset(data, 0xff, count);
		return;
	}
	/* Registers are read and written whole; what is not aligned has no effect. */
	for (uint64_t at = offset; !write && at < offset + count; at++)
		*bytes++ = read_register(hca, at & ~3ULL) >> 8 * (3 - at % 4);
	for (uint64_t at = (offset + 3) & ~3ULL; write && at + 4 <= offset + count; at += 4) {
		uint32_t value;

		memcpy(&value, bytes + (at - offset), sizeof(value));
		write_register(hca, at, be32toh(value));
	}
}

/**
 * hca_reset() - function-level reset
 *
 * What the PF's driver said about a VF stays, as do the pages it gave.
 */
void hca_reset(struct hca *hca)
{
	queue_abandon(hca);
	trackers_forget(hca);
	objects_delete(hca);
	vhca_reset(&hca->vhca);
	hca->phase = HCA_DISABLED;
	hca->issi = 0;
	hca->queue = 0;
	hca->general_set = false;
	hca->syndrome = 0;
}

/**
 * card_restart() - its firmware begins anew
 *
 * What drivers have made of the PF and its VFs is gone, and their pages are the host's again.
 */
void card_restart(struct card *card)
{
	for (unsigned int i = 0; i <= card->options.vfs; i++) {
		struct hca *hca = &card->functions[i];

		hca_reset(hca);
		hca->n_pages = 0;
		hca->wanted = 0;
		hca->asked = false;
		hca->allowed = false;
	}
}

static void on_reset(struct pci_function *fn)
{
	struct hca *hca = hca_of(fn);

	if (hca->function_id) {
		hca_reset(hca);
		return;
	}
	/* VFs do not outlive their PF's reset. */
	card_restart(hca->card);
	sriov_show(hca);
}

static void on_written(struct pci_function *fn, unsigned int at, size_t count)
{
	struct hca *hca = hca_of(fn);

	(void)at;
	(void)count;
	if (!hca->function_id)
		sriov_written(hca);
}

static void on_stop(struct vhca *vhca)
{
	queue_drain(hca_of_vhca(vhca));
}

/*
 * Interrupts for events that nobody has read: where they were sent before the function stopped may
 * not be where its driver is now.
 */
static void on_start(struct vhca *vhca)
{
	struct hca *hca = hca_of_vhca(vhca);

	for (uint32_t id = 1; id < 64; id++) {
		struct object *eq = object_find(hca, OBJECT_EQ, id);

		if (eq && (eq->producer & 0xffffff) != eq->consumer)
			eq_doorbell(hca, id << 24 | eq->consumer, true);
	}
	queue_doorbell(hca, 0);
}

static void on_save(struct vhca *vhca, struct stream *to)
{
	struct hca *hca = hca_of_vhca(vhca);

	put_number(to, hca->phase);
	put_number(to, hca->issi);
	put_number(to, hca->queue);
	put_number(to, hca->doorbell);
	put_number(to, hca->general_set);
	put_bytes(to, hca->general, sizeof(hca->general));
	objects_save(hca, to);
}

static bool on_load(struct vhca *vhca, struct stream *from)
{
	struct hca *hca = hca_of_vhca(vhca);

	objects_delete(hca);
	hca->phase = get_up_to(from, HCA_INITIALIZED);
	hca->issi = get_up_to(from, 1);
	hca->queue = get_number(from) & ~0xffULL;
	hca->doorbell = get_up_to(from, UINT32_MAX);
	hca->general_set = get_up_to(from, 1);
	get_bytes(from, hca->general, sizeof(hca->general));
	return objects_load(hca, from);
}

static const struct vhca_ops vhca_operations = {
	.kind = 1,
	.stop = on_stop,
	.start = on_start,
	.save = on_save,
	.load = on_load,
};

static const struct pci_function_ops pci_operations = {
	.bar = on_bar,
	.reset = on_reset,
	.written = on_written,
};

/* A VF's IDs read as ones; who it is says its PF's SR-IOV capability. */
static const struct pci_identity pf_identity = {
	.vendor = 0x15b3, .device = 0x101d, .subsystem_vendor = 0x15b3, .subsystem = 0x0083,
	.class = 0x020000,
};

static const struct pci_identity vf_identity = {
	.vendor = 0xffff, .device = 0xffff, .subsystem_vendor = 0x15b3, .subsystem = 0x0083,
	.class = 0x020000,
};

/**
 * hca_init() - make a function and offer it to QEMU
 * @function_id: 0: the PF
 * @socket: where
 *
 * Return: 0 or a negative errno.
 */
int hca_init(struct hca *hca, struct card *card, uint16_t function_id, const char *socket)
{
	const struct options *options = &card->options;
	int error;

	hca->card = card;
	hca->function_id = function_id;
	/* The PF has a number too; nothing of it migrates. */
	error = vhca_init(&hca->vhca, &vhca_operations, function_id + 1,
			  function_id ? options->memory : 0, options->rate, options->chunk);
	if (error)
		return error;
	pci_init(&hca->pci, &pci_operations, function_id ? &vf_identity : &pf_identity);
	pci_add_bar(&hca->pci, 0, function_id ? VF_BAR_SIZE : PF_BAR_SIZE);
	pci_add_express(&hca->pci);
	pci_add_msix(&hca->pci, HCA_VECTORS, 0, HCA_MSIX_TABLE, HCA_MSIX_PBA);
	if (!function_id)
		sriov_add(hca);
	return pci_plug(&hca->pci, socket);
}

/** hca_free() - unplug it, and forget all of it */
void hca_free(struct hca *hca)
{
	queue_abandon(hca);
	trackers_forget(hca);
	objects_delete(hca);
	memory_free(&hca->vhca.memory);
	free(hca->pages);
	pci_unplug(&hca->pci);
}
