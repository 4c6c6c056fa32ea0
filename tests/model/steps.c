/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "steps.h"

#include <string.h>

#include "realhost.h"

#define FIRST_PORT 5000
#define N_PORTS 24 /* few, so that they are wanted twice */
#define MAX_DOORS 40

static guint pick(Steps *steps, guint n)
{
	return g_rand_int(steps->rand) % n;
}

static ModelVm *pick_vm(Steps *steps)
{
	return &steps->model.vms[pick(steps, MODEL_N_VMS)];
}

/* --- what libvirt says --- */

/* A reservation for IPv6 goes by the DUID that a guest makes of its MAC. */
static char *reservations(const Model *model, gboolean is_v6)
{
	GString *hosts = g_string_new(NULL);

	for (guint i = 0; i < MODEL_N_RESERVED; i++) {
		const ModelVm *vm = &model->vms[i];

		g_string_append_printf(hosts, "<host %s%s' ip='%s'/>", is_v6 ? "id='00:03:00:01:" : "mac='", vm->mac,
				       vm->guest[is_v6]);
	}
	return g_string_free(hosts, FALSE);
}

static void write_network(Steps *steps)
{
	g_autofree char *v4 = reservations(&steps->model, FALSE);
	g_autofree char *v6 = reservations(&steps->model, TRUE);
	g_autofree char *xml = NULL;

	xml = g_strdup_printf("<networkstatus><network><name>default</name>"
			      "<uuid>00000000-0000-0000-0000-000000000022</uuid><forward mode='nat'>"
			      "<nat ipv6='yes'/></forward><bridge name='" STEPS_BRIDGE "'/>"
			      "<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp>"
			      "<range start='192.168.122.2' end='192.168.122.254'/>%s</dhcp></ip>"
			      "<ip family='ipv6' address='fd00:122::1' prefix='64'><dhcp>"
			      "<range start='fd00:122::2' end='fd00:122::ff'/>%s</dhcp></ip></network></networkstatus>",
			      v4, v6);
	realhost_set_network("default", xml);
}

#define LEASE_FILE "/var/lib/libvirt/dnsmasq/" STEPS_BRIDGE ".status"

/* Whether they run on makes no difference: the last one counts until somebody says otherwise. */
static void write_leases(Steps *steps)
{
	g_autoptr(GString) text = g_string_new("[");

	for (guint i = MODEL_N_RESERVED; i < MODEL_N_VMS; i++) {
		const ModelVm *vm = &steps->model.vms[i];
		gint64 seconds = g_get_real_time() / G_USEC_PER_SEC + (pick(steps, 2) == 0 ? 3600 : -3600);

		for (guint family = 0; family < 2; family++)
			g_string_append_printf(text,
					       "%s\n{\"ip-address\": \"%s\", \"mac-address\": \"%s\", "
					       "\"hostname\": \"vm0\", \"expiry-time\": %" G_GINT64_FORMAT "}",
					       text->len > 1 ? "," : "", vm->guest[family], vm->mac, seconds);
	}
	g_string_append(text, "\n]\n");
	realhost_write(LEASE_FILE, text->str);
}

static char *vm_xml(const ModelVm *vm)
{
	g_autoptr(GString) forwards = g_string_new(NULL);

	for (guint i = 0; i < vm->n_wants; i++) {
		const ModelWant *want = &vm->wants[i];

		g_string_append_printf(forwards, "<h:portForward proto='%s'", want->proto);
		if (want->address != NULL)
			g_string_append_printf(forwards, " address='%s'", want->address);
		g_string_append_printf(forwards, "><h:range start='%u' end='%u' to='%u'/></h:portForward>",
				       want->start, want->start + want->n - 1, want->to);
	}
	return g_strdup_printf("<domain><name>%s</name><uuid>%s</uuid><metadata><h:vm xmlns:h='urn:hostler:1'>%s"
			       "</h:vm></metadata><devices><interface type='network'><mac address='%s'/>"
			       "<source network='default' bridge='" STEPS_BRIDGE "'/></interface></devices></domain>",
			       vm->name, vm->uuid, forwards->str, vm->mac);
}

static gboolean call(Steps *steps, const ModelVm *vm, HostlerOperation operation, GError **error)
{
	g_autofree char *xml = vm_xml(vm);

	return realhost_call(steps->host, vm->name, operation, xml, error);
}

#define RULES(family)                                                                    \
	"add table " family " filter\n"                                                  \
	"add chain " family " filter FORWARD { type filter hook forward priority 0; }\n" \
	"add chain " family " filter LIBVIRT_FWI\n"                                      \
	"flush chain " family " filter LIBVIRT_FWI\n"                                    \
	"add rule " family " filter LIBVIRT_FWI oifname " STEPS_BRIDGE " reject\n"       \
	"insert rule " family " filter FORWARD jump LIBVIRT_FWI\n"

/* The rules that libvirt lays anew, in front of whatever is there. */
static void lay_rules(Steps *steps)
{
	steps->touched = TRUE;
	realhost_nft_commands(RULES("ip") RULES("ip6"));
}

/* --- a VM's life --- */

/* Ranges of one VM do not overlap: each has a part of the ports of its own. */
static void choose_wants(Steps *steps, ModelVm *vm)
{
	static const char *const protos[] = { "tcp", "udp" };
	static const char *const addresses[] = { NULL, NULL, "192.0.2.1", "192.0.2.7", "2001:db8::7" };
	guint part = N_PORTS / MODEL_MAX_WANTS;

	vm->n_wants = 1 + pick(steps, MODEL_MAX_WANTS);
	for (guint i = 0; i < vm->n_wants; i++) {
		guint n = 1 + pick(steps, 4);

		vm->wants[i] = (ModelWant){ .proto = protos[pick(steps, 2)],
					    .address = addresses[pick(steps, G_N_ELEMENTS(addresses))],
					    .start = FIRST_PORT + i * part + pick(steps, part - n + 1),
					    .n = n,
					    .to = 20 + pick(steps, 100) };
	}
}

/* As libvirt does it after a refusal. */
static void call_down(Steps *steps, const ModelVm *vm)
{
	call(steps, vm, HOSTLER_OP_STOPPED, NULL);
	call(steps, vm, HOSTLER_OP_RELEASE, NULL);
}

static gboolean step_prepare(Steps *steps)
{
	ModelVm *vm = pick_vm(steps);
	g_autoptr(GError) error = NULL;
	const ModelVm *owner;

	if (vm->state != MODEL_OFF)
		return TRUE;
	choose_wants(steps, vm);
	owner = model_owner(&steps->model, vm);
	g_string_append_printf(steps->story, "%s is prepared", vm->name);
	if (call(steps, vm, HOSTLER_OP_PREPARE, &error)) {
		vm->state = MODEL_PREPARED;
		if (owner == NULL)
			return TRUE;
		g_string_append_printf(steps->story, " with a port of %s", owner->name);
		return FALSE;
	}
	g_string_append_printf(steps->story, ", refused: %s", error->message);
	call_down(steps, vm);
	return owner != NULL && strstr(error->message, "vm") != NULL;
}

static void begin(Steps *steps, ModelVm *vm)
{
	realhost_qemu_begin(vm->name);
	call(steps, vm, HOSTLER_OP_STARTED, NULL);
	vm->state = MODEL_RUNNING;
	g_string_append_printf(steps->story, "; %s starts", vm->name);
}

static gboolean step_start(Steps *steps)
{
	for (guint i = 0; i < MODEL_N_VMS; i++) {
		if (steps->model.vms[i].state == MODEL_PREPARED)
			begin(steps, &steps->model.vms[i]);
	}
	return TRUE;
}

static gboolean step_stop(Steps *steps)
{
	ModelVm *vm = pick_vm(steps);

	if (vm->state == MODEL_OFF)
		return TRUE;
	realhost_qemu_end(vm->name);
	call_down(steps, vm);
	vm->state = MODEL_OFF;
	g_string_append_printf(steps->story, "%s stops", vm->name);
	return TRUE;
}

/* Nobody tells hostler. */
static gboolean step_qemu_dies(Steps *steps)
{
	ModelVm *vm = pick_vm(steps);

	if (vm->state != MODEL_RUNNING)
		return TRUE;
	realhost_qemu_end(vm->name);
	realhost_settle(steps->host);
	vm->state = MODEL_OFF;
	g_string_append_printf(steps->story, "the QEMU of %s dies", vm->name);
	return TRUE;
}

/* libvirtd goes on with what it does next: a VM that runs is reconnected, one that
 * ends is released. */
static gboolean step_hook_killed(Steps *steps)
{
	ModelVm *vm = pick_vm(steps);
	HostlerOperation operation = vm->state == MODEL_PREPARED ? HOSTLER_OP_STARTED : HOSTLER_OP_STOPPED;
	guint door = 1 + pick(steps, MAX_DOORS);
	g_autofree char *xml = NULL;

	if (vm->state == MODEL_OFF)
		return TRUE;
	xml = vm_xml(vm);
	if (operation == HOSTLER_OP_STARTED)
		realhost_qemu_begin(vm->name);
	else
		realhost_qemu_end(vm->name);
	g_string_append_printf(steps->story, "the hook of %s is killed at door %u of '%s'%s", vm->name, door,
			       operation == HOSTLER_OP_STARTED ? "started" : "stopped",
			       realhost_call_killed(steps->host, vm->name, operation, xml, door) ? "" : ", or not");
	call(steps, vm, operation == HOSTLER_OP_STARTED ? HOSTLER_OP_RECONNECT : HOSTLER_OP_RELEASE, NULL);
	vm->state = operation == HOSTLER_OP_STARTED ? MODEL_RUNNING : MODEL_OFF;
	return TRUE;
}

/* --- libvirt and others --- */

static gboolean step_restart(Steps *steps)
{
	realhost_libvirtd_restart(steps->host);
	lay_rules(steps);
	for (guint i = 0; i < MODEL_N_VMS; i++) {
		ModelVm *vm = &steps->model.vms[i];

		if (vm->state == MODEL_PREPARED)
			vm->state = MODEL_OFF; /* whom libvirtd owed a release is forgotten with it */
		else if (vm->state == MODEL_RUNNING)
			call(steps, vm, HOSTLER_OP_RECONNECT, NULL);
	}
	realhost_settle(steps->host);
	g_string_append(steps->story, "libvirtd restarts");
	return TRUE;
}

static ModelVm *move_guest(Steps *steps)
{
	ModelVm *vm = pick_vm(steps);

	model_move_guest(&steps->model, vm, pick(steps, 5));
	g_string_append_printf(steps->story, "%s has %s now, and %s", vm->name, vm->guest[0], vm->guest[1]);
	return vm;
}

static gboolean step_address(Steps *steps)
{
	ModelVm *vm = move_guest(steps);

	write_network(steps);
	write_leases(steps);
	if (!vm->is_leased && vm->state == MODEL_RUNNING)
		call(steps, vm, HOSTLER_OP_RECONNECT, NULL);
	realhost_settle(steps->host);
	return TRUE;
}

/* Seen half written, or not at all: what is open stays open. */
static gboolean step_leases_torn(Steps *steps)
{
	static const char *const torn[] = { "", "[", "[\n{\"ip-address\": \"192.168.122.1", "null", "[]", "\xff\xfe" };
	const char *text = torn[pick(steps, G_N_ELEMENTS(torn))];

	realhost_write(LEASE_FILE, text);
	realhost_settle(steps->host);
	g_string_append_printf(steps->story, "the leases are %" G_GSIZE_FORMAT " bytes of nonsense", strlen(text));
	return TRUE;
}

/* Each may fail: then there was nothing to hurt. */
static gboolean step_hurt(Steps *steps)
{
	static const char *const commands[] = {
		"flush ruleset\n",
		"flush ruleset\n",
		"delete table ip hostler\n",
		"delete table ip6 hostler\n",
		"flush map ip hostler ports\n",
		"flush chain ip hostler prerouting\n",
		"flush chain ip hostler postrouting\n",
		"flush chain ip filter FORWARD\n",
		"insert rule ip filter FORWARD reject\n",
		"insert rule ip6 filter FORWARD drop\n",
		"delete chain ip filter FORWARD\n",
	};
	const char *command = commands[pick(steps, G_N_ELEMENTS(commands))];

	g_string_append_printf(steps->story, "somebody says: %s", command);
	steps->touched = TRUE;
	realhost_nft_commands(command);
	realhost_settle(steps->host);
	return TRUE;
}

static gboolean step_commits_fail(Steps *steps)
{
	ModelVm *vm = pick_vm(steps);
	gboolean is_stale = pick(steps, 2) == 0;

	if (vm->state != MODEL_PREPARED && vm->state != MODEL_RUNNING)
		return TRUE;
	realhost_fail_commits(1 + pick(steps, 3), is_stale);
	if (vm->state == MODEL_PREPARED)
		begin(steps, vm);
	else
		step_stop(steps);
	realhost_fail_commits(0, FALSE);
	if (!is_stale)
		realhost_settle(steps->host);
	g_string_append_printf(steps->story, ", and commits fail%s", is_stale ? " as stale" : "");
	return TRUE;
}

static const struct {
	gboolean (*take)(Steps *steps);
	guint weight;
} kinds[] = {
	{ step_prepare, 8 }, { step_start, 5 },   { step_stop, 3 },        { step_qemu_dies, 2 },   { step_hook_killed, 3 },
	{ step_leases_torn, 1 }, { step_restart, 1 }, { step_hurt, 4 },    { step_address, 3 }, { step_commits_fail, 2 },
};

/* --- */

void steps_begin(Steps *steps, HostlerHost *host, guint32 seed)
{
	realhost_add_address("192.0.2.1/32");
	realhost_add_address("192.0.2.7/32");
	realhost_add_address("2001:db8::7/128");
	*steps = (Steps){ .host = host, .rand = g_rand_new_with_seed(seed), .story = g_string_new(NULL) };
	model_init(&steps->model);
	write_network(steps);
	write_leases(steps);
	realhost_nft_commands("flush ruleset\n");
	lay_rules(steps);
}

static guint pick_kind(Steps *steps)
{
	guint all = 0, chosen, i;

	for (i = 0; i < G_N_ELEMENTS(kinds); i++)
		all += kinds[i].weight;
	chosen = pick(steps, all);
	for (i = 0; chosen >= kinds[i].weight; i++)
		chosen -= kinds[i].weight;
	return i;
}

/* Hooks do not know where a guest without a reservation is; hostler-watch does. */
static gboolean has_leased(const Model *model)
{
	for (guint i = MODEL_N_RESERVED; i < MODEL_N_VMS; i++) {
		if (model->vms[i].state == MODEL_RUNNING)
			return TRUE;
	}
	return FALSE;
}

/* Some have nobody to happen to. */
gboolean steps_take(Steps *steps)
{
	gboolean agreed = TRUE;

	g_string_truncate(steps->story, 0);
	steps->touched = FALSE;
	write_leases(steps);
	while (steps->story->len == 0)
		agreed = kinds[pick_kind(steps)].take(steps);
	if (has_leased(&steps->model))
		realhost_settle(steps->host);
	return agreed;
}

void steps_end(Steps *steps)
{
	for (guint i = 0; i < MODEL_N_VMS; i++) {
		ModelVm *vm = &steps->model.vms[i];

		realhost_qemu_end(vm->name);
		if (vm->state != MODEL_OFF)
			call_down(steps, vm);
		vm->state = MODEL_OFF;
	}
	realhost_settle(steps->host);
	g_rand_free(steps->rand);
	g_string_free(steps->story, TRUE);
}
