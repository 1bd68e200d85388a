// SPDX-License-Identifier: GPL-2.0-only
/*
 * A variant driver for make bench: edu as a device that brings 16 MiB of state by DMA of its own,
 * which takes no instruction. What moving them takes is the library's then, all of it.
 */
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vfio_pci_migration.h>
#include <linux/vfio_pci_variant.h>

#define BENCH_CHUNK	SZ_1M
#define BENCH_CHUNKS	16

struct bench {
	struct vfio_pci_core_device	core;
	unsigned int			chunks; /* of the session, so far */
};

static struct bench *to_bench(struct vfio_pci_core_device *vdev)
{
	return container_of(vdev, struct bench, core);
}

/* ---- migration ------------------------------------------------------------------------------- */

static int bench_suspend(struct vfio_pci_core_device *vdev)
{
	return 0;
}

static int bench_begin(struct vfio_pci_core_device *vdev)
{
	to_bench(vdev)->chunks = 0;
	return 0;
}

static int bench_save_begin(struct vfio_pci_core_device *vdev, bool precopy)
{
	return bench_begin(vdev);
}

static ssize_t bench_save(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk)
{
	if (++to_bench(vdev)->chunks < BENCH_CHUNKS)
		chunk->next = BENCH_CHUNK;
	return BENCH_CHUNK;
}

static ssize_t bench_load(struct vfio_pci_core_device *vdev, struct vfio_pci_mig_chunk *chunk)
{
	to_bench(vdev)->chunks++;
	return chunk->length == BENCH_CHUNK ? 0 : -EBADMSG;
}

static int bench_load_end(struct vfio_pci_core_device *vdev, bool complete)
{
	return to_bench(vdev)->chunks == BENCH_CHUNKS ? 0 : -ENODATA;
}

static const struct vfio_pci_migration_ops bench_migration_ops = {
	.flags		= VFIO_MIGRATION_STOP_COPY,
	.max_chunk	= BENCH_CHUNK,
	.format		= 0x636e6562,	/* benc */
	.version	= 1,
	.min_version	= 1,
	.suspend	= bench_suspend,
	.save_begin	= bench_save_begin,
	.save		= bench_save,
	.load_begin	= bench_begin,
	.load		= bench_load,
	.load_end	= bench_load_end,
};

/* ---- the driver ------------------------------------------------------------------------------ */

static int bench_open(struct vfio_device *core_vdev)
{
	struct bench *bench = container_of(core_vdev, struct bench, core.vdev);
	int ret = vfio_pci_core_enable(&bench->core);

	if (!ret)
		vfio_pci_core_finish_enable(&bench->core);
	return ret;
}

static int bench_init(struct vfio_device *core_vdev)
{
	struct bench *bench = container_of(core_vdev, struct bench, core.vdev);

	return vfio_pci_core_init_dev(core_vdev) ?:
	       vfio_pci_migration_init(&bench->core, &bench_migration_ops);
}

static const struct vfio_device_ops bench_ops = {
	VFIO_PCI_VARIANT_OPS,
	.name		= "bench-vfio-pci",
	.init		= bench_init,
	.open_device	= bench_open,
	.read		= vfio_pci_core_read,
	.write		= vfio_pci_core_write,
};

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct bench *bench = vfio_alloc_device(bench, core.vdev, &pdev->dev, &bench_ops);

	return vfio_pci_variant_probe(pdev, &bench->core);
}

/* Not in modules.alias, where libvirt looks for edu's driver. */
static const struct pci_device_id bench_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(0x1234, 0x11e8) },
	{}
};

static struct pci_driver bench_driver = {
	.name			= "bench-vfio-pci",
	.id_table		= bench_ids,
	.probe			= bench_probe,
	.remove			= vfio_pci_variant_remove,
	.err_handler		= &vfio_pci_core_err_handlers,
	.driver_managed_dma	= true,
};
module_pci_driver(bench_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VFIO driver for measuring migration: edu with a state that costs nothing");
