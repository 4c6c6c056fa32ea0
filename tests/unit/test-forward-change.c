/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wanted and what the kernel holds, both as text -> the steps between them. */
#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "plugins/forward/change.h"
#include "plugins/forward/missing.h"

#define U1 "11111111-0000-0000-0000-000000000001"
#define U2 "11111111-0000-0000-0000-000000000002"

#define WEB U1 " tcp any 2222 2222 22 virbr0 192.168.122.10\n"
#define TWO U2 " udp any 53 54 53 virbr1 192.168.123.10\n"
#define ONE_ADDRESS U2 " tcp 192.0.2.7 80 80 80 virbr1 192.168.123.10\n"

/* One line each, in the kernel's order:
 * and for family ip6 with "6 " before it:
 *   table [foreign]              our table, without its hairpin rules
 *   lookups any|address|limits|limits+address|loopback|broken   the rules in it
 *   lost                         one of its sets, or it is another than ours
 *   element SPAN of UUID         as in `wanted`
 *   chain filter|libvirt|hairpin|guard   that it is there
 *   rule CHAIN HANDLE BRIDGE WAY [unsound]
 *   rule CHAIN HANDLE reject|accept|jump     somebody else's
 */
#define SOUND "table\nlookups any\nchain hairpin\n"
#define WEB_ELEMENT "element " U1 " tcp any 2222 2222 22 virbr0 192.168.122.10\n"
#define HAIRPIN "rule hairpin 9 virbr0 back\nrule hairpin 19 virbr0 self\n"
#define WEB6 U1 " tcp any 22 22 22 virbr0 fd00::7\n"
#define LIMITED U1 " udp any 5 6 5 virbr0 10.0.0.2 source=10.0.0.0/8,192.0.2.7/32,10.1.0.0/16 rate=20/m\n"
#define FLOATING U1 " tcp any 2222 2222 22 virbr0 floating mac=52:54:00:00:00:01 net=192.168.122.1/24\n"
#define SOMEWHERE "floating mac=52:54:00:00:00:01 net=192.168.122.1/24\n"
#define TWO_ELEMENTS "element " U2 " udp any 53 54 53 virbr1 192.168.123.10\n"
#define HAIRPINS HAIRPIN "rule hairpin 10 virbr1 back\nrule hairpin 20 virbr1 self\n"
#define GATES "rule filter 5 virbr0 out\nrule filter 6 virbr0 in\n"
#define LIBVIRT "rule filter 2 jump\nrule filter 3 jump\n"

#define TAKE_WEB "add ip taken_tcp tcp any 2222 of " U1 "\n"
#define OPEN_WEB "add ip ports tcp any 2222 -> 192.168.122.10 22 of " U1 "\n"
#define ADD_WEB TAKE_WEB OPEN_WEB
#define INSERT_GATES "insert ip filter FORWARD in virbr0\ninsert ip filter FORWARD out virbr0\n"
#define INSERT_HAIRPIN "insert ip hostler postrouting self virbr0\ninsert ip hostler postrouting back virbr0\n"
#define DELETE_GATES "delete ip filter FORWARD handle 5 virbr0\ndelete ip filter FORWARD handle 6 virbr0\n"

#define GUARD "guard virbr0\n"
#define GUARD_FROM "rule guard 6 virbr0 guard-from\n"
#define GUARDED HAIRPIN "rule hairpin 29 virbr0 loopback\n" GUARD_FROM "rule guard 7 virbr0 guard\n"
#define SOUND_GUARDED "table\nlookups loopback\nchain hairpin\nchain guard\n"
#define INSERT_LOOPBACK "insert ip hostler postrouting loopback virbr0\n"
#define INSERT_GUARD_TO "insert ip hostler loopback guard virbr0\n"
#define INSERT_GUARD "insert ip hostler loopback guard-from virbr0\n" INSERT_GUARD_TO

typedef struct {
	const char *name;
	const char *wanted; /* UUID and span, one a line */
	const char *kernel;
	const char *steps;
} Case;

static const Case cases[] = {
	{ "nothing", "", "", "" },
	{ "nothing-of-ours", "", "chain filter\n" LIBVIRT, "" },
	{ "first", WEB, "chain filter\n" LIBVIRT, "add table ip\n" ADD_WEB INSERT_HAIRPIN INSERT_GATES },
	{ "first-without-firewall", WEB, "", "add table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "first-on-nftables", WEB, "chain libvirt\nrule libvirt 3 jump\n",
	  "add table ip\n" ADD_WEB INSERT_HAIRPIN "insert ip libvirt_network forward in virbr0\n"
	  "insert ip libvirt_network forward out virbr0\n" },
	{ "first-on-both", WEB, "chain filter\nchain libvirt\n",
	  "add table ip\n" ADD_WEB INSERT_HAIRPIN INSERT_GATES "insert ip libvirt_network forward in virbr0\n"
	  "insert ip libvirt_network forward out virbr0\n" },
	{ "settled", WEB, SOUND WEB_ELEMENT HAIRPIN "chain filter\n" GATES LIBVIRT, "" },
	{ "settled-behind-harmless", WEB,
	  SOUND WEB_ELEMENT HAIRPIN "chain filter\nrule filter 8 accept\n" GATES LIBVIRT, "" },
	{ "last-goes", "", SOUND WEB_ELEMENT HAIRPIN "chain filter\n" GATES LIBVIRT, DELETE_GATES "delete table ip\n" },
	{ "last-goes-without-table", "", "chain filter\n" GATES LIBVIRT, DELETE_GATES },
	{ "second-bridge", WEB TWO, SOUND WEB_ELEMENT HAIRPIN "chain filter\n" GATES LIBVIRT,
	  "add ip taken_udp udp any 53-54 of " U2 "\n"
	  "add ip ports udp any 53 -> 192.168.123.10 53 of " U2 "\n"
	  "add ip ports udp any 54 -> 192.168.123.10 54 of " U2 "\n"
	  "insert ip hostler postrouting self virbr1\ninsert ip hostler postrouting back virbr1\n"
	  "insert ip filter FORWARD in virbr1\ninsert ip filter FORWARD out virbr1\n" },
	{ "one-of-two-goes", WEB,
	  SOUND WEB_ELEMENT "element " U2 " udp any 53 53 53 virbr1 192.168.123.10\n" HAIRPIN
			    "rule hairpin 10 virbr1 back\nrule hairpin 20 virbr1 self\nchain filter\n" GATES
			    "rule filter 7 virbr1 out\nrule filter 8 virbr1 in\n" LIBVIRT,
	  "delete ip filter FORWARD handle 7 virbr1\ndelete ip filter FORWARD handle 8 virbr1\n"
	  "delete ip hostler postrouting handle 10 virbr1\n"
	  "delete ip hostler postrouting handle 20 virbr1\ndelete ip taken_udp udp any 53 of " U2 "\n"
	  "delete ip ports udp any 53 -> 192.168.123.10 53 of " U2 "\n" },
	{ "first-address-makes-table-anew", WEB ONE_ADDRESS, SOUND WEB_ELEMENT HAIRPIN,
	  "delete table ip\nadd table ip with addresses\n" TAKE_WEB "add ip taken_address tcp 192.0.2.7 80 of " U2 "\n"
	  OPEN_WEB
	  "add ip address_ports tcp 192.0.2.7 80 -> 192.168.123.10 80 of " U2 "\n"
	  "insert ip hostler postrouting self virbr1\ninsert ip hostler postrouting back virbr1\n" INSERT_HAIRPIN },
	{ "last-address-too", WEB,
	  "table\nlookups address\nchain hairpin\n" WEB_ELEMENT
	  "element " U2 " tcp 192.0.2.7 80 80 80 virbr1 192.168.123.10\n" HAIRPIN,
	  "delete table ip\nadd table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "other-target", WEB, SOUND "element " U1 " tcp any 2222 2222 23 virbr0 192.168.122.10\n" HAIRPIN,
	  "delete ip ports tcp any 2222 -> 192.168.122.10 23 of " U1 "\n" OPEN_WEB },
	{ "other-owner", WEB, SOUND "element " U2 " tcp any 2222 2222 22 virbr0 192.168.122.10\n" HAIRPIN,
	  "delete ip taken_tcp tcp any 2222 of " U2 "\ndelete ip ports tcp any 2222 -> 192.168.122.10 22 of " U2 "\n"
	  ADD_WEB },
	{ "nobodys-element", WEB,
	  SOUND "element - tcp any 22 22 22 virbr0 10.0.0.1\n" WEB_ELEMENT
		"element - udp any 9 9 9 virbr0 10.0.0.1\n" HAIRPIN,
	  "delete ip taken_tcp tcp any 22 of \ndelete ip taken_udp udp any 9 of \n"
	  "delete ip ports tcp any 22 -> 10.0.0.1 22 of \ndelete ip ports udp any 9 -> 10.0.0.1 9 of \n" },
	{ "gates-lost", WEB, SOUND WEB_ELEMENT HAIRPIN "chain filter\n" LIBVIRT, INSERT_GATES },
	{ "gate-lost", WEB, SOUND WEB_ELEMENT HAIRPIN "chain filter\nrule filter 6 virbr0 in\n" LIBVIRT,
	  "insert ip filter FORWARD out virbr0\n" },
	{ "gates-behind-reject", WEB, SOUND WEB_ELEMENT HAIRPIN "chain filter\nrule filter 9 reject\n" GATES,
	  DELETE_GATES INSERT_GATES },
	{ "gates-behind-jump", WEB, SOUND WEB_ELEMENT HAIRPIN "chain filter\nrule filter 9 jump\n" GATES,
	  DELETE_GATES INSERT_GATES },
	{ "gate-between", WEB,
	  SOUND WEB_ELEMENT HAIRPIN "chain filter\nrule filter 5 virbr0 out\nrule filter 9 jump\n"
				    "rule filter 6 virbr0 in\n",
	  "delete ip filter FORWARD handle 6 virbr0\ninsert ip filter FORWARD in virbr0\n" },
	{ "gates-twice", WEB, SOUND WEB_ELEMENT HAIRPIN "chain filter\n" GATES "rule filter 15 virbr0 out\n" LIBVIRT,
	  "delete ip filter FORWARD handle 15 virbr0\n" },
	/* As `nft -f` of a listing leaves them: iptables cannot read the table then. */
	{ "gates-unsound", WEB,
	  SOUND WEB_ELEMENT HAIRPIN "chain filter\nrule filter 5 virbr0 out unsound\n"
				    "rule filter 6 virbr0 in unsound\n",
	  DELETE_GATES INSERT_GATES },
	{ "gates-of-a-bridge-that-went", WEB,
	  SOUND WEB_ELEMENT HAIRPIN "chain filter\nrule filter 4 old0 out\n" GATES LIBVIRT,
	  "delete ip filter FORWARD handle 4 old0\n" },
	{ "hairpin-lost", WEB, SOUND WEB_ELEMENT, INSERT_HAIRPIN },
	{ "hairpin-chain-lost", WEB, "table\nlookups any\n" WEB_ELEMENT,
	  "delete table ip\nadd table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "lookups-lost", WEB, "table\nchain hairpin\n" WEB_ELEMENT HAIRPIN,
	  "delete table ip\nadd table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "lookups-broken", WEB, "table\nlookups broken\nchain hairpin\n" WEB_ELEMENT HAIRPIN,
	  "delete table ip\nadd table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "sets-of-an-older-hostler", WEB, SOUND "lost\n" WEB_ELEMENT HAIRPIN,
	  "delete table ip\nadd table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "sets-of-an-older-hostler-at-the-end", "", SOUND "lost\n" WEB_ELEMENT HAIRPIN, "delete table ip\n" },
	{ "adjacent-spans-count-apart", U1 " tcp any 10 19 10 virbr0 " SOMEWHERE U1 " tcp any 20 29 20 virbr0 " SOMEWHERE,
	  SOUND HAIRPIN, "add ip taken_tcp tcp any 10-19 of " U1 "\nadd ip taken_tcp tcp any 20-29 of " U1 "\n" },
	{ "adjacent-of-two-are-two", U1 " tcp any 10 19 10 virbr0 " SOMEWHERE U2 " tcp any 20 29 50 virbr0 " SOMEWHERE,
	  SOUND HAIRPIN, "add ip taken_tcp tcp any 10-19 of " U1 "\nadd ip taken_tcp tcp any 20-29 of " U2 "\n" },
	{ "last-port-stands-alone", U1 " tcp any 65000 65535 1000 virbr0 " SOMEWHERE, SOUND HAIRPIN,
	  "add ip taken_tcp tcp any 65000-65534 of " U1 "\nadd ip taken_tcp tcp any 65535 of " U1 "\n" },
	{ "span-gets-shorter", U1 " tcp any 10 11 10 virbr0 10.0.0.2\n",
	  SOUND "element " U1 " tcp any 10 12 10 virbr0 10.0.0.2\n" HAIRPIN,
	  "delete ip taken_tcp tcp any 10-12 of " U1 "\ndelete ip ports tcp any 12 -> 10.0.0.2 12 of " U1 "\n"
	  "add ip taken_tcp tcp any 10-11 of " U1 "\n" },
	{ "floating-is-not-opened", FLOATING, "chain filter\n" LIBVIRT,
	  "add table ip\n" TAKE_WEB INSERT_HAIRPIN INSERT_GATES },
	{ "floating-stays-where-it-is", FLOATING, SOUND WEB_ELEMENT HAIRPIN "chain filter\n" GATES LIBVIRT, "" },
	{ "floating-stays-in-a-new-table", FLOATING, "table\nchain hairpin\n" WEB_ELEMENT HAIRPIN,
	  "delete table ip\nadd table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "floating-not-to-another-port", FLOATING TWO,
	  SOUND "element " U1 " tcp any 2222 2222 23 virbr0 192.168.122.10\n" TWO_ELEMENTS HAIRPINS,
	  "delete ip ports tcp any 2222 -> 192.168.122.10 23 of " U1 "\n" },
	{ "floating-not-of-another-vm", FLOATING TWO,
	  SOUND "element " U2 " tcp any 2222 2222 22 virbr0 192.168.122.10\n" TWO_ELEMENTS HAIRPINS,
	  "delete ip taken_tcp tcp any 2222 of " U2 "\ndelete ip ports tcp any 2222 -> 192.168.122.10 22 of " U2 "\n"
	  TAKE_WEB },
	{ "floating-not-outside-its-network", FLOATING TWO,
	  SOUND "element " U1 " tcp any 2222 2222 22 virbr0 192.168.123.10\n" TWO_ELEMENTS HAIRPINS,
	  "delete ip ports tcp any 2222 -> 192.168.123.10 22 of " U1 "\n" },
	{ "floating-not-to-the-bridge", FLOATING TWO,
	  SOUND "element " U1 " tcp any 2222 2222 22 virbr0 192.168.122.1\n" TWO_ELEMENTS HAIRPINS,
	  "delete ip ports tcp any 2222 -> 192.168.122.1 22 of " U1 "\n" },
	{ "first-of-ip6", WEB6, "chain filter\n6 chain filter\n",
	  "add table ip6\nadd ip6 taken_tcp tcp any 22 of " U1 "\nadd ip6 ports tcp any 22 -> fd00::7 22 of " U1 "\n"
	  "insert ip6 hostler postrouting self virbr0\ninsert ip6 hostler postrouting back virbr0\n"
	  "insert ip6 filter FORWARD in virbr0\ninsert ip6 filter FORWARD out virbr0\n" },
	{ "ip6-goes-and-ip-stays", WEB,
	  SOUND WEB_ELEMENT HAIRPIN "chain filter\n" GATES LIBVIRT "6 table\n6 lookups any\n6 chain hairpin\n"
	  "6 element " WEB6 "6 rule hairpin 9 virbr0 back\n6 rule hairpin 19 virbr0 self\n"
	  "6 chain filter\n6 rule filter 5 virbr0 out\n",
	  "delete ip6 filter FORWARD handle 5 virbr0\ndelete table ip6\n" },
	{ "foreign-table-of-ip6", WEB6 WEB, SOUND WEB_ELEMENT HAIRPIN "6 table foreign\n", "" },
	{ "limits-make-table-anew", LIMITED, SOUND "element " U1 " udp any 5 6 5 virbr0 10.0.0.2\n" HAIRPIN,
	  "delete table ip\nadd table ip with limits\n"
	  "add ip taken_udp udp any 5-6 of " U1 "\n"
	  "add ip ports udp any 5 -> 10.0.0.2 5 of " U1 "\nadd ip ports udp any 6 -> 10.0.0.2 6 of " U1 "\n"
	  "add ip limited udp any 5 of " U1 "\nadd ip limited udp any 6 of " U1 "\n"
	  "add ip sources udp any 5-6 10.0.0.0/8 of " U1 "\nadd ip sources udp any 5-6 192.0.2.7/32 of " U1 "\n"
	  "add ip rates udp any 5 20/m of " U1 "\nadd ip rates udp any 6 20/m of " U1 "\n" INSERT_HAIRPIN },
	{ "limits-settled", LIMITED, "table\nlookups limits\nchain hairpin\nelement " LIMITED HAIRPIN, "" },
	{ "another-rate", LIMITED,
	  "table\nlookups limits\nchain hairpin\nelement " U1
	  " udp any 5 6 5 virbr0 10.0.0.2 source=10.0.0.0/8,192.0.2.7/32 rate=21/m\n" HAIRPIN,
	  "delete ip rates udp any 5 21/m of " U1 "\ndelete ip rates udp any 6 21/m of " U1 "\n"
	  "add ip rates udp any 5 20/m of " U1 "\nadd ip rates udp any 6 20/m of " U1 "\n" },
	{ "bound-beats-limited", LIMITED ONE_ADDRESS,
	  "table\nlookups limits+address\nchain hairpin\nelement " LIMITED HAIRPIN,
	  "add ip taken_address tcp 192.0.2.7 80 of " U2 "\n"
	  "add ip address_ports tcp 192.0.2.7 80 -> 192.168.123.10 80 of " U2 "\n"
	  "add ip bound tcp 192.0.2.7 80 of " U2 "\ninsert ip hostler postrouting self virbr1\n"
	  "insert ip hostler postrouting back virbr1\n" },
	{ "loopback-makes-table-anew", WEB GUARD, SOUND WEB_ELEMENT HAIRPIN,
	  "delete table ip\nadd table ip with loopback\n" ADD_WEB INSERT_LOOPBACK INSERT_HAIRPIN INSERT_GUARD },
	{ "loopback-settled", WEB GUARD, SOUND_GUARDED WEB_ELEMENT GUARDED "chain filter\n" GATES LIBVIRT, "" },
	{ "loopback-goes", WEB, SOUND_GUARDED WEB_ELEMENT GUARDED,
	  "delete table ip\nadd table ip\n" ADD_WEB INSERT_HAIRPIN },
	{ "guard-lost", WEB GUARD, SOUND_GUARDED WEB_ELEMENT HAIRPIN "rule hairpin 29 virbr0 loopback\n", INSERT_GUARD },
	{ "guard-broken", WEB GUARD,
	  SOUND_GUARDED WEB_ELEMENT HAIRPIN "rule hairpin 29 virbr0 loopback\n" GUARD_FROM "rule guard 7 virbr0 guard unsound\n",
	  "delete ip hostler loopback handle 7 virbr0\n" INSERT_GUARD_TO },
	/* As hostler made it once. */
	{ "guard-one-way", WEB GUARD,
	  SOUND_GUARDED WEB_ELEMENT HAIRPIN "rule hairpin 29 virbr0 loopback\nrule guard 7 virbr0 guard\n",
	  "insert ip hostler loopback guard-from virbr0\n" },
	{ "guard-chain-lost", WEB GUARD,
	  "table\nlookups loopback\nchain hairpin\n" WEB_ELEMENT HAIRPIN "rule hairpin 29 virbr0 loopback\n",
	  "delete table ip\nadd table ip with loopback\n" ADD_WEB INSERT_LOOPBACK INSERT_HAIRPIN INSERT_GUARD },
	{ "guard-of-a-bridge-that-went", WEB GUARD, SOUND_GUARDED WEB_ELEMENT GUARDED "rule guard 8 old0 guard\n",
	  "delete ip hostler loopback handle 8 old0\n" },
	/* Its VM is gone, and nobody who may has put its route_localnet back yet. */
	{ "guard-stays-alone", GUARD, SOUND_GUARDED WEB_ELEMENT GUARDED "chain filter\n" GATES,
	  DELETE_GATES "delete ip hostler postrouting handle 9 virbr0\ndelete ip hostler postrouting handle 19 virbr0\n"
	  "delete ip taken_tcp tcp any 2222 of " U1 "\ndelete ip ports tcp any 2222 -> 192.168.122.10 22 of " U1 "\n" },
	{ "foreign-table", WEB, "table foreign\nchain filter\n" GATES LIBVIRT, "" },
	{ "foreign-table-at-the-end", "", "table foreign\nchain filter\n" LIBVIRT, "" },
};

/* --- text -> state --- */

static void add_wanted(ForwardDesired *desired, const char *line)
{
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_autofree char *uuid = g_strndup(line, strcspn(line, " "));
	ForwardSpan span = { 0 };

	g_assert_true(forward_span_from_text(strchr(line, ' ') + 1, &span));
	g_array_append_val(spans, span);
	forward_desired_add(desired, uuid, spans);
}

static void add_guarded(ForwardDesired *desired, char *bridge)
{
	g_autoptr(GPtrArray) bridges = g_ptr_array_new();

	g_ptr_array_add(bridges, bridge);
	forward_desired_guard(desired, bridges);
}

static ForwardDesired *read_wanted(const char *text)
{
	ForwardDesired *desired = forward_desired_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (gsize i = 0; lines[i] != NULL; i++) {
		if (g_str_has_prefix(lines[i], "guard "))
			add_guarded(desired, lines[i] + strlen("guard "));
		else if (*lines[i] != '\0')
			add_wanted(desired, lines[i]);
	}
	g_assert_cmpuint(forward_desired_finish(desired), ==, 0);
	return desired;
}

static void add_lookups(ForwardTable *ruleset, const char *kind)
{
	guint features = (strstr(kind, "address") != NULL ? FORWARD_WITH_ADDRESSES : 0) |
			 (strstr(kind, "limits") != NULL ? FORWARD_WITH_LIMITS : 0) |
			 (strstr(kind, "loopback") != NULL ? FORWARD_WITH_LOOPBACK : 0);

	for (guint i = 0; i < FORWARD_N_LOOKUPS; i++) {
		const ForwardLookup *lookup = &forward_lookups[i];

		if (forward_lookup_is_there(lookup, features))
			g_ptr_array_add(ruleset->lookups, forward_lookup_text(lookup->chain, lookup->comment));
	}
	if (g_str_equal(kind, "broken"))
		g_ptr_array_add(ruleset->lookups, g_strdup("prerouting: somebody's"));
}

static ForwardPlace find_place(const char *name)
{
	if (g_str_equal(name, "guard"))
		return FORWARD_PLACE_GUARD;
	if (g_str_equal(name, "hairpin"))
		return FORWARD_PLACE_HAIRPIN;
	return g_str_equal(name, "filter") ? FORWARD_PLACE_FILTER : FORWARD_PLACE_LIBVIRT;
}

static void add_rule(ForwardTable *ruleset, char **words)
{
	ForwardRule *rule = g_new0(ForwardRule, 1);
	const char *what = words[3];

	rule->handle = g_ascii_strtoull(words[2], NULL, 10);
	if (words[4] != NULL) {
		rule->bridge = g_strdup(what);
		rule->way = g_str_equal(words[4], "guard") ? FORWARD_WAY_GUARD :
			    g_str_equal(words[4], "guard-from") ? FORWARD_WAY_GUARD_FROM :
			    g_str_equal(words[4], "loopback") ? FORWARD_WAY_LOOPBACK :
			    g_str_equal(words[4], "self") ? FORWARD_WAY_SELF :
			    g_str_equal(words[4], "back") ? FORWARD_WAY_BACK :
			    g_str_equal(words[4], "in")   ? FORWARD_WAY_IN :
							    FORWARD_WAY_OUT;
		rule->is_sound = words[5] == NULL;
	} else {
		rule->may_reject = !g_str_equal(what, "accept");
	}
	g_ptr_array_add(ruleset->chains[find_place(words[1])].rules, rule);
}

static void add_element(ForwardTable *ruleset, ForwardFamily family, const char *line)
{
	g_autoptr(ForwardDesired) one = forward_desired_new();
	GArray *elements;

	add_wanted(one, line);
	forward_desired_finish(one);
	elements = one->tables[family].elements;
	g_assert_cmpuint(elements->len, >, 0);
	for (guint i = 0; i < elements->len; i++) {
		ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		element->connections = forward_set_is_taken(element->set) ? 7 : 0;
		if (*line == '-')
			*element->uuid = '\0';
	}
	g_array_append_vals(ruleset->elements, elements->data, elements->len);
}

static void add_kernel(ForwardTable *ruleset, ForwardFamily family, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 0);

	if (g_str_equal(words[0], "table")) {
		ruleset->has_table = TRUE;
		ruleset->is_ours = words[1] == NULL;
		ruleset->sets = (1u << FORWARD_N_SETS) - 1;
	} else if (g_str_equal(words[0], "lookups")) {
		add_lookups(ruleset, words[1]);
	} else if (g_str_equal(words[0], "lost")) {
		ruleset->sets &= ~(1u << FORWARD_SET_TAKEN_UDP);
	} else if (g_str_equal(words[0], "element")) {
		add_element(ruleset, family, strchr(line, ' ') + 1);
	} else if (g_str_equal(words[0], "chain")) {
		ruleset->chains[find_place(words[1])].present = TRUE;
	} else {
		add_rule(ruleset, words);
	}
}

static ForwardRuleset *read_kernel(const char *text)
{
	ForwardRuleset *ruleset = forward_ruleset_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (gsize i = 0; lines[i] != NULL; i++) {
		gboolean is_ip6 = g_str_has_prefix(lines[i], "6 ");
		ForwardFamily family = is_ip6 ? FORWARD_IP6 : FORWARD_IP;

		if (*lines[i] != '\0')
			add_kernel(&ruleset->tables[family], family, lines[i] + 2 * is_ip6);
	}
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++)
		g_array_sort(ruleset->tables[family].elements, forward_element_compare);
	return ruleset;
}

static char *steps_text(const GArray *changes)
{
	GString *steps = g_string_new(NULL);

	for (guint i = 0; i < changes->len; i++) {
		g_autofree char *text = forward_change_to_text(&g_array_index(changes, ForwardChange, i));

		g_string_append_printf(steps, "%s\n", text);
	}
	return g_string_free(steps, FALSE);
}

static GArray *find_changes(ForwardDesired *desired, const ForwardRuleset *ruleset)
{
	for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++)
		forward_elements_know(desired->tables[family].elements, ruleset->tables[family].elements);
	return forward_changes(desired, ruleset);
}

static void test_change(gconstpointer data)
{
	const Case *one = data;
	g_autoptr(ForwardDesired) desired = read_wanted(one->wanted);
	g_autoptr(ForwardRuleset) ruleset = read_kernel(one->kernel);
	g_autoptr(GArray) changes = find_changes(desired, ruleset);
	g_autofree char *steps = steps_text(changes);

	g_assert_cmpstr(steps, ==, one->steps);
}

/* Two VMs that want one port: it stays with the first that was given it. */
static void test_twice(void)
{
	g_autoptr(ForwardDesired) desired = forward_desired_new();
	const ForwardElement *element;

	add_wanted(desired, U2 " tcp any 10 12 10 virbr0 10.0.0.2");
	add_wanted(desired, U1 " tcp any 11 13 11 virbr0 10.0.0.3");
	g_assert_cmpuint(forward_desired_finish(desired), ==, 2);
	g_assert_cmpuint(desired->tables[FORWARD_IP].elements->len, ==, 6);
	g_assert_cmpuint(desired->tables[FORWARD_IP].bridges->len, ==, 1);
	element = &g_array_index(desired->tables[FORWARD_IP].elements, ForwardElement, 1);
	g_assert_cmpuint(element->port, ==, 13);
	g_assert_cmpuint(element->last_port, ==, 13);
	g_assert_cmpstr(element->uuid, ==, U1);
	element = &g_array_index(desired->tables[FORWARD_IP].elements, ForwardElement, 3);
	g_assert_cmpint(element->set, ==, FORWARD_SET_PORTS);
	g_assert_cmpuint(element->port, ==, 11);
	g_assert_cmpstr(element->uuid, ==, U2);
}

/* In passing: of VMs that nothing happens to, the first port of each span on both sides. */
static ForwardDesired *read_probes(const char *whole, const char *probed)
{
	g_autoptr(GArray) spans = g_array_new(FALSE, TRUE, sizeof(ForwardSpan));
	g_autoptr(ForwardDesired) desired = forward_desired_new();
	ForwardSpan span = { 0 };

	if (whole != NULL)
		add_wanted(desired, whole);
	g_assert_true(forward_span_from_text(strchr(probed, ' ') + 1, &span));
	g_array_append_val(spans, span);
	forward_desired_probe(desired, U1, spans, TRUE);
	forward_desired_finish(desired);
	return g_steal_pointer(&desired);
}

#define MANY U1 " tcp any 10 900 10 virbr0 10.0.0.2"
#define AROUND "element " U1 " tcp any 10 79 10 virbr0 10.0.0.2\nelement " U1 " tcp any 81 900 81 virbr0 10.0.0.2\n"
#define ONE U2 " tcp any 80 80 80 virbr0 10.0.0.3"
#define RULES_OF_VIRBR0 "7 virbr0 self\nrule hairpin 8 virbr0 back\n"

/* The kernel's side, at the keys of `keys` alone. */
static ForwardRuleset *read_kernel_at(const char *text, const ForwardDesired *keys)
{
	ForwardRuleset *ruleset = read_kernel(text);
	ForwardTable *table = &ruleset->tables[FORWARD_IP];
	g_autoptr(GArray) all = table->elements;

	table->elements = forward_elements_at(all, keys->tables[FORWARD_IP].elements);
	return ruleset;
}

static const char sound_table[] = "table\nlookups plain\nchain hairpin\nrule hairpin " RULES_OF_VIRBR0;

static void assert_steps_at(const char *elements, const char *one, const char *expected)
{
	g_autofree char *text = g_strconcat(sound_table, elements, NULL);
	g_autoptr(ForwardDesired) keys = read_probes(ONE, MANY);
	g_autoptr(ForwardDesired) desired = read_probes(one, MANY);
	g_autoptr(ForwardRuleset) ruleset = read_kernel_at(text, keys);
	g_autoptr(GArray) changes = find_changes(desired, ruleset);
	g_autofree char *steps = steps_text(changes);

	g_assert_false(forward_changes_need_all(desired, ruleset));
	g_assert_cmpstr(steps, ==, expected);
}

/* Two elements each, a span and a port, whatever the range is. */
static void test_in_passing(void)
{
	g_autoptr(ForwardDesired) probes = read_probes(NULL, MANY);

	g_assert_cmpuint(probes->tables[FORWARD_IP].elements->len, ==, 2);
	assert_steps_at("element " MANY, NULL, "delete ip ports tcp any 80 -> 10.0.0.2 80 of " U1 "\n");
	assert_steps_at(AROUND "element " ONE, ONE, "");
	assert_steps_at(AROUND, ONE,
			"add ip taken_tcp tcp any 80 of " U2 "\nadd ip ports tcp any 80 -> 10.0.0.3 80 of " U2 "\n");
	assert_steps_at("element " ONE, NULL,
			"delete ip taken_tcp tcp any 80 of " U2 "\ndelete ip ports tcp any 80 -> 10.0.0.3 80 of " U2 "\n"
			"add ip taken_tcp tcp any 10-900 of " U1 "\nadd ip ports tcp any 10 -> 10.0.0.2 10 of " U1 "\n");
}

static gboolean needs_all(const char *probed, const char *kernel)
{
	g_autoptr(ForwardDesired) desired = read_probes(NULL, probed);
	g_autoptr(ForwardRuleset) ruleset = read_kernel_at(kernel, desired);

	return forward_changes_need_all(desired, ruleset);
}

/* A table that is to be made anew cannot be made of first ports. */
static void test_need_all(void)
{
	g_autofree char *sound = g_strconcat(sound_table, "element " MANY, NULL);
	g_autofree char *of_ip6 = g_strconcat(sound, "\n6 table\n6 lookups plain\n6 chain hairpin", NULL);

	g_assert_false(needs_all(MANY, sound));
	g_assert_true(needs_all(MANY, ""));
	g_assert_true(needs_all(MANY, "table\nlookups broken\nchain hairpin\n"));
	g_assert_true(needs_all(MANY, of_ip6));
	g_assert_true(needs_all(U1 " tcp any 10 900 10 virbr0 10.0.0.2 rate=2/s", sound));
	g_assert_true(needs_all(U1 " tcp 192.0.2.1 10 900 10 virbr0 10.0.0.2", sound));
}

/* What an older hostler has counted: in its maps, for each port. */
static void count_by_port(GArray *elements)
{
	for (guint i = 0; i < elements->len; i++) {
		ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		element->connections = forward_set_is_taken(element->set) ? 0 : 3;
	}
}

static char *counts_text(const GArray *elements)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < elements->len; i++) {
		const ForwardElement *element = &g_array_index(elements, ForwardElement, i);

		if (element->connections > 0)
			g_string_append_printf(text, "%s %u: %" G_GUINT64_FORMAT " ", forward_sets[element->set].name,
					       element->port, element->connections);
	}
	return g_string_free(text, FALSE);
}

/* A lease that moves, or a span that changes, takes its counter along; another VM begins anew. */
static void test_counter(void)
{
	static const struct {
		gboolean by_port;
		const char *held, *wanted, *counts;
	} table[] = {
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2", U1 " tcp any 10 12 10 b 10.0.0.9", "taken_tcp 10: 7 " },
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2", U2 " tcp any 10 12 10 b 10.0.0.2", "" },
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2", U1 " udp any 10 12 10 b 10.0.0.2", "" },
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2", U1 " tcp 192.0.2.7 10 12 10 b 10.0.0.2", "" },
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2", U1 " tcp any 13 20 13 b 10.0.0.2", "" },
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2", U1 " tcp any 12 20 12 b 10.0.0.2", "taken_tcp 12: 7 " },
		{ FALSE, U1 " tcp any 10 30 10 b 10.0.0.2", U1 " tcp any 12 20 12 b 10.0.0.2", "taken_tcp 12: 7 " },
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2\nelement " U1 " tcp any 13 13 10 b 10.0.0.2",
		  U1 " tcp any 9 20 9 b 10.0.0.2", "taken_tcp 9: 14 " },
		{ FALSE, U1 " tcp any 10 12 10 b 10.0.0.2\nelement " U1 " tcp any 13 13 10 b 10.0.0.2",
		  U1 " tcp any 10 12 9 b 10.0.0.2\n" U1 " tcp any 13 13 13 b 10.0.0.2",
		  "taken_tcp 10: 7 taken_tcp 13: 7 " },
		{ FALSE, U1 " sctp 192.0.2.7 10 11 10 b 10.0.0.2", U1 " sctp 192.0.2.7 11 12 11 b 10.0.0.2",
		  "taken_address 11: 7 " },
		{ TRUE, U1 " udp any 10 12 10 b 10.0.0.2", U1 " udp any 10 12 10 b 10.0.0.2", "taken_udp 10: 9 " },
		{ TRUE, U1 " udp 192.0.2.7 10 11 10 b 10.0.0.2", U1 " udp 192.0.2.7 10 11 10 b 10.0.0.2",
		  "taken_address 10: 3 taken_address 11: 3 " },
	};

	for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *kernel = g_strconcat("element ", table[i].held, "\n", NULL);
		g_autoptr(ForwardRuleset) ruleset = read_kernel(kernel);
		g_autoptr(ForwardDesired) desired = read_wanted(table[i].wanted);
		g_autofree char *counts = NULL;

		if (table[i].by_port)
			count_by_port(ruleset->tables[FORWARD_IP].elements);
		forward_elements_know(desired->tables[FORWARD_IP].elements, ruleset->tables[FORWARD_IP].elements);
		counts = counts_text(desired->tables[FORWARD_IP].elements);
		g_assert_cmpstr(counts, ==, table[i].counts);
	}
}

/* What a VM has already is not asked for again; what another has is the kernel's to refuse. */
static void test_reserve(void)
{
	static const struct {
		const char *kernel, *steps;
	} table[] = {
		{ "", "add table ip\n" TAKE_WEB },
		{ SOUND, TAKE_WEB },
		{ SOUND WEB_ELEMENT, "" },
		{ SOUND "element " U2 " tcp any 2222 2222 22 virbr0 192.168.122.10\n", TAKE_WEB },
		{ SOUND "element " U2 " tcp any 1 9999 1 virbr0 192.168.122.10\n", TAKE_WEB },
		{ SOUND "element " U1 " tcp any 1 9999 1 virbr0 192.168.122.10\n", "" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(ForwardRuleset) ruleset = read_kernel(table[i].kernel);
		g_autoptr(ForwardDesired) desired = read_wanted(WEB);
		g_autoptr(ForwardDesired) missing = NULL;
		g_autoptr(GArray) changes = NULL;
		g_autofree char *text = NULL;

		g_array_set_size(desired->tables[FORWARD_IP].elements, 1); /* `taken_tcp` is the first */
		missing = forward_missing(desired, ruleset);
		changes = forward_changes_to_reserve(missing, ruleset);
		text = steps_text(changes);
		g_assert_cmpstr(text, ==, table[i].steps);
	}
}

/* Of a span the pieces that the VM has not yet. */
static void test_reserve_more(void)
{
	g_autoptr(ForwardRuleset) ruleset = read_kernel(SOUND
		"element " U1 " tcp any 10 19 10 b 10.0.0.2\nelement " U1 " tcp any 30 39 10 b 10.0.0.2\n"
		"element " U2 " tcp any 60 69 10 b 10.0.0.2\nelement " U1 " udp any 50 50 10 b 10.0.0.2\n"
		"element " U1 " tcp any 90 200 10 b 10.0.0.2\n");
	g_autoptr(ForwardDesired) desired = read_wanted(U1 " tcp any 15 100 15 b 10.0.0.2\n");
	g_autoptr(ForwardDesired) missing = NULL;
	g_autoptr(GArray) changes = NULL;
	g_autofree char *text = NULL;

	g_array_set_size(desired->tables[FORWARD_IP].elements, 1);
	missing = forward_missing(desired, ruleset);
	changes = forward_changes_to_reserve(missing, ruleset);
	text = steps_text(changes);
	g_assert_cmpstr(text, ==, "add ip taken_tcp tcp any 20-29 of " U1 "\nadd ip taken_tcp tcp any 40-89 of " U1 "\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/forward/change/", cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test_change);
	}
	g_test_add_func("/forward/change/twice", test_twice);
	g_test_add_func("/forward/change/in-passing", test_in_passing);
	g_test_add_func("/forward/change/need-all", test_need_all);
	g_test_add_func("/forward/change/counter", test_counter);
	g_test_add_func("/forward/change/reserve", test_reserve);
	g_test_add_func("/forward/change/reserve-more", test_reserve_more);
	return g_test_run();
}
