/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs that come and go while their VM runs, on interfaces that the test makes up. */
#include <string.h>

#include "metrics-stay.h"
#include "qemu-helpers/metrics/guest.h"

/* --- the host's interfaces, in the place of the kernel's --- */

struct _Links {
	int vnet0; /* its index; 0: there is none */
	int vnet1;
	gboolean known;
};

Link links_look_up(Links *links, const char *name)
{
	Link link = { .index = g_str_equal(name, "vnet0") ? links->vnet0 : links->vnet1 };

	return link;
}

gboolean links_are_known(const Links *links)
{
	return links->known;
}

gboolean links_find(const Links *links, int index, struct rtnl_link_stats64 *stats)
{
	*stats = (struct rtnl_link_stats64){ .rx_bytes = 7, .tx_bytes = 9 };
	return links->known && (index == links->vnet0 || index == links->vnet1);
}

Function links_find_function(Links *links, const char *mac)
{
	return (Function){ 0 };
}

gboolean links_read_function(Links *links, const Function *function, struct rtnl_link_stats64 *stats)
{
	return FALSE;
}

gboolean links_find_neighbour(Links *links, int index, const char *mac, struct sockaddr_in6 *address)
{
	return FALSE;
}

/* --- a sample of them: "vnet0 9, vnet1 gone" --- */

static char *read_all(Nics *nics, Links *links, guint64 resident_bytes)
{
	g_autoptr(Sample) sample = sample_new(STAY_UUID, STAY_BEGAN);
	GString *text = g_string_new(NULL);

	sample->resident_bytes = resident_bytes;
	nics_read(nics, links, sample);
	for (guint i = 0; i < sample->meters->len; i++) {
		const Meter *meter = g_ptr_array_index(sample->meters, i);

		g_string_append_printf(text, "%s%s ", i > 0 ? ", " : "", meter->target);
		if (meter->gone)
			g_string_append(text, meter->known == 0 ? "gone" : "gone, with figures");
		else
			g_string_append_printf(text, "%" G_GUINT64_FORMAT, meter->counts[0]);
	}
	return g_string_free(text, FALSE);
}

static void assert_sample(Nics *nics, Links *links, const char *expected)
{
	g_autofree char *text = read_all(nics, links, 4096);

	g_assert_cmpstr(text, ==, expected);
}

static void learn_vnet1(Nics *nics)
{
	g_autoptr(GPtrArray) targets = g_ptr_array_new();

	g_ptr_array_add(targets, (gpointer)"vnet0");
	g_ptr_array_add(targets, (gpointer)"vnet1");
	nics_learn(nics, targets);
}

/* One more is plugged in, and out again: it is marked once, and who bears its name then
 * is somebody else until libvirt says otherwise. */
static void test_unplugged(void)
{
	g_autoptr(HostlerRecord) stay = make_stay(STAY_UUID, "web", 10);
	g_autoptr(Nics) nics = nics_new(stay, NULL);
	Links links = { .vnet0 = 5, .vnet1 = 6, .known = TRUE };

	assert_sample(nics, &links, "vnet0 9");
	learn_vnet1(nics);
	assert_sample(nics, &links, "vnet0 9, vnet1 9");
	links.vnet1 = 8;
	assert_sample(nics, &links, "vnet0 9, vnet1 gone");
	assert_sample(nics, &links, "vnet0 9");
	learn_vnet1(nics);
	assert_sample(nics, &links, "vnet0 9, vnet1 9");
	links.vnet0 = 0;
	assert_sample(nics, &links, "vnet0 gone, vnet1 9");
	assert_sample(nics, &links, "vnet1 9");
}

/* Not one that nobody has seen yet, nor when the kernel did not answer, nor those of a
 * QEMU that is about to end. */
static void test_not_unplugged(void)
{
	g_autoptr(HostlerRecord) stay = make_stay(STAY_UUID, "web", 10);
	g_autoptr(Nics) nics = nics_new(stay, NULL);
	Links links = { .known = TRUE };
	g_autofree char *ending = NULL;

	assert_sample(nics, &links, "");
	links.vnet0 = 5;
	assert_sample(nics, &links, "vnet0 9");
	links.known = FALSE;
	assert_sample(nics, &links, "");
	links.known = TRUE;
	assert_sample(nics, &links, "vnet0 9");
	links.vnet0 = 0;
	ending = read_all(nics, &links, 0);
	g_assert_cmpstr(ending, ==, "");
}

/* A vhost-user NIC may be called like any interface of the host's. */
static void test_not_ours(void)
{
	g_autoptr(HostlerRecord) stay = make_stay(STAY_UUID, "web", 10);
	g_autoptr(Nics) nics = NULL;
	Links links = { .vnet0 = 5, .vnet1 = 6, .known = TRUE };

	g_key_file_set_string(stay->body, "metrics-nic-1", "target", "vnet1");
	nics = nics_new(stay, NULL);
	learn_vnet1(nics);
	assert_sample(nics, &links, "vnet0 9");
}

/* --- whenever a VM comes or goes, the stays of all are read again --- */

static gboolean swallow(gpointer data, const char *file, const char *line)
{
	return TRUE;
}

static Guest *make_guest(void)
{
	return guest_new(book_new(make_stay(STAY_UUID, "web", 10), swallow, NULL), NULL, STAY_BEGAN);
}

/* It says what it said, so what was learnt since holds: what was plugged in, and out. */
static void test_read_again(void)
{
	Guest *guest = make_guest();
	Links links = { .vnet0 = 5, .vnet1 = 6, .known = TRUE };

	learn_vnet1(guest->nics);
	guest_update(guest, make_stay(STAY_UUID, "web", 10), NULL, STAY_BEGAN);
	assert_sample(guest->nics, &links, "vnet0 9, vnet1 9");
	links.vnet0 = 0;
	assert_sample(guest->nics, &links, "vnet0 gone, vnet1 9");
	guest_update(guest, make_stay(STAY_UUID, "web", 20), NULL, STAY_BEGAN);
	links.vnet0 = 9;
	assert_sample(guest->nics, &links, "vnet1 9");
	guest_free(guest);
}

/* It says something else, so libvirt is asked once more what there is besides. */
static void test_written_again(void)
{
	Guest *guest = make_guest();
	Links links = { .vnet0 = 5, .vnet1 = 6, .known = TRUE };
	HostlerRecord *stay = make_stay(STAY_UUID, "web", 10);

	guest->nics_known = 3;
	g_key_file_set_string(stay->body, "metrics-nic-0", "target", "vnet1");
	guest_update(guest, stay, NULL, STAY_BEGAN);
	assert_sample(guest->nics, &links, "vnet1 9");
	g_assert_cmpuint(guest->nics_known, ==, 0);
	guest_free(guest);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metrics-nics/unplugged", test_unplugged);
	g_test_add_func("/metrics-nics/not-unplugged", test_not_unplugged);
	g_test_add_func("/metrics-nics/not-ours", test_not_ours);
	g_test_add_func("/metrics-nics/read-again", test_read_again);
	g_test_add_func("/metrics-nics/written-again", test_written_again);
	return g_test_run();
}
