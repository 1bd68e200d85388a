// SPDX-License-Identifier: GPL-2.0-only
/* Config space by read and write. */
#include "bench.h"

static int config_read(struct bench *b, size_t count)
{
	ssize_t got = vdev_read(&b->dev, VFIO_PCI_CONFIG_REGION_INDEX, 0, b->buffer, count);

	return got < 0 ? got : 0;
}

/* The command register as it is: no decode or interrupt changes hands. */
static int config_prepare_write(struct bench *b, size_t arg)
{
	__u16 *command = b->buffer;

	(void)arg;
	*command = cfg_get(&b->dev, PCI_COMMAND, 2);
	return 0;
}

static int config_write(struct bench *b, size_t count)
{
	ssize_t done = vdev_write(&b->dev, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, b->buffer,
				  count);

	return done < 0 ? done : 0;
}

/* A register that is the shadow's alone. */
static int config_write_shadow(struct bench *b, size_t count)
{
	ssize_t done = vdev_write(&b->dev, VFIO_PCI_CONFIG_REGION_INDEX, PCI_INTERRUPT_LINE,
				  b->buffer, count);

	return done < 0 ? done : 0;
}

#define READ(bytes, where, fast)						\
	{ .name = "config-read-" #bytes, .title = "config read, " #bytes " B",	\
	  .role = where, .quick = fast, .run = config_read, .arg = bytes,	\
	  .batch = bytes > 256 ? 2 : bytes > 4 ? 8 : 64 }

static const struct bench_row rows[] = {
	READ(1, "nvme", false),
	READ(2, "nvme", false),
	READ(4, "nvme", true),
	READ(256, "nvme", true),
	READ(256, "ivshmem", false),
	READ(4096, "nvme", false),
	{ .name = "config-write-2", .title = "config write, 2 B, command register",
	  .role = "nvme", .quick = true, .prepare = config_prepare_write, .run = config_write,
	  .arg = 2, .batch = 64 },
	{ .name = "config-write-1", .title = "config write, 1 B, interrupt line",
	  .role = "nvme", .run = config_write_shadow, .arg = 1, .batch = 64 },
};

const struct bench_rows bench_config_rows = { rows, ARRAY_SIZE(rows) };
