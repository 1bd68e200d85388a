/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One function of the card, PF or VF, as its driver sees it: an initialization segment, a command
 * queue, and the objects that commands have made.
 *
 * An object is the command that created it, kept as it came, and a few numbers that change.  So
 * saving and loading a function knows nothing of the kinds of objects.
 */
#ifndef SIM_MLX5_HCA_H
#define SIM_MLX5_HCA_H

#include <stdbool.h>
#include <stdint.h>

#include "../pci/config.h"
#include "../transport/loop.h"
#include "../transport/macros.h"
#include "../vhca/vhca.h"
#include "status.h"

/* Where the parts of BAR 0 are.  The MSI-X table is QEMU's. */
#define HCA_MSIX_TABLE	0x2000
#define HCA_MSIX_PBA	0x3000
#define HCA_VECTORS	64
#define HCA_PAGE	4096U
#define HCA_FIRST_UAR	0x100

#define PF_BAR_SIZE	(32U << 20)
#define VF_BAR_SIZE	(2U << 20)

#define CMD_LOG_ENTRIES	5
#define CMD_ENTRIES	BIT(CMD_LOG_ENTRIES)
#define CMD_LOG_STRIDE	6

enum object_kind {
	OBJECT_EQ,
	OBJECT_CQ,
	OBJECT_QP,
	OBJECT_MKEY,
	OBJECT_PD,
	OBJECT_UAR,
	OBJECT_TRANSPORT_DOMAIN,
	OBJECT_XRCD,
	OBJECT_COUNTER,
	OBJECT_PAGE_TRACK,
	OBJECT_KINDS
};

/**
 * struct object - something a command has made
 * @kind: enum object_kind
 * @id: its number among those of its kind
 * @producer: of queues: entries written since it was made; of QPs: the QP at the other end
 * @consumer: of queues: entries the driver says it has read
 * @state: QP state; EQ and CQ: whether the driver wants to be told of the next entry
 * @size: bytes of @in
 * @in: the command's input
 */
struct object {
	uint32_t kind;
	uint32_t id;
	uint32_t producer;
	uint32_t consumer;
	uint32_t state;
	uint32_t size;
	uint8_t in[];
};

#define EQ_ARMED 1U

/* How far a function has come. */
enum hca_phase {
	HCA_DISABLED,
	HCA_ENABLED,
	HCA_INITIALIZED,
};

struct card;
struct command;
struct tracker;

/**
 * struct hca - a function
 * @pci: towards QEMU
 * @vhca: towards migration; the PF has one too, which is only good for its number
 * @card: that it is a part of
 * @function_id: 0 for the PF, 1 for the first VF
 * @allowed: VF: the PF's driver has enabled it
 * @present: VF: the PF's SR-IOV capability has made it appear
 * @phase: enum hca_phase
 * @issi: interface step that the driver has chosen
 * @queue: address of the command queue; its low bits are the NIC interface state
 * @doorbell: entries of it that wait until the function may run
 * @general: the general capabilities that the driver has set; valid if @general_set
 * @general_set: it has
 * @objects: by kind and number
 * @trackers: of other functions' writes, PF only
 * @cq_doorbell: first half of a CQ doorbell whose second half is to come
 * @busy: commands that are being executed, by entry
 * @syndrome: in the health buffer; 0 if it is well
 * @pages: what the PF's driver has given for it
 * @n_pages: how many
 * @wanted: how many it needs
 * @asked: an event asking for the difference is on its way
 */
struct hca {
	struct pci_function pci;
	struct vhca vhca;
	struct card *card;
	uint16_t function_id;
	bool allowed;
	bool present;
	uint32_t phase;
	uint32_t issi;
	uint64_t queue;
	uint32_t doorbell;
	uint8_t general[256];
	bool general_set;
	struct object **objects[OBJECT_KINDS];
	struct tracker *trackers;
	uint32_t cq_doorbell;
	struct command *busy[CMD_ENTRIES];
	uint8_t syndrome;
	uint64_t *pages;
	uint32_t n_pages;
	uint32_t wanted;
	bool asked;
};

#define BOOT_PAGES	16
#define INIT_PAGES	64
#define VF_PAGES	32
#define MOST_PAGES	4096

/* hca.c: registers, reset, state */
int hca_init(struct hca *hca, struct card *card, uint16_t function_id, const char *socket);
void hca_reset(struct hca *hca);
void hca_free(struct hca *hca);
void hca_name(const struct hca *hca, char *name, size_t size);

/* object.c */
struct object *object_find(struct hca *hca, enum object_kind kind, uint32_t id);
struct object *object_new(struct hca *hca, enum object_kind kind, const void *in, uint32_t size);
void object_delete(struct hca *hca, struct object *object);
void objects_delete(struct hca *hca);
unsigned int objects_count(const struct hca *hca);
void objects_save(struct hca *hca, struct stream *to);
bool objects_load(struct hca *hca, struct stream *from);

/* eq.c */
bool eq_valid(const void *in, uint32_t size);
struct object *eq_for(struct hca *hca, unsigned int type);
void eq_post(struct hca *hca, struct object *eq, unsigned int type, const void *data, size_t size);
void eq_doorbell(struct hca *hca, uint32_t value, bool arm);

/* cq.c */
bool cq_valid(const void *in, uint32_t size);
bool cq_post(struct hca *hca, struct object *cq, uint8_t *cqe);
void cq_doorbell(struct hca *hca, uint32_t command, uint32_t number);

/* track.c */
void trackers_forget(struct hca *hca);

/* mkey.c */
bool mkey_valid(const void *in, uint32_t size);
bool mkey_copy(struct hca *hca, uint32_t mkey, uint64_t address, void *data, size_t count,
	       bool write);

/* pages.c */
void pages_ask(struct hca *hca);
unsigned int pages_query(struct command *command);
unsigned int pages_manage(struct command *command);

/* queue.c: the command queue */
void queue_doorbell(struct hca *hca, uint32_t entries);
void queue_drain(struct hca *hca);
void queue_abandon(struct hca *hca);

#endif /* SIM_MLX5_HCA_H */
