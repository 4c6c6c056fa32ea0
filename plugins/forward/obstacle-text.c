/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a packet would be rejected, in words, and the command that mends it. */
#include <string.h>

#include "hostler/text.h"
#include "plugins/forward/obstacle.h"
#include "plugins/forward/place.h"

/* One of those where our rule is, see place.c. */
static gboolean is_place(const ForwardObstacle *obstacle)
{
	for (ForwardPlace place = FORWARD_PLACE_FILTER; place < FORWARD_PLACE_HAIRPIN; place++) {
		for (ForwardFamily family = 0; family < FORWARD_N_FAMILIES; family++) {
			g_autofree char *table = g_strdup_printf("%s %s", forward_families[family].name,
								 forward_places[place].table);

			if (g_str_equal(obstacle->table, table) &&
			    g_str_equal(obstacle->chain, forward_places[place].chain))
				return TRUE;
		}
	}
	return FALSE;
}

/* The program that has it, if it is one of iptables': with a native `ct` in it iptables, and so libvirt, would
 * refuse the whole table. */
static const char *xtables_program(const ForwardObstacle *obstacle)
{
	static const char *const of_ip[] = { "ip mangle", "ip security", NULL };
	static const char *const of_ip6[] = { "ip6 mangle", "ip6 security", NULL };

	if (!g_str_equal(obstacle->chain, "FORWARD"))
		return NULL;
	if (g_strv_contains(of_ip, obstacle->table))
		return "iptables";
	return g_strv_contains(of_ip6, obstacle->table) ? "ip6tables" : NULL;
}

/* To the guest, and its answers, which a policy of drop would not let back. */
static char *accept_by_xtables(const char *program, const char *table, const char *bridge)
{
	return g_strdup_printf("%s -t %s -I FORWARD -o %s -m conntrack --ctstate DNAT -j ACCEPT && "
			       "%s -t %s -I FORWARD -i %s -m conntrack --ctstate DNAT -j ACCEPT, and the same where that "
			       "table is made", program, table, bridge, program, table, bridge);
}

/* What nft takes without quotes, and no shell for anything else. */
static gboolean is_plain(const char *name)
{
	return *name != '\0' && name[strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-./")] == '\0';
}

static char *accept_by_nft(const ForwardObstacle *obstacle, const char *bridge)
{
	/* The kernel lets names be any text, and root pastes what is advised. */
	if (!is_plain(strchr(obstacle->table, ' ') + 1) || !is_plain(obstacle->chain))
		return g_strdup("see who made it, and let it accept: nft list ruleset");
	return g_strdup_printf("nft 'insert rule %s %s oifname \"%s\" ct status dnat accept; "
			       "insert rule %s %s iifname \"%s\" ct status dnat accept', and the same where that table is "
			       "made", obstacle->table, obstacle->chain, bridge, obstacle->table, obstacle->chain, bridge);
}

static char *mend(const ForwardObstacle *obstacle, const char *bridge)
{
	const char *program = xtables_program(obstacle);

	if (g_str_equal(obstacle->table, "inet firewalld"))
		return g_strdup("StrictForwardPorts=no in /etc/firewalld/firewalld.conf, then: firewall-cmd --reload");
	/* Its own, for as long as it reloads; it stays when that goes wrong, as after `nft flush ruleset`. */
	if (g_str_equal(obstacle->table, "inet firewalld_policy_drop"))
		return g_strdup("firewalld reloads, and if this stays it could not: systemctl restart firewalld");
	if (is_place(obstacle))
		return g_strdup("hostler settle");
	if (program != NULL)
		return accept_by_xtables(program, strchr(obstacle->table, ' ') + 1, bridge);
	return accept_by_nft(obstacle, bridge);
}

/* Names of tables and chains are the admin's text. */
char *forward_obstacle_text(const ForwardObstacle *obstacle, const char *bridge)
{
	g_autofree char *command = mend(obstacle, bridge);
	g_autofree char *text = NULL;

	if (obstacle->where != NULL)
		text = g_strdup_printf("%s: a rule in chain %s of table %s rejects it%s; mend: %s",
				       obstacle->certain ? "REJECTED" : "perhaps rejected", obstacle->where, obstacle->table,
				       obstacle->certain ? "" : ", unless one before lets it pass", command);
	else
		text = g_strdup_printf("%s: chain %s of table %s drops what no rule accepts%s; mend: %s",
				       obstacle->certain ? "DROPPED" : "perhaps dropped", obstacle->chain, obstacle->table,
				       obstacle->certain ? "" : ", and none certainly does", command);
	return hostler_text_line(text, 500);
}
