/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hostler/record.h"
#include "sample.h"
#include "tally.h"

/* Where the lines go; FALSE when one is lost. */
typedef gboolean (*BookWrite)(gpointer data, const char *file, const char *line);

typedef struct _Prometheus Prometheus;

/* So many of a VM's last runs are looked back on. */
#define BOOK_EARLIER 3

/* The book of one run of a VM: from one QEMU's start to its end. It decides which
 * lines the log gets. All times are sample_clock(). Read by entries.c, written by
 * book.c and recall.c alone. */
typedef struct {
	HostlerRecord *stay;
	char *file;
	char *run;
	guint interval;
	guint longest_interval; /* since the last sample: `hostler apply` may change it */
	double began; /* when QEMU started: its counters were zero then */
	Prometheus *prometheus; /* borrowed; NULL: nobody asked for it */
	BookWrite write;
	gpointer data;

	gboolean recalled; /* an earlier hostler-metrics has sampled; its peaks are not read yet */
	gboolean begun;    /* the log has `start` */
	gboolean reported; /* the log has `report` */
	guint64 samples;
	double seen_at;     /* the last sample in the log; 0: none */
	double complete_at; /* the last one with its disks */
	double arriving_at; /* when it was last heard that it has not arrived from another host yet; 0: it has */
	char *without;      /* why those since then have none; NULL: nobody knows, or they have */
	double stalled_at; /* 0: it answers */
	guint stalls;
	double stalled_seconds;
	guint gaps;
	double gap_seconds;
	char *missing; /* why the samples since seen_at did not come; NULL: nobody knows */
	double cpu_seconds;
	gboolean host_known; /* the kernel says what was read from the host's disks for this VM */
	guint64 host_read_bytes;
	GPtrArray *tallies; /* Tally, in the order met */
	GPtrArray *earlier; /* JsonNode: the reports of this VM's last runs, oldest first */
} Book;

/* Takes the stay, which must have a QEMU. */
Book *book_new(HostlerRecord *stay, BookWrite write, gpointer data);
void book_free(Book *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Book, book_free)

/* Whether the stay is of the same QEMU. */
gboolean book_is_of(const Book *book, const HostlerRecord *stay);
/* Takes the stay: it was written again, for the same QEMU. */
void book_update(Book *book, HostlerRecord *stay);

/* NULL: not met yet. */
Tally *book_find_tally(const Book *book, const Meter *meter);

/* Takes the sample, for the tallies alone: no line is written. `when` it was taken,
 * in microseconds since the epoch. */
void book_count(Book *book, Sample *sample, gint64 when);

/* The log has this sample. */
void book_see(Book *book, const Sample *sample);

/* Somebody who knows says whether the VM is still on its way from another host to this one, or runs here. */
void book_hear(Book *book, double at, gboolean arriving);
/* Whether that was so a moment ago at most. */
gboolean book_is_arriving(const Book *book, double at);

/* Writes `start`, unless the log has it. */
void book_begin(Book *book);
/* Takes the sample; writes `resume` or `gap` first when something was missing. */
void book_sample(Book *book, Sample *sample);
/* No sample came, for this reason. Nothing is written yet. */
void book_miss(Book *book, const char *reason);
/* Writes `stall`, once. */
void book_stall(Book *book, double at, const char *reason);
/* Writes `report`. FALSE when it could not be written; TRUE also when the log has
 * one. `reason` as libvirt gives it; `at`: when the VM was gone. */
gboolean book_report(Book *book, double at, const char *reason);
