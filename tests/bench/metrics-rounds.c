/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a round of figures of all running VMs costs: the CPU of us who ask, of libvirtd
 * and of the QEMUs together. Run by metrics-cost, in its world.
 *
 * usage: metrics-rounds LIBVIRTD-PID ROUNDS */
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hostler/record.h"
#include "qemu-helpers/metrics/kernel.h"
#include "qemu-helpers/metrics/libvirt.h"
#include "qemu-helpers/metrics/nics.h"
#include "qemu-helpers/metrics/source.h"

#define COMPANY 62 /* as asker.c has it at the default interval */
#define REST_MICROSECONDS 5000 /* QEMU may do something after it has answered */

typedef struct {
	HostlerRecord *stay;
	Kernel *kernel;
	Nics *nics;
	virDomainPtr domain;
} Vm;

typedef struct {
	GArray *vms; /* Vm */
	clockid_t libvirtd;
	virConnectPtr connection;
	Links *links;
	Source *source;
	GMainLoop *loop;
	guint next;  /* VM to be asked for */
	guint calls; /* out */
} Bench;

static Vm *vm_at(const Bench *bench, guint i)
{
	return &g_array_index(bench->vms, Vm, i);
}

/* --- the ways --- */

static void ask_kernel(Bench *bench)
{
	links_read(bench->links);
	for (guint i = 0; i < bench->vms->len; i++) {
		const Vm *vm = vm_at(bench, i);
		g_autoptr(Sample) sample = sample_new(vm->stay->uuid, sample_clock());

		kernel_read(vm->kernel, sample);
		nics_read(vm->nics, bench->links, sample);
		if (kernel_qemu_is_stopped(vm->kernel) || sample->meters->len == 0 || sample->cpu_nanoseconds == 0)
			g_error("no figures of %s", vm->stay->name);
	}
}

static void ask_more(Bench *bench)
{
	while (bench->next < bench->vms->len && source_room(bench->source) > 0) {
		g_autoptr(GPtrArray) uuids = g_ptr_array_new();

		for (guint i = 0; i < COMPANY && bench->next < bench->vms->len; i++)
			g_ptr_array_add(uuids, vm_at(bench, bench->next++)->stay->uuid);
		source_ask(bench->source, "qemu:///system", uuids, FALSE, 60000);
		bench->calls++;
	}
	if (bench->calls == 0)
		g_main_loop_quit(bench->loop);
}

static void on_answer(gpointer data, guint question, GPtrArray *samples, const GError *error)
{
	Bench *bench = data;

	if (error != NULL)
		g_error("%s", error->message);
	for (guint i = 0; i < samples->len; i++) {
		if (!sample_has_disks(g_ptr_array_index(samples, i)))
			g_error("no figures of a disk");
	}
	bench->calls--;
	ask_more(bench);
}

G_GNUC_NORETURN static void on_late(gpointer data, guint question)
{
	g_error("libvirt does not answer");
}

static void ask_for_disks(Bench *bench)
{
	bench->next = 0;
	ask_more(bench);
	g_main_loop_run(bench->loop);
}

static void ask_bulk(Bench *bench, unsigned int groups)
{
	virDomainStatsRecordPtr *records = NULL;

	if (virConnectGetAllDomainStats(bench->connection, groups, &records, 0) != (int)bench->vms->len)
		g_error("libvirt does not tell of all VMs");
	virDomainStatsRecordListFree(records);
}

#define SAME_GROUPS \
	(VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_INTERFACE)

static void ask_bulk_same(Bench *bench)
{
	ask_bulk(bench, SAME_GROUPS);
}

static void ask_bulk_with_disks(Bench *bench)
{
	ask_bulk(bench, SAME_GROUPS | VIR_DOMAIN_STATS_BLOCK);
}

static void ask_bulk_disks(Bench *bench)
{
	ask_bulk(bench, VIR_DOMAIN_STATS_BLOCK);
}

/* As collectd's plugin virt does: a call for each device and kind of figure. */
static void ask_each_device(Bench *bench)
{
	for (guint i = 0; i < bench->vms->len; i++) {
		const Vm *vm = vm_at(bench, i);
		g_autofree char *nic = g_key_file_get_string(vm->stay->body, "metrics-nic-0", "target", NULL);
		virDomainMemoryStatStruct memory[VIR_DOMAIN_MEMORY_STAT_NR];
		virDomainInterfaceStatsStruct network;
		virTypedParameter disk[16];
		virDomainInfo info;
		int n = 0;

		virDomainGetInfo(vm->domain, &info);
		virDomainMemoryStats(vm->domain, memory, VIR_DOMAIN_MEMORY_STAT_NR, 0);
		virDomainBlockStatsFlags(vm->domain, "vda", NULL, &n, 0);
		n = MIN(n, (int)G_N_ELEMENTS(disk));
		virDomainBlockStatsFlags(vm->domain, "vda", disk, &n, 0);
		virDomainInterfaceStats(vm->domain, nic, &network, sizeof(network));
	}
}

/* --- the CPU that they cost --- */

enum { OURS, LIBVIRTD, QEMUS, PARTIES };

static const struct {
	const char *name;
	void (*ask)(Bench *bench);
} ways[] = {
	{ "NICs, CPU, memory: ours, from the kernel", ask_kernel },
	{ "the same groups by one bulk call", ask_bulk_same },
	{ "the same and BLOCK by one bulk call", ask_bulk_with_disks },
	{ "disks: ours", ask_for_disks },
	{ "BLOCK alone by one bulk call", ask_bulk_disks },
	{ "a call for each device (collectd's way)", ask_each_device },
};

static double read_clock(clockid_t clock)
{
	struct timespec used = { 0 };

	clock_gettime(clock, &used);
	return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

static void read_clocks(const Bench *bench, double *clocks)
{
	clocks[OURS] = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	clocks[LIBVIRTD] = read_clock(bench->libvirtd);
	clocks[QEMUS] = 0;
	for (guint i = 0; i < bench->vms->len; i++)
		clocks[QEMUS] += (double)kernel_cpu_time(vm_at(bench, i)->kernel) / 1e6;
}

static int compare(gconstpointer a, gconstpointer b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double find_median(GArray *values)
{
	g_array_sort(values, compare);
	return g_array_index(values, double, values->len / 2);
}

static void measure(Bench *bench, gsize way, GArray **costs)
{
	double before[PARTIES], after[PARTIES], total = 0;

	read_clocks(bench, before);
	ways[way].ask(bench);
	g_usleep(REST_MICROSECONDS);
	read_clocks(bench, after);
	for (guint i = 0; i < PARTIES; i++) {
		double cost = after[i] - before[i];

		g_array_append_val(costs[i], cost);
		total += cost;
	}
	g_array_append_val(costs[PARTIES], total);
}

static void run(Bench *bench, int rounds)
{
	GArray *costs[G_N_ELEMENTS(ways)][PARTIES + 1];
	double total[G_N_ELEMENTS(ways)];

	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
		for (guint j = 0; j <= PARTIES; j++)
			costs[i][j] = g_array_new(FALSE, FALSE, sizeof(double));
		ways[i].ask(bench);
	}
	for (int round = 0; round < rounds; round++) {
		for (gsize i = 0; i < G_N_ELEMENTS(ways); i++)
			measure(bench, i, costs[i]);
	}
	printf("%u VMs, medians of %d rounds, ms of CPU\n\n%-46s %8s %8s %8s %8s\n", bench->vms->len, rounds, "", "asker",
	       "libvirtd", "QEMUs", "all");
	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
		total[i] = find_median(costs[i][PARTIES]);
		printf("%-46s %8.3f %8.3f %8.3f %8.3f\n", ways[i].name, find_median(costs[i][OURS]),
		       find_median(costs[i][LIBVIRTD]), find_median(costs[i][QEMUS]), total[i]);
	}
	printf("\nours from the kernel is 1/%.0f of the same groups (asked for: 1/10), 1/%.0f of those and BLOCK (1/50)\n",
	       total[1] / total[0], total[2] / total[0]);
	printf("ours of disks is %.2f of BLOCK alone (asked for: 1), %.2f of collectd's way\n", total[3] / total[4],
	       total[3] / total[5]);
}

static void open_vms(Bench *bench)
{
	g_autoptr(HostlerHost) host = hostler_host_open();
	g_autoptr(GPtrArray) stays = hostler_records_load(host, HOSTLER_RECORD_STAY);

	bench->vms = g_array_new(FALSE, TRUE, sizeof(Vm));
	while (stays->len > 0) {
		Vm vm = { .stay = g_ptr_array_steal_index(stays, 0) };

		vm.kernel = kernel_new("/", &vm.stay->qemu, NULL);
		vm.nics = nics_new(vm.stay, NULL);
		vm.domain = virDomainLookupByUUIDString(bench->connection, vm.stay->uuid);
		g_array_append_val(bench->vms, vm);
	}
}

int main(int argc, char **argv)
{
	static const SourceEvents events = { .answered = on_answer, .late = on_late };
	Bench bench = { 0 };

	if (argc != 3) {
		fprintf(stderr, "usage: metrics-rounds LIBVIRTD-PID ROUNDS\n");
		return 2;
	}
	libvirt_initialize(NULL);
	bench.connection = virConnectOpenReadOnly("qemu:///system");
	if (bench.connection == NULL || clock_getcpuclockid(atoi(argv[1]), &bench.libvirtd) != 0)
		return 1;
	bench.links = links_new(NULL);
	bench.source = source_new(&events, &bench);
	bench.loop = g_main_loop_new(NULL, FALSE);
	open_vms(&bench);
	run(&bench, atoi(argv[2]));
	return 0;
}
