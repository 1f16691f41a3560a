//! Running the real programs, with a bound on how long they may take.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Steps of ten milliseconds until a program counts as stuck.
const STEPS: u32 = 6_000;

/// How a program ended and what it said.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {:?}\n{}{}", self.code, self.stdout, self.stderr)
    }
}

/// Where cargo puts the programs of the profile this test was built with.
///
/// # Errors
/// A test that does not run from a target directory.
pub fn directory() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let mut directory = test.parent().context("a program has a directory")?;
    if directory.ends_with("deps") {
        directory = directory.parent().context("`deps` has a parent")?;
    }
    Ok(directory.to_owned())
}

/// Checks that a program is there.
///
/// # Errors
/// It is not, and how to build it.
pub fn require(directory: &Path, name: &str) -> Result<PathBuf> {
    let path = directory.join(name);
    ensure!(
        path.is_file(),
        "`{}` is not there; run `cargo build -p countersign-appliance -p countersign-cli` first, \
         or `make test`",
        path.display()
    );
    Ok(path)
}

/// SoftHSM2's module, where Debian and Ubuntu put it.
///
/// # Errors
/// SoftHSM2 is not installed.
pub fn softhsm_module() -> Result<&'static Path> {
    [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    ]
    .into_iter()
    .map(Path::new)
    .find(|path| path.is_file())
    .context("no SoftHSM2 module found; `make setup` installs it")
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started, or does not end within a minute and was killed.
pub fn run(command: &mut Command) -> Result<Ended> {
    run_with_input(command, "")
}

/// The same with text on its standard input.
///
/// # Errors
/// As [`run`].
pub fn run_with_input(command: &mut Command, input: &str) -> Result<Ended> {
    // Files rather than pipes: a program that says much does not wait for anybody to read it.
    let directory = tempfile::tempdir()?;
    let file = |name: &str| directory.path().join(name);
    std::fs::write(file("in"), input)?;
    let mut child = command
        .stdin(Stdio::from(File::open(file("in"))?))
        .stdout(File::create(file("out"))?)
        .stderr(File::create(file("err"))?)
        .spawn()?;
    let code = wait(&mut child)?;
    Ok(Ended {
        code,
        stdout: read(&file("out"))?,
        stderr: read(&file("err"))?,
    })
}

fn wait(child: &mut Child) -> Result<Option<i32>> {
    for _ in 0..STEPS {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    bail!("the program did not end within a minute and was killed")
}

fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Asks a process to end.
///
/// # Errors
/// There is no such process.
pub fn terminate(pid: u32) -> Result<()> {
    signal(pid, rustix::process::Signal::TERM)
}

/// Ends a process without a word.
///
/// # Errors
/// There is no such process.
pub fn kill(pid: u32) -> Result<()> {
    signal(pid, rustix::process::Signal::KILL)
}

fn signal(pid: u32, signal: rustix::process::Signal) -> Result<()> {
    use rustix::process::{Pid, kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    kill_process(pid.context("expected a process id")?, signal)?;
    Ok(())
}
