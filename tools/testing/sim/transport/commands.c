// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each message means: a table with the least payload of each, so that its handler finds at
 * least that.
 */
#include <errno.h>
#include <string.h>
#include <json-c/json.h>

#include "vfu_priv.h"

/* What a server may be told to be able to receive; the client splits accordingly. */
static size_t describe_us(char *to, size_t room)
{
	struct json_object *root = json_object_new_object();
	struct json_object *caps = json_object_new_object();
	size_t size;

	json_object_object_add(caps, "max_msg_fds", json_object_new_int(WIRE_MAX_FDS));
	json_object_object_add(caps, "max_data_xfer_size", json_object_new_int(WIRE_MAX_DATA));
	json_object_object_add(caps, "pgsizes", json_object_new_int(WIRE_PAGE));
	json_object_object_add(caps, "write_multiple", json_object_new_boolean(true));
	json_object_object_add(root, "capabilities", caps);
	size = strlen(json_object_to_json_string(root)) + 1;
	if (size <= room)
		memcpy(to, json_object_to_json_string(root), size);
	json_object_put(root);
	return size <= room ? size : 0;
}

/* What the client says about itself has to be JSON; we send nothing that it could limit. */
static bool is_json(const char *text, size_t size)
{
	struct json_tokener *tokener;
	struct json_object *root;

	if (!size)
		return true;
	if (text[size - 1])
		return false;
	tokener = json_tokener_new_ex(8);
	root = tokener ? json_tokener_parse_ex(tokener, text, size) : NULL;
	json_object_put(root);
	if (tokener)
		json_tokener_free(tokener);
	return root;
}

static int do_version(struct vfu *vfu, struct message *message, struct reply *reply)
{
	const struct wire_version *asked = (const void *)message->payload;
	struct wire_version *given = (void *)reply->payload;

	if (asked->major || !is_json(asked->json, message->size - sizeof(*asked)))
		return -EINVAL;
	vfu->versioned = true;
	given->major = 0;
	given->minor = asked->minor ? 1 : 0;
	reply->size = sizeof(*given) + describe_us(given->json, WIRE_MAX_DATA);
	return 0;
}

static int do_dma_map(struct vfu *vfu, struct message *message, struct reply *reply)
{
	const struct wire_dma_map *map = (const void *)message->payload;
	uint32_t known = WIRE_MAP_READ | WIRE_MAP_WRITE | WIRE_MAP_MMAP | WIRE_MAP_FILE;

	(void)reply;
	if (map->argsz < sizeof(*map) || map->flags & ~known || message->n_fds > 1)
		return -EINVAL;
	return dma_map(&vfu->space, map, message->n_fds ? message->fds[0] : -1);
}

static int do_dma_unmap(struct vfu *vfu, struct message *message, struct reply *reply)
{
	const struct wire_dma_unmap *unmap = (const void *)message->payload;
	int error;

	if (unmap->argsz < sizeof(*unmap) || unmap->flags)
		return -EINVAL;
	error = dma_unmap(&vfu->space, unmap->address, unmap->size);
	memcpy(reply->payload, unmap, sizeof(*unmap));
	reply->size = sizeof(*unmap);
	return error;
}

static int do_get_info(struct vfu *vfu, struct message *message, struct reply *reply)
{
	struct vfio_device_info info = {
		.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
		.num_regions = VFU_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};
	/* As the specification has it, without what the kernel added later. */
	size_t size = offsetof(struct vfio_device_info, cap_offset);

	(void)vfu;
	(void)message;
	info.argsz = size;
	memcpy(reply->payload, &info, size);
	reply->size = size;
	return 0;
}

static int do_get_region_info(struct vfu *vfu, struct message *message, struct reply *reply)
{
	struct vfio_region_info info;

	memcpy(&info, message->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFU_REGIONS)
		return -EINVAL;
	info = (struct vfio_region_info) {
		.argsz = sizeof(info),
		.index = info.index,
		.size = vfu->info.region_size[info.index],
	};
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	memcpy(reply->payload, &info, sizeof(info));
	reply->size = sizeof(info);
	return 0;
}

static int do_get_irq_info(struct vfu *vfu, struct message *message, struct reply *reply)
{
	struct vfio_irq_info info;

	memcpy(&info, message->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.argsz = sizeof(info);
	info.count = irq_count(&vfu->irqs, info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	memcpy(reply->payload, &info, sizeof(info));
	reply->size = sizeof(info);
	return 0;
}

static int do_set_irqs(struct vfu *vfu, struct message *message, struct reply *reply)
{
	const struct vfio_irq_set *set = (const void *)message->payload;

	(void)reply;
	if (set->argsz < sizeof(*set))
		return -EINVAL;
	return irq_set(&vfu->irqs, set, message->size - sizeof(*set), message->fds,
		       message->n_fds);
}

static bool in_region(struct vfu *vfu, uint32_t region, uint64_t offset, uint64_t count)
{
	uint64_t size;

	if (region >= VFU_REGIONS)
		return false;
	size = vfu->info.region_size[region];
	return count && offset < size && count <= size - offset;
}

static int do_region_read(struct vfu *vfu, struct message *message, struct reply *reply)
{
	struct wire_region_access *answer = (void *)reply->payload;

	memcpy(answer, message->payload, sizeof(*answer));
	if (answer->count > WIRE_MAX_DATA ||
	    !in_region(vfu, answer->region, answer->offset, answer->count))
		return -EINVAL;
	memset(answer->data, 0, answer->count);
	vfu->ops->access(vfu, answer->region, answer->offset, answer->data, answer->count, false);
	reply->size = sizeof(*answer) + answer->count;
	return 0;
}

static int do_region_write(struct vfu *vfu, struct message *message, struct reply *reply)
{
	struct wire_region_access *access = (void *)message->payload;

	if (access->count != message->size - sizeof(*access) ||
	    !in_region(vfu, access->region, access->offset, access->count))
		return -EINVAL;
	vfu->ops->access(vfu, access->region, access->offset, access->data, access->count, true);
	memcpy(reply->payload, access, sizeof(*access));
	reply->size = sizeof(*access);
	return 0;
}

static int do_write_multi(struct vfu *vfu, struct message *message, struct reply *reply)
{
	struct wire_write_multi *multi = (void *)message->payload;
	uint64_t done;

	if (multi->count > (message->size - sizeof(*multi)) / sizeof(multi->writes[0]))
		return -EINVAL;
	for (done = 0; done < multi->count; done++) {
		struct wire_single_write *write = &multi->writes[done];

		if (write->count > sizeof(write->data) ||
		    !in_region(vfu, write->region, write->offset, write->count))
			return -EINVAL;
		vfu->ops->access(vfu, write->region, write->offset, write->data, write->count,
				 true);
	}
	memcpy(reply->payload, &done, sizeof(done));
	reply->size = sizeof(done);
	return 0;
}

static int do_reset(struct vfu *vfu, struct message *message, struct reply *reply)
{
	(void)message;
	(void)reply;
	vfu->ops->reset(vfu);
	return 0;
}

/* Rows that are missing are commands of the specification that we do not offer. */
static const struct {
	int (*run)(struct vfu *vfu, struct message *message, struct reply *reply);
	size_t least;
} commands[WIRE_COMMANDS] = {
	[WIRE_VERSION]		   = { do_version,	   sizeof(struct wire_version) },
	[WIRE_DMA_MAP]		   = { do_dma_map,	   sizeof(struct wire_dma_map) },
	[WIRE_DMA_UNMAP]	   = { do_dma_unmap,	   sizeof(struct wire_dma_unmap) },
	[WIRE_GET_INFO]		   = { do_get_info,	   0 },
	[WIRE_GET_REGION_INFO]	   = { do_get_region_info, sizeof(struct vfio_region_info) },
	[WIRE_GET_IRQ_INFO]	   = { do_get_irq_info,	   sizeof(struct vfio_irq_info) },
	[WIRE_SET_IRQS]		   = { do_set_irqs,	   sizeof(struct vfio_irq_set) },
	[WIRE_REGION_READ]	   = { do_region_read,	   sizeof(struct wire_region_access) },
	[WIRE_REGION_WRITE]	   = { do_region_write,	   sizeof(struct wire_region_access) },
	[WIRE_RESET]		   = { do_reset,	   0 },
	[WIRE_REGION_WRITE_MULTI]  = { do_write_multi,	   sizeof(struct wire_write_multi) },
};

/**
 * vfu_command() - do what a message says
 * @vfu: function that it is for
 * @message: complete, with a payload of the size that its header says
 * @reply: for the payload of the answer
 *
 * Return: 0; -ENOTTY for features, of which there are none; -EOPNOTSUPP for other commands that are
 * not known; -EINVAL for a message that makes no sense, or the first one not being the version;
 * what the handler returns.
 */
int vfu_command(struct vfu *vfu, struct message *message, struct reply *reply)
{
	unsigned int command = message->header.command;

	bool hello = command == WIRE_VERSION;

	if (vfu->versioned == hello)
		return -EINVAL;
	if (command == WIRE_FEATURE)
		return -ENOTTY;
	if (command >= WIRE_COMMANDS || !commands[command].run)
		return -EOPNOTSUPP;
	if (message->size < commands[command].least)
		return -EINVAL;
	return commands[command].run(vfu, message, reply);
}
