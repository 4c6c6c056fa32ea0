/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image stands on, put together. To read it may wait for a NAS or a disk
 * for ever, so that is only done from within a job; to peek never does. */
#include "host/storage/storage.h"

#include "hostler/storage.h"
#include "host/storage/layers.h"
#include "host/storage/try.h"

/* /dev/zvol/POOL/SET: the kernel's own name, zd0, tells no pool. */
static void see_zvol(Ground *ground, const char *path)
{
	static const char folder[] = "/dev/zvol/";

	if (g_str_has_prefix(path, folder))
		ground_see_pool(ground, path + sizeof(folder) - 1);
}

static void tell_layers(Ground *ground, const Place *place)
{
	g_auto(Layers) layers = ground_of_place(ground, place);

	ground_tell(ground, HOSTLER_STORAGE_STACK, layers.text);
	ground_tell(ground, HOSTLER_STORAGE_KIND, layers.kind);
}

gboolean host_storage_peek(HostlerHost *host, const char *path, GKeyFile *facts)
{
	Ground ground = { .host = host, .facts = facts, .peeks = TRUE };
	g_auto(Place) place = { 0 };
	gboolean seen = place_peek(host, path, &place);

	if (seen || ground_is_remote(&place))
		tell_layers(&ground, &place);
	return seen && !ground.gave_up;
}

gboolean host_storage_read(HostlerHost *host, const char *path, gboolean tries, GKeyFile *facts, GError **error)
{
	Ground ground = { .host = host, .facts = facts };
	g_auto(Place) place = { 0 };

	if (!place_find(host, path, &place, error))
		return FALSE;
	see_zvol(&ground, path);
	tell_layers(&ground, &place);
	if (tries)
		try_image(host, path, &place, hostler_storage_is_remote(facts), facts);
	return TRUE;
}
