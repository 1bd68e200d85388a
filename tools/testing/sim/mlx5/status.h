/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a command's output says first.  The numbers are in the kernel's <linux/mlx5/device.h>.
 */
#ifndef SIM_MLX5_STATUS_H
#define SIM_MLX5_STATUS_H

enum {
	STATUS_OK		= 0x00,
	STATUS_INTERNAL		= 0x01,
	STATUS_BAD_OP		= 0x02,
	STATUS_BAD_PARAM	= 0x03,
	STATUS_BAD_SYS_STATE	= 0x04,
	STATUS_BAD_RES		= 0x05,
	STATUS_LIMIT		= 0x08,
	STATUS_BAD_RES_STATE	= 0x09,
	STATUS_BAD_INDEX	= 0x0a,
	STATUS_NO_RES		= 0x0f,
	STATUS_BAD_IN_LEN	= 0x50,
	STATUS_BAD_OUT_LEN	= 0x51,

	/* Not the firmware's: the command is not done, run it again in a moment. */
	STATUS_AGAIN		= 0x100,
};

#endif /* SIM_MLX5_STATUS_H */
