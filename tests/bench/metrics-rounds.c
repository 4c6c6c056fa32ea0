/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a round of figures of all running VMs costs: the CPU of us who ask, of libvirtd
 * and of the QEMUs together, for the question alone: what all of them use anyway is
 * taken out by a window of the same length right behind, in which nobody asks. Run by
 * metrics-cost, in its world.
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

#define COMPANY 62 /* as questions.c has it at the default interval, */
#define COMPANY_OF_A_SECOND 10 /* and at one of a second */
#define READ_OPS 1 /* counters of meter_disk */
#define WRITE_OPS 4
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
	guint company; /* VMs in a call */
	guint most;    /* calls at once */
	guint next;    /* VM to be asked for */
	guint calls;   /* out */
	guint64 requests; /* that all disks have had, as the last round told */
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
	while (bench->next < bench->vms->len && bench->calls < bench->most) {
		g_autoptr(GPtrArray) uuids = g_ptr_array_new();

		for (guint i = 0; i < bench->company && bench->next < bench->vms->len; i++)
			g_ptr_array_add(uuids, vm_at(bench, bench->next++)->stay->uuid);
		source_ask(bench->source, "qemu:///system", uuids, FALSE, 60000);
		bench->calls++;
	}
	if (bench->calls == 0)
		g_main_loop_quit(bench->loop);
}

static guint64 count_requests(const Sample *sample)
{
	guint64 requests = 0;

	if (!sample_has_disks(sample))
		g_error("no figures of a disk");
	for (guint i = 0; i < sample->meters->len; i++) {
		const Meter *meter = g_ptr_array_index(sample->meters, i);

		requests += meter->counts[READ_OPS] + meter->counts[WRITE_OPS];
	}
	return requests;
}

static void on_answer(gpointer data, guint question, GPtrArray *samples, const GError *error)
{
	Bench *bench = data;

	if (error != NULL)
		g_error("%s", error->message);
	for (guint i = 0; i < samples->len; i++)
		bench->requests += count_requests(g_ptr_array_index(samples, i));
	bench->calls--;
	ask_more(bench);
}

G_GNUC_NORETURN static void on_late(gpointer data, guint question)
{
	g_error("libvirt does not answer");
}

static void ask_for_disks(Bench *bench, guint company, guint most)
{
	bench->company = company;
	bench->most = most;
	bench->requests = 0;
	bench->next = 0;
	ask_more(bench);
	g_main_loop_run(bench->loop);
}

static void ask_for_disks_at_once(Bench *bench)
{
	ask_for_disks(bench, COMPANY, 1);
}

static void ask_for_disks_of_a_second(Bench *bench)
{
	ask_for_disks(bench, COMPANY_OF_A_SECOND, 1);
}

/* What questions.c does only while libvirt is slow. */
static void ask_for_disks_side_by_side(Bench *bench)
{
	ask_for_disks(bench, COMPANY_OF_A_SECOND, SOURCE_MOST_OUT);
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
enum { KERNEL, SAME, SAME_AND_DISKS, DISKS, DISKS_OF_A_SECOND, SIDE_BY_SIDE, BLOCK_ALONE, EACH_DEVICE, WAYS };

static const struct {
	const char *name;
	void (*ask)(Bench *bench);
} ways[WAYS] = {
	[KERNEL] = { "NICs, CPU, memory: ours, from the kernel", ask_kernel },
	[SAME] = { "the same groups by one bulk call", ask_bulk_same },
	[SAME_AND_DISKS] = { "the same and BLOCK by one bulk call", ask_bulk_with_disks },
	[DISKS] = { "disks: ours at 10 s", ask_for_disks_at_once },
	[DISKS_OF_A_SECOND] = { "disks: ours at 1 s, ten VMs after ten", ask_for_disks_of_a_second },
	[SIDE_BY_SIDE] = { "disks: ten VMs beside ten", ask_for_disks_side_by_side },
	[BLOCK_ALONE] = { "BLOCK alone by one bulk call", ask_bulk_disks },
	[EACH_DEVICE] = { "a call for each device (collectd's way)", ask_each_device },
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

/* Of sorted values. */
static double find_part(const GArray *values, double part)
{
	return g_array_index(values, double, (guint)((double)(values->len - 1) * part + 0.5));
}

/* What was used while nobody asked is no part of the cost. */
static void measure(Bench *bench, gsize way, GArray **costs)
{
	double before[PARTIES], after[PARTIES], idle[PARTIES], total = 0;
	gint64 began = g_get_monotonic_time();

	read_clocks(bench, before);
	ways[way].ask(bench);
	g_usleep(REST_MICROSECONDS);
	read_clocks(bench, after);
	g_usleep((gulong)(g_get_monotonic_time() - began));
	read_clocks(bench, idle);
	for (guint i = 0; i < PARTIES; i++) {
		double cost = after[i] - before[i] - (idle[i] - after[i]);

		g_array_append_val(costs[i], cost);
		total += cost;
	}
	g_array_append_val(costs[PARTIES], total);
}

/* --- telling --- */

static void print_way(gsize way, GArray **costs)
{
	printf("%-42s", ways[way].name);
	for (guint i = 0; i <= PARTIES; i++) {
		g_array_sort(costs[i], compare);
		printf(" %8.2f", find_part(costs[i], 0.5));
	}
	printf("   (%.2f to %.2f)\n", find_part(costs[PARTIES], 0.25), find_part(costs[PARTIES], 0.75));
}

/* Each of one way's rounds to the same one of the other's, and all to all. */
static void print_ratio(const char *what, const GArray *one, const GArray *other)
{
	g_autoptr(GArray) ratios = g_array_new(FALSE, FALSE, sizeof(double));
	double sums[2] = { 0 };

	for (guint i = 0; i < one->len; i++) {
		double ratio = g_array_index(one, double, i) / g_array_index(other, double, i);

		g_array_append_val(ratios, ratio);
		sums[0] += g_array_index(one, double, i);
		sums[1] += g_array_index(other, double, i);
	}
	g_array_sort(ratios, compare);
	printf("%s: %.4f (%.4f to %.4f), all rounds together %.4f\n", what, find_part(ratios, 0.5),
	       find_part(ratios, 0.25), find_part(ratios, 0.75), sums[0] / sums[1]);
}

static void print_all(GArray *costs[WAYS][PARTIES + 1])
{
	printf("\nratios of the rounds, medians and quartiles\n");
	print_ratio("ours from the kernel to the same groups (asked for: 0.1)", costs[KERNEL][PARTIES],
		    costs[SAME][PARTIES]);
	print_ratio("                     to those and BLOCK (0.02)", costs[KERNEL][PARTIES],
		    costs[SAME_AND_DISKS][PARTIES]);
	print_ratio("ours of disks at 10 s to BLOCK alone (1)", costs[DISKS][PARTIES], costs[BLOCK_ALONE][PARTIES]);
	print_ratio("              at 1 s", costs[DISKS_OF_A_SECOND][PARTIES], costs[BLOCK_ALONE][PARTIES]);
	print_ratio("              ten beside ten", costs[SIDE_BY_SIDE][PARTIES], costs[BLOCK_ALONE][PARTIES]);
	print_ratio("              at 10 s to collectd's way", costs[DISKS][PARTIES], costs[EACH_DEVICE][PARTIES]);
	printf("\nms of CPU, medians%*s %8s %8s %8s %8s   (quartiles)\n", 24, "", "asker", "libvirtd", "QEMUs",
	       "all");
	for (gsize i = 0; i < WAYS; i++)
		print_way(i, costs[i]);
}

static void run(Bench *bench, int rounds)
{
	GArray *costs[WAYS][PARTIES + 1];
	guint64 requests;
	gint64 began;

	for (gsize i = 0; i < WAYS; i++) {
		for (guint j = 0; j <= PARTIES; j++)
			costs[i][j] = g_array_new(FALSE, FALSE, sizeof(double));
		ways[i].ask(bench);
	}
	requests = bench->requests;
	began = g_get_monotonic_time();
	for (int round = 0; round < rounds; round++) {
		for (gsize i = 0; i < WAYS; i++)
			measure(bench, i, costs[i]);
	}
	printf("%u VMs, %d rounds; meanwhile their disks had %.0f requests a second\n", bench->vms->len, rounds,
	       (double)(bench->requests - requests) / ((double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC));
	print_all(costs);
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
