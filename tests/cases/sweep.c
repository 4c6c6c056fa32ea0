/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A case at each of whose doors in turn something goes wrong: the hook is killed,
 * libvirtd is, the kernel refuses, it hangs, the device is pulled out. */
#include "sweep.h"

#include <string.h>

#include "fakehost.h"
#include "play.h"

static void each_domain(Play *play, const char *words)
{
	for (guint i = 0; i < play->test_case->domains->len; i++) {
		const CaseDomain *domain = g_ptr_array_index(play->test_case->domains, i);
		g_autofree char *line = g_strchomp(g_strdup_printf("%s %s", words, domain->label));

		play_operation(play, line);
	}
}

/* libvirt does what it owes a VM whose hook was killed. */
static void end_by_libvirt(Play *play)
{
	each_domain(play, "stopped");
	each_domain(play, "release");
}

/* libvirtd is gone too, and the next one knows nothing. The first settle begins
 * the wait for a release that does not come. */
static void end_by_settle(Play *play)
{
	play_operation(play, "libvirtd restarts");
	play_operation(play, "settle");
	play_operation(play, "clock +31");
	play_operation(play, "settle");
}

/* The kernel comes back to whoever hangs, and nothing else goes wrong. */
static void end_trouble(Play *play)
{
	const char *bdf;

	play_operation(play, "no more faults");
	each_domain(play, "qemu dies");
	while ((bdf = fakehost_hanging(play->host)) != NULL) {
		g_autofree char *line = g_strdup_printf("let go %s", bdf);

		play_operation(play, line);
	}
}

static const struct {
	const char *name;
	const char *effect;
	void (*end)(Play *play);
} sweeps[] = {
	{ "hook-killed", "run dies", end_by_libvirt },
	{ "both-killed", "run dies", end_by_settle },
	{ "libvirtd-killed", "caller dies", end_by_settle },
	{ "one-error", "EIO", end_by_settle },
	{ "one-hang", "hang", end_by_settle },
	{ "device-gone", "vanish", end_by_settle },
};

typedef struct {
	const Case *test_case;
	gsize sweep;
} Sweep;

/* A device that was pulled out is not ours to bring back. */
static char *without_gone(char *left)
{
	g_autofree char *text = left;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *rest = g_string_new(NULL);

	for (gsize i = 0; lines[i] != NULL; i++) {
		if (*lines[i] != '\0' && !g_str_has_suffix(lines[i], ": gone"))
			g_string_append_printf(rest, "%s\n", lines[i]);
	}
	return g_string_free(rest, FALSE);
}

/* Whether all was as found in the end. */
static gboolean is_mended(const Sweep *sweep, guint at)
{
	Play *play = play_open(sweep->test_case);
	g_autofree char *left = NULL;

	fakehost_fault_at(play->host, at, sweeps[sweep->sweep].effect);
	play->swept = TRUE;
	play_until_killed(play);
	end_trouble(play);
	sweeps[sweep->sweep].end(play);
	left = without_gone(play_left(play));
	if (*left != '\0')
		g_test_message("%s: %s at door %u leaves\n%safter\n%s", sweep->test_case->path,
			       sweeps[sweep->sweep].effect, at, left, play->told->str);
	play_free(play);
	return *left == '\0';
}

static guint count_doors(const Case *test_case)
{
	Play *play = play_open(test_case);
	guint n;

	play_all(play);
	n = fakehost_doors(play->host);
	play_free(play);
	return n;
}

static void test_sweep(gconstpointer data)
{
	const Sweep *sweep = data;
	guint n_doors = count_doors(sweep->test_case);
	guint n_bad = 0;

	g_assert_cmpuint(n_doors, >, 0);
	for (guint at = 1; at <= n_doors; at++)
		n_bad += !is_mended(sweep, at);
	g_test_message("%u doors, %u of them not mended", n_doors, n_bad);
	if (n_bad > 0)
		g_test_fail();
}

void sweep_add(const char *name, const Case *test_case)
{
	for (gsize i = 0; i < G_N_ELEMENTS(sweeps); i++) {
		g_autofree char *path = g_strdup_printf("/sweep/%s/%s", sweeps[i].name, name);
		Sweep *sweep = g_new(Sweep, 1);

		*sweep = (Sweep){ test_case, i };
		g_test_add_data_func_full(path, sweep, test_sweep, g_free);
	}
}
