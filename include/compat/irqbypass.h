/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * irq_bypass_register_producer() takes what it pairs by and the interrupt as arguments since 6.17;
 * before, the caller stored them in the producer.
 */
#ifndef COMPAT_IRQBYPASS_H
#define COMPAT_IRQBYPASS_H

#include <linux/irqbypass.h>
#include <linux/version.h>

struct eventfd_ctx;

#if KERNEL_VERSION(6, 17, 0) > LINUX_VERSION_CODE
static inline int compat_irq_bypass_register_producer(struct irq_bypass_producer *producer,
						      struct eventfd_ctx *eventfd, int irq)
{
	int err;

	producer->token = eventfd;
	producer->irq = irq;
	err = irq_bypass_register_producer(producer);
	/* Unregistering goes by the token alone, and would hit the one who has it. */
	if (err)
		producer->token = NULL;
	return err;
}

static inline void compat_irq_bypass_unregister_producer(struct irq_bypass_producer *producer)
{
	irq_bypass_unregister_producer(producer);
	producer->token = NULL;
}

#define irq_bypass_register_producer	compat_irq_bypass_register_producer
#define irq_bypass_unregister_producer	compat_irq_bypass_unregister_producer
#endif

#endif /* COMPAT_IRQBYPASS_H */
