// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: what the function offers, and which action a VFIO_DEVICE_SET_IRQS means.
 *
 * A function delivers by INTx, MSI or MSI-X, one at a time: irq_type says which, and goes from one
 * to another through none only.  Error and request events stand beside that and are always there.
 * The table below says for each index which actions it knows and in which state; an action itself
 * only ever sees a request that suits it.
 */
#include <linux/bitfield.h>
#include <linux/nospec.h>
#include <linux/pci.h>

#include "vfio_pci_intrs.h"

#define MSIX_ENTRY_SIZE		PCI_MSIX_ENTRY_SIZE
#define MSI_VECTORS_MAX		32	/* PCI 3.0, 6.8.1.3: encodings above are reserved */

/**
 * struct vfio_pci_irq_action - how one index does one action
 * @apply: carries out a request for vectors; NULL where the index does not know the action
 * @release: carries out DATA_NONE with no vectors, which takes the whole index down
 * @data: VFIO_IRQ_SET_DATA_* that @apply understands
 * @min_count: vectors that a request must name at least
 * @owns_type: the index must be the irq_type in force
 * @sets_type: except that a request with eventfds may make it so while there is none
 * @pcie_only: conventional PCI functions do not have this
 */
struct vfio_pci_irq_action {
	int (*apply)(struct vfio_pci_core_device *vdev, const struct vfio_pci_irq_set *set);
	int (*release)(struct vfio_pci_core_device *vdev, unsigned int index);
	u32 data;
	u8 min_count;
	bool owns_type;
	bool sets_type;
	bool pcie_only;
};

enum vfio_pci_irq_verb { VERB_MASK, VERB_UNMASK, VERB_TRIGGER, VERBS };

#define DATA_ANY	VFIO_IRQ_SET_DATA_TYPE_MASK
#define DATA_LOOPBACK	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL)

static const struct vfio_pci_irq_action vfio_pci_irq_actions[VFIO_PCI_NUM_IRQS][VERBS] = {
	[VFIO_PCI_INTX_IRQ_INDEX] = {
		[VERB_MASK] = {
			.apply = vfio_pci_intx_set_mask, .data = DATA_LOOPBACK,
			.min_count = 1, .owns_type = true,
		},
		[VERB_UNMASK] = {
			.apply = vfio_pci_intx_set_unmask, .data = DATA_ANY,
			.min_count = 1, .owns_type = true,
		},
		[VERB_TRIGGER] = {
			.apply = vfio_pci_intx_set_trigger, .release = vfio_pci_intx_release,
			.data = DATA_ANY, .min_count = 1, .owns_type = true, .sets_type = true,
		},
	},
	[VFIO_PCI_MSI_IRQ_INDEX][VERB_TRIGGER] = {
		.apply = vfio_pci_msi_set_trigger, .release = vfio_pci_msi_release,
		.data = DATA_ANY, .owns_type = true, .sets_type = true,
	},
	[VFIO_PCI_MSIX_IRQ_INDEX][VERB_TRIGGER] = {
		.apply = vfio_pci_msi_set_trigger, .release = vfio_pci_msi_release,
		.data = DATA_ANY, .owns_type = true, .sets_type = true,
	},
	[VFIO_PCI_ERR_IRQ_INDEX][VERB_TRIGGER] = {
		.apply = vfio_pci_event_set_trigger, .release = vfio_pci_event_release,
		.data = DATA_ANY, .min_count = 1, .pcie_only = true,
	},
	[VFIO_PCI_REQ_IRQ_INDEX][VERB_TRIGGER] = {
		.apply = vfio_pci_event_set_trigger, .release = vfio_pci_event_release,
		.data = DATA_ANY, .min_count = 1,
	},
};

static const struct vfio_pci_irq_action *
vfio_pci_irq_action_find(struct vfio_pci_core_device *vdev, u32 flags, unsigned int index)
{
	const struct vfio_pci_irq_action *action =
		vfio_pci_irq_actions[array_index_nospec(index, VFIO_PCI_NUM_IRQS)];

	switch (flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_MASK:
		action += VERB_MASK;
		break;
	case VFIO_IRQ_SET_ACTION_UNMASK:
		action += VERB_UNMASK;
		break;
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		action += VERB_TRIGGER;
		break;
	default:
		return NULL;
	}

	if (!action->apply || (action->pcie_only && !pci_is_pcie(vdev->pdev)))
		return NULL;
	return action;
}

/* Has the function the irq_type that @action wants for @set? */
static bool vfio_pci_irq_type_suits(struct vfio_pci_core_device *vdev,
				    const struct vfio_pci_irq_action *action,
				    const struct vfio_pci_irq_set *set)
{
	if (!action->owns_type || vdev->irq_type == set->index)
		return true;
	return action->sets_type && vdev->irq_type == VFIO_PCI_NUM_IRQS &&
	       set->data == VFIO_IRQ_SET_DATA_EVENTFD;
}

int vfio_pci_set_irqs(struct vfio_pci_core_device *vdev, const struct vfio_irq_set *request,
		      void *data)
{
	const struct vfio_pci_irq_set set = {
		.index = request->index,
		.start = request->start,
		.count = request->count,
		.data = request->flags & VFIO_IRQ_SET_DATA_TYPE_MASK,
		.bools = data,
	};
	const struct vfio_pci_irq_action *action;

	lockdep_assert_held(&vdev->igate);

	action = vfio_pci_irq_action_find(vdev, request->flags, set.index);
	if (!action)
		return -ENOTTY;

	if (!vfio_pci_irq_type_suits(vdev, action, &set))
		return -EINVAL;
	if (!set.count && set.data == VFIO_IRQ_SET_DATA_NONE && action->release)
		return action->release(vdev, set.index);
	if (set.count < action->min_count)
		return -EINVAL;
	if (!(action->data & set.data))
		return -ENOTTY;

	return action->apply(vdev, &set);
}

void vfio_pci_irqs_teardown(struct vfio_pci_core_device *vdev)
{
	guard(mutex)(&vdev->igate);

	if (vdev->irq_type == VFIO_PCI_NUM_IRQS)
		return;
	vfio_pci_irq_actions[vdev->irq_type][VERB_TRIGGER].release(vdev, vdev->irq_type);
}

static u8 vfio_pci_msi_probe(struct pci_dev *pdev)
{
	u16 flags;

	if (!pdev->msi_cap || pci_read_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, &flags))
		return 0;
	return min(1 << FIELD_GET(PCI_MSI_FLAGS_QMASK, flags), MSI_VECTORS_MAX);
}

/**
 * struct vfio_pci_msix_table - where a function says that its MSI-X table is
 * @offset: in the BAR
 * @size: bytes
 * @bar: as its capability has it, 0 to 7
 */
struct vfio_pci_msix_table {
	u32	offset;
	u32	size;
	u8	bar;
};

/* Return: whether the function answers. */
static bool vfio_pci_msix_locate(struct pci_dev *pdev, struct vfio_pci_msix_table *table)
{
	u32 where;
	u16 flags;

	if (pci_read_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, &flags) ||
	    pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE, &where))
		return false;

	table->bar = where & PCI_MSIX_TABLE_BIR;
	table->offset = where & PCI_MSIX_TABLE_OFFSET;
	table->size = ((flags & PCI_MSIX_FLAGS_QSIZE) + 1) * MSIX_ENTRY_SIZE;
	return true;
}

static void vfio_pci_msix_probe(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct vfio_pci_msix_table table;

	vdev->msix_bar = 0xff;
	vdev->msix_offset = 0;
	vdev->msix_size = 0;
	vdev->has_dyn_msix = false;

	if (!pdev->msix_cap || !vfio_pci_msix_locate(pdev, &table))
		return;

	/*
	 * The kernel maps the table where the function says it is.  One outside of its BAR is
	 * somebody else's memory, so such a function has no MSI-X here.
	 */
	if (table.bar >= PCI_STD_NUM_BARS ||
	    !(pci_resource_flags(pdev, table.bar) & IORESOURCE_MEM) ||
	    table.offset >= pci_resource_len(pdev, table.bar) ||
	    table.size > pci_resource_len(pdev, table.bar) - table.offset) {
		pci_warn(pdev, "MSI-X table (BAR %u, offset %#x, %u bytes) is in no BAR\n",
			 table.bar, table.offset, table.size);
		return;
	}

	vdev->msix_bar = table.bar;
	vdev->msix_offset = table.offset;
	vdev->msix_size = table.size;
	vdev->has_dyn_msix = pci_msix_can_alloc_dyn(pdev);
}

/**
 * vfio_pci_msix_intact() - does the function say of its MSI-X table what it said at open?
 * @vdev: open, with an MSI-X table
 *
 * The kernel asks the function anew whenever MSI-X is enabled, maps what it says, and writes there.
 *
 * Context: sleeps.
 */
bool vfio_pci_msix_intact(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_msix_table now;

	if (vfio_pci_msix_locate(vdev->pdev, &now) && now.bar == vdev->msix_bar &&
	    now.offset == vdev->msix_offset && now.size == vdev->msix_size)
		return true;

	dev_warn_ratelimited(&vdev->pdev->dev, "MSI-X table is not what it was at open: not enabled\n");
	return false;
}

void vfio_pci_irqs_setup(struct vfio_pci_core_device *vdev)
{
	vdev->msi_size = vfio_pci_msi_probe(vdev->pdev);
	vfio_pci_msix_probe(vdev);
}
