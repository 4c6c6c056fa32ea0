/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random lives of forwarded ports on this kernel's nf_tables, each step compared with a small model: a table of which
 * port leads where. Prints its seed; a difference prints the steps that led to it.
 *
 * usage: model [--seed N] [--steps N]      without: five fixed seeds, 150 steps each */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "realhost.h"
#include "steps.h"

#define STEPS 150
#define STORY_LENGTH 12

static gint option_seed = -1;
static gint option_steps = STEPS;

static gboolean is_as_modelled(const Steps *steps, const Kernel *kernel, GString *difference)
{
	g_autofree char *expected = model_table(&steps->model);

	if (!g_str_equal(kernel->table, expected))
		g_string_append_printf(difference, "the model has\n%sthe kernel\n%s", expected, kernel->table);
	for (gboolean is_v6 = FALSE; is_v6 <= TRUE; is_v6++) {
		if (model_has_open(&steps->model, is_v6) && !kernel->marks[is_v6])
			g_string_append_printf(difference, "FORWARD of %s filter does not begin with our two rules\n",
					       is_v6 ? "ip6" : "ip");
	}
	return difference->len == 0;
}

static gboolean look(const Steps *steps, char **foreign, GString *difference)
{
	g_autoptr(Kernel) kernel = kernel_look(STEPS_BRIDGE);

	if (!steps->touched && *foreign != NULL && !g_str_equal(kernel->foreign, *foreign))
		g_string_append_printf(difference, "rules of others were\n%sand are\n%s", *foreign, kernel->foreign);
	g_free(*foreign);
	*foreign = g_strdup(kernel->foreign);
	return is_as_modelled(steps, kernel, difference);
}

static void tell(guint32 seed, guint n, GQueue *stories, const GString *difference)
{
	printf("# seed %u, step %u; what happened last:\n", seed, n);
	for (GList *at = stories->head; at != NULL; at = at->next)
		printf("#   %s\n", (const char *)at->data);
	printf("# %s\n", difference->str);
}

static void remember(GQueue *stories, const GString *story)
{
	g_queue_push_tail(stories, g_strchomp(g_strdup(story->str)));
	if (stories->length > STORY_LENGTH)
		g_free(g_queue_pop_head(stories));
}

static gboolean take_step(Steps *steps, GQueue *stories, char **foreign, GString *difference)
{
	gboolean agreed = steps_take(steps);

	remember(stories, steps->story);
	if (!agreed)
		g_string_append(difference, "hostler and the model decided differently\n");
	return look(steps, foreign, difference) && agreed;
}

static gboolean ends_clean(Steps *steps)
{
	g_autoptr(Kernel) kernel = NULL;

	steps_end(steps);
	kernel = kernel_look(STEPS_BRIDGE);
	if (!kernel->clean)
		puts("# something of ours is left after the last VM");
	return kernel->clean;
}

static gboolean live(HostlerHost *host, guint32 seed)
{
	g_autoptr(GString) difference = g_string_new(NULL);
	g_autofree char *foreign = NULL;
	GQueue stories = G_QUEUE_INIT;
	Steps steps;
	guint n = 0;
	gboolean same = TRUE;

	steps_begin(&steps, host, seed);
	while (same && n < (guint)option_steps) {
		same = take_step(&steps, &stories, &foreign, difference);
		n++;
	}
	if (!same)
		tell(seed, n, &stories, difference);
	same = ends_clean(&steps) && same;
	g_queue_clear_full(&stories, g_free);
	printf("%sok - seed %u: %u steps, %s\n", same ? "" : "not ", seed, n,
	       same ? "0 differences from the model" : "not as the model has it");
	fflush(stdout);
	return same;
}

/* What a hook would say is said of every refusal and every commit that was to fail. */
static GLogWriterOutput swallow(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
		return g_log_writer_standard_streams(level, fields, n_fields, data);
	return G_LOG_WRITER_HANDLED;
}

static gboolean read_options(int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{ "seed", 0, 0, G_OPTION_ARG_INT, &option_seed, "one life with this seed", "N" },
		{ "steps", 0, 0, G_OPTION_ARG_INT, &option_steps, "of each life", "N" },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (g_option_context_parse(context, &argc, &argv, &error))
		return TRUE;
	fprintf(stderr, "model: %s\n", error->message);
	return FALSE;
}

int main(int argc, char **argv)
{
	static const guint32 seeds[] = { 1, 2, 3, 4, 5 };
	gboolean sound = TRUE;
	HostlerHost *host;

	if (!read_options(argc, argv))
		return 2;
	g_log_set_writer_func(swallow, NULL, NULL);
	host = realhost_new();
	if (option_seed >= 0) {
		puts("1..1");
		sound = live(host, (guint32)option_seed);
	} else {
		printf("1..%u\n", (guint)G_N_ELEMENTS(seeds));
		for (guint i = 0; i < G_N_ELEMENTS(seeds); i++)
			sound = live(host, seeds[i]) && sound;
	}
	hostler_host_free(host);
	return sound ? 0 : 1;
}
