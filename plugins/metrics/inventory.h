/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/domain.h"

/* What of a VM is counted, as it lies in the stay: one group for each disk, NIC
 * and passthrough device. hostler-metrics copies the keys of a group into its
 * log as they are, so a key is a name in the log. */
#define METRICS_GROUP "metrics"         /* interval, in seconds */
#define METRICS_CGROUP "cgroup"         /* of that group: the VM's own, "/machine.slice/…" */
#define METRICS_ARRIVING "arriving"     /* of it: true when the VM came from another host, and was not here yet */
#define METRICS_NEVER_RAN "never_ran"   /* of it: true when it ended before it was */
#define METRICS_DISKS "metrics-disk-"   /* and its place in the XML, from 0 */
#define METRICS_NICS "metrics-nic-"
#define METRICS_DEVICES "metrics-device-"

/* Of a NIC: the address that libvirt's network keeps for it; and why there is none to
 * measure round trips to. */
#define METRICS_ADDRESS "address"
#define METRICS_RTT_UNMEASURED "rtt_unmeasured"

/* The key that a disk, NIC or device has whose traffic nobody can count, and why. */
#define METRICS_UNMEASURED "unmeasured"

/* Replaces whatever the stay said before. */
void metrics_inventory_fill(GKeyFile *stay, const HostlerDomain *domain, guint interval);

/* For a VM that is not to be counted any more. */
void metrics_inventory_forget(GKeyFile *stay);

/* A VM that is to be sampled: seconds between samples; 0: it is not. */
guint metrics_inventory_interval(GKeyFile *stay);

/* Whether METRICS_ARRIVING or METRICS_NEVER_RAN is said of the VM. */
gboolean metrics_inventory_says(GKeyFile *stay, const char *what);

/* hostler-<name>-<uuid>.prom in the folder of Prometheus' files, as in a log's name. */
#define METRICS_PROMETHEUS_PREFIX "hostler-"
#define METRICS_PROMETHEUS_SUFFIX ".prom"

/* <log_dir>/<name>-<uuid>.jsonl, with the user's text made safe for a path. */
char *metrics_log_name(const char *name, const char *uuid);
