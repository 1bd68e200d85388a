/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command on its way from the queue through its handler and back.
 */
#ifndef SIM_MLX5_COMMAND_H
#define SIM_MLX5_COMMAND_H

#include "hca.h"
#include "ifc.h"

#define INLINE_BYTES	16U
#define BLOCK_BYTES	512U
#define MOST_BYTES	(16U << 20)

/**
 * struct command - a command that is being executed
 * @hca: function whose queue it came from
 * @entry: its number in the queue
 * @raw: the queue entry as the driver wrote it
 * @in: input, @in_size bytes
 * @out: output, @out_size bytes, zero at first
 * @row: of the table of commands; NULL if there is none for its opcode
 * @by_event: an event queue for commands was there when it came
 * @delivery: what went wrong before it could be executed; enum of its own
 * @status: what the handler returned
 * @lost: never to be completed
 * @timer: until it goes on
 * @transfer: of SAVE and LOAD
 */
struct command {
	struct hca *hca;
	unsigned int entry;
	uint8_t raw[64];
	uint8_t *in;
	uint32_t in_size;
	uint8_t *out;
	uint32_t out_size;
	const struct command_row *row;
	bool by_event;
	uint8_t delivery;
	unsigned int status;
	uint32_t syndrome;
	bool lost;
	struct loop_timer timer;
	struct vhca_transfer transfer;
};

/**
 * struct command_row - a command that the firmware knows
 * @opcode: its number
 * @name: for logs and the control socket
 * @run: does it
 * @in: least bytes of input
 * @out: least bytes of output
 * @from: least phase of the function
 * @kind: of the object, for those that make and unmake one
 * @valid: of the object: whether its description makes sense
 * @only_pf: VFs may not
 * @context: of those that query an object: where its context is in the command that made it
 * @answer: and where in the output
 * @context_bytes: and how large it is
 */
struct command_row {
	uint16_t opcode;
	const char *name;
	unsigned int (*run)(struct command *command);
	uint16_t in;
	uint16_t out;
	uint8_t from;
	uint8_t kind;
	bool only_pf;
	bool (*valid)(const void *in, uint32_t size);
	uint16_t context;
	uint16_t answer;
	uint16_t context_bytes;
};

const struct command_row *command_find(unsigned int opcode);
const struct command_row *command_named(const char *name);

/* caps.c */
unsigned int caps_query(struct command *command);
unsigned int caps_set(struct command *command);

/* migration.c */
unsigned int migration_suspend(struct command *command);
unsigned int migration_resume(struct command *command);
unsigned int migration_query(struct command *command);
unsigned int migration_save(struct command *command);
unsigned int migration_load(struct command *command);
unsigned int emulated_query(struct command *command);

/* track.c */
unsigned int track_create(struct command *command);
unsigned int track_modify(struct command *command);
unsigned int track_query(struct command *command);
unsigned int track_destroy(struct command *command);

/* qp.c */
unsigned int qp_modify(struct command *command);

#endif /* SIM_MLX5_COMMAND_H */
