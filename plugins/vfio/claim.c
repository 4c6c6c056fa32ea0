/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/vfio/claim.h"

#include "hostler/error.h"
#include "hostler/log.h"

static void copy_group(GKeyFile *from, GKeyFile *to, const char *group)
{
	g_auto(GStrv) keys = g_key_file_get_keys(from, group, NULL, NULL);

	for (gsize i = 0; keys != NULL && keys[i] != NULL; i++) {
		g_autofree char *value = g_key_file_get_value(from, group, keys[i], NULL);

		g_key_file_set_value(to, group, keys[i], value);
	}
}

static HostlerRecord *make_claim(HostlerHost *host, const HostlerDomain *domain, const HostlerJob *device)
{
	HostlerRecord *claim = hostler_record_load(host, HOSTLER_RECORD_CLAIM, device->bdf);

	if (claim != NULL && g_str_equal(claim->uuid, domain->uuid)) {
		g_key_file_remove_group(claim->body, HOSTLER_CLAIM_RESET, NULL);
		return claim;
	}
	g_clear_pointer(&claim, hostler_record_free);
	claim = hostler_record_new(host, HOSTLER_RECORD_CLAIM, device->bdf, domain->uuid, domain->name);
	copy_group(device->answer, claim->body, HOSTLER_CLAIM_IDENTITY);
	copy_group(device->answer, claim->body, VFIO_FOUND);
	return claim;
}

static void forget(HostlerHost *host, const GPtrArray *claims)
{
	for (guint i = 0; i < claims->len; i++)
		hostler_record_remove(host, HOSTLER_RECORD_CLAIM,
				      ((const HostlerRecord *)g_ptr_array_index(claims, i))->key);
}

GPtrArray *vfio_claims_make(HostlerHost *host, const HostlerDomain *domain, const VfioDevices *devices,
			    GError **error)
{
	g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)hostler_record_free);

	for (guint i = 0; i < devices->n; i++) {
		HostlerRecord *claim = make_claim(host, domain, &devices->jobs[i]);

		g_ptr_array_add(claims, claim);
		claim->caller = host->caller;
		hostler_record_enter(host, claim, HOSTLER_PHASE_PENDING);
		if (!hostler_record_store(host, claim, error)) {
			forget(host, claims);
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

void vfio_claim_enter(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase)
{
	hostler_record_enter(host, claim, phase);
	store(host, claim);
}

void vfio_claim_say(HostlerHost *host, HostlerRecord *claim, HostlerPhase phase, const GError *error)
{
	g_key_file_set_string(claim->body, "trouble", "code", hostler_error_code(error));
	g_key_file_set_string(claim->body, "trouble", "text", error->message);
	hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error),
		    &(HostlerSubject){ .vm = claim->name, .uuid = claim->uuid, .device = claim->key }, "%s",
		    error->message);
	if (claim->phase != phase)
		hostler_record_enter(host, claim, phase);
	store(host, claim);
}
