//! `countersign completions`

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::Cli;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;

/// Print a completion script.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "countersign",
        &mut script,
    );
    let value = json!({ "script": String::from_utf8_lossy(&script) });
    session.show(&value, |out| out.bytes(&script));
    Ok(Exit::Done)
}
