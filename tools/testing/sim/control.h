/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: what tests make the card do wrong, and what they want to know of it.
 */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "mlx5/card.h"

int control_listen(struct card *card, const char *path);

#endif /* SIM_CONTROL_H */
