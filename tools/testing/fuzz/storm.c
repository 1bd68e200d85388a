// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-storm: many threads on one device file against a host that takes the device away.
 *
 * For as long as it is told, a user process opens the function and lets THREADS threads make the
 * fuzzer's operations on it, all at once, while this process, as the administrator, kills the user,
 * unbinds the function or unplugs it. After each of these the function must be there again, open
 * and answer; what the kernel has to say to all this is for the lab to see.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fuzz.h"
#include "pci_sysfs.h"
#include "vdev.h"

#define THREADS		8
#define MIGRATE_EVERY	8	/* operations, of a thread on a function that can */
#define GONE_SECONDS	60	/* for what the kernel does by itself, on a busy machine */
#define UNPLUG_EVERY	12	/* the button of a slot takes five seconds each time */
#define UNPLUG_FIRST	2	/* so that a short run has one, too */

static struct target target;
static const char *driver = "vfio-pci";
static char port[16];		/* QEMU's name of the slot, empty where nothing is unplugged */
static char qemu_id[16];
static unsigned long *operations;
/*
 * Functions are unplugged, and their users reset no slot: the two together make a cycle of the
 * kernel's own locks (Documentation/locking.rst), after whose report lockdep watches no longer.
 */
static bool unplugging;

/* ---- the user -------------------------------------------------------------------------------- */

struct thread {
	pthread_t thread;
	struct session *session;
	struct migrant *migrant;
	__u64 seed;
};

static void *thread_run(void *arg)
{
	struct thread *t = arg;
	struct random r = { t->seed };
	struct outcome *out = malloc(sizeof(*out));
	struct op op;

	while (out) {
		op_draw(&op, &r, &target);
		/* A descriptor closed under others' feet may be another file a moment later. */
		if (op.kind == REOPEN || (op.kind == HOT_RESET && unplugging))
			continue;
		session_perform(t->session, &op, out);
		if (t->migrant && one_in(&r, MIGRATE_EVERY))
			migrant_step(t->migrant, &r);
		__atomic_fetch_add(operations, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void user_run(__u64 seed)
{
	struct session *first = session_begin(&target);
	struct thread threads[THREADS];
	int i;

	if (!first || session_open(first))
		_exit(1);
	for (i = 0; i < THREADS; i++) {
		threads[i].seed = seed + i;
		threads[i].session = session_join(first);
		if (!threads[i].session)
			_exit(1);
		threads[i].migrant = migrant_new(threads[i].session);
		if (pthread_create(&threads[i].thread, NULL, thread_run, &threads[i]))
			_exit(1);
	}
	for (;;)
		pause();
}

/* ---- the administrator ----------------------------------------------------------------------- */

static int fail(const char *what)
{
	printf("FAIL: %s: %s\n", target.bdf, what);
	return -1;
}

static void user_kill(pid_t user)
{
	kill(user, SIGKILL);
	waitpid(user, NULL, 0);
}

/* The user is killed while @blocked waits for it. */
static int end_both(pid_t user, pid_t blocked, struct random *r)
{
	double limit = seconds_now() + GONE_SECONDS;
	int status;

	pause_ms(random_below(r, 300));
	user_kill(user);
	while (waitpid(blocked, &status, WNOHANG) != blocked) {
		if (seconds_now() > limit)
			return fail("the host still waits for a user that is dead");
		pause_ms(20);
	}
	return 0;
}

static int event_kill(pid_t user, struct random *r)
{
	user_kill(user);
	return 0;
}

static int event_unbind(pid_t user, struct random *r)
{
	pid_t child = fork();

	if (!child)
		_exit(pci_unbind(target.bdf) ? 1 : 0);
	return end_both(user, child, r);
}

static int event_reset(pid_t user, struct random *r)
{
	pid_t child = fork();

	/* -EAGAIN or success: the other user of the function's lock is our own. */
	if (!child) {
		pci_attr_write(target.bdf, "reset", "1");
		_exit(0);
	}
	return end_both(user, child, r);
}

static void ask_qemu(const char *command)
{
	char line[160];

	snprintf(line, sizeof(line), "lab-monitor '%s' > /dev/null", command);
	if (system(line) < 0)
		fail("the lab's monitor cannot be asked");
}

static bool within_limit(bool (*done)(void))
{
	double limit = seconds_now() + GONE_SECONDS;

	while (!done()) {
		if (seconds_now() > limit)
			return false;
		pause_ms(500);
	}
	return true;
}

static bool has_left(void)
{
	return !pci_present(target.bdf);
}

/*
 * QEMU refuses until it has got rid of the old one, too. And a function is in sysfs for a moment
 * before the kernel lets a driver have it.
 */
static bool has_come_back(void)
{
	char command[96];

	if (pci_present(target.bdf))
		return !pci_give(target.bdf, driver);
	snprintf(command, sizeof(command), "device_add %s,id=%s,bus=%s", target.name, qemu_id,
		 port);
	ask_qemu(command);
	return false;
}

static int event_unplug(pid_t user, struct random *r)
{
	char command[64];

	snprintf(command, sizeof(command), "device_del %s", qemu_id);
	ask_qemu(command);
	pause_ms(5000 + random_below(r, 1500));
	user_kill(user);
	if (!within_limit(has_left))
		return fail("it does not leave its slot");
	return within_limit(has_come_back) ? 0 : fail("it does not come back into its slot");
}

static const struct event {
	const char *name;
	int (*happen)(pid_t user, struct random *r);
} events[] = {
	{ "kills", event_kill }, { "unbinds", event_unbind }, { "resets", event_reset },
	{ "unplugs", event_unplug },
};

static unsigned int event_draw(struct random *r, unsigned int round)
{
	if (*port && round % UNPLUG_EVERY == UNPLUG_FIRST)
		return 3;
	return random_below(r, 3);
}

/* The function belongs to its driver, opens, and shows its vendor. */
static int usable(void)
{
	struct vdev v;
	__u32 id;
	int ret = pci_give(target.bdf, driver);

	if (!ret)
		ret = vdev_open(&v, target.bdf);
	if (ret) {
		printf("%s\n", strerror(-ret));
		return fail("it cannot be opened after its user has gone");
	}
	id = cfg_get(&v, 0, 4);
	vdev_close(&v);
	return memcmp(&id, target.config, sizeof(id)) ? fail("it does not show its IDs") : 0;
}

static bool has_ended(pid_t user)
{
	return waitpid(user, NULL, WNOHANG) == user && fail("the user ended by itself");
}

/* Until the user's threads are at it: opening alone may take seconds on a kernel that watches. */
static int user_begins(pid_t user, unsigned long before)
{
	const double limit = seconds_now() + GONE_SECONDS;

	while (__atomic_load_n(operations, __ATOMIC_RELAXED) == before) {
		if (has_ended(user))
			return -1;
		if (seconds_now() > limit) {
			user_kill(user);
			return fail("the user's threads do not begin");
		}
		pause_ms(10);
	}
	return 0;
}

static int storm(double seconds, __u64 seed)
{
	struct random r = random_for(seed, 0, 0);
	unsigned int counts[ARRAY_SIZE(events)] = {}, round, i;
	const double end = seconds_now() + seconds;
	pid_t user;

	for (round = 0; seconds_now() < end; round++) {
		i = event_draw(&r, round);
		fflush(stdout);
		user = fork();
		if (!user)
			user_run(seed + round * 1000);
		if (user_begins(user, *operations))
			return 1;
		pause_ms(random_below(&r, 1200));
		if (has_ended(user) || events[i].happen(user, &r) || usable()) {
			printf("%s: round %u, of %s\n", target.bdf, round, events[i].name);
			return 1;
		}
		counts[i]++;
	}
	printf("PASS: %s (%s, %s), seed %llu: %lu operations of %d threads", target.name,
	       target.bdf, driver, seed, *operations, THREADS);
	for (i = 0; i < ARRAY_SIZE(events); i++)
		printf(", %u %s", counts[i], events[i].name);
	printf("\n");
	return !*operations;
}

/* ---- what to do ------------------------------------------------------------------------------ */

/* The lab's names: its function number N is devN, in the port of the root port's slot. */
static void find_port(void)
{
	char *devices = strdup(getenv("LAB_DEVICES") ?: ""), *word, *rest;
	char path[96], target_path[512];
	unsigned int n = 0, slot;
	ssize_t len;

	/* The other models have backends, which go with them. */
	if (!unplugging || strcmp(target.name, "edu"))
		return;
	for (word = strtok_r(devices, " ", &rest); word; word = strtok_r(NULL, " ", &rest), n++) {
		if (!strstr(word, target.bdf))
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", target.bdf);
		len = readlink(path, target_path, sizeof(target_path) - 1);
		target_path[len < 0 ? 0 : len] = '\0';
		word = strstr(target_path, "/0000:00:");
		if (word && sscanf(word, "/0000:00:%x.", &slot) == 1) {
			snprintf(qemu_id, sizeof(qemu_id), "dev%u", n);
			snprintf(port, sizeof(port), "port%u", slot);
		}
		break;
	}
	free(devices);
}

static int complain(void)
{
	fputs("usage: vfio-storm [--seconds N] [--seed N] [--driver NAME] [--unplug] BDF\n"
	      "N is 60 seconds and NAME vfio-pci if nothing is said. With --unplug functions are\n"
	      "unplugged, if the lab can, instead of their slots being reset.\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seconds", 1, NULL, 't' }, { "seed", 1, NULL, 's' },
		{ "driver", 1, NULL, 'd' }, { "unplug", 0, NULL, 'u' }, {}
	};
	__u64 seed = time(NULL);
	double seconds = 60;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 't')
			seconds = atof(optarg);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'd')
			driver = optarg;
		else if (c == 'u')
			unplugging = true;
		else
			return complain();
	}
	if (optind != argc - 1 || seconds <= 0)
		return complain();
	operations = mmap(NULL, sizeof(*operations), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (operations == MAP_FAILED || target_learn(&target, argv[optind]))
		return 2;
	if (pci_give(target.bdf, driver)) {
		fprintf(stderr, "storm: %s does not take %s; is the module loaded?\n", driver,
			target.bdf);
		return 2;
	}
	find_port();
	return storm(seconds, seed);
}
