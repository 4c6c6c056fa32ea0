/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which programs have a node of the device open: one walk over the links of
 * /proc/<pid>/fd, by their text. To open() through such a link could wait for the
 * very device, and to stat() for a server; so only those that bear the name of a
 * node are looked at, from what the kernel has in its memory of them. */
#include "host/users/open.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"
#include "host/users/process.h"

#define DELETED " (deleted)"
#define STATUS_MAX_BYTES (64 * 1024) /* a line of it lists the groups */

typedef struct {
	char *session; /* NULL: a node of /dev */
	char *dev;     /* its number, or NULL */
	int pid;       /* who was last found to have it open; 0: nobody yet */
} Node;

static void node_free(gpointer data)
{
	Node *node = data;

	g_free(node->session);
	g_free(node->dev);
	g_free(node);
}

GHashTable *nodes_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
}

void node_add(Search *search, const char *name, const char *dev)
{
	Node *node;

	if (g_hash_table_contains(search->nodes, name))
		return;
	node = g_new0(Node, 1);
	node->dev = g_strdup(dev);
	g_hash_table_insert(search->nodes, g_strdup(name), node);
}

void session_add(Search *search, const char *inode, const char *phrase)
{
	Node *node = g_new0(Node, 1);

	node->session = g_strdup(phrase);
	g_hash_table_insert(search->nodes, g_strdup_printf("socket:[%s]", inode), node);
}

gboolean node_is_open(const Search *search, const char *name)
{
	const Node *node = g_hash_table_lookup(search->nodes, name);

	return node != NULL && node->pid != 0;
}

/* --- the walk --- */

/* "dri/card1" of "/dev/dri/card1": containers have a /dev of their own, which
 * may lie anywhere or, seen from outside, nowhere at all. */
static const char *node_name(const char *text)
{
	const char *dev = g_strrstr(text, "/dev/");
	const char *last = strrchr(text, '/');
	const char *before = last != NULL ? g_strrstr_len(text, last - text, "/") : NULL;

	if (dev != NULL)
		return dev + strlen("/dev/");
	if (before == NULL && last != NULL)
		return last + 1;
	return before != NULL ? before + 1 : text;
}

/* The kernel keeps 15 bytes of a program's name. */
static void say_open(Search *search, const char *name, const char *program, int pid)
{
	if (g_str_equal(program, "nvidia-persiste"))
		search_say(search, "nvidia-persistenced (pid %d) has /dev/%s open (end it: systemctl stop "
			   "nvidia-persistenced)", pid, name);
	else
		search_say(search, "%s (pid %d) has /dev/%s open", program, pid, name);
}

/* The daemon's two processes for one session share its socket. */
static void say_session(Search *search, const Node *node, const char *program, int pid)
{
	if (node->pid == 0)
		search_say(search, "%s (%s, pid %d)", node->session, program, pid);
}

/* Anybody may call a program of his so, and have a connection; a daemon that lets people log in keeps a
 * process of root's at each. Of one that cannot be asked its name counts. */
static gboolean is_ssh_daemon(Search *search, const char *program, int pid)
{
	g_autofree char *path = process_path(search->host, pid, "status");
	g_autofree char *status = NULL;

	if (!g_str_equal(program, "sshd") && !g_str_equal(program, "sshd-session"))
		return FALSE;
	status = file_read_line(path, STATUS_MAX_BYTES);
	return status == NULL || strstr(status, "\nUid:\t0\t") != NULL;
}

static void see_holder(Search *search, const char *name, Node *node, int pid)
{
	g_autofree char *program = node->pid != pid ? process_name(search->host, pid) : NULL;

	if (program == NULL)
		return;
	if (node->session == NULL)
		say_open(search, name, program, pid);
	else if (is_ssh_daemon(search, program, pid))
		say_session(search, node, program, pid);
	else
		return;
	node->pid = pid;
}

/* Anybody may name a file of his own like a node, or mount another node there in a namespace of his,
 * and would keep VMs from starting. What cannot be looked at counts by its name. */
static gboolean is_node(const Node *node, const char *path)
{
	g_autofree char *dev = NULL;
	struct statx info;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &info) < 0)
		return TRUE;
	if (!S_ISBLK(info.stx_mode) && !S_ISCHR(info.stx_mode))
		return FALSE;
	dev = g_strdup_printf("%u:%u", info.stx_rdev_major, info.stx_rdev_minor);
	return node->dev == NULL || g_str_equal(node->dev, dev);
}

static void see_file(Search *search, int pid, const char *path)
{
	g_autofree char *text = link_read(path);
	const char *name;
	Node *node;

	if (text == NULL)
		return;
	if (g_str_has_suffix(text, DELETED))
		text[strlen(text) - strlen(DELETED)] = '\0';
	name = node_name(text);
	node = g_hash_table_lookup(search->nodes, name);
	if (node != NULL && (node->session != NULL || is_node(node, path)))
		see_holder(search, name, node, pid);
}

/* One that has ended meanwhile, or that a security module hides from us, cannot
 * be asked; a disk that it has mounted still shows in blocks_try(). */
static void see_process(Search *search, int pid)
{
	g_autofree char *folder = process_path(search->host, pid, "fd");
	g_autoptr(GPtrArray) files = folder_names(folder);

	for (guint i = 0; files != NULL && i < files->len; i++) {
		g_autofree char *path = g_build_filename(folder, g_ptr_array_index(files, i), NULL);

		see_file(search, pid, path);
	}
}

gboolean programs_see(Search *search, GError **error)
{
	g_autoptr(GArray) pids = NULL;

	if (g_hash_table_size(search->nodes) == 0)
		return TRUE;
	pids = processes_list(search->host, error);
	for (guint i = 0; pids != NULL && i < pids->len; i++)
		see_process(search, g_array_index(pids, int, i));
	return pids != NULL;
}
