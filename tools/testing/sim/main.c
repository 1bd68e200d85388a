// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulator: a card in one process, a socket for each of its functions in one directory.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allcaps/allcaps.h"
#include "control.h"
#include "graphics/igd.h"
#include "hostile/liar.h"
#include "mlx5/card.h"
#include "transport/loop.h"
#include "virtio/blk.h"

static const char usage[] =
	"usage: sim [OPTIONS] DIRECTORY\n"
	"\n"
	"Offers a ConnectX card to QEMU's vfio-user-pci, on the sockets DIRECTORY/pf, DIRECTORY/vf0, ...\n"
	"and DIRECTORY/blk0, ... for the disks that it emulates; takes commands on DIRECTORY/control.\n"
	"Functions that lie are on DIRECTORY/liar0, ..., the others have the names of\n"
	"their options.\n"
	"\n"
	"  --vfs NUMBER      virtual functions it can have (0)\n"
	"  --disk IMAGE      a disk it emulates; any number of times\n"
	"  --liar HOW        a function that lies; HOW: the lie it begins with, \"none\", or \"open\"\n"
	"  --igd             integrated graphics of Intel's\n"
	"  --allcaps         a function with capabilities of all kinds\n"
	"  --memory MIB      internal memory of each function that can be migrated (1)\n"
	"  --rate MIB        how much of it changes in a second (0)\n"
	"  --chunk MIB       size of an image in chunk mode; 0: no such mode (8)\n"
	"  --timeout SECONDS when the driver shall give a command up; 0: it knows best (0)\n"
	"  --verbose         say on standard error what commands come\n"
	"  --background      return when the sockets are there, and go on in the background\n";

static int add_disks(struct card *card, const char *directory, char **images, unsigned int count)
{
	const struct options *how = &card->options;

	for (unsigned int i = 0; i < count; i++) {
		char path[256];
		struct blk *blk;
		int error;

		snprintf(path, sizeof(path), "%s/blk%u", directory, i);
		blk = blk_new(images[i], path, how->memory, how->rate, how->chunk);
		if (!blk)
			return -errno;
		error = card_emulate(card, &blk->vhca, &blk->pci);
		if (error) {
			blk_free(blk);
			return error;
		}
	}
	return 0;
}

static struct liar *liars[MOST_LIARS];

/* Return: the liar of that name, or NULL. */
struct liar *liar_named(const char *name)
{
	char own[16];

	for (unsigned int i = 0; i < MOST_LIARS && liars[i]; i++) {
		snprintf(own, sizeof(own), "liar%u", i);
		if (!strcmp(name, own))
			return liars[i];
	}
	return NULL;
}

static int add_liars(const char *directory, char **how)
{
	for (unsigned int i = 0; i < MOST_LIARS && how[i]; i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/liar%u", directory, i);
		liars[i] = liar_new(how[i], path);
		if (!liars[i])
			return -errno;
	}
	return 0;
}

/* Functions of which there is one or none. */
static struct single {
	const char *name;
	void *(*make)(const char *socket);
	void (*unmake)(void *function);
	bool wanted;
	void *function;
} singles[] = {
	{ .name = "igd", .make = igd_new, .unmake = igd_free },
	{ .name = "allcaps", .make = allcaps_new, .unmake = allcaps_free },
};

static void want_single(const char *name)
{
	for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++)
		if (!strcmp(singles[i].name, name))
			singles[i].wanted = true;
}

static int add_singles(const char *directory)
{
	for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++) {
		char path[256];

		if (!singles[i].wanted)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, singles[i].name);
		singles[i].function = singles[i].make(path);
		if (!singles[i].function)
			return -errno;
	}
	return 0;
}

static int start(const struct options *how, const char *directory, char **images,
		 unsigned int count, char **lies, struct card **card)
{
	char path[256];
	int error;

	if (loop_init())
		return -errno;
	*card = card_new(how, directory);
	if (!*card)
		return -errno;
	error = add_disks(*card, directory, images, count);
	if (!error)
		error = add_liars(directory, lies);
	if (!error)
		error = add_singles(directory);
	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/control", directory);
	return control_listen(*card, path);
}

static int number(const char *text, const char *what, unsigned int most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!*text || *end || errno || *text == '-' || value > most) {
		fprintf(stderr, "sim: --%s wants 0 to %u, not \"%s\"\n", what, most,
			text);
		exit(2);
	}
	return value;
}

static void on_signal(int signal)
{
	(void)signal;
	loop_stop();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "vfs", required_argument, NULL, 'v' },
		{ "disk", required_argument, NULL, 'd' },
		{ "liar", required_argument, NULL, 'l' },
		{ "igd", no_argument, NULL, 'i' },
		{ "allcaps", no_argument, NULL, 'i' },
		{ "memory", required_argument, NULL, 'm' },
		{ "rate", required_argument, NULL, 'r' },
		{ "chunk", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'V' },
		{ "background", no_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct options how = { .memory = 1, .chunk = 8 };
	bool background = false;
	char *images[MOST_EMULATED];
	unsigned int n_images = 0, n_lies = 0;
	char *lies[MOST_LIARS] = {};
	struct card *card = NULL;
	int option, error, which = 0;

	while ((option = getopt_long(argc, argv, "h", options, &which)) >= 0) {
		switch (option) {
		case 'v':
			how.vfs = number(optarg, "vfs", MOST_VFS);
			break;
		case 'd':
			if (n_images == MOST_EMULATED) {
				fprintf(stderr, "sim: no more than %d disks\n", MOST_EMULATED);
				return 2;
			}
			images[n_images++] = optarg;
			break;
		case 'l':
			if (n_lies == MOST_LIARS) {
				fprintf(stderr, "sim: no more than %d liars\n", MOST_LIARS);
				return 2;
			}
			lies[n_lies++] = optarg;
			break;
		case 'i':
			want_single(options[which].name);
			break;
		case 'm':
			how.memory = number(optarg, "memory", 8192);
			break;
		case 'r':
			how.rate = number(optarg, "rate", 8192);
			break;
		case 'c':
			how.chunk = number(optarg, "chunk", 2048);
			break;
		case 't':
			how.timeout = number(optarg, "timeout", 3600);
			break;
		case 'V':
			how.verbose = true;
			break;
		case 'b':
			background = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("sim: see \"sim --help\"\n", stderr);
			return 2;
		}
	}
	if (optind != argc - 1) {
		fputs("sim: say in which directory the sockets shall be: \"sim --help\"\n", stderr);
		return 2;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	error = start(&how, argv[optind], images, n_images, lies, &card);
	if (error) {
		fprintf(stderr, "sim: no sockets in %s, no image or no such lie: %s\n",
			argv[optind], strerror(-error));
		return 1;
	}
	if (background && daemon(1, 1)) {
		perror("sim: daemon");
		return 1;
	}
	loop_run();
	/* The PF's trackers watch the disks. */
	hca_reset(card->functions);
	for (unsigned int i = 0; i < card->n_emulated; i++)
		blk_free((struct blk *)((char *)card->emulated[i].vhca -
					offsetof(struct blk, vhca)));
	for (unsigned int i = 0; i < MOST_LIARS && liars[i]; i++)
		liar_free(liars[i]);
	for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++)
		if (singles[i].function)
			singles[i].unmake(singles[i].function);
	card_free(card);
	return 0;
}
