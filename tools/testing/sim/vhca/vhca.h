/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VHCA is what firmware migrates: a virtual function of the card, or a function it emulates.
 * Its state is what its driver made of it, which only its own code knows (struct vhca_ops), and
 * its internal memory, which changes while it runs.
 *
 * A state is moved as one or more images.  Those saved while the function runs hold memory; the
 * first one saved after it was stopped holds the state of its driver too; the last one says that
 * it is.  Loading refuses anything that saving did not write.
 */
#ifndef SIM_VHCA_H
#define SIM_VHCA_H

#include <stdbool.h>
#include <stdint.h>

#include "stream.h"

#define VHCA_PAGE 4096U

/**
 * struct memory - internal memory of a function
 * @pages: how many of VHCA_PAGE bytes
 * @rate: how many of them change a second while the function runs
 * @generation: how often each page has changed; its bytes follow from that and its number
 * @dirty: a bit for each page that has changed and was not saved since
 * @n_dirty: how many bits are set
 * @next: page that changes next
 * @when: up to when changes have been accounted for, in the loop's milliseconds
 * @running: it changes
 */
struct memory {
	uint32_t pages;
	uint32_t rate;
	uint32_t *generation;
	uint64_t *dirty;
	uint32_t n_dirty;
	uint32_t next;
	uint64_t when;
	bool running;
};

int memory_init(struct memory *memory, uint32_t pages, uint32_t rate);
void memory_free(struct memory *memory);
void memory_reset(struct memory *memory);
void memory_run(struct memory *memory, bool running);
void memory_advance(struct memory *memory);
void memory_dirty_all(struct memory *memory);
bool memory_next_dirty(struct memory *memory, uint32_t *page);
void memory_fill(const struct memory *memory, uint32_t page, void *bytes);
bool memory_store(struct memory *memory, uint32_t page, uint32_t generation, const void *bytes);
uint64_t memory_digest(const struct memory *memory);

struct vhca;

/**
 * struct vhca_ops - what a kind of function does about its migration
 * @kind: in images, so that no function gets another kind's
 * @stop: stop touching memory and sending interrupts; what was begun has ended on return
 * @start: go on, with all that has been asked for meanwhile
 * @save: write the state that the driver made
 * @load: read it again; whether it was one.  A function whose load failed is reset before use
 */
struct vhca_ops {
	uint32_t kind;
	void (*stop)(struct vhca *vhca);
	void (*start)(struct vhca *vhca);
	void (*save)(struct vhca *vhca, struct stream *to);
	bool (*load)(struct vhca *vhca, struct stream *from);
};

#define VHCA_INITIATOR	1	/* the function's own accesses to others are stopped */
#define VHCA_RESPONDER	2	/* and those of others to it */
#define VHCA_STOPPED	3

/**
 * struct vhca - a function that can be migrated
 * @ops: of its kind
 * @id: by which commands name it
 * @suspended: VHCA_INITIATOR, VHCA_RESPONDER
 * @memory: internal memory
 * @tracking: saving has begun: an incremental image says what changed since the one before
 * @state_saved: the state is in an image of the transfer that is going on
 * @chunked: images may be smaller than the state
 * @chunk: how large they are at most, in bytes
 * @loaded: an image has been loaded
 * @incomplete: and it was not the last one, or there was something wrong with it
 * @epoch: counts resets, so that what began before one ends with it
 */
struct vhca {
	const struct vhca_ops *ops;
	uint16_t id;
	unsigned int suspended;
	struct memory memory;
	bool tracking;
	bool state_saved;
	bool chunked;
	uint32_t chunk;
	bool loaded;
	bool incomplete;
	unsigned int epoch;
};

/**
 * struct vhca_transfer - an image on its way
 * @copy: from or to the host's memory; whether that worked
 * @data: for @copy
 * @size: room for the image; of the image when loading
 * @at: how far it is
 * @left: pages that are still to come
 * @final: the last image
 * @epoch: of the function when it began
 * @begun: the header is done
 * @next: size of the next image, after saving; 0: there is none
 */
struct vhca_transfer {
	bool (*copy)(void *data, uint64_t offset, void *bytes, size_t count, bool write);
	void *data;
	uint64_t size;
	uint64_t at;
	uint32_t left;
	bool final;
	unsigned int epoch;
	bool begun;
	uint64_t next;
};

int vhca_init(struct vhca *vhca, const struct vhca_ops *ops, uint16_t id, uint32_t megabytes,
	      uint32_t rate, uint32_t chunk);
void vhca_reset(struct vhca *vhca);
unsigned int vhca_suspend(struct vhca *vhca, unsigned int part);
unsigned int vhca_resume(struct vhca *vhca, unsigned int part);
unsigned int vhca_query(struct vhca *vhca, bool incremental, bool chunked, uint64_t *required,
			uint64_t *remaining);
unsigned int vhca_save(struct vhca *vhca, struct vhca_transfer *transfer, bool incremental,
		       bool track);
unsigned int vhca_load(struct vhca *vhca, struct vhca_transfer *transfer);

static inline bool vhca_stopped(const struct vhca *vhca)
{
	return vhca->suspended;
}

#endif /* SIM_VHCA_H */
