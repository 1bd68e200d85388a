// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUERY_EMULATED_FUNCTIONS_INFO, a command of BlueField firmware that mlx5_ifc.h does not have.
 */

#include <linux/cleanup.h>
#include <linux/mlx5/driver.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "manager.h"

#define MLX5_CMD_OP_QUERY_EMULATED_FUNCTIONS_INFO	0xb03

enum {
	MLX5_EMULATED_NVME_PF		= 0,
	MLX5_EMULATED_VIRTIO_NET_PF	= 1,
	MLX5_EMULATED_VIRTIO_BLK_PF	= 2,
	MLX5_EMULATED_VF		= 3,	/* of pf_vhca_id */
};

struct mlx5_ifc_query_emulated_functions_info_in_bits {
	u8         opcode[0x10];
	u8         uid[0x10];

	u8         reserved_at_20[0x10];
	u8         op_mod[0x10];

	u8         reserved_at_40[0x10];
	u8         pf_vhca_id[0x10];

	u8         reserved_at_60[0x20];
};

struct mlx5_ifc_emulated_function_info_bits {
	u8         pci_bdf[0x10];
	u8         vhca_id[0x10];

	u8         hotplug_function[0x1];
	u8         max_num_vfs_valid[0x1];
	u8         vf_exist[0x1];
	u8         reserved_at_23[0xd];
	u8         max_num_vfs[0x10];
};

struct mlx5_ifc_query_emulated_functions_info_out_bits {
	u8         status[0x8];
	u8         reserved_at_8[0x18];

	u8         syndrome[0x20];

	u8         reserved_at_40[0x30];
	u8         num_emulated_functions[0x10];
	/* that many struct mlx5_ifc_emulated_function_info_bits */
};

/* Answers of one command, and functions, that we have room for; BlueField has hundreds at most. */
#define MAX_ANSWERS	1024
#define MAX_FUNCTIONS	4096

/* With room for MAX_FUNCTIONS. */
struct function_list {
	struct mlx5_emulated_function	*item;
	unsigned int			count;
};

/* An address names one function, whatever firmware repeats. */
static bool is_listed(const struct function_list *list, u16 bdf)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->item[i].bdf == bdf)
			return true;
	return false;
}

static void append(struct function_list *list, const void *answers, unsigned int count)
{
	for (unsigned int i = 0; i < count && list->count < MAX_FUNCTIONS; i++) {
		const void *info = answers + i * MLX5_ST_SZ_BYTES(emulated_function_info);
		struct mlx5_emulated_function function = {
			.bdf = MLX5_GET(emulated_function_info, info, pci_bdf),
			.vhca_id = MLX5_GET(emulated_function_info, info, vhca_id),
			.has_vfs = MLX5_GET(emulated_function_info, info, vf_exist),
		};

		if (!is_listed(list, function.bdf))
			list->item[list->count++] = function;
	}
	cond_resched();
}

static int query(struct mlx5_core_dev *mdev, u16 op_mod, u16 pf_vhca_id, struct function_list *list)
{
	const size_t header = MLX5_ST_SZ_BYTES(query_emulated_functions_info_out);
	const size_t room = header + MAX_ANSWERS * MLX5_ST_SZ_BYTES(emulated_function_info);
	u32 in[MLX5_ST_SZ_DW(query_emulated_functions_info_in)] = {};
	unsigned int count;
	int ret;

	void *out __free(kvfree) = kvzalloc(room, GFP_KERNEL);
	if (!out)
		return -ENOMEM;

	MLX5_SET(query_emulated_functions_info_in, in, opcode,
		 MLX5_CMD_OP_QUERY_EMULATED_FUNCTIONS_INFO);
	MLX5_SET(query_emulated_functions_info_in, in, op_mod, op_mod);
	MLX5_SET(query_emulated_functions_info_in, in, pf_vhca_id, pf_vhca_id);

	/* Not mlx5_cmd_exec(): a card that refuses is the usual case, and nothing to log. */
	ret = mlx5_cmd_do(mdev, in, sizeof(in), out, room);
	if (ret)
		return ret == -EREMOTEIO ? 0 : ret;

	count = MLX5_GET(query_emulated_functions_info_out, out, num_emulated_functions);
	if (count > MAX_ANSWERS) {
		dev_warn(mdev->device, "%u emulated functions of kind %u, only %u are used\n",
			 count, op_mod, MAX_ANSWERS);
		count = MAX_ANSWERS;
	}
	append(list, out + header, count);
	return 0;
}

int mlx5_query_emulated_functions(struct mlx5_core_dev *mdev,
				  struct mlx5_emulated_function **functions)
{
	static const u16 kinds[] = {
		MLX5_EMULATED_NVME_PF, MLX5_EMULATED_VIRTIO_NET_PF, MLX5_EMULATED_VIRTIO_BLK_PF,
	};
	struct function_list list = {};
	unsigned int i, pfs;
	int ret = 0;

	*functions = NULL;
	list.item = kvcalloc(MAX_FUNCTIONS, sizeof(*list.item), GFP_KERNEL);
	if (!list.item)
		return -ENOMEM;

	for (i = 0; !ret && i < ARRAY_SIZE(kinds); i++)
		ret = query(mdev, kinds[i], 0, &list);

	pfs = list.count;
	for (i = 0; !ret && i < pfs; i++)
		if (list.item[i].has_vfs)
			ret = query(mdev, MLX5_EMULATED_VF, list.item[i].vhca_id, &list);

	if (!ret && list.count == MAX_FUNCTIONS)
		dev_warn(mdev->device, "%u emulated functions, others are not looked at\n",
			 MAX_FUNCTIONS);
	if (ret) {
		kvfree(list.item);
		return ret;
	}
	*functions = list.item;
	return list.count;
}
