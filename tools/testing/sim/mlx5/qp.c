// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queue pairs go through their states and learn who is at their other end.  Only page trackers
 * send anything (track.c).
 */
#include "command.h"

enum qp_state {
	QP_RESET,
	QP_INIT,
	QP_RTR,
	QP_RTS,
	QP_ERROR = 6,
};

static const struct {
	uint16_t opcode;
	int8_t from;		/* -1: any state */
	uint8_t to;
} steps[] = {
	{ MLX5_CMD_OP_RST2INIT_QP, QP_RESET, QP_INIT },
	{ MLX5_CMD_OP_INIT2RTR_QP, QP_INIT, QP_RTR },
	{ MLX5_CMD_OP_RTR2RTS_QP, QP_RTR, QP_RTS },
	{ MLX5_CMD_OP_2RST_QP, -1, QP_RESET },
	{ MLX5_CMD_OP_2ERR_QP, -1, QP_ERROR },
};

/** qp_modify() - all commands that move a QP to another state */
unsigned int qp_modify(struct command *command)
{
	struct object *qp = object_find(command->hca, OBJECT_QP,
					IFC_GET(rst2init_qp_in, command->in, qpn));

	if (!qp)
		return STATUS_BAD_RES;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].opcode != command->row->opcode)
			continue;
		if (steps[i].from >= 0 && qp->state != (uint32_t)steps[i].from)
			return STATUS_BAD_RES_STATE;
		qp->state = steps[i].to;
		/* The other end, which the queue's own description does not say. */
		if (steps[i].to == QP_RTR)
			qp->producer = bits_get(command->in, offsetof(IFC(init2rtr_qp_in), qpc) +
						offsetof(IFC(qpc), remote_qpn), 24);
	}
	return STATUS_OK;
}
