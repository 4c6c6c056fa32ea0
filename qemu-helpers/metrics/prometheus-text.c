/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM's figures as Prometheus reads them. Names and labels are those of the
 * exporters for libvirt that people have dashboards for. */
#include "prometheus.h"

#define BLOCK "libvirt_domain_block_stats_"
#define INTERFACE "libvirt_domain_interface_stats_"

typedef struct {
	const char *counter; /* in the log */
	const char *metric;
	const char *help;
} Family;

static const Family families[] = {
	{ "read_bytes", BLOCK "read_bytes_total", "Bytes that the guest has read." },
	{ "read_ops", BLOCK "read_requests_total", "Read requests of the guest." },
	{ "read_seconds", BLOCK "read_time_seconds_total", "Time of all read requests, parallel ones added up." },
	{ "write_bytes", BLOCK "write_bytes_total", "Bytes that the guest has written." },
	{ "write_ops", BLOCK "write_requests_total", "Write requests of the guest." },
	{ "write_seconds", BLOCK "write_time_seconds_total", "Time of all write requests, parallel ones added up." },
	{ "flush_ops", BLOCK "flush_requests_total", "Flush requests of the guest." },
	{ "flush_seconds", BLOCK "flush_time_seconds_total", "Time of all flush requests, parallel ones added up." },
	{ "rx_bytes", INTERFACE "receive_bytes_total", "Bytes that the guest has received." },
	{ "rx_packets", INTERFACE "receive_packets_total", "Packets that the guest has received." },
	{ "rx_errors", INTERFACE "receive_errors_total", "Errors on the way to the guest." },
	{ "rx_drops", INTERFACE "receive_drops_total", "Packets dropped on the way to the guest." },
	{ "tx_bytes", INTERFACE "transmit_bytes_total", "Bytes that the guest has sent." },
	{ "tx_packets", INTERFACE "transmit_packets_total", "Packets that the guest has sent." },
	{ "tx_errors", INTERFACE "transmit_errors_total", "Errors on the way from the guest." },
	{ "tx_drops", INTERFACE "transmit_drops_total", "Packets dropped on the way from the guest." },
};

/* Of latencies, by the counter that adds them up. */
static const Family spreads[] = {
	{ "read_seconds", BLOCK "read_latency_seconds", "How long read requests took, from QEMU's bins." },
	{ "write_seconds", BLOCK "write_latency_seconds", "How long write requests took, from QEMU's bins." },
	{ "flush_seconds", BLOCK "flush_latency_seconds", "How long flush requests took, from QEMU's bins." },
};

/* A label, and the key of the stay that it comes from. */
typedef struct {
	const char *label;
	const char *key;
} Label;

static const Label disk_labels[] = {
	{ "target_device", "target" }, { "disk_type", "type" },	       { "source_file", "source" },
	{ "driver_type", "format" },   { "driver_cache", "cache" },    { "target_bus", "bus" },
	{ "storage_kind", "storage_kind" },
};
static const Label nic_labels[] = {
	{ "target_device", "target" }, { "interface_type", "type" },  { "mac_address", "mac" },
	{ "model_type", "model" },     { "source_bridge", "bridge" }, { "source_network", "network" },
};

/* The format knows three escapes; what is no UTF-8 spoils the whole file. */
static void append_label(GString *text, const char *label, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	g_string_append_printf(text, "%s%s=\"", text->str[text->len - 1] == '{' ? "" : ",", label);
	for (const char *p = valid; *p != '\0'; p++) {
		if (*p == '\n')
			g_string_append(text, "\\n");
		else if (*p == '\\' || *p == '"')
			g_string_append_printf(text, "\\%c", *p);
		else
			g_string_append_c(text, *p);
	}
	g_string_append_c(text, '"');
}

static void append_value(GString *text, double value)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append_printf(text, "} %s\n", g_ascii_formatd(number, sizeof(number), "%.17g", value));
}

static void append_head(GString *text, const char *metric, const char *type, const char *help)
{
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

/* --- counters --- */

/* -1: this kind of device has none. */
static int find_counter(const MeterKind *kind, const char *name)
{
	for (int i = 0; i < METER_COUNTERS; i++) {
		if (g_strcmp0(kind->counters[i].name, name) == 0)
			return i;
	}
	return -1;
}

static void append_meter(GString *text, const Book *book, const Meter *meter, const Family *family)
{
	int counter = find_counter(meter->kind, family->counter);

	if (counter < 0 || !meter_knows(meter, (guint)counter))
		return;
	g_string_append_printf(text, "%s{", family->metric);
	append_label(text, "domain", book->stay->name);
	append_label(text, "target_device", meter->target);
	append_value(text, meter_value(meter->kind, (guint)counter, (double)meter->counts[counter]));
}

typedef void (*AppendMeter)(GString *text, const Book *book, const Meter *meter, const Family *family);

/* A family without a device is left out, its head too. */
static void append_family(GString *text, const Book *book, const Sample *sample, const Family *family,
			  const char *type, AppendMeter append)
{
	gsize before = text->len;
	gsize head;

	append_head(text, family->metric, type, family->help);
	head = text->len;
	for (guint i = 0; i < sample->meters->len; i++)
		append(text, book, g_ptr_array_index(sample->meters, i), family);
	if (text->len == head)
		g_string_truncate(text, before);
}

/* --- histograms --- */

static void begin_part(GString *text, const Book *book, const Meter *meter, const Family *family, const char *part)
{
	g_string_append_printf(text, "%s_%s{", family->metric, part);
	append_label(text, "domain", book->stay->name);
	append_label(text, "target_device", meter->target);
}

/* A bin ends before the next one starts, `le` counts its bound in, and QEMU measures whole
 * nanoseconds: so it is the last of them in the bin. */
static void append_buckets(GString *text, const Book *book, const Meter *meter, const Family *family,
			   const Histogram *histogram)
{
	guint64 below = 0;

	for (guint i = 0; i < histogram->n_bins; i++) {
		char bound[G_ASCII_DTOSTR_BUF_SIZE] = "+Inf";

		below += histogram->counts[i];
		if (i + 1 < histogram->n_bins)
			g_ascii_formatd(bound, sizeof(bound), "%.15g", (double)(histogram->starts[i + 1] - 1) / 1e9);
		begin_part(text, book, meter, family, "bucket");
		append_label(text, "le", bound);
		append_value(text, (double)below);
	}
}

static void append_histogram(GString *text, const Book *book, const Meter *meter, const Family *family)
{
	int counter = find_counter(meter->kind, family->counter);
	const Histogram *histogram = counter >= 0 ? meter->histograms[counter] : NULL;

	if (histogram == NULL || !meter_knows(meter, (guint)counter))
		return;
	append_buckets(text, book, meter, family, histogram);
	begin_part(text, book, meter, family, "sum");
	append_value(text, meter_value(meter->kind, (guint)counter, (double)meter->counts[counter]));
	begin_part(text, book, meter, family, "count");
	append_value(text, (double)histogram_total(histogram));
}

/* --- the processor --- */

static void append_cpu(GString *text, const Book *book, const Sample *sample)
{
	static const char metric[] = "libvirt_domain_info_cpu_time_seconds_total";

	if ((sample->known & SAMPLE_KNOWS_CPU) == 0)
		return;
	append_head(text, metric, "counter", "CPU time that the VM has used.");
	g_string_append_printf(text, "%s{", metric);
	append_label(text, "domain", book->stay->name);
	append_value(text, (double)sample->cpu_nanoseconds / 1e9);
}

/* --- what the devices are --- */

static void append_info(GString *text, const Book *book, const char *group, const char *metric, const Label *labels,
			gsize n_labels)
{
	g_string_append_printf(text, "%s{", metric);
	append_label(text, "domain", book->stay->name);
	append_label(text, "uuid", book->stay->uuid);
	for (gsize i = 0; i < n_labels; i++) {
		g_autofree char *value = g_key_file_get_string(book->stay->body, group, labels[i].key, NULL);

		append_label(text, labels[i].label, value != NULL ? value : "");
	}
	append_value(text, 1);
}

/* One that has no target yet would be like another without one. */
static void append_infos(GString *text, const Book *book, const MeterKind *kind, const char *metric,
			 const Label *labels, gsize n_labels)
{
	g_auto(GStrv) groups = g_key_file_get_groups(book->stay->body, NULL);
	gsize before = text->len;
	gsize head;

	append_head(text, metric, "gauge", "What the device is.");
	head = text->len;
	for (gsize i = 0; groups[i] != NULL; i++) {
		if (g_str_has_prefix(groups[i], kind->stay) &&
		    g_key_file_has_key(book->stay->body, groups[i], "target", NULL))
			append_info(text, book, groups[i], metric, labels, n_labels);
	}
	if (text->len == head)
		g_string_truncate(text, before);
}

char *prometheus_text(const Book *book, const Sample *sample)
{
	GString *text = g_string_new(NULL);

	append_cpu(text, book, sample);
	append_infos(text, book, &meter_disk, BLOCK "info", disk_labels, G_N_ELEMENTS(disk_labels));
	append_infos(text, book, &meter_nic, INTERFACE "info", nic_labels, G_N_ELEMENTS(nic_labels));
	for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
		append_family(text, book, sample, &families[i], "counter", append_meter);
	for (gsize i = 0; i < G_N_ELEMENTS(spreads); i++)
		append_family(text, book, sample, &spreads[i], "histogram", append_histogram);
	return g_string_free(text, FALSE);
}
