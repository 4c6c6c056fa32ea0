/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soak [--seed N] [--cycles N] [--long]: starts and stops VMs on random hosts
 * while everything goes wrong. Without a seed: those of the list, and with --long
 * one that nobody knows yet. */
#include "soak.h"

#include <stdlib.h>
#include <string.h>

#include "messages.h"

#define CYCLES 10000
#define CYCLES_LONG 1000000
#define CYCLES_A_HOST 40
#define CYCLES_A_QUIESCENCE 10

gboolean soak_chance(Soak *soak, guint percent)
{
	return soak_pick(soak, 100) < percent;
}

guint soak_pick(Soak *soak, guint n)
{
	return (guint)g_rand_int_range(soak->rand, 0, (gint32)n);
}

gboolean soak_fail(Soak *soak, const char *format, ...)
{
	va_list arguments;

	if (soak->failure != NULL)
		return FALSE;
	va_start(arguments, format);
	soak->failure = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return FALSE;
}

/* --- one life --- */

static gboolean play_cycles(Soak *soak, guint64 until)
{
	while (soak->cycle < until) {
		SoakVm *vm = &soak->vms[soak_pick(soak, soak->n_vms)];

		if (soak_chance(soak, 35) ? !soak_trouble(soak) : !soak_vm_step(soak, vm))
			return FALSE;
		soak_notice_libvirtd(soak);
		if (!soak->libvirtd && soak_chance(soak, 40) && !soak_libvirtd_restarts(soak))
			return FALSE;
	}
	return soak_quiesce(soak);
}

static gboolean play_host(Soak *soak, guint64 until)
{
	gboolean held = TRUE;

	while (held && soak->cycle < until)
		held = play_cycles(soak, MIN(until, soak->cycle + CYCLES_A_QUIESCENCE));
	return held;
}

/* In the words of a case file, which can be cut down by hand. */
static void show_failure(const Soak *soak)
{
	g_auto(GStrv) head = g_strsplit(soak->test_case->head, "--- expect", 2);

	g_test_message("%s\n\nagain: soak --seed %u --cycles %" G_GUINT64_FORMAT
		       "\n\nsince all was as found:\n%s\n\nfrom the beginning of this host, as a case:\n%s%s--- expect\n",
		       soak->failure, soak->seed, soak->cycle + 1, soak->play->told->str + soak->quiet_at, head[0],
		       soak->operations->str);
}

static gboolean play_seed(guint32 seed, guint64 cycles)
{
	Soak soak = { .seed = seed };
	gboolean held = TRUE;
	gint64 begun = g_get_monotonic_time();

	soak.rand = g_rand_new_with_seed(seed);
	while (held && soak.cycle < cycles) {
		soak_world_new(&soak);
		held = play_host(&soak, MIN(cycles, soak.cycle + CYCLES_A_HOST));
		if (!held)
			show_failure(&soak);
		soak_world_end(&soak);
	}
	g_test_message("seed %u: %" G_GUINT64_FORMAT " cycles, %" G_GUINT64_FORMAT " steps, %" G_GUINT64_FORMAT
		       " refusals, %" G_GUINT64_FORMAT " hooks killed, %" G_GUINT64_FORMAT " times quiet, %" G_GINT64_FORMAT " ms", seed,
		       soak.cycle, soak.n_steps, soak.n_refused, soak.n_killed, soak.n_quiet,
		       (g_get_monotonic_time() - begun) / 1000);
	g_rand_free(soak.rand);
	g_free(soak.failure);
	return held;
}

/* --- options --- */

typedef struct {
	guint32 seed;
	guint64 cycles;
} Life;

static void test_life(gconstpointer data)
{
	const Life *life = data;

	if (!play_seed(life->seed, life->cycles))
		g_test_fail();
}

static void add_life(guint32 seed, guint64 cycles)
{
	g_autofree char *path = g_strdup_printf("/soak/%u", seed);
	Life *life = g_new(Life, 1);

	*life = (Life){ seed, cycles };
	g_test_add_data_func_full(path, life, test_life, g_free);
}

/* Taken from the arguments, because g_test_init() has a --seed of another kind. */
static gboolean take_number(int *argc, char **argv, const char *option, guint64 *number)
{
	for (int i = 1; i + 1 < *argc; i++) {
		if (!g_str_equal(argv[i], option))
			continue;
		if (!g_ascii_string_to_unsigned(argv[i + 1], 10, 0, G_MAXUINT32, number, NULL))
			g_error("%s takes a number, not '%s'", option, argv[i + 1]);
		*argc -= 2;
		memmove(argv + i, argv + i + 2, (size_t)(*argc - i + 1) * sizeof(*argv));
		return TRUE;
	}
	return FALSE;
}

static gboolean take_flag(int *argc, char **argv, const char *option)
{
	for (int i = 1; i < *argc; i++) {
		if (!g_str_equal(argv[i], option))
			continue;
		*argc -= 1;
		memmove(argv + i, argv + i + 1, (size_t)(*argc - i + 1) * sizeof(*argv));
		return TRUE;
	}
	return FALSE;
}

int main(int argc, char **argv)
{
	static const guint32 seeds[] = { 1, 2, 3, 4, 5 };
	gboolean long_life = take_flag(&argc, argv, "--long");
	guint64 cycles = long_life ? CYCLES_LONG : CYCLES;
	guint64 seed;
	gboolean one = take_number(&argc, argv, "--seed", &seed);

	take_number(&argc, argv, "--cycles", &cycles);
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	messages_catch();
	if (one)
		add_life((guint32)seed, cycles);
	for (gsize i = 0; !one && i < G_N_ELEMENTS(seeds); i++)
		add_life(seeds[i], cycles / G_N_ELEMENTS(seeds));
	if (!one && long_life)
		add_life(g_random_int(), cycles / G_N_ELEMENTS(seeds));
	return g_test_run();
}
