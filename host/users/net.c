/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes through a network interface: default routes, bridges and bonds, what
 * is built upon it, and somebody's ssh session. */
#include "host/users/net.h"

#include <net/if.h>
#include <net/route.h>
#include <string.h>

#include "hostler/text.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/users/ssh.h"

#define INTERFACES "/sys/class/net"

typedef struct {
	const char *name;
	gboolean found;
} Route;

/* /proc/net/route: interface destination gateway flags ... */
static gboolean see_route(char **fields, guint n, gpointer data)
{
	Route *route = data;

	route->found = n >= 8 && g_str_equal(fields[0], route->name) && g_str_equal(fields[1], "00000000");
	return !route->found;
}

/* /proc/net/ipv6_route: destination length source length gateway metric uses
 * uses flags interface. */
static gboolean see_ipv6_route(char **fields, guint n, gpointer data)
{
	Route *route = data;

	route->found = n >= 10 && g_str_equal(fields[9], route->name) && g_str_equal(fields[1], "00") &&
		       fields[0][strspn(fields[0], "0")] == '\0' &&
		       (g_ascii_strtoull(fields[8], NULL, 16) & RTF_REJECT) == 0;
	return !route->found;
}

static gboolean say_routes(Search *search, const char *name, const char *shown, GError **error)
{
	g_autofree char *routes = NULL;
	g_autofree char *ipv6_routes = NULL;
	Route route = { name, FALSE };
	Route ipv6_route = { name, FALSE };

	if (!search_table(search, "net/route", &routes, error) ||
	    !search_table(search, "net/ipv6_route", &ipv6_routes, error))
		return FALSE;
	each_line(routes, see_route, &route);
	each_line(ipv6_routes, see_ipv6_route, &ipv6_route);
	if (route.found)
		search_say(search, "%s has the default route", shown);
	if (ipv6_route.found)
		search_say(search, "%s has the IPv6 default route", shown);
	return TRUE;
}

static gboolean has_folder(Search *search, const char *name, const char *folder)
{
	g_autofree char *path = machine_path(search->host, INTERFACES, name, folder, NULL);

	return g_file_test(path, G_FILE_TEST_IS_DIR);
}

static void say_master(Search *search, const char *shown, const char *master)
{
	g_autofree char *shown_master = hostler_text_shown(master);
	const char *kind = "";

	if (has_folder(search, master, "bridge"))
		kind = "the bridge ";
	else if (has_folder(search, master, "bonding"))
		kind = "the bond ";
	search_say(search, "%s is a port of %s%s", shown, kind, shown_master);
}

static char *master_of(Search *search, const char *name)
{
	g_autofree char *path = machine_path(search->host, INTERFACES, name, "master", NULL);
	g_autofree char *link = link_read(path);

	return link != NULL ? g_path_get_basename(link) : NULL;
}

/* upper_eth0.10: what is built upon it. A master is one of them, and said already. */
static void say_uppers(Search *search, const char *name, const char *shown, const char *master)
{
	g_autofree char *path = machine_path(search->host, INTERFACES, name, NULL);
	g_autoptr(GPtrArray) names = folder_names(path);

	for (guint i = 0; names != NULL && i < names->len; i++) {
		const char *entry = g_ptr_array_index(names, i);
		const char *upper = g_str_has_prefix(entry, "upper_") ? entry + strlen("upper_") : NULL;
		g_autofree char *shown_upper = hostler_text_shown(upper);

		if (upper != NULL && g_strcmp0(upper, master) != 0)
			search_say(search, "%s carries %s", shown, shown_upper);
	}
}

static gboolean is_up(Search *search, const char *name)
{
	g_autofree char *flags = search_read(search, INTERFACES, name, "flags");

	return flags != NULL && (g_ascii_strtoull(flags, NULL, 16) & IFF_UP) != 0;
}

static gboolean see_interface(Search *search, const char *name, GError **error)
{
	g_autofree char *shown = hostler_text_shown(name);
	g_autofree char *master = master_of(search, name);

	if (!say_routes(search, name, shown, error))
		return FALSE;
	if (master != NULL)
		say_master(search, shown, master);
	say_uppers(search, name, shown, master);
	if (search->use == HOSTLER_USE_ANY && is_up(search, name))
		search_say(search, "%s is up", shown);
	return sessions_see(search, name, shown, error);
}

gboolean interfaces_see(Search *search, GError **error)
{
	g_autoptr(GPtrArray) names = search_below(search, INTERFACES);

	for (guint i = 0; i < names->len; i++) {
		if (!see_interface(search, g_ptr_array_index(names, i), error))
			return FALSE;
	}
	return TRUE;
}
