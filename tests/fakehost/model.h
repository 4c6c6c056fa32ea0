/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fakehost.h"

/* The machine that is played. */

#define FAKE_CONFIG_BYTES 4096
/* Offsets of capabilities. */
#define FAKE_MSI 0x50
#define FAKE_PM 0x70
#define FAKE_EXPRESS 0x80
#define FAKE_ALLOCATION 0xe0
#define FAKE_REBAR 0x100

typedef struct {
	char *bdf;
	gboolean present;
	GHashTable *facts; /* attributes and links by name, and the model's own keys */
	GHashTable *found; /* as the description has them */
	guint8 config[FAKE_CONFIG_BYTES];
} FakeDevice;

typedef struct {
	char *name;
	char *module; /* that it is in; NULL: built in */
	gboolean present;
	gboolean loadable;
	gboolean needs_device; /* to be loaded */
	char *holders;         /* modules that use it, parted by `;` */
} FakeDriver;

typedef struct {
	HostlerProcess process;
	char *vm;   /* of a QEMU; NULL for others */
	GStrv bdfs; /* of a QEMU: what it has open */
} FakeProcess;

typedef enum {
	FAKE_EFFECT_NONE,
	FAKE_EFFECT_ERROR,
	FAKE_EFFECT_HANG,
	FAKE_EFFECT_NOTHING,
	FAKE_EFFECT_VANISH,
	FAKE_EFFECT_CALLER_DIES,
	FAKE_EFFECT_VM_STARTS,
	FAKE_EFFECT_RUN_DIES,
	FAKE_EFFECT_SLOW,
} FakeEffect;

typedef struct {
	char *door;
	char *subject;   /* BDF, module or NULL */
	char *attribute; /* or NULL */
	guint countdown; /* 1: the next such call */
	gboolean always;
	FakeEffect effect;
	int errnum;
} FakeFault;

/* A child that the kernel keeps, and what it was asked to do. */
typedef struct {
	char *job;       /* BDF of the job: its lock */
	GStrv others;    /* of further devices: theirs */
	char *bdf;       /* of the device that it hangs in */
	char *attribute; /* "drivers_probe" for a probe; NULL: a read */
	char *value;
} FakeFlight;

typedef struct {
	HostlerHost host; /* first, so that the one is the other */
	char *folder;     /* everything on disk */
	GPtrArray *devices;   /* FakeDevice, by BDF */
	GPtrArray *drivers;   /* FakeDriver */
	GPtrArray *processes; /* FakeProcess */
	GPtrArray *networks;  /* char *, XML */
	GHashTable *reasons;    /* why libvirt shut a VM off, by its name: char * */
	GKeyFile *images;       /* a group each, by path: facts of storage.h */
	GKeyFile *texts;        /* [kernel], whose log is `log`, and [interface NAME] */
	GHashTable *leases;     /* by bridge: char *, the file */
	GStrv listeners;        /* as the description has them; or NULL */
	GHashTable *neighbours; /* by bridge: char *, as the description has them */
	GHashTable *notes;    /* libvirt's, by UUID: char *, XML */
	GHashTable *arriving; /* the names of VMs that come from another host */
	GPtrArray *faults;    /* FakeFault */
	GPtrArray *flights;   /* FakeFlight */
	GString *transcript;
	gint64 now;   /* microseconds */
	guint n_runs;
	guint n_doors;
	guint fault_at; /* 0: none */
	FakeEffect effect_at;
	int errnum_at;
	guint32 generation;   /* of nf_tables */
	GHashTable *nft;      /* what of it is remembered; nft.c */
	GHashTable *display; /* facts */
	GHashTable *off;     /* units, consoles, framebuffers and modules by name */
	gint64 stopped_at;   /* the display manager; -1: it runs */
	int next_pid;
	int metrics_lock; /* hostler-metrics runs; -1: it does not */
	int watch_lock;
	const char *job;  /* BDF of the job that runs */
	const char *const *others;
	gboolean job_hangs;
	gboolean killed;      /* this run was: its doors are shut */
	gboolean settle_asked;
} FakeHost;

void fake_model_init(FakeHost *fake);
void fake_model_clear(FakeHost *fake);
/* description.c */
gboolean fake_model_load(FakeHost *fake, const char *description, GError **error);

/* A device has its facts set first, and is finished by the defaults. */
FakeDevice *fake_device_new(const char *bdf);
void fake_device_finish(FakeDevice *device);
/* There, and as it was described. */
void fake_device_plug(FakeDevice *device);
/* Its configuration space as it is after a reset that works. */
void fake_device_fresh(FakeDevice *device);
void fake_device_free(FakeDevice *device);
FakeDevice *fake_device_find(FakeHost *fake, const char *bdf); /* NULL: no such device now */
const char *fake_device_get(const FakeDevice *device, const char *fact);
void fake_device_set(FakeDevice *device, const char *fact, const char *value);
/* `methods` parted by blanks. */
gboolean fake_list_has(const char *methods, const char *method);

FakeDriver *fake_driver_find(FakeHost *fake, const char *name);
FakeDriver *fake_driver_add(FakeHost *fake, const char *name); /* or the one that is there */
FakeDriver *fake_driver_of(FakeHost *fake, const char *module);
/* Hands devices to VMs: vfio-pci, and variants, which are named so. */
gboolean fake_driver_is_vfio(const char *name);
FakeProcess *fake_process_add(FakeHost *fake, int pid, guint64 start);

/* faults.c: what is to go wrong. */
FakeFault *fake_fault_parse(const char *text, GError **error);
void fake_fault_free(FakeFault *fault);
FakeEffect fake_effect_parse(const char *text, int *errnum);
/* Counts the door, and says what happens at it. */
FakeEffect fake_fault_meet(FakeHost *fake, const char *door, const char *subject, const char *attribute, int *errnum);

/* kernel.c: what a write does. 0, an errno, or FAKE_HANGS. */
#define FAKE_HANGS (-1)
int fake_kernel_write(FakeHost *fake, FakeDevice *device, const char *attribute, const char *value);
/* All devices lose their power for a while; those are reset that say so. */
void fake_kernel_suspend(FakeHost *fake);
int fake_kernel_probe(FakeHost *fake, FakeDevice *device);
void fake_kernel_config_write(FakeDevice *device, guint offset, const guint8 *bytes, gsize length);

/* disk.c: the folder of records at the moment of a kill. */
void fake_disk_keep(FakeHost *fake);
void fake_disk_restore(FakeHost *fake);
void fake_disk_remove(const char *path);

/* jobs.c */
void fake_run_jobs(HostlerHost *host, HostlerJob *jobs, gsize n_jobs, HostlerJobFunc func);
gboolean fake_job_in_flight(HostlerHost *host, const char *bdf);
/* The job that runs is lost in the kernel, with this order in its hands. */
void fake_job_hang(FakeHost *fake, const char *bdf, const char *attribute, const char *value);
void fake_flight_free(FakeFlight *flight);

/* pci.c, vfio.c and config.c */
char *fake_pci_read(HostlerHost *host, const char *bdf, const char *attribute, GError **error);
gboolean fake_pci_write(HostlerHost *host, const char *bdf, const char *attribute, const char *value, GError **error);
char *fake_pci_link(HostlerHost *host, const char *bdf, const char *link, GError **error);
gboolean fake_pci_probe(HostlerHost *host, const char *bdf, GError **error);
gboolean fake_pci_config(HostlerHost *host, const char *bdf, guint offset, guint8 *bytes, gsize length,
			 GError **error);
gboolean fake_pci_config_write(HostlerHost *host, const char *bdf, guint offset, const guint8 *bytes, gsize length,
			       GError **error);
GStrv fake_pci_users(HostlerHost *host, const char *bdf, HostlerUse use, GError **error);
char *fake_pci_vfio_module(HostlerHost *host, const char *bdf, GError **error);
gboolean fake_pci_on_vfio(HostlerHost *host, const char *bdf, GError **error);
gboolean fake_pci_hot_reset(HostlerHost *host, const char *const *bdfs, GError **error);
gboolean fake_gpu_unbind_lock(HostlerHost *host, const char *bdf, GError **error);
void fake_gpu_unbind_unlock(HostlerHost *host, const char *bdf);
gboolean fake_pci_exists(HostlerHost *host, const char *bdf);
char *fake_pci_group(HostlerHost *host, const char *bdf);
char *fake_pci_port(HostlerHost *host, const char *bdf);
GStrv fake_pci_below(HostlerHost *host, const char *port);
GStrv fake_pci_devices(HostlerHost *host);
GStrv fake_groups(HostlerHost *host);
GStrv fake_group_members(HostlerHost *host, const char *group, GError **error);

/* bridge.c */
char *fake_lease_text(HostlerHost *host, const char *bridge, gsize *length, GError **error);
GArray *fake_neighbours(HostlerHost *host, const char *bridge, GError **error);
int fake_listen(HostlerHost *host, GError **error);
GArray *fake_listeners(HostlerHost *host, int protocol, GError **error);
char *fake_listener_owner(HostlerHost *host, guint32 inode);
gboolean fake_neighbours_heard(HostlerHost *host, int fd, const char *const *guests);

/* display.c */
void fake_display_init(FakeHost *fake);
void fake_display_clear(FakeHost *fake);
void fake_display_set(FakeHost *fake, const char *fact, const char *value);
void fake_display_differences(FakeHost *fake, GString *text);
/* Phrases as in `users`; "" when they have left. */
const char *fake_display_clients(FakeHost *fake, const FakeDevice *device);
char *fake_display_manager(HostlerHost *host, GError **error);
gboolean fake_display_manager_switch(HostlerHost *host, const char *unit, gboolean on, GError **error);
GStrv fake_consoles(HostlerHost *host, const char *const *bdfs, GError **error);
gboolean fake_console_switch(HostlerHost *host, const char *console, gboolean on, GError **error);
GStrv fake_framebuffers(HostlerHost *host, const char *bdf, GError **error);
gboolean fake_framebuffer_switch(HostlerHost *host, const char *framebuffer, gboolean on, GError **error);
GStrv fake_driver_modules(HostlerHost *host, const char *driver);
gboolean fake_module_unload(HostlerHost *host, const char *module, GError **error);
gboolean fake_module_loadable(FakeHost *fake, const char *module);
void fake_module_loaded(FakeHost *fake, const char *module);
void fake_pause(HostlerHost *host, gint64 microseconds);

/* storage.c */
void fake_storage_add(FakeHost *fake, GKeyFile *file, const char *group, const char *path);
gboolean fake_storage_read(HostlerHost *host, const char *path, gboolean tries, GKeyFile *facts, GError **error);
gboolean fake_storage_peek(HostlerHost *host, const char *path, GKeyFile *facts);
/* The keys of a group as they are. */
void fake_text_add(FakeHost *fake, GKeyFile *file, const char *group);
char *fake_kernel_text(HostlerHost *host, const char *path);
char *fake_kernel_log(HostlerHost *host, GError **error);
char *fake_net_read(HostlerHost *host, const char *name, const char *attribute);

/* doors.c: all the others, and the table. */
extern const HostlerHostOps fake_ops;

/* nf_tables. FALSE: something of the batch is there already. */
typedef int (*FakeEach)(const struct nlmsghdr *message, void *data);
GHashTable *fake_nft_new(void);
gboolean fake_nft_commit(FakeHost *fake, const void *batch, gsize length);
void fake_nft_dump(FakeHost *fake, const struct nlmsghdr *request, FakeEach each, gpointer data);
