//! `demo DIRECTORY`: the main job, shown step by step against the throw-away appliance whose
//! directory is given (`deploy/dev/demo.sh` starts one). Speaks to it only over mutual TLS, and
//! runs what it signs on a Solana VM. Ends with 1 if anything is not as expected.

mod approval;
mod ask;
mod chain;
mod ending;
mod enrol;
mod limits;
mod log;
mod screen;
mod stage;
mod theft;
mod trade;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::screen::Screen;
use crate::stage::Stage;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut screen = Screen::new();
    let shown = match directory() {
        Ok(directory) => play(&mut screen, directory).await,
        Err(error) => Err(error),
    };
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A screen that cannot be written to has nobody to tell.
            let _ = screen.failed(&error);
            ExitCode::FAILURE
        }
    }
}

fn directory() -> Result<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(directory), None) => Ok(directory.into()),
        _ => anyhow::bail!(
            "expected one argument, the directory of a running `deploy/dev/dev.sh`; `make demo` \
             does all of it"
        ),
    }
}

async fn play(screen: &mut Screen, directory: PathBuf) -> Result<()> {
    let mut stage = Stage::open(screen, directory)?;
    let cast = enrol::act(&mut stage).await?;
    let trade = trade::act(&mut stage, &cast).await?;
    theft::act(&mut stage, &cast).await?;
    approval::act(&mut stage, &cast).await?;
    limits::act(&mut stage, &cast).await?;
    log::act(&mut stage, &trade).await?;
    ending::act(&mut stage)
}
