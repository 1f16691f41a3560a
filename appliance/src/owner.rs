//! Whoever owns the state directory runs the appliance: files that root left there would keep the
//! service from starting.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::start::StartError;

/// Goes on as the owner of `state_dir` where root started this for somebody else's: the same program with
/// the same arguments and environment takes this one's place. Returns where nothing has to change.
///
/// # Errors
/// `setpriv` (of util-linux) is not there.
pub fn assume(state_dir: &Path) -> Result<(), StartError> {
    let root = rustix::process::geteuid().is_root();
    let Some(about) = state_dir.metadata().ok().filter(|_| root) else {
        return Ok(());
    };
    if about.uid() == 0 {
        return Ok(());
    }
    let (uid, gid) = (about.uid().to_string(), about.gid().to_string());
    tracing::info!(
        uid,
        gid,
        "started as root: going on as the owner of `state_dir`"
    );
    let error = Command::new("setpriv")
        .args(["--reuid", &uid, "--regid", &gid, groups(&uid), "--"])
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .exec();
    Err(format!(
        "cannot go on as the owner of `{}`, user {uid}: {error}; run this as that user, e.g. with \
         `runuser -u countersign --`",
        state_dir.display()
    )
    .into())
}

/// The owner's other groups, where it is a user that the system knows: devices may be theirs.
fn groups(uid: &str) -> &'static str {
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let is = |line: &str| line.split(':').nth(2) == Some(uid);
    if known.lines().any(is) {
        "--init-groups"
    } else {
        "--clear-groups"
    }
}
