// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that firmware may read or write: DMA mappings, and memory keys by which commands name
 * them.
 */

#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "vhca.h"

int mlx5_mkey_prepare(struct mlx5_mkey_command *command, u32 pdn, unsigned int pages)
{
	/* Two translations make the octword that the device counts in. */
	const unsigned int octwords = DIV_ROUND_UP(pages, 2);
	void *context;
	u32 *in;

	command->size = MLX5_ST_SZ_BYTES(create_mkey_in) + octwords * 2 * sizeof(__be64);
	in = kvzalloc(command->size, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	command->in = in;
	command->translations = MLX5_ADDR_OF(create_mkey_in, in, klm_pas_mtt);

	MLX5_SET(create_mkey_in, in, translations_octword_actual_size, octwords);
	context = MLX5_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);
	MLX5_SET(mkc, context, access_mode_1_0, MLX5_MKC_ACCESS_MODE_MTT);
	MLX5_SET(mkc, context, log_page_size, PAGE_SHIFT);
	MLX5_SET(mkc, context, translations_octword_size, octwords);
	MLX5_SET64(mkc, context, len, (u64)pages << PAGE_SHIFT);
	MLX5_SET(mkc, context, pd, pdn);
	/* Of no queue pair in particular. */
	MLX5_SET(mkc, context, qpn, 0xffffff);
	MLX5_SET(mkc, context, lr, 1);
	MLX5_SET(mkc, context, lw, 1);
	MLX5_SET(mkc, context, rr, 1);
	MLX5_SET(mkc, context, rw, 1);
	return 0;
}

int mlx5_mkey_create(struct mlx5_mkey_command *command, struct mlx5_core_dev *mdev, u32 *mkey)
{
	int ret = mlx5_core_create_mkey(mdev, mkey, command->in, command->size);

	kvfree(command->in);
	return ret;
}

static int map_mkey(struct mlx5_vhca *vhca, struct mlx5_buffer *buffer, unsigned int pages)
{
	struct mlx5_mkey_command command;
	struct sg_dma_page_iter page;
	unsigned int i = 0;
	int ret;

	ret = mlx5_mkey_prepare(&command, vhca->pdn, pages);
	if (ret)
		return ret;
	for_each_sgtable_dma_page(&buffer->table, &page, 0)
		command.translations[i++] = cpu_to_be64(sg_page_iter_dma_address(&page));
	return mlx5_mkey_create(&command, vhca->mdev, &buffer->mkey);
}

struct mlx5_buffer *mlx5_buffer_create(struct mlx5_vhca *vhca, struct page **pages,
				       unsigned int count, enum dma_data_direction dir)
{
	struct mlx5_buffer *buffer;
	int ret;

	lockdep_assert_held(&vhca->lock);
	if (!vhca->session)
		return ERR_PTR(-ENOTCONN);

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	buffer->dir = dir;

	ret = sg_alloc_table_from_pages(&buffer->table, pages, count, 0,
					(unsigned long)count << PAGE_SHIFT, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_buffer;
	ret = dma_map_sgtable(vhca->mdev->device, &buffer->table, dir, 0);
	if (ret)
		goto err_table;
	ret = map_mkey(vhca, buffer, count);
	if (ret)
		goto err_mapping;

	list_add_tail(&buffer->item, &vhca->buffers);
	return buffer;

err_mapping:
	dma_unmap_sgtable(vhca->mdev->device, &buffer->table, dir, 0);
err_table:
	sg_free_table(&buffer->table);
err_buffer:
	kfree(buffer);
	return ERR_PTR(ret);
}

void mlx5_buffer_disconnect(struct mlx5_vhca *vhca, struct mlx5_buffer *buffer)
{
	lockdep_assert_held(&vhca->lock);
	if (list_empty(&buffer->item))
		return;
	list_del_init(&buffer->item);
	mlx5_core_destroy_mkey(vhca->mdev, buffer->mkey);
	dma_unmap_sgtable(vhca->mdev->device, &buffer->table, buffer->dir, 0);
}

void mlx5_buffer_destroy(struct mlx5_vhca *vhca, struct mlx5_buffer *buffer)
{
	mlx5_buffer_disconnect(vhca, buffer);
	sg_free_table(&buffer->table);
	kfree(buffer);
}
