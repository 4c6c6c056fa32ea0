/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks whose cache mode, locks or redundancy do not go with what they stand on. */
#include <string.h>

#include "hostler/storage.h"
#include "hostler/text.h"
#include "plugins/advice/advice.h"

/* One disk in question. */
typedef struct {
	const HostlerDisk *disk;
	GKeyFile *facts;
	HostlerFindings *findings;
	char *name;  /* "vda (/vm/web.qcow2)" */
	char *stack; /* "NFS 4.2 from nas:/vm" */
} Case;

static void case_clear(Case *this)
{
	g_free(this->name);
	g_free(this->stack);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Case, case_clear)

char *advice_name_disk(const HostlerDisk *disk)
{
	g_autofree char *source = hostler_text_shown(disk->source);
	g_autofree char *target = hostler_text_shown(disk->target != NULL ? disk->target : "a disk");

	return g_strdup_printf("%s (%s)", target, source);
}

static void say(const Case *this, HostlerSeverity severity, const char *mend, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static void say(const Case *this, HostlerSeverity severity, const char *mend, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	hostler_findings_add(this->findings, severity, HOSTLER_ERROR_ADVICE_STORAGE, this->disk->target, mend,
			     "%s %s", this->name, text);
}

static char *mend_cache(const Case *this, const char *cache, const char *also)
{
	g_autofree char *target = hostler_text_shown(this->disk->target);

	return g_strdup_printf("virt-xml VM --edit target=%s --disk cache=%s%s", target, cache, also);
}

/* --- cache modes --- */

static gboolean has_cache(const Case *this, const char *cache)
{
	return g_strcmp0(this->disk->cache, cache) == 0;
}

static gboolean is_default(const Case *this)
{
	return this->disk->cache == NULL || has_cache(this, "default");
}

static void look_at_direct(const Case *this)
{
	g_autofree char *direct = hostler_storage_get(this->facts, HOSTLER_STORAGE_DIRECT);
	gboolean native = g_strcmp0(this->disk->io, "native") == 0;
	g_autofree char *mend = mend_cache(this, "writeback", native ? ",io=threads" : "");

	if (direct != NULL && (has_cache(this, "none") || has_cache(this, "directsync")))
		say(this, HOSTLER_SEVERITY_ADVICE, mend,
		    "has cache='%s', and %s refuses O_DIRECT (tried): QEMU will not open it (\"filesystem does not "
		    "support O_DIRECT\")", this->disk->cache, this->stack);
}

/* QEMU's own default is writeback. */
static void look_at_remote(const Case *this)
{
	g_autofree char *mend = mend_cache(this, "none", "");

	if (!hostler_storage_is_remote(this->facts) || (!is_default(this) && !has_cache(this, "writeback")))
		return;
	say(this, is_default(this) ? HOSTLER_SEVERITY_NOTE : HOSTLER_SEVERITY_ADVICE, mend,
	    "has cache='writeback'%s on %s: this host keeps the image in memory a second time, beside the guest's "
	    "own cache, and writes it out to the network in bursts while the guest waits",
	    is_default(this) ? " (the default)" : "", this->stack);
}

static void look_at_unsafe(const Case *this)
{
	g_autofree char *mend = mend_cache(this, "writeback", "");

	if (has_cache(this, "unsafe"))
		say(this, HOSTLER_SEVERITY_ADVICE, mend,
		    "has cache='unsafe': what the guest flushes is not written, and a crash or a power cut of the "
		    "host leaves a broken file system in it");
}

/* --- the server --- */

static gboolean has_option(const Case *this, const char *option)
{
	g_autofree char *all = hostler_storage_get(this->facts, HOSTLER_STORAGE_MOUNT_OPTIONS);
	g_auto(GStrv) options = g_strsplit(all != NULL ? all : "", ",", -1);

	return g_strv_contains((const char *const *)options, option);
}

static gboolean is_nfs(const Case *this)
{
	return g_str_has_prefix(this->stack, "NFS");
}

static void look_at_soft(const Case *this)
{
	if (is_nfs(this) && (has_option(this, "soft") || has_option(this, "softerr")))
		say(this, HOSTLER_SEVERITY_ADVICE,
		    "mount it with hard in the place of soft: see /etc/fstab, then umount and mount",
		    "lies on %s, mounted soft: when the server pauses, the guest gets I/O errors, and not a wait",
		    this->stack);
}

static const char *mend_lock(const Case *this)
{
	if (g_str_has_prefix(this->stack, "SMB"))
		return "umount it and mount it with nobrl: locks then stay on this host, which must be the only one "
		       "that runs the VM";
	if (g_str_has_prefix(this->stack, "NFS 3"))
		return "systemctl start rpc-statd, here and on the server, or mount it with vers=4.2; with nolock "
		       "locks stay on this host, which must then be the only one that runs the VM";
	return "see whether the server grants locks, which NFS does by itself from vers=4 on";
}

static void look_at_lock(const Case *this)
{
	g_autofree char *lock = hostler_storage_get(this->facts, HOSTLER_STORAGE_LOCK);

	if (lock != NULL)
		say(this, HOSTLER_SEVERITY_ADVICE, mend_lock(this),
		    "cannot be locked on %s (tried: %s); libvirt and QEMU lock images, and the VM will not start "
		    "(\"unable to lock\", \"Failed to lock byte 100\")", this->stack, lock);
	else if (!this->disk->read_only &&
		 g_key_file_get_boolean(this->facts, HOSTLER_STORAGE, HOSTLER_STORAGE_LOCK_BINDS, NULL))
		say(this, HOSTLER_SEVERITY_ADVICE, mend_lock(this),
		    "lies on %s, where a lock shuts out even the one who holds it (tried): QEMU meets its own and "
		    "will not start (\"Failed to get \"write\" lock\")", this->stack);
}

/* --- what is below --- */

static char *mend_silence(const Case *this)
{
	g_autofree char *server = hostler_storage_get(this->facts, HOSTLER_STORAGE_SERVER);
	g_autofree char *point = hostler_storage_get(this->facts, HOSTLER_STORAGE_MOUNT_POINT);
	g_autofree char *host = server != NULL ? g_shell_quote(g_strstrip(g_strdelimit(server, "[]", ' '))) : NULL;
	g_autofree char *folder = point != NULL ? g_shell_quote(point) : NULL;

	if (host == NULL || folder == NULL)
		return g_strdup("see in /proc/mounts which server or device that is, and whether it is there");
	return g_strdup_printf("see whether the server is there and serves (ping %s); if it is gone for good, umount "
			       "-f %s ends what waits for it", host, folder);
}

static void look_at_silence(const Case *this)
{
	int seconds = g_key_file_get_integer(this->facts, HOSTLER_STORAGE, HOSTLER_STORAGE_SILENT, NULL);
	gboolean named = hostler_storage_is_remote(this->facts);
	g_autofree char *mend = mend_silence(this);

	if (seconds > 0)
		say(this, HOSTLER_SEVERITY_ADVICE, mend,
		    "cannot be looked at: %s did not answer within %d s, and QEMU would wait as well",
		    named ? this->stack : "what it lies on", seconds);
}

/* The error repeats the path, which begins the sentence. */
static void look_at_error(const Case *this)
{
	g_autofree char *error = hostler_storage_get(this->facts, HOSTLER_STORAGE_UNSEEN);
	g_autofree char *path = hostler_text_shown(this->disk->source);
	g_autofree char *mend = mend_silence(this);
	gboolean named = hostler_storage_is_remote(this->facts);
	const char *why = error;

	if (error == NULL)
		return;
	if (g_str_has_prefix(error, path) && g_str_has_prefix(error + strlen(path), ": "))
		why += strlen(path) + strlen(": ");
	say(this, HOSTLER_SEVERITY_ADVICE, mend, "cannot be looked at: %s%s%s, and QEMU would fail as well",
	    named ? this->stack : "", named ? " says: " : "", why);
}

static void look_at_members(const Case *this)
{
	g_autofree char *degraded = hostler_storage_get(this->facts, HOSTLER_STORAGE_DEGRADED);
	g_autofree char *mend = hostler_storage_get(this->facts, HOSTLER_STORAGE_MEND);

	if (degraded != NULL)
		say(this, HOSTLER_SEVERITY_ADVICE, mend,
		    "lies on %s, and %s: one more that fails may take the image with it", this->stack, degraded);
}

static void look_at_disk(const HostlerDisk *disk, GKeyFile *facts, HostlerFindings *findings)
{
	g_auto(Case) this = {
		.disk = disk,
		.facts = facts,
		.findings = findings,
		.name = advice_name_disk(disk),
		.stack = hostler_storage_get(facts, HOSTLER_STORAGE_STACK),
	};

	if (this.stack == NULL)
		return;
	look_at_silence(&this);
	look_at_error(&this);
	look_at_members(&this);
	look_at_soft(&this);
	look_at_lock(&this);
	look_at_direct(&this);
	/* An ISO is read, and forgotten. */
	if (disk->read_only || g_strcmp0(disk->device, "cdrom") == 0)
		return;
	look_at_remote(&this);
	look_at_unsafe(&this);
}

void advice_storage(HostlerHost *host, const HostlerDomain *domain, HostlerFindings *findings)
{
	g_autoptr(GPtrArray) all = hostler_storage_survey(host, domain, HOSTLER_STORAGE_TRIES);

	for (guint i = 0; i < all->len; i++)
		look_at_disk(g_ptr_array_index(domain->disks, i), g_ptr_array_index(all, i), findings);
	advice_room(domain, all, findings);
}
