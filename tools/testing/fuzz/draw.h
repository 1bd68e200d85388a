/* SPDX-License-Identifier: GPL-2.0-only */
/* What draw.c and draw_ioctl.c owe each other. */
#ifndef FUZZ_DRAW_H
#define FUZZ_DRAW_H

#include "fuzz.h"

#define PAGE		4096
#define REGIONS		VFIO_PCI_NUM_REGIONS

/* Memory of @len bytes that is not there, or not all of it. */
void spoil_memory(struct op *op, struct random *r, __u64 len);
/* An access to bytes that act as memory. */
void in_window(struct op *op, struct random *r, const struct target *t);

/* Fill in an operation of one kind, with a mistake if @bad; a kind may have none to make. */
void draw_info(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_region_info(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_irq_info(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_set_irqs(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_reset(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_hot_reset_info(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_hot_reset(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_ioeventfd(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_feature(struct op *op, struct random *r, const struct target *t, bool bad);
void draw_unknown(struct op *op, struct random *r, const struct target *t, bool bad);

#endif
