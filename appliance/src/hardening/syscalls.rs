//! Calls of the kernel that a signing daemon never needs. A list of what is denied, not of what is
//! allowed: the modules of HSMs are others' programs, and need what they need.
//!
//! A module that starts programs of its own cannot be used with this.

use std::collections::BTreeMap;

use seccompiler::{BpfProgram, BpfProgramRef, SeccompAction, SeccompFilter, TargetArch};

/// Starting programs, looking into other processes, mounts, the kernel itself, keyrings, time, and ways
/// round this list (`io_uring`).
const DENIED: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_mount_setattr,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_acct,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_personality,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[i64] = &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[i64] = &[];

/// On `x86_64` the same calls have numbers of a second kind (x32), some of their own.
#[cfg(target_arch = "x86_64")]
fn second_numbers() -> impl Iterator<Item = i64> {
    const X32: i64 = 0x4000_0000;
    /// `execve`, `ptrace`, `kexec_load`, `process_vm_readv`, `process_vm_writev`, `execveat`.
    const OWN: [i64; 6] = [520, 521, 528, 539, 540, 545];
    let shared = DENIED.iter().chain(DENIED_HERE).copied();
    shared.chain(OWN).map(|number| number | X32)
}
#[cfg(not(target_arch = "x86_64"))]
fn second_numbers() -> impl Iterator<Item = i64> {
    std::iter::empty()
}

/// How many calls are denied.
pub(super) fn count() -> usize {
    DENIED.len().saturating_add(DENIED_HERE.len())
}

/// Denies them with `EPERM`, and new privileges, for all threads and all they start.
pub(super) fn deny() -> Result<(), String> {
    deny_by(seccompiler::apply_filter_all_threads)
}

fn deny_by(apply: impl Fn(BpfProgramRef<'_>) -> seccompiler::Result<()>) -> Result<(), String> {
    let program = program().map_err(|error| format!("the list of denied calls: {error}"))?;
    apply(&program).map_err(|error| {
        format!(
            "calls of the kernel that are never needed cannot be denied: {error}; this kernel \
                 lacks seccomp filters, or something forbids them"
        )
    })
}

fn program() -> Result<BpfProgram, seccompiler::BackendError> {
    let numbers = DENIED.iter().chain(DENIED_HERE).copied();
    let rules: BTreeMap<i64, Vec<_>> = numbers
        .chain(second_numbers())
        .map(|number| (number, Vec::new()))
        .collect();
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?;
    filter.try_into()
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::process::Command;

    use super::*;

    /// In a thread of its own: what is denied stays denied to it.
    #[test]
    fn no_program_is_started_and_other_work_goes_on() {
        std::thread::spawn(|| {
            deny_by(seccompiler::apply_filter).unwrap();
            let error = Command::new("/bin/true").status().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("file");
            std::fs::write(&file, b"text").unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), b"text");
            std::thread::spawn(|| {
                Command::new("/bin/true").status().unwrap_err();
            })
            .join()
            .unwrap();
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
            assert!(status.contains("NoNewPrivs:\t1"), "{status}");
            assert!(status.contains("Seccomp:\t2"), "{status}");
        })
        .join()
        .unwrap();
    }
}
