// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line is a command; its answer is any number of lines and then "ok" or "error: WHY".
 * Documentation/testing/simulator.rst has the commands.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "hostile/liar.h"
#include "mlx5/command.h"
#include "virtio/blk.h"

#define MOST_WORDS 6

/* Someone who asks; @line collects what has come of the next command, unless it is @long_line. */
struct visitor {
	struct loop_source source;
	struct card *card;
	char line[256];
	size_t used;
	bool long_line;
};

/* A function by its name.  Of @hca, @emulated and @liar one is there; liars have no @vhca. */
struct function {
	struct hca *hca;
	struct emulated *emulated;
	struct pci_function *pci;
	struct vhca *vhca;
	struct liar *liar;
};

static bool find(struct card *card, const char *name, struct function *found)
{
	char own[16];

	*found = (struct function) {};
	for (unsigned int i = 0; i <= card->options.vfs; i++) {
		struct hca *hca = &card->functions[i];

		hca_name(hca, own, sizeof(own));
		if (!strcmp(name, own))
			*found = (struct function) { hca, NULL, &hca->pci, &hca->vhca, NULL };
	}
	for (unsigned int i = 0; i < card->n_emulated; i++) {
		struct emulated *emulated = &card->emulated[i];

		snprintf(own, sizeof(own), "blk%u", i);
		if (!strcmp(name, own))
			*found = (struct function) { NULL, emulated, emulated->pci,
						     emulated->vhca, NULL };
	}
	found->liar = found->pci ? NULL : liar_named(name);
	if (found->liar)
		found->pci = &found->liar->pci;
	return found->pci;
}

static bool number(const char *text, unsigned long most, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 0);
	return *text && *text != '-' && !*end && !errno && *value <= most;
}

static const char *do_bdf(struct card *card, struct function *fn, char **words, FILE *answer)
{
	unsigned int domain, bus, device, function;
	char rest;

	(void)card;
	(void)answer;
	if (!fn->emulated)
		return "only emulated functions are told where they are";
	if (sscanf(words[2], "%4x:%2x:%2x.%1x%c", &domain, &bus, &device, &function, &rest) != 4 ||
	    device > 31 || function > 7)
		return "an address looks like 0000:02:00.0";
	fn->emulated->bdf = bus << 8 | device << 3 | function;
	return NULL;
}

static const char *do_show(struct card *card, struct function *fn, char **words, FILE *answer)
{
	(void)card;
	memory_advance(&fn->vhca->memory);
	fprintf(answer, "%s vhca=%u suspended=%u tracking=%d incomplete=%d", words[1],
		fn->vhca->id, fn->vhca->suspended, fn->vhca->tracking, fn->vhca->incomplete);
	fprintf(answer, " memory=%u digest=%016llx", fn->vhca->memory.pages,
		(unsigned long long)memory_digest(&fn->vhca->memory));
	if (fn->hca)
		fprintf(answer, " phase=%u pages=%u objects=%u", fn->hca->phase, fn->hca->n_pages,
			objects_count(fn->hca));
	fprintf(answer, " gone=%d attached=%d\n", fn->pci->gone, vfu_is_attached(fn->pci->vfu));
	return NULL;
}

/* Surprise removal: software sees ones and no effect, until it is restored. */
static const char *do_remove(struct card *card, struct function *fn, char **words, FILE *answer)
{
	(void)answer;
	fn->pci->gone = !strcmp(words[0], "remove");
	/* A card that is put in starts; what the host has configured of it, ours keeps. */
	if (!fn->pci->gone && fn->hca == card->functions)
		card_restart(card);
	return NULL;
}

static const char *do_lie(struct card *card, struct function *fn, char **words, FILE *answer)
{
	const struct lie *lie = lie_named(words[2]);

	(void)card;
	(void)answer;
	if (!fn->liar)
		return "only liar0, ... lie";
	if (!lie)
		return "no such lie";
	liar_tell(fn->liar, lie);
	return NULL;
}

static const char *do_health(struct card *card, struct function *fn, char **words, FILE *answer)
{
	unsigned long syndrome;

	(void)card;
	(void)answer;
	if (!fn->hca)
		return "only functions of the card have a health buffer";
	if (!number(words[2], UINT8_MAX, &syndrome))
		return "a health syndrome is a number up to 255";
	fn->hca->syndrome = syndrome;
	return NULL;
}

static const char *do_slow(struct card *card, struct function *fn, char **words, FILE *answer)
{
	unsigned long delay;

	(void)card;
	(void)answer;
	if (!fn->emulated)
		return "only disks are slow";
	if (!number(words[2], 600000, &delay))
		return "say how many milliseconds a request takes";
	container_of(fn->vhca, struct blk, vhca)->delay = delay;
	return NULL;
}

static const char *do_rate(struct card *card, struct function *fn, char **words, FILE *answer)
{
	unsigned long rate;

	(void)card;
	(void)answer;
	if (!number(words[2], 8192, &rate))
		return "say how many MiB change in a second";
	memory_advance(&fn->vhca->memory);
	fn->vhca->memory.rate = rate << 20 >> 12;
	return NULL;
}

static const char *do_fail(struct card *card, struct function *fn, char **words, FILE *answer)
{
	const struct command_row *row = command_named(words[1]);
	struct fault fault = { .times = 1 }, *place = NULL;
	unsigned long value;

	(void)fn;
	(void)answer;
	if (!row)
		return "the firmware knows no such command";
	fault.opcode = row->opcode;
	if (!strcmp(words[2], "lost"))
		fault.lost = true;
	else if (!strncmp(words[2], "delay=", 6) && number(words[2] + 6, 600000, &value))
		fault.delay = value;
	else if (!strncmp(words[2], "status=", 7) && number(words[2] + 7, UINT8_MAX, &value) &&
		 value)
		fault.status = value;
	else
		return "how: lost, delay=MILLISECONDS or status=NUMBER";
	fault.syndrome = 0xfa000000U | row->opcode;
	if (words[3] && (!number(words[3], 1000000, &value) || !value))
		return "say how often, 1 or more";
	if (words[3])
		fault.times = value;
	for (unsigned int i = 0; i < FAULTS && !place; i++)
		if (!card->faults[i].opcode || card->faults[i].opcode == row->opcode)
			place = &card->faults[i];
	if (!place)
		return "too many different faults: clear them";
	*place = fault;
	return NULL;
}

static const char *do_clear(struct card *card, struct function *fn, char **words, FILE *answer)
{
	(void)fn;
	(void)words;
	(void)answer;
	memset(card->faults, 0, sizeof(card->faults));
	return NULL;
}

static const struct {
	const char *name;
	unsigned int words;	/* at least, with the name */
	bool function;		/* the second word is one's name */
	const char *(*run)(struct card *card, struct function *fn, char **words, FILE *answer);
} controls[] = {
	{ "bdf", 3, true, do_bdf },
	{ "show", 2, true, do_show },
	{ "remove", 2, true, do_remove },
	{ "restore", 2, true, do_remove },
	{ "lie", 3, true, do_lie },
	{ "health", 3, true, do_health },
	{ "slow", 3, true, do_slow },
	{ "rate", 3, true, do_rate },
	{ "fail", 3, false, do_fail },
	{ "clear", 1, false, do_clear },
};

static const char *obey(struct card *card, char *line, FILE *answer)
{
	char *words[MOST_WORDS + 1] = {}, *rest = line;
	unsigned int count = 0;
	struct function fn = {};
	char *word;

	while ((word = strsep(&rest, " \t\r")))
		if (*word && count < MOST_WORDS)
			words[count++] = word;
	for (size_t i = 0; count && i < ARRAY_SIZE(controls); i++) {
		if (strcmp(words[0], controls[i].name))
			continue;
		if (count < controls[i].words)
			return "something is missing";
		if (controls[i].function && !find(card, words[1], &fn))
			return "no such function: pf, vf0, ..., blk0, ..., liar0, ...";
		if (fn.liar && controls[i].run != do_lie)
			return "a liar is told to lie";
		return controls[i].run(card, &fn, words, answer);
	}
	return "commands: bdf, show, remove, restore, lie, health, slow, rate, fail, clear";
}

static void answer_line(struct visitor *visitor)
{
	char *text = NULL;
	const char *error;
	size_t size = 0;
	FILE *answer = open_memstream(&text, &size);

	if (!answer)
		return;
	error = visitor->long_line ? "no command is as long as that" :
				     obey(visitor->card, visitor->line, answer);
	fprintf(answer, error ? "error: %s\n" : "ok%s\n", error ? error : "");
	if (!fclose(answer))
		send(visitor->source.fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	free(text);
}

static void on_visitor(struct loop_source *source, uint32_t events)
{
	struct visitor *visitor = source->data;
	char byte;
	ssize_t got;

	(void)events;
	while ((got = recv(source->fd, &byte, 1, MSG_DONTWAIT)) == 1) {
		if (byte != '\n') {
			if (visitor->used < sizeof(visitor->line) - 1)
				visitor->line[visitor->used++] = byte;
			else
				visitor->long_line = true;
			continue;
		}
		visitor->line[visitor->used] = 0;
		answer_line(visitor);
		visitor->used = 0;
		visitor->long_line = false;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	loop_forget(source);
	close(source->fd);
	free(visitor);
}

static void on_knock(struct loop_source *source, uint32_t events)
{
	struct visitor *visitor = calloc(1, sizeof(*visitor));
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd >= 0 && visitor) {
		visitor->card = source->data;
		visitor->source = (struct loop_source) {
			.fd = fd, .ready = on_visitor, .data = visitor,
		};
		if (!loop_watch(&visitor->source, EPOLLIN))
			return;
	}
	if (fd >= 0)
		close(fd);
	free(visitor);
}

/**
 * control_listen() - take commands for a card, as long as the process lives
 * @path: of the socket
 *
 * Return: 0 or a negative errno.
 */
int control_listen(struct card *card, const char *path)
{
	static struct loop_source door = { .ready = on_knock };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path);
	door.data = card;
	door.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (door.fd < 0 || bind(door.fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(door.fd, 4))
		return -errno;
	return loop_watch(&door, EPOLLIN);
}
