/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The desktop is put aside: its display manager stopped, its programs waited
 * for, then whatever of the kernel's own is shown on the cards. Step by step, each
 * written down before it is done. */
#include "plugins/vfio/display.h"

#include "hostler/log.h"
#include "plugins/vfio/device.h"
#include "plugins/vfio/display-record.h"
#include "plugins/vfio/display-release.h"

/* For all of it, in the place of the hook's deadline. */
#define BUDGET_SECONDS 120

static gint64 now(const VfioRelease *release)
{
	return release->host->ops->monotonic(release->host);
}

void vfio_release_give_time(const VfioRelease *release, gint64 seconds)
{
	release->host->deadline = MIN(now(release) + seconds * G_USEC_PER_SEC, release->until);
}

/* --- which devices --- */

/* What is on vfio-pci, or a variant of it, since boot shows nothing of the host. */
static gboolean is_with_host(const HostlerRecord *claim)
{
	g_autofree char *driver = g_key_file_get_string(claim->body, VFIO_FOUND, "driver", NULL);

	return driver == NULL || (!g_str_has_suffix(driver, "vfio-pci") && !g_str_has_suffix(driver, "vfio_pci"));
}

static gboolean is_sound_of(const VfioRelease *release, const HostlerRecord *claim)
{
	for (guint i = 0; i < release->cards->len; i++) {
		const HostlerRecord *card = g_ptr_array_index(release->cards, i);

		if (vfio_same_slot(card->key, claim->key))
			return vfio_display_is_sound(claim->body);
	}
	return FALSE;
}

static void find_devices(VfioRelease *release, const GPtrArray *claims)
{
	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		if (vfio_display_is_card(claim->body) && is_with_host(claim))
			g_ptr_array_add(release->cards, claim);
	}
	for (guint i = 0; i < claims->len; i++) {
		HostlerRecord *claim = g_ptr_array_index(claims, i);

		if (g_ptr_array_find(release->cards, claim, NULL) || is_sound_of(release, claim))
			g_ptr_array_add(release->bdfs, claim->key);
	}
	release->claim = release->cards->len > 0 ? g_ptr_array_index(release->cards, 0) : NULL;
}

/* --- modules --- */

/* One that stays is no reason to refuse: whether the driver lets go of the card
 * all the same is asked next. */
static void unload(const VfioRelease *release, const char *module)
{
	HostlerRecord *claim = release->claim;
	HostlerSubject subject = { .vm = claim->name, .uuid = claim->uuid, .device = claim->key };
	g_autoptr(GError) error = NULL;

	vfio_release_give_time(release, VFIO_RELEASE_STEP_SECONDS);
	if (release->host->ops->module_unload(release->host, module, &error))
		return;
	hostler_log(G_LOG_LEVEL_MESSAGE, "vfio-display-module", &subject, "%s stays loaded: %s", module,
		    error->message);
	vfio_display_forget(release->host, claim, VFIO_DISPLAY_MODULES, module);
}

/* A driver whose module others use does not let go of a card that they keep open
 * in the kernel: unbinding nvidia under nvidia_drm never returns. All others do. */
static gboolean unload_modules(const VfioRelease *release, const HostlerRecord *card, GError **error)
{
	g_autofree char *driver = g_key_file_get_string(card->body, VFIO_FOUND, "driver", NULL);
	g_auto(GStrv) modules = driver != NULL ? release->host->ops->driver_modules(release->host, driver) : NULL;

	if (modules == NULL || g_strv_length(modules) < 2)
		return TRUE;
	if (!vfio_display_note(release->host, release->claim, VFIO_DISPLAY_MODULES, (const char *const *)modules,
			       error))
		return FALSE;
	for (gsize i = 0; modules[i] != NULL; i++)
		unload(release, modules[i]);
	return TRUE;
}

/* --- all of it --- */

static gboolean release_all(const VfioRelease *release, GError **error)
{
	if (!vfio_release_stop_manager(release, error) || !vfio_release_wait(release, error) ||
	    !vfio_release_unbind_consoles(release, error))
		return FALSE;
	for (guint i = 0; i < release->cards->len; i++) {
		if (!unload_modules(release, g_ptr_array_index(release->cards, i), error))
			return FALSE;
	}
	return TRUE;
}

gboolean vfio_display_release(HostlerHost *host, const HostlerDomain *domain, const GPtrArray *claims, GError **error)
{
	g_autoptr(GPtrArray) cards = g_ptr_array_new();
	g_autoptr(GPtrArray) bdfs = g_ptr_array_new();
	gint64 began = host->ops->monotonic(host);
	gint64 deadline = host->deadline;
	VfioRelease release = { .host = host, .cards = cards, .bdfs = bdfs,
				.until = began + BUDGET_SECONDS * G_USEC_PER_SEC };
	gboolean released;

	if (domain->settings.display != HOSTLER_DISPLAY_RELEASE)
		return TRUE;
	find_devices(&release, claims);
	if (release.claim == NULL)
		return TRUE;
	released = release_all(&release, error);
	host->deadline = deadline + (now(&release) - began);
	return released;
}
