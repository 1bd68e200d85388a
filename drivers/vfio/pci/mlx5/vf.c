// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VF's manager is its PF.  The PF cannot leave before the VF does, but its firmware can be reset
 * below both; mlx5_core then disables the VFs and enables them afterwards, and says so.
 */

#include <linux/cleanup.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/vport.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "mlx5_vfio_pci.h"

static int query_vhca_id(struct mlx5_core_dev *pf, u16 function, u16 *id)
{
	u32 in[MLX5_ST_SZ_DW(query_hca_cap_in)] = {};
	const size_t size = MLX5_ST_SZ_BYTES(query_hca_cap_out);
	int ret;

	void *out __free(kfree) = kzalloc(size, GFP_KERNEL);
	if (!out)
		return -ENOMEM;

	MLX5_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	MLX5_SET(query_hca_cap_in, in, op_mod,
		 MLX5_CAP_GENERAL << 1 | (HCA_CAP_OPMOD_GET_CUR & 1));
	MLX5_SET(query_hca_cap_in, in, other_function, 1);
	MLX5_SET(query_hca_cap_in, in, function_id, function);
	ret = mlx5_cmd_exec(pf, in, sizeof(in), out, size);
	if (!ret)
		*id = MLX5_GET(query_hca_cap_out, out, capability.cmd_hca_cap.vhca_id);
	return ret;
}

/* A VF has to be made migratable while nobody uses it: devlink port function ... migratable. */
static bool is_migratable(struct mlx5_core_dev *pf, u16 function)
{
	void *out __free(kfree) = kzalloc(MLX5_ST_SZ_BYTES(query_hca_cap_out), GFP_KERNEL);

	if (!out || mlx5_vport_get_other_func_cap(pf, function, out, MLX5_CAP_GENERAL_2))
		return false;
	return MLX5_GET(query_hca_cap_out, out, capability.cmd_hca_cap_2.migratable);
}

static int vf_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct mlx5_vfio_pci_device *device =
		container_of(nb, struct mlx5_vfio_pci_device, vf_nb);

	switch (event) {
	case MLX5_PF_NOTIFY_DISABLE_VF:
		mlx5_vhca_detach(&device->vhca);
		break;
	case MLX5_PF_NOTIFY_ENABLE_VF:
		mlx5_vhca_attach(&device->vhca, device->pf, device->vhca.id);
		break;
	}
	return NOTIFY_OK;
}

bool mlx5_vf_attach(struct mlx5_vfio_pci_device *device)
{
	struct pci_dev *pdev = device->core.pdev;
	struct mlx5_core_dev *pf;
	bool can = false;
	u16 function, id;

	if (!pdev->is_virtfn)
		return false;

	/* Until it is put, the PF stays loaded. */
	pf = mlx5_vf_get_core_dev(pdev);
	if (!pf)
		return false;

	device->vf_id = pci_iov_vf_id(pdev);
	if (device->vf_id < 0 || !mlx5_vhca_supported(pf))
		goto put;

	/* Function 0 is the PF. */
	function = device->vf_id + 1;
	if (!is_migratable(pf, function) || query_vhca_id(pf, function, &id))
		goto put;

	device->vf_nb.notifier_call = vf_event;
	device->pf = pf;
	mlx5_vhca_attach(&device->vhca, pf, id);
	can = !mlx5_sriov_blocking_notifier_register(pf, device->vf_id, &device->vf_nb);
	if (!can) {
		mlx5_vhca_detach(&device->vhca);
		device->pf = NULL;
	}
put:
	mlx5_vf_put_core_dev(pf);
	return can;
}

void mlx5_vf_detach(struct mlx5_vfio_pci_device *device)
{
	if (!device->pf)
		return;
	mlx5_sriov_blocking_notifier_unregister(device->pf, device->vf_id, &device->vf_nb);
	mlx5_vhca_detach(&device->vhca);
	device->pf = NULL;
}
