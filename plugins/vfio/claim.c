/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/vfio/claim.h"

#include "hostler/error.h"
#include "hostler/log.h"
#include "plugins/vfio/display-record.h"

/* Key of the trouble of a claim that `stopped` has found stuck: since when it was. */
#define WAS_STUCK "stuck-since"

static void copy_group(GKeyFile *from, GKeyFile *to, const char *group)
{
	g_auto(GStrv) keys = g_key_file_get_keys(from, group, NULL, NULL);

	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_value(from, group, keys[i], NULL);

		g_key_file_set_value(to, group, keys[i], value);
	}
}

/* A desktop that is not back yet is still owed, by whoever has its card now. */
static void take_over_display(const HostlerRecord *earlier, HostlerRecord *claim)
{
	copy_group(earlier->body, claim->body, VFIO_DISPLAY);
	g_key_file_remove_key(claim->body, VFIO_DISPLAY, VFIO_DISPLAY_FAILING, NULL);
}

/* How the device was found is known from the first claim on it, whoever's it was:
 * by now it may be on vfio-pci. */
static HostlerRecord *make_claim(HostlerHost *host, const HostlerDomain *domain, const VfioMember *member,
				 gboolean *is_first)
{
	const char *bdf = member->device->bdf;
	g_autoptr(HostlerRecord) earlier = hostler_record_load(host, HOSTLER_RECORD_CLAIM, bdf);
	HostlerRecord *claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, bdf, domain->uuid, domain->name);
	GKeyFile *source;

	*is_first = earlier == NULL || vfio_claim_is_libvirts(earlier);
	source = *is_first ? member->device->answer : earlier->body;
	copy_group(source, claim->body, HOSTLER_CLAIM_IDENTITY);
	copy_group(source, claim->body, VFIO_FOUND);
	if (!*is_first)
		take_over_display(earlier, claim);
	if (member->with != NULL)
		g_key_file_set_string(claim->body, VFIO_TAKEN, "with", member->with);
	return claim;
}

/* Nothing was touched yet; of what an earlier run left something may have been. */
static void forget(HostlerHost *host, const GPtrArray *first_claims)
{
	for (guint i = 0; i < first_claims->len; i++)
		hostler_record_remove(host, HOSTLER_RECORD_CLAIM, g_ptr_array_index(first_claims, i));
}

GPtrArray *vfio_claims_make(HostlerHost *host, const HostlerDomain *domain, const GArray *members, GError **error)
{
	g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_record_free);
	g_autoptr(GPtrArray) first_claims = g_ptr_array_new();

	for (guint i = 0; i < members->len; i++) {
		gboolean is_first;
		HostlerRecord *claim = make_claim(host, domain, &g_array_index(members, VfioMember, i), &is_first);

		g_ptr_array_add(claims, claim);
		if (is_first)
			g_ptr_array_add(first_claims, claim->key);
		if (!hostler_record_store(host, claim, error)) {
			forget(host, first_claims);
			return NULL;
		}
	}
	return g_steal_pointer(&claims);
}

static void store(HostlerHost *host, const HostlerRecord *claim)
{
	g_autoptr(GError) error = NULL;

	if (!hostler_record_store(host, claim, &error))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error),
			    &(HostlerSubject){ .vm = claim->name, .uuid = claim->uuid, .device = claim->key }, "%s",
			    error->message);
}

/* What went wrong in the phase before says nothing of this one: `ended` with trouble
 * is one that `release` has tried to end. What is stuck may be so still, and is said
 * to be since then. */
void vfio_claim_enter(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase)
{
	if (claim->phase == HOSTLER_PHASE_STUCK)
		g_key_file_set_int64(claim->body, "trouble", WAS_STUCK, claim->since);
	else
		g_key_file_remove_group(claim->body, "trouble", NULL);
	hostler_record_enter(host, claim, phase);
	store(host, claim);
}

gboolean vfio_claim_stays_stuck(HostlerHost *host, HostlerRecord *claim)
{
	if (!g_key_file_has_key(claim->body, "trouble", WAS_STUCK, NULL))
		return claim->phase == HOSTLER_PHASE_STUCK;
	claim->phase = HOSTLER_PHASE_STUCK;
	claim->since = g_key_file_get_int64(claim->body, "trouble", WAS_STUCK, NULL);
	g_key_file_remove_key(claim->body, "trouble", WAS_STUCK, NULL);
	store(host, claim);
	return TRUE;
}

void vfio_claim_say(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase, const GError *error)
{
	g_key_file_remove_key(claim->body, "trouble", WAS_STUCK, NULL);
	g_key_file_set_string(claim->body, "trouble", "code", hostler_error_code(error));
	g_key_file_set_string(claim->body, "trouble", "text", error->message);
	g_key_file_set_int64(claim->body, "trouble", "at", host->ops->boottime(host));
	g_key_file_set_integer(claim->body, "trouble", "times",
			       g_key_file_get_integer(claim->body, "trouble", "times", NULL) + 1);
	hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error),
		    &(HostlerSubject){ .vm = claim->name, .uuid = claim->uuid, .device = claim->key }, "%s",
		    error->message);
	if (claim->phase != phase)
		hostler_record_enter(host, claim, phase);
	store(host, claim);
}

/* --- what a claim says --- */

gboolean vfio_claim_is_libvirts(const HostlerRecord *claim)
{
	g_autofree char *by = g_key_file_get_string(claim->body, VFIO_TAKEN, "by", NULL);

	return g_strcmp0(by, "libvirt") == 0;
}

gboolean vfio_claim_is_gone(HostlerHost *host, const HostlerRecord *claim)
{
	return !host->ops->pci_exists(host, claim->key) &&
	       !g_key_file_has_key(claim->body, HOSTLER_CLAIM_RESET, HOSTLER_CLAIM_RESCAN, NULL);
}

gboolean vfio_claim_has_trouble(const HostlerRecord *claim)
{
	return g_key_file_has_group(claim->body, "trouble") &&
	       !g_key_file_has_key(claim->body, "trouble", WAS_STUCK, NULL);
}

/* What failed a moment ago will fail again: hooks of other VMs need not each try. */
#define TROUBLE_SECONDS 20

/* An exchanged device is a person's to see. What there was no time to begin with
 * did not fail, nor did a call that has come back (whoever asks has seen that none
 * is out), and anything may fail once. */
static gboolean will_fail_again(const HostlerRecord *claim)
{
	g_autofree char *code = g_key_file_get_string(claim->body, "trouble", "code", NULL);

	if (g_strcmp0(code, hostler_error_code_name(HOSTLER_ERROR_VFIO_CHANGED)) == 0)
		return TRUE;
	return g_key_file_get_integer(claim->body, "trouble", "times", NULL) > 1 &&
	       claim->phase != HOSTLER_PHASE_STUCK &&
	       g_strcmp0(code, hostler_error_code_name(HOSTLER_ERROR_DEADLINE)) != 0;
}

gboolean vfio_claim_just_failed(HostlerHost *host, const HostlerRecord *claim)
{
	gint64 at = g_key_file_get_int64(claim->body, "trouble", "at", NULL);

	return vfio_claim_has_trouble(claim) && host->ops->boottime(host) - at < TROUBLE_SECONDS &&
	       will_fail_again(claim);
}

char *vfio_claim_partner(const HostlerRecord *claim)
{
	return g_key_file_get_string(claim->body, VFIO_TAKEN, "with", NULL);
}

void vfio_claim_for_libvirt(HostlerHost *host, const HostlerDomain *domain, const char *bdf,
			    const HostlerRecord *stay)
{
	g_autoptr(HostlerRecord) claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, bdf, domain->uuid,
							    domain->name);

	g_key_file_set_string(claim->body, VFIO_TAKEN, "by", "libvirt");
	if (stay != NULL) {
		claim->qemu = stay->qemu;
		claim->phase = stay->phase;
	}
	store(host, claim);
}

gboolean vfio_claim_is_of(const HostlerRecord *claim, const HostlerJob *device, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(claim->body, HOSTLER_CLAIM_IDENTITY, NULL, NULL);

	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *then = g_key_file_get_string(claim->body, HOSTLER_CLAIM_IDENTITY, keys[i], NULL);
		g_autofree char *now = vfio_device_fact(device, HOSTLER_CLAIM_IDENTITY, keys[i]);

		if (g_strcmp0(then, now) == 0)
			continue;
		g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_VFIO_CHANGED,
			    "%s is not the device that an earlier VM had (its %s was %s and is %s); when you have "
			    "seen to it: rm /run/hostler/devices/%s", claim->key, keys[i], then, now, claim->key);
		return FALSE;
	}
	return TRUE;
}
