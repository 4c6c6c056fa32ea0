/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's way through the house. Up in the order of the plugins, down in the
 * reverse; every undo and every repair is release or settle again. */
#include "core/lifecycle.h"

#include "core/confined.h"
#include "core/reach.h"
#include "core/settle.h"
#include "hostler/error.h"
#include "hostler/lock.h"
#include "hostler/log.h"
#include "hostler/plugin.h"
#include "hostler/record.h"
#include "hostler/text.h"

/* Kept back from the deadline of acquiring, for taking it back: this long, but a
 * quarter at most. */
#define ROLL_BACK_MICROSECONDS (5 * G_USEC_PER_SEC)

static gint64 keep_for_roll_back(HostlerHost *host)
{
	gint64 kept = MIN(ROLL_BACK_MICROSECONDS, hostler_host_time_left(host) / 4);

	host->deadline -= kept;
	return kept;
}

static guint count_plugins(void)
{
	const HostlerPlugin *const *plugins = hostler_plugins();
	guint n = 0;

	while (plugins[n] != NULL)
		n++;
	return n;
}

/* --- down: from records alone --- */

static void each_down(HostlerHost *host, const char *uuid, gboolean released)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = count_plugins(); i > 0; i--) {
		const HostlerPlugin *plugin = plugins[i - 1];
		void (*slot)(HostlerHost *, const char *) = released ? plugin->released : plugin->stopped;

		if (slot != NULL)
			slot(host, uuid);
	}
}

/* --- up --- */

static gboolean wants_to_acquire(const HostlerDomain *domain)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if ((plugins[i]->check != NULL || plugins[i]->acquire != NULL) && plugins[i]->concerns(domain))
			return TRUE;
	}
	return FALSE;
}

void hostler_lifecycle_check(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->check != NULL && plugins[i]->concerns(domain))
			plugins[i]->check(host, domain, findings);
	}
}

void hostler_lifecycle_check_host(HostlerHost *host, HostlerFindings *findings)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->check_host != NULL)
			plugins[i]->check_host(host, findings);
	}
}

static void log_advice(const HostlerDomain *domain, const HostlerFindings *findings)
{
	for (guint i = 0; i < findings->items->len; i++) {
		const HostlerFinding *finding = g_ptr_array_index(findings->items, i);
		HostlerSubject subject = { .vm = domain->name, .uuid = domain->uuid, .device = finding->subject };
		gboolean is_note = finding->severity == HOSTLER_SEVERITY_NOTE;

		if (finding->severity != HOSTLER_SEVERITY_REFUSE)
			hostler_log(is_note ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_MESSAGE,
				    hostler_error_code_name(finding->code), &subject, "%s%s%s", finding->text,
				    finding->mend != NULL ? "; mend: " : "",
				    finding->mend != NULL ? finding->mend : "");
	}
}

static gboolean acquire_each(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->acquire == NULL || !plugins[i]->concerns(domain))
			continue;
		if (!plugins[i]->acquire(host, domain, stay, error))
			return FALSE;
		if (!hostler_host_caller_lives(host)) {
			g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_CALLER_GONE,
				    "libvirtd (pid %d) ended while the VM was being prepared; start the VM again",
				    host->caller.pid);
			return FALSE;
		}
	}
	return TRUE;
}

/* libvirt calls `stopped` and `release` after a refusal too; they find nothing
 * left. Not waiting for them is what a killed libvirtd needs. */
void hostler_lifecycle_down(HostlerHost *host, const char *uuid)
{
	each_down(host, uuid, FALSE);
	each_down(host, uuid, TRUE);
}

static void roll_back(HostlerHost *host, const char *uuid)
{
	hostler_lifecycle_down(host, uuid);
	hostler_record_remove(host, HOSTLER_RECORD_STAY, uuid);
}

/* libvirt does not prepare a VM that runs; a person who calls the hook by hand may. */
static gboolean refuse_running(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, domain->uuid);

	if (stay == NULL || stay->phase != HOSTLER_PHASE_HELD || !hostler_record_alive(host, stay))
		return TRUE;
	g_set_error(error, HOSTLER_ERROR, HOSTLER_ERROR_ARGUMENTS,
		    "it runs already, as QEMU with pid %d; this hook is for libvirt alone to call", stay->qemu.pid);
	return FALSE;
}

/* A stay is there before anything is touched, so that the next VM's `check` sees
 * what is reserved, and again when all plugins have filled their groups. */
static gboolean take_up(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerRecord) stay = NULL;

	stay = hostler_record_new(host, HOSTLER_RECORD_STAY, domain->uuid, domain->uuid, domain->name);
	return hostler_record_store(host, stay, error) && acquire_each(host, domain, stay, error) &&
	       hostler_record_store(host, stay, error);
}

static gboolean allow(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerFindings) findings = hostler_findings_new();

	hostler_lifecycle_check(host, domain, findings);
	log_advice(domain, findings);
	return hostler_findings_allow(findings, error);
}

/* The devices' locks from before the first look until the last act. */
static gboolean prepare_devices(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	gint64 kept = keep_for_roll_back(host);
	g_autoptr(GPtrArray) locks = reach_lock(host, domain, error);
	gboolean ready;

	if (locks == NULL || !allow(host, domain, error))
		return FALSE;
	ready = take_up(host, domain, error);
	/* Not as it was: to put a desktop aside moves it. */
	host->deadline += kept;
	if (!ready)
		roll_back(host, domain->uuid);
	return ready;
}

static gboolean prepare(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerLock) lock = NULL;

	if (!wants_to_acquire(domain))
		return TRUE;
	lock = hostler_lock_wait(host, domain->uuid, error);
	if (lock == NULL || !refuse_running(host, domain, error))
		return FALSE;
	settle_all(host, HOSTLER_SETTLE_IN_PASSING);
	return prepare_devices(host, domain, error);
}

/* What only exists now: functions that libvirt took from a pool after `prepare`.
 * libvirt calls `release` after a refusal, and that takes all back. */
static gboolean start(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerLock) lock = NULL;
	g_autoptr(GPtrArray) locks = NULL;

	if (!wants_to_acquire(domain))
		return TRUE;
	keep_for_roll_back(host);
	lock = hostler_lock_wait(host, domain->uuid, error);
	locks = lock != NULL ? reach_lock(host, domain, error) : NULL;
	return locks != NULL && acquire_each(host, domain, NULL, error);
}

/* What the metadata no longer asks for. A plugin that fails keeps what it had
 * written: a running VM's ports are not closed for a network that could not be read. */
void lifecycle_forget_groups(HostlerRecord *stay, const char *plugin)
{
	g_auto(GStrv) groups = g_key_file_get_groups(stay->body, NULL);
	g_autofree char *prefix = g_strconcat(plugin, "-", NULL);

	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_equal(groups[i], plugin) || g_str_has_prefix(groups[i], prefix))
			g_key_file_remove_group(stay->body, groups[i], NULL);
	}
}

static void fill_group(HostlerHost *host, const HostlerPlugin *plugin, const HostlerDomain *domain,
		       HostlerRecord *stay)
{
	g_autoptr(GError) error = NULL;

	if (!plugin->concerns(domain))
		lifecycle_forget_groups(stay, plugin->name);
	else if (plugin->started != NULL && !plugin->started(host, domain, stay, &error))
		hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(error),
			    &(HostlerSubject){ .vm = domain->name, .uuid = domain->uuid }, "%s: %s", plugin->name,
			    error->message);
}

static void fill_stay(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++)
		fill_group(host, plugins[i], domain, stay);
}

/* A VM that just began has given nobody anything to take back. */
static void settle_concerned(HostlerHost *host, const HostlerDomain *domain, gboolean ran_before)
{
	const HostlerPlugin *const *plugins = hostler_plugins();

	for (guint i = 0; plugins[i] != NULL; i++) {
		if (plugins[i]->settle != NULL && (ran_before || plugins[i]->concerns(domain)))
			plugins[i]->settle(host, HOSTLER_SETTLE_IN_PASSING);
	}
}

static gboolean fill_and_store(HostlerHost *host, const HostlerDomain *domain, HostlerRecord *stay, GError **error)
{
	g_autoptr(GPtrArray) locks = reach_lock_claimed(host, domain->uuid, error);

	if (locks == NULL)
		return FALSE;
	fill_stay(host, domain, stay);
	return hostler_record_store(host, stay, error);
}

/* `started` and `reconnect`: the VM runs, whatever goes wrong here. */
static gboolean enter(HostlerHost *host, const HostlerDomain *domain, GError **error)
{
	g_autoptr(HostlerLock) lock = hostler_lock_wait(host, domain->uuid, error);
	g_autoptr(HostlerRecord) stay = NULL;
	gboolean ran_before;

	if (lock == NULL)
		return FALSE;
	stay = hostler_record_load(host, HOSTLER_RECORD_STAY, domain->uuid);
	ran_before = stay != NULL && stay->phase != HOSTLER_PHASE_PENDING;
	if (stay == NULL)
		stay = hostler_record_new(host, HOSTLER_RECORD_STAY, domain->uuid, domain->uuid, domain->name);
	stay->caller = host->caller;
	if (host->ops->qemu_find(host, domain->name, &stay->qemu))
		hostler_record_enter(host, stay, HOSTLER_PHASE_HELD);
	if (!fill_and_store(host, domain, stay, error))
		return FALSE;
	settle_concerned(host, domain, ran_before);
	return TRUE;
}

static gboolean end_stay(HostlerHost *host, const char *uuid, GError **error)
{
	g_autoptr(HostlerRecord) stay = hostler_record_load(host, HOSTLER_RECORD_STAY, uuid);

	if (stay == NULL)
		return TRUE;
	hostler_record_enter(host, stay, HOSTLER_PHASE_ENDED);
	return hostler_record_store(host, stay, error);
}

static gboolean leave(HostlerHost *host, const char *uuid, GError **error)
{
	g_autoptr(HostlerLock) lock = hostler_lock_wait(host, uuid, error);
	g_autoptr(GPtrArray) locks = NULL;

	if (lock == NULL || !end_stay(host, uuid, error))
		return FALSE;
	locks = reach_lock_claimed(host, uuid, error);
	if (locks == NULL)
		return FALSE;
	each_down(host, uuid, FALSE);
	return TRUE;
}

/* The devices first and their locks let go, so that settling finds them done. */
static gboolean give_back(HostlerHost *host, const char *uuid, GError **error)
{
	g_autoptr(GPtrArray) locks = reach_lock_claimed(host, uuid, error);

	if (locks != NULL)
		each_down(host, uuid, TRUE);
	return locks != NULL;
}

static gboolean release(HostlerHost *host, const char *uuid, const char *reason, GError **error)
{
	g_autoptr(HostlerLock) lock = hostler_lock_wait(host, uuid, error);

	if (lock == NULL || !give_back(host, uuid, error)) {
		/* libvirt calls no other hook for them. */
		host->ops->helper_start(host, HOSTLER_HELPER_SETTLE);
		return FALSE;
	}
	hostler_stay_end(host, uuid, reason);
	settle_all(host, HOSTLER_SETTLE_IN_PASSING);
	return TRUE;
}

/* --- one call of the hook --- */

static gboolean run_up(HostlerHost *host, const HostlerEvent *event, const HostlerDomain *domain, GError **error)
{
	if (event->operation == HOSTLER_OP_PREPARE)
		return prepare(host, domain, error);
	if (event->operation == HOSTLER_OP_START)
		return start(host, domain, error);
	return enter(host, domain, error);
}

static gboolean is_down(const HostlerEvent *event)
{
	return event->operation == HOSTLER_OP_STOPPED || event->operation == HOSTLER_OP_RELEASE;
}

/* The way down needs no more than the UUID. Should libvirt's XML ever be beyond
 * us, the records know the VM by the name in argv. */
static char *find_uuid(HostlerHost *host, const HostlerEvent *event, const HostlerDomain *domain)
{
	g_autoptr(GPtrArray) stays = NULL;

	if (domain != NULL)
		return g_strdup(domain->uuid);
	stays = hostler_records_load(host, HOSTLER_RECORD_STAY);
	for (guint i = 0; i < stays->len; i++) {
		const HostlerRecord *stay = g_ptr_array_index(stays, i);

		if (g_str_equal(stay->name, event->object))
			return g_strdup(stay->uuid);
	}
	return NULL;
}

static gboolean run_down(HostlerHost *host, const HostlerEvent *event, const char *uuid, GError **error)
{
	if (event->operation == HOSTLER_OP_STOPPED)
		return leave(host, uuid, error);
	return release(host, uuid, event->reason, error);
}

static gboolean run(HostlerHost *host, const HostlerEvent *event, const char *xml, gsize length, char **uuid,
		    GError **error)
{
	g_autoptr(HostlerDomain) domain = hostler_domain_from_xml(xml, length, error);

	*uuid = find_uuid(host, event, domain);
	if (is_down(event) && *uuid != NULL) {
		g_clear_error(error);
		return run_down(host, event, *uuid, error);
	}
	return domain != NULL && run_up(host, event, domain, error);
}

void hostler_lifecycle_tell(HostlerHost *host, const HostlerEvent *event, const char *uuid, GError **error)
{
	g_autofree char *shown = hostler_text_shown(event->object);

	/* Before the name comes, which may be any text. */
	hostler_confined_explain(host, error);
	g_prefix_error(error, "VM '%s': ", shown);
	hostler_log(G_LOG_LEVEL_WARNING, hostler_error_code(*error),
		    &(HostlerSubject){ .vm = event->object, .uuid = uuid }, "%s", (*error)->message);
}

gboolean hostler_lifecycle_run(HostlerHost *host, const HostlerEvent *event, const char *xml, gsize length,
			       GError **error)
{
	g_autofree char *uuid = NULL;
	g_autoptr(GError) local = NULL;

	if (!hostler_event_is_known(event) || run(host, event, xml, length, &uuid, &local))
		return TRUE;
	hostler_lifecycle_tell(host, event, uuid, &local);
	if (!hostler_event_may_refuse(event))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}
